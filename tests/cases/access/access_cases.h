// Reads `*.case` files of Conditional Access: decisions as text that an administrator can check.
//
//   policy: Require a compliant Mac        starts a policy; policies hold for every case of the file, in order
//     state: enabled                       enabled | disabled | report only
//     include users: All                   the same for exclude users, include/exclude groups,
//     include applications: crm            include/exclude applications, include/exclude platforms
//     user actions: urn:user:registerdevice
//     client types: browser
//     device filter: include device.model -eq "Mac"      or exclude
//     unsupported conditions: locations
//     operator: AND                        or OR
//     controls: compliantDevice, mfa
//     unsupported grants: termsOfUse
//   case: a compliant Mac is let in        starts a case
//     at: 2026-01-01T10:00:00Z             default: that very moment
//     user: ann                            guest: yes; groups: a, b; second factor: yes
//     application: crm                     or action: urn:user:registerdevice
//     client: browser
//     platform: macOS
//     device: enabled, managed, compliant  absent: no device proved itself
//     device properties: model=Mac, trustType=Workplace
//     compliance expires: 2026-01-02T10:00:00Z
//     compliance reason: FileVault is off
//     then: grant                          or block and its error code
//     result: Require a compliant Mac = success
//     reason has: FileVault is off
//
// Lists are comma-separated; `#` starts a comment line. Anything unknown is an error that names its line.
#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "tenant/access/access.h"

namespace wardbridge::access_cases {

struct Case {
  std::string name;
  int line = 0;
  access::SignIn sign_in;
  access::Outcome outcome = access::Outcome::block;
  int error_code = 0;
  std::vector<std::pair<std::string, std::string>> results;  // policy name, wire name
  std::vector<std::string> reason_parts;
};

struct CaseFile {
  std::vector<access::Policy> policies;
  std::vector<Case> cases;
};

inline std::vector<std::string> list_of(std::string_view value) {
  std::vector<std::string> items;
  for (std::string_view item : text::split(value, ','))
    if (!text::trim(item).empty()) items.emplace_back(text::trim(item));
  return items;
}

class Reader {
 public:
  Result<CaseFile> read(std::istream& lines) {
    std::string raw;
    for (line_ = 1; std::getline(lines, raw); ++line_) {
      const std::string_view line = text::trim(raw);
      if (line.empty() || line.front() == '#') continue;
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos) return problem("a line is `key: value`");
      TRY(take(line.substr(0, colon), std::string(text::trim(line.substr(colon + 1)))));
    }
    for (const Case& one : file_.cases)
      if (one.results.empty()) return invalid("bad_case", "the case `" + one.name + "` expects nothing of any policy");
    return std::move(file_);
  }

 private:
  enum class Part { none, policy, sign_in };

  Failure problem(const std::string& what) const {
    return invalid("bad_case", "line " + std::to_string(line_) + ": " + what);
  }

  Status take(std::string_view key, const std::string& value) {
    if (key == "policy") {
      part_ = Part::policy;
      file_.policies.push_back({});
      file_.policies.back().id = "policy-" + std::to_string(file_.policies.size());
      file_.policies.back().display_name = value;
      return done();
    }
    if (key == "case") {
      part_ = Part::sign_in;
      file_.cases.push_back({});
      Case& one = file_.cases.back();
      one.name = value;
      one.line = line_;
      one.sign_in.now = TRY(parse_iso8601("2026-01-01T10:00:00Z"));
      one.sign_in.client_app_type = "browser";
      return done();
    }
    if (part_ == Part::policy) return take_policy(key, value, file_.policies.back());
    if (part_ == Part::sign_in) return take_case(key, value, file_.cases.back());
    return problem("the file starts with a policy or a case");
  }

  Status take_policy(std::string_view key, const std::string& value, access::Policy& policy) {
    const std::pair<std::string_view, std::vector<std::string>*> lists[] = {
        {"include users", &policy.include_users},
        {"exclude users", &policy.exclude_users},
        {"include groups", &policy.include_groups},
        {"exclude groups", &policy.exclude_groups},
        {"include applications", &policy.include_applications},
        {"exclude applications", &policy.exclude_applications},
        {"user actions", &policy.include_user_actions},
        {"client types", &policy.client_app_types},
        {"include platforms", &policy.include_platforms},
        {"exclude platforms", &policy.exclude_platforms},
        {"unsupported conditions", &policy.unsupported_conditions},
        {"unsupported grants", &policy.unsupported_grants},
    };
    for (const auto& [name, list] : lists)
      if (key == name) return *list = list_of(value), done();
    if (key == "state") {
      if (value == "enabled") return policy.state = access::PolicyState::enabled, done();
      if (value == "disabled") return policy.state = access::PolicyState::disabled, done();
      if (value == "report only") return policy.state = access::PolicyState::report_only, done();
    } else if (key == "device filter") {
      const std::size_t space = value.find(' ');
      const std::string mode = value.substr(0, space);
      if (space == std::string::npos || (mode != "include" && mode != "exclude"))
        return problem("a device filter is `include RULE` or `exclude RULE`");
      using Mode = access::DeviceFilter::Mode;
      policy.device_filter = access::DeviceFilter{
          mode == "include" ? Mode::include : Mode::exclude,
          TRY(membership_rules::Rule::compile(value.substr(space + 1), membership_rules::Subject::device_of_sign_in))};
      return done();
    } else if (key == "operator") {
      if (value == "AND") return policy.grant_operator = access::GrantOperator::all_of, done();
      if (value == "OR") return policy.grant_operator = access::GrantOperator::one_of, done();
    } else if (key == "controls") {
      for (const std::string& name : list_of(value)) {
        const auto control = access::control_from_wire_name(name);
        if (!control) return problem("`" + name + "` is no control");
        policy.grant_controls.push_back(*control);
      }
      return done();
    }
    return problem("`" + std::string(key) + ": " + value + "` says nothing about a policy");
  }

  Status take_device(const std::string& value, access::SignIn& sign_in) {
    access::SignIn::DeviceClaim device;
    device.device_id = "device-1";
    device.display_name = "Mac 1";
    for (const std::string& word : list_of(value)) {
      if (word == "enabled")
        device.enabled = true;
      else if (word == "managed")
        device.is_managed = true;
      else if (word == "compliant")
        device.is_compliant = true;
      else if (word != "disabled" && word != "unmanaged" && word != "not compliant")
        return problem("`" + word + "` says nothing about a device");
    }
    sign_in.device = device;
    return done();
  }

  Status take_case(std::string_view key, const std::string& value, Case& one) {
    access::SignIn& sign_in = one.sign_in;
    if (key == "at") return sign_in.now = TRY(parse_iso8601(value)), done();
    if (key == "user") return sign_in.user_id = value, done();
    if (key == "guest") return sign_in.is_guest = value == "yes", done();
    if (key == "second factor") return sign_in.has_second_factor = value == "yes", done();
    if (key == "groups") return sign_in.group_ids = list_of(value), done();
    if (key == "application") return sign_in.resource_app_id = value, done();
    if (key == "only who it is, as client") {
      sign_in.asks_only_baseline_scopes = true;
      return sign_in.client_app_id = value, done();
    }
    if (key == "action") return sign_in.user_action = value, done();
    if (key == "client") return sign_in.client_app_type = value, done();
    if (key == "platform") return sign_in.platform = value, done();
    if (key == "device") return take_device(value, sign_in);
    if ((key.starts_with("compliance ") || key == "device properties") && !sign_in.device)
      return problem("there is no device to be so");
    if (key == "device properties") {
      for (const std::string& property : list_of(value)) {
        const std::size_t equals = property.find('=');
        if (equals == std::string::npos) return problem("a property is `name=value`");
        sign_in.device->properties.emplace(property.substr(0, equals), property.substr(equals + 1));
      }
      return done();
    }
    if (key == "compliance expires") return sign_in.device->compliance_expiration = TRY(parse_iso8601(value)), done();
    if (key == "compliance reason") return sign_in.device->compliance_reason = value, done();
    if (key == "reason has") return one.reason_parts.push_back(value), done();
    if (key == "then") {
      if (value == "grant") return one.outcome = access::Outcome::grant, done();
      const auto code = text::parse_integer(value.starts_with("block ") ? value.substr(6) : "");
      if (!code) return problem("an outcome is `grant` or `block CODE`");
      one.error_code = static_cast<int>(*code);
      return done();
    }
    if (key == "result") {
      const std::size_t equals = value.rfind('=');
      if (equals == std::string::npos) return problem("a result is `policy = result`");
      one.results.emplace_back(text::trim(value.substr(0, equals)), text::trim(value.substr(equals + 1)));
      return done();
    }
    return problem("`" + std::string(key) + "` says nothing about a case");
  }

  CaseFile file_;
  Part part_ = Part::none;
  int line_ = 0;
};

inline Result<CaseFile> read_case_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return not_found("no_file", "`" + path + "` can't be read");
  return Reader().read(file);
}

}  // namespace wardbridge::access_cases
