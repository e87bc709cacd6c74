#include "cli/doctor.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "cli/terminal.h"

namespace wardbridge::cli {
namespace {

constexpr Duration kReachPatience = seconds{10};
// Tokens and assertions carry times; identity platforms bear five minutes.
constexpr Duration kBearableSkew = minutes{5};

struct Finding {
  enum class Kind { good, bad, note } kind = Kind::good;
  std::string check;
  std::string message;
  std::string remedy;
};

class Doctor {
 public:
  Doctor(http::Transport& transport, const Clock& clock, const DoctorOptions& options)
      : transport_(transport), clock_(clock), options_(options) {}

  void check_program() { add(Finding::Kind::note, "version", options_.version); }

  void check_endpoint(const std::string& name, const std::string& url) {
    Time before = clock_.now();
    auto answer = transport_.send({.method = "GET", .url = url, .headers = {}, .body = ""}, kReachPatience);
    if (!answer.ok()) {
      add(Finding::Kind::bad, name, url + ": " + answer.failure().message, options_.remedy(answer.failure().reason));
      return;
    }
    add(Finding::Kind::good, name, url + ": name, port and certificate are in order");
    auto date = answer->headers.get("Date");
    auto theirs = date ? parse_http_date(*date) : std::nullopt;
    if (!theirs) return;
    // The header has whole seconds, and was written some time between asking and being told.
    Duration ahead = before - *theirs;
    bool bearable = ahead < kBearableSkew && ahead > -kBearableSkew;
    if (bearable) {
      add(Finding::Kind::good, "clock", "agrees with " + name);
    } else {
      add(Finding::Kind::bad, "clock",
          "this machine is " + for_people(std::chrono::abs(ahead)) + (ahead > Duration{0} ? " ahead of " : " behind ") +
              name,
          "synchronise the clock (NTP); tokens are refused otherwise");
    }
  }

  void check_proxy() {
    for (const std::string& variable : options_.proxy_variables) {
      add(Finding::Kind::note, "proxy", "`" + variable + "` is set, and is not read: this program connects directly",
          "allow direct connections to the hosts above");
    }
  }

  void check_ports() {
    // The documents list these for the vendors' own products.
    add(Finding::Kind::note, "ports",
        "outgoing TCP 443 is all that this program needs; 80, 2195, 2196 and 5223 are for the Macs' own push "
        "notifications and for Jamf Pro");
  }

  void check_management(ApiClient& management) {
    auto me = management.get("/api/v1/auth");
    if (!me.ok()) return add(Finding::Kind::bad, "account", me.failure().message);
    add(Finding::Kind::good, "management", management.base_url() + ": reached, and logged in");
    auto connections = management.get("/api/v1/wardbridge/connections");
    if (!connections.ok()) {
      return add(Finding::Kind::bad, "privileges", connections.failure().message,
                 "give the account `Read Conditional Access` and `Update Conditional Access`");
    }
    const json::Object& by_site = object_in(object_in(*me, "account"), "privilegesBySite");
    bool may_update = std::ranges::any_of(
        array_in(by_site, "-1"), [](const json::Value& privilege) { return privilege == "Update Conditional Access"; });
    if (may_update) {
      add(Finding::Kind::good, "privileges", "the account may read and change Conditional Access");
    } else {
      add(Finding::Kind::bad, "privileges", "the account may read Conditional Access, and not change it",
          "give the account `Update Conditional Access`");
    }
    for (const json::Value& value : array_in(*connections, "results")) {
      if (const json::Object* connection = value.if_object()) check_connection(*connection);
    }
  }

  void check_connection(const json::Object& connection) {
    std::string name = "connection " + shown_at(connection, "name");
    std::string state = shown_at(connection, "state");
    std::string trouble = shown_at(connection, "errorMessage");
    if (state == "active" && trouble.empty()) {
      add(Finding::Kind::good, name, "active, last heartbeat " + shown_at(connection, "lastHeartbeat"));
    } else if (state == "terminated" && trouble.empty()) {
      add(Finding::Kind::note, name, "turned off");
    } else {
      add(Finding::Kind::bad, name, state + (trouble.empty() ? "" : ": " + trouble),
          shown_at(connection, "errorRemedy"));
    }
    std::string parked = shown_at(object_in(connection, "deliveries"), "parked");
    if (!parked.empty() && parked != "0") {
      add(Finding::Kind::bad, name, parked + " devices were refused for good",
          "ask `wardbridge explain device` about one of them");
    }
  }

  void add(Finding::Kind kind, std::string check, std::string message, std::string remedy = "") {
    findings_.push_back({kind, std::move(check), std::move(message), std::move(remedy)});
  }

  bool is_well() const {
    return std::ranges::none_of(findings_, [](const Finding& each) { return each.kind == Finding::Kind::bad; });
  }

  void print() const {
    std::printf("Preflight against %s\n", on_terminal(options_.cloud).c_str());
    for (const Finding& finding : findings_) {
      const char* mark = finding.kind == Finding::Kind::good  ? "ok  "
                         : finding.kind == Finding::Kind::bad ? "FAIL"
                                                              : "note";
      std::printf("%s  %-12s %s\n", mark, on_terminal(finding.check).c_str(), on_terminal(finding.message).c_str());
      if (!finding.remedy.empty()) std::printf("      do: %s\n", on_terminal(finding.remedy).c_str());
    }
  }

  void print_json() const {
    json::Array shown;
    for (const Finding& finding : findings_) {
      const char* kind = finding.kind == Finding::Kind::good  ? "ok"
                         : finding.kind == Finding::Kind::bad ? "fail"
                                                              : "note";
      shown.push_back(json::Object{
          {"result", kind}, {"check", finding.check}, {"message", finding.message}, {"remedy", finding.remedy}});
    }
    std::puts(json::to_pretty_text(
                  json::Object{{"cloud", options_.cloud}, {"works", is_well()}, {"checks", std::move(shown)}})
                  .c_str());
  }

 private:
  http::Transport& transport_;
  const Clock& clock_;
  const DoctorOptions& options_;
  std::vector<Finding> findings_;
};

}  // namespace

int doctor(http::Transport& transport, const Clock& clock, ApiClient* management, const std::string& log_in_failure,
           const DoctorOptions& options) {
  Doctor doctor(transport, clock, options);
  doctor.check_program();
  for (const auto& [name, url] : options.endpoints) doctor.check_endpoint(name, url);
  doctor.check_proxy();
  doctor.check_ports();
  if (management) {
    doctor.check_management(*management);
  } else if (!log_in_failure.empty()) {
    doctor.add(Finding::Kind::bad, "management", log_in_failure,
               "check --url, --ca-file, --user and --password-file, and that the server runs");
  }
  options.json ? doctor.print_json() : doctor.print();
  return doctor.is_well() ? 0 : 1;
}

}  // namespace wardbridge::cli
