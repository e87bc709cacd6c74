#include "cli/doctor.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <set>

#include "cli/terminal.h"

namespace wardbridge::cli {
namespace {

constexpr Duration kReachPatience = seconds{10};
// Tokens and assertions carry times; identity platforms bear five minutes.
constexpr Duration kBearableSkew = minutes{5};
// Somebody has to be found who renews it.
constexpr Duration kCertificateWarning = days{14};
// JAMF: the documents' prerequisites; the Cloud Connector came with 10.18, the manual connection with 10.1.
constexpr std::pair<int, int> kVersionForManual{10, 1};
constexpr std::pair<int, int> kVersionForConnector{10, 18};
constexpr const char* kOldestMacSystem = "10.12";

struct Finding {
  enum class Kind { good, bad, warning, note } kind = Kind::good;
  std::string check;
  std::string message;
  std::string remedy;
};

const char* result_of(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::good:
      return "ok";
    case Finding::Kind::bad:
      return "fail";
    case Finding::Kind::warning:
      return "warning";
    case Finding::Kind::note:
      return "note";
  }
  return "?";
}

std::string origin_of(const std::string& url) {
  auto parsed = http::parse_url(url);
  return parsed.ok() ? parsed->origin() : url;
}

std::string host_of(const std::string& url) {
  auto parsed = http::parse_url(url);
  return parsed.ok() ? parsed->host : url;
}

// As curl and its kin read NO_PROXY: `*`, a host, or the end of one.
bool is_exempt(const std::string& host, const std::string& no_proxy) {
  for (std::string_view entry : text::split(no_proxy, ',')) {
    std::string name = text::lower(text::trim(entry));
    if (name == "*") return true;
    while (name.starts_with('.')) name.erase(0, 1);
    if (!name.empty() && (host == name || host.ends_with("." + name))) return true;
  }
  return false;
}

// `10.42.1-t1667311080` -> 10, 42; nothing when it is no version.
std::optional<std::pair<int, int>> version_of(const std::string& text) {
  auto parts = text::split(text, '.');
  if (parts.size() < 2) return std::nullopt;
  auto major = text::parse_integer(parts[0]);
  auto minor = text::parse_integer(parts[1].substr(0, parts[1].find('-')));
  if (!major || !minor) return std::nullopt;
  return std::pair{static_cast<int>(*major), static_cast<int>(*minor)};
}

class Doctor {
 public:
  Doctor(http::Transport& transport, const Clock& clock, const DoctorOptions& options)
      : transport_(transport), clock_(clock), options_(options) {}

  // --- What to look at

  void ask_the_server(ApiClient& management) {
    add(Finding::Kind::good, "management", options_.server + ": logged in");
    check_privileges(management);
    auto settings = management.get("/api/v1/wardbridge/conditional-access");
    if (settings.ok()) learn_clouds(*settings);
    for (const char* list : {"connections", "cloud-connections"}) {
      auto answer = management.get(std::string("/api/v1/wardbridge/") + list);
      if (!answer.ok()) {
        add(Finding::Kind::bad, list, answer.failure().message, "give the account `Read Conditional Access`");
        continue;
      }
      for (const json::Value& value : array_in(*answer, "results")) {
        if (const json::Object* connection = value.if_object()) connections_.push_back(*connection);
      }
    }
    check_versions(management);
    for (const json::Object& connection : connections_) check_connection(connection);
  }

  // The clouds to check; nothing when there is none of the chosen name.
  std::optional<std::vector<DoctorCloud>> clouds() const {
    if (options_.typed) return std::vector{*options_.typed};
    if (!options_.cloud.empty()) {
      const DoctorCloud* cloud = find_cloud(options_.cloud);
      if (!cloud) return std::nullopt;
      return std::vector{*cloud};
    }
    std::vector<DoctorCloud> used;
    for (const json::Object& connection : connections_) {
      std::string sign_in = shown_at(connection, "loginUrl");
      bool is_known = std::ranges::any_of(used, [&](const DoctorCloud& cloud) { return same(cloud.sign_in, sign_in); });
      if (sign_in.empty() || is_known || is_over(connection)) continue;
      used.push_back(cloud_at(sign_in, shown_at(connection, "graphUrl")));
    }
    bool through_connectors_only = used.empty() && std::ranges::any_of(connections_, [](const json::Object& each) {
                                     return !shown_at(each, "connectorUrl").empty();
                                   });
    if (used.empty() && !through_connectors_only) {
      const DoctorCloud* global = find_cloud("global");
      if (global) used.push_back(*global);
    }
    return used;
  }

  std::string known_clouds() const {
    std::string names;
    for (const auto* list : {&server_clouds_, &options_.clouds}) {
      for (const DoctorCloud& cloud : *list) {
        if (list == &options_.clouds && in(server_clouds_, cloud.name)) continue;
        names += (names.empty() ? "" : ", ") + cloud.name;
      }
    }
    return names;
  }

  // --- The checks

  void check_program() { add(Finding::Kind::note, "version", options_.version); }

  void check_cloud(const DoctorCloud& cloud) {
    title_ += (title_.empty() ? "" : ", ") + cloud.display_name;
    for (const auto& [name, url] :
         {std::pair{"sign-in", cloud.sign_in}, {"Graph", cloud.graph}, {"Intune", cloud.intune}}) {
      if (!url.empty()) check_endpoint(name, url);
    }
  }

  // Instances reach tenants through it; what it needs itself is checked where it runs.
  void check_connectors() {
    for (const json::Object& connection : connections_) {
      std::string url = shown_at(connection, "connectorUrl");
      if (url.empty() || is_over(connection)) continue;
      if (title_.empty()) title_ = "Cloud Connector";
      if (!check_endpoint("connector", url)) continue;
      add(Finding::Kind::note, "connector",
          "the cloud `" + shown_at(connection, "sovereignCloud") +
              "` is reached by the Cloud Connector, not from here: run `wardbridge doctor --offline --cloud " +
              shown_at(connection, "sovereignCloud") + "` where it runs");
    }
  }

  // Whether something answers there.
  bool check_endpoint(const std::string& name, const std::string& url) {
    const std::string origin = origin_of(url);
    if (!looked_at_.insert(origin).second) return true;
    hosts_.push_back(host_of(url));
    Time before = clock_.now();
    auto answer = transport_.send({.method = "GET", .url = origin + "/", .headers = {}, .body = ""}, kReachPatience);
    bool is_reached = answer.ok();
    if (is_reached) {
      add(Finding::Kind::good, name, origin + ": name and port are in order");
    } else if (answer.failure().reason != "tls") {
      add(Finding::Kind::bad, name, origin + ": " + answer.failure().message, remedy_without_proxy(answer.failure()));
      return false;
    }
    check_certificate(name, origin, is_reached ? nullptr : &answer.failure());
    if (is_reached) check_clock(name, before, *answer);
    return is_reached;
  }

  // `refusal`: why a request did not get through.
  void check_certificate(const std::string& name, const std::string& origin, const Failure* refusal) {
    using Trust = http::PeerCertificate::Trust;
    auto found = options_.look_at_certificate(origin);
    if (!found.ok()) {
      const Failure& failure = refusal ? *refusal : found.failure();
      return add(Finding::Kind::bad, "certificate", origin + ": " + failure.message, options_.remedy(failure.reason));
    }
    std::string signer = found->issuer.empty() ? "somebody without a name" : "`" + found->issuer + "`";
    std::string ending = found->ending.empty() ? "the certificate" : "the certificate of `" + found->ending + "`";
    std::string date = to_iso8601(found->ends, false);
    switch (found->trust) {
      case Trust::unknown_authority:
        return add(Finding::Kind::bad, "certificate",
                   origin + ": signed by " + signer + ", whom this machine does not trust",
                   "trust that authority here (for Wardbridge's own: --ca-file); if " + signer +
                       " is your company's, a proxy inspects the traffic: exempt the host from that");
      case Trust::wrong_name:
        return add(Finding::Kind::bad, "certificate",
                   origin + ": the certificate is `" + found->subject + "`'s, and not for this name",
                   "check the address, and what stands between here and there; else have a certificate made for " +
                       host_of(origin));
      case Trust::expired:
        return add(Finding::Kind::bad, "certificate", origin + ": " + ending + " is not valid now, it ends " + date,
                   "have it renewed; when it should be valid, check this machine's clock");
      case Trust::trusted:
        break;
    }
    if (found->ends - clock_.now() <= kCertificateWarning) {
      return add(Finding::Kind::warning, "certificate", origin + ": " + ending + " ends soon, " + date,
                 "have it renewed before");
    }
    add(Finding::Kind::good, "certificate", name + " is trusted, until " + date);
  }

  void check_clock(const std::string& name, Time before, const http::Response& answer) {
    auto date = answer.headers.get("Date");
    auto theirs = date ? parse_http_date(*date) : std::nullopt;
    if (!theirs) return;
    // The header has whole seconds, and was written some time between asking and being told.
    Duration ahead = before - *theirs;
    if (ahead < kBearableSkew && ahead > -kBearableSkew) {
      return add(Finding::Kind::good, "clock", "agrees with " + name);
    }
    add(Finding::Kind::bad, "clock",
        "this machine is " + for_people(std::chrono::abs(ahead)) + (ahead > Duration{0} ? " ahead of " : " behind ") +
            name,
        "synchronise the clock (NTP), here or there; tokens are refused otherwise");
  }

  void check_proxy() {
    for (const auto& [variable, proxy] : options_.proxies) {
      std::string through, directly;
      for (const std::string& host : hosts_) {
        std::string& list = is_exempt(host, options_.no_proxy) ? directly : through;
        if (list.find(host) == std::string::npos) list += (list.empty() ? "" : ", ") + host;
      }
      std::string message = "`" + variable + "` names " + proxy + ", and is not read: this program connects directly";
      if (!through.empty()) message += "; other programs here reach " + through + " through the proxy";
      if (!directly.empty()) message += "; NO_PROXY exempts " + directly;
      add(Finding::Kind::note, "proxy", message, "allow direct connections to the hosts above");
    }
  }

  void check_ports() {
    // The documents list these for the vendors' own products.
    add(Finding::Kind::note, "ports",
        "outgoing TCP 443 is all that this program needs; 80, 2195, 2196 and 5223 are for the Macs' own push "
        "notifications and for Jamf Pro");
  }

  void check_privileges(ApiClient& management) {
    auto me = management.get("/api/v1/auth");
    if (!me.ok()) return add(Finding::Kind::bad, "account", me.failure().message);
    const json::Array& held = array_in(object_in(object_in(*me, "account"), "privilegesBySite"), "-1");
    auto missing_of = [&](std::initializer_list<const char*> wanted) {
      std::string missing;
      for (const char* privilege : wanted) {
        if (std::ranges::find(held, json::Value(privilege)) == held.end())
          missing += (missing.empty() ? "`" : ", `") + std::string(privilege) + "`";
      }
      return missing;
    };
    std::string missing =
        missing_of({"Read Conditional Access", "Update Conditional Access", "Read Device Compliance Information"});
    std::string useful = missing_of({"Read Computers", "Create Smart Computer Groups", "Read Smart Computer Groups",
                                     "Read Change Management", "Dismiss Notifications"});
    if (missing.empty()) {
      add(Finding::Kind::good, "privileges", "the account may read and change Conditional Access");
    } else {
      add(Finding::Kind::bad, "privileges", "the account lacks " + missing,
          "give it these; an account of the privilege set Administrator has them all");
    }
    if (!useful.empty()) {
      add(Finding::Kind::note, "privileges",
          "the account can't prepare groups and watch with it, for want of " + useful);
    }
  }

  void check_versions(ApiClient& management) {
    auto answer = management.get("/api/v1/jamf-pro-version");
    std::string told = answer.ok() ? shown_at(*answer, "version") : "";
    auto version = version_of(told);
    bool by_connector = std::ranges::any_of(
        connections_, [](const json::Object& each) { return !shown_at(each, "connectorUrl").empty(); });
    const auto& needed = by_connector ? kVersionForConnector : kVersionForManual;
    std::string needed_text = std::to_string(needed.first) + "." + std::to_string(needed.second);
    if (!version) {
      add(Finding::Kind::warning, "version", "the server does not say which version of Jamf Pro's API it has",
          "make sure that it is " + needed_text + " or later");
    } else if (*version < needed) {
      add(Finding::Kind::bad, "version", "the server is " + told + "; this kind of connection needs " + needed_text,
          "update the server");
    } else {
      add(Finding::Kind::good, "version", "the server is " + told + "; " + needed_text + " is needed");
    }
    check_macs(management);
  }

  // The documents want Macs with 10.12 or later.
  void check_macs(ApiClient& management) {
    auto found = management.post("/api/v1/wardbridge/computer-groups/preview?size=0",
                                 {{"name", "doctor"},
                                  {"siteId", "-1"},
                                  {"criteria", json::Array{json::Object{{"name", "Operating System Version"},
                                                                        {"priority", 0},
                                                                        {"andOr", "and"},
                                                                        {"searchType", "less than"},
                                                                        {"value", kOldestMacSystem},
                                                                        {"openingParen", false},
                                                                        {"closingParen", false}}}}});
    if (!found.ok()) {
      return add(Finding::Kind::note, "macs", "their versions could not be looked at: " + found.failure().message);
    }
    std::int64_t old = json::integer_at(*found, "count").value_or(0);
    if (old == 0) {
      return add(Finding::Kind::good, "macs", std::string("all have macOS ") + kOldestMacSystem + " or later");
    }
    add(Finding::Kind::warning, "macs",
        std::to_string(old) + " of " + shown_at(*found, "computersLookedAt") + " have a macOS before " +
            kOldestMacSystem + ", and can't register",
        "update them, or leave them out of the applicable group");
  }

  void check_connection(const json::Object& connection) {
    std::string name = "connection " + shown_at(connection, "name");
    std::string state = shown_at(connection, "state");
    std::string trouble = shown_at(connection, "errorMessage");
    std::string remedy = shown_at(connection, "errorRemedy");
    if (remedy.empty()) remedy = options_.remedy(shown_at(connection, "errorReason"));
    if (state == "active" && trouble.empty()) {
      add(Finding::Kind::good, name, "active, last heartbeat " + shown_at(connection, "lastHeartbeat"));
    } else if ((state == "terminated" || state == "new") && trouble.empty()) {
      add(Finding::Kind::note, name, state == "new" ? "not connected yet" : "turned off");
    } else {
      std::string step = shown_at(connection, "step");
      if (remedy.empty() && !step.empty()) remedy = "go on with connecting: the next step is `" + step + "`";
      add(Finding::Kind::bad, name, state + (trouble.empty() ? "" : ": " + trouble), remedy);
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

  // --- The answer

  bool is_well() const {
    return std::ranges::none_of(findings_, [](const Finding& each) { return each.kind == Finding::Kind::bad; });
  }

  void print() const {
    std::printf("Preflight against %s\n", on_terminal(title_).c_str());
    for (const Finding& finding : findings_) {
      const char* mark = finding.kind == Finding::Kind::good      ? "ok  "
                         : finding.kind == Finding::Kind::bad     ? "FAIL"
                         : finding.kind == Finding::Kind::warning ? "warn"
                                                                  : "note";
      std::printf("%s  %-12s %s\n", mark, on_terminal(finding.check).c_str(), on_terminal(finding.message).c_str());
      if (!finding.remedy.empty()) std::printf("      do: %s\n", on_terminal(finding.remedy).c_str());
    }
  }

  void print_json() const {
    json::Array shown;
    for (const Finding& finding : findings_) {
      shown.push_back(json::Object{{"result", result_of(finding.kind)},
                                   {"check", finding.check},
                                   {"message", finding.message},
                                   {"remedy", finding.remedy}});
    }
    std::puts(json::to_pretty_text(json::Object{{"cloud", title_}, {"works", is_well()}, {"checks", std::move(shown)}})
                  .c_str());
  }

 private:
  static bool same(const std::string& a, const std::string& b) { return origin_of(a) == origin_of(b); }
  static bool in(const std::vector<DoctorCloud>& clouds, const std::string& name) {
    return std::ranges::find(clouds, name, &DoctorCloud::name) != clouds.end();
  }
  static bool is_over(const json::Object& connection) { return shown_at(connection, "state") == "terminated"; }

  void learn_clouds(const json::Object& settings) {
    for (const json::Value& value : array_in(settings, "clouds")) {
      const json::Object* cloud = value.if_object();
      if (!cloud || shown_at(*cloud, "loginUrl").empty()) continue;
      server_clouds_.push_back(cloud_at(shown_at(*cloud, "loginUrl"), shown_at(*cloud, "graphUrl")));
      server_clouds_.back().name = shown_at(*cloud, "name");
      server_clouds_.back().display_name = shown_at(*cloud, "displayName");
    }
  }

  // The server's word on its own clouds comes first.
  const DoctorCloud* find_cloud(const std::string& name) const {
    for (const auto* list : {&server_clouds_, &options_.clouds}) {
      auto found = std::ranges::find(*list, name, &DoctorCloud::name);
      if (found != list->end()) return &*found;
    }
    return nullptr;
  }

  // Intune's address is known for the vendor's clouds only: elsewhere its name is but the name of an audience.
  DoctorCloud cloud_at(const std::string& sign_in, const std::string& graph) const {
    for (const DoctorCloud& cloud : options_.clouds) {
      if (same(cloud.sign_in, sign_in) && same(cloud.graph, graph)) return cloud;
    }
    return {.name = "custom", .display_name = sign_in, .sign_in = sign_in, .graph = graph, .intune = ""};
  }

  std::string remedy_without_proxy(const Failure& failure) const {
    std::string remedy = options_.remedy(failure.reason);
    if (options_.proxies.empty()) return remedy;
    return remedy + (remedy.empty() ? "" : "; ") + "`" + options_.proxies.front().first +
           "` is set, so this network may let programs out through its proxy only: allow this one directly";
  }

  http::Transport& transport_;
  const Clock& clock_;
  const DoctorOptions& options_;
  std::string title_;  // what was checked against
  std::vector<DoctorCloud> server_clouds_;
  std::vector<json::Object> connections_;  // of the server, both kinds
  std::set<std::string> looked_at_;        // origins
  std::vector<std::string> hosts_;
  std::vector<Finding> findings_;
};

}  // namespace

int doctor(http::Transport& transport, const Clock& clock, ApiClient* management, const std::string& log_in_failure,
           const DoctorOptions& options) {
  Doctor doctor(transport, clock, options);
  doctor.check_program();
  if (!options.server.empty()) doctor.check_endpoint("server", options.server);
  if (management) {
    doctor.ask_the_server(*management);
  } else if (!log_in_failure.empty()) {
    doctor.add(Finding::Kind::bad, "management", log_in_failure,
               "check --url, --ca-file, --user and --password-file, and that the server runs");
  }
  auto clouds = doctor.clouds();
  if (!clouds) {
    std::fprintf(stderr, "wardbridge doctor: no cloud is called `%s`; known are %s\n",
                 on_terminal(options.cloud).c_str(), on_terminal(doctor.known_clouds()).c_str());
    return 2;
  }
  for (const DoctorCloud& cloud : *clouds) doctor.check_cloud(cloud);
  doctor.check_connectors();
  doctor.check_proxy();
  doctor.check_ports();
  options.json ? doctor.print_json() : doctor.print();
  return doctor.is_well() ? 0 : 1;
}

}  // namespace wardbridge::cli
