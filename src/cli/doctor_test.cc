#include "cli/doctor.h"

#include <gmock/gmock.h>

#include <map>

namespace wardbridge::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Trust = http::PeerCertificate::Trust;

const std::string kServer = "https://jamf.example:443";
const std::string kSignIn = "https://login.example:443";
const std::string kGraph = "https://graph.example:443";

// Answers by method and URL; every host that has no answer is reached, and says the time.
class Internet final : public http::Transport {
 public:
  Result<http::Response> send(const http::OutboundRequest& request, Duration) override {
    asked.push_back(request.method + " " + request.url);
    if (auto failing = failures.find(http::parse_url(request.url)->origin()); failing != failures.end())
      return failing->second;
    if (auto found = answers.find(request.url); found != answers.end()) return found->second;
    auto date = dates.find(http::parse_url(request.url)->origin());
    return http::Response{404, {{"Date", date == dates.end() ? "Fri, 15 Jan 2027 08:00:03 GMT" : date->second}}, ""};
  }
  void answer(const std::string& path, int status, std::string body) {
    answers["https://jamf.example" + path] = {status, {}, std::move(body)};
  }

  std::map<std::string, http::Response> answers;
  std::map<std::string, Failure> failures;  // by origin
  std::map<std::string, std::string> dates;
  std::vector<std::string> asked;
};

constexpr const char* kPrivileged =
    R"({"account":{"privilegesBySite":{"-1":["Read Conditional Access","Update Conditional Access",
        "Read Device Compliance Information","Read Computers","Create Smart Computer Groups",
        "Read Smart Computer Groups","Read Change Management","Dismiss Notifications"]}}})";

class DoctorTest : public ::testing::Test {
 protected:
  DoctorTest() {
    internet_.answer("/api/v1/auth", 200, kPrivileged);
    internet_.answer("/api/v1/jamf-pro-version", 200, R"({"version":"11.30.1-t0"})");
    internet_.answer("/api/v1/wardbridge/conditional-access", 200, "{}");
    internet_.answer("/api/v1/wardbridge/computer-groups/preview?size=0", 200, R"({"count":0,"computersLookedAt":40})");
    connections("");
    cloud_connections("");
    options_.look_at_certificate = [this](const std::string& url) -> Result<http::PeerCertificate> {
      auto found = certificates_.find(url);
      return found == certificates_.end() ? good() : found->second;
    };
  }
  http::PeerCertificate good() const {
    return {.subject = "somebody", .issuer = "An Authority", .ends = clock_.now() + days{90}, .ending = "somebody"};
  }
  void connections(const std::string& list) {
    internet_.answer("/api/v1/wardbridge/connections", 200, R"({"results":[)" + list + "]}");
  }
  void cloud_connections(const std::string& list) {
    internet_.answer("/api/v1/wardbridge/cloud-connections", 200, R"({"results":[)" + list + "]}");
  }
  using Run = VerbRun;
  enum class Server { asked, left_out };
  Run examine(Server server = Server::asked) {
    options_.server = server == Server::asked ? "https://jamf.example" : "";
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    int code = doctor(internet_, clock_, server == Server::asked ? &management_ : nullptr, "", options_);
    return {code, ::testing::internal::GetCapturedStdout(), ::testing::internal::GetCapturedStderr()};
  }
  // One finding is bad, says `what`, and comes with `remedy`.
  void expect_bad(const Run& run, const std::string& what, const std::string& remedy) {
    EXPECT_EQ(run.exit_code, 1) << run.out;
    EXPECT_THAT(run.out, AllOf(HasSubstr("FAIL"), HasSubstr(what), HasSubstr(remedy)));
  }

  ManualClock clock_{parse_iso8601("2027-01-15T08:00:00Z").value()};
  Internet internet_;
  ApiClient management_{internet_, "https://jamf.example"};
  std::map<std::string, Result<http::PeerCertificate>> certificates_;  // by origin
  DoctorOptions options_{
      .version = "wardbridge",
      .server = "https://jamf.example",
      .clouds = {{"global", "Global", "https://login.example", "https://graph.example", "https://intune.example/"}},
      .cloud = "",
      .typed = {},
      .proxies = {},
      .no_proxy = "",
      .remedy = [](std::string_view reason) { return reason.empty() ? "" : "about " + std::string(reason); },
      .look_at_certificate = {}};
};

TEST_F(DoctorTest, AllIsWell) {
  Run run = examine();
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_THAT(run.out, AllOf(HasSubstr("Preflight against Global"), HasSubstr("ok    sign-in"),
                             HasSubstr("https://intune.example:443: name and port are in order"),
                             HasSubstr("agrees with Graph"), HasSubstr("Graph is trusted, until 2027-04-15"),
                             HasSubstr("may read and change"), HasSubstr("the server is 11.30.1-t0"),
                             HasSubstr("all have macOS 10.12"), Not(HasSubstr("FAIL")), Not(HasSubstr("warn"))));
}

// --- Which cloud

TEST_F(DoctorTest, TheCloudsOfTheServersConnectionsAreChecked) {
  connections(
      R"({"name":"ours","state":"active","loginUrl":"https://tenant.example:9443","graphUrl":"https://tenant.example:9443"},
         {"name":"theirs","state":"active","loginUrl":"https://login.example","graphUrl":"https://graph.example"},
         {"name":"old","state":"terminated","loginUrl":"https://gone.example","graphUrl":"https://gone.example"})");
  Run run = examine();
  EXPECT_THAT(run.out, HasSubstr("Preflight against https://tenant.example:9443, Global"));
  EXPECT_THAT(run.out, HasSubstr("https://tenant.example:9443: name and port"));
  EXPECT_THAT(run.out, HasSubstr("https://intune.example:443: name and port"));
  EXPECT_THAT(run.out, Not(HasSubstr("https://gone.example")));
}

TEST_F(DoctorTest, AConnectionThroughAConnectorIsCheckedUpToTheConnector) {
  cloud_connections(
      R"({"name":"Contoso","state":"active","connectorUrl":"https://connector.example:7443","sovereignCloud":"usGovDod"})");
  Run run = examine();
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_THAT(run.out, HasSubstr("Preflight against Cloud Connector"));
  EXPECT_THAT(run.out, HasSubstr("https://connector.example:7443: name and port"));
  EXPECT_THAT(run.out, HasSubstr("wardbridge doctor --offline --cloud usGovDod"));
  EXPECT_THAT(run.out, Not(HasSubstr("login.example")));
  internet_.failures["https://connector.example:7443"] = unavailable("connect", "refused");
  expect_bad(examine(), "https://connector.example:7443: refused", "about connect");
}

TEST_F(DoctorTest, ACloudIsChosenByNameFromTheServersTableOrOurs) {
  internet_.answer("/api/v1/wardbridge/conditional-access", 200,
                   R"({"clouds":[{"name":"staging","displayName":"Staging","loginUrl":"https://staging.example",
                       "graphUrl":"https://staging.example"},{"name":"custom","displayName":"Custom addresses"}]})");
  options_.cloud = "staging";
  Run run = examine();
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_THAT(run.out, AllOf(HasSubstr("Preflight against Staging"), HasSubstr("https://staging.example:443: name")));
  options_.cloud = "global";
  EXPECT_THAT(examine(Server::left_out).out, HasSubstr("Preflight against Global"));
  options_.cloud = "moon";
  run = examine();
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.error, AllOf(HasSubstr("`moon`"), HasSubstr("staging, global")));
}

TEST_F(DoctorTest, AnAddressThatIsTypedStandsInThePlaceOfAll) {
  options_.typed = DoctorCloud{"custom", "https://other.example", "https://other.example", "https://other.example", ""};
  Run run = examine(Server::left_out);
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_THAT(run.out, AllOf(HasSubstr("https://other.example:443: name"), Not(HasSubstr("login.example"))));
}

// --- Each check fails

TEST_F(DoctorTest, AHostThatIsNotReachedIsNamed) {
  for (const char* reason : {"dns", "connect", "timeout", "reset"}) {
    internet_.failures = {{kGraph, unavailable(reason, "it fails")}};
    expect_bad(examine(), kGraph + ": it fails", std::string("do: about ") + reason);
  }
}

TEST_F(DoctorTest, ACertificateThatIsNotTrustedIsExplained) {
  internet_.failures = {{kSignIn, unavailable("tls", "curl says no")}};
  http::PeerCertificate wrong = good();
  wrong.trust = Trust::unknown_authority;
  wrong.issuer = "Contoso Inspection";
  certificates_.insert_or_assign(kSignIn, wrong);
  expect_bad(examine(), "signed by `Contoso Inspection`, whom this machine does not trust", "a proxy inspects");
  wrong.trust = Trust::wrong_name;
  certificates_.insert_or_assign(kSignIn, wrong);
  expect_bad(examine(), "is `somebody`'s, and not for this name", "a certificate made for login.example");
  wrong.trust = Trust::expired;
  wrong.ends = clock_.now() - days{1};
  certificates_.insert_or_assign(kSignIn, wrong);
  expect_bad(examine(), "is not valid now, it ends 2027-01-14", "have it renewed");
  certificates_.insert_or_assign(kSignIn, unavailable("tls", "no handshake"));
  expect_bad(examine(), "curl says no", "do: about tls");
}

TEST_F(DoctorTest, ACertificateThatEndsWithinTwoWeeksIsWarnedOf) {
  for (const auto& [left, warned] :
       {std::pair<Duration, bool>{days{14} + seconds{1}, false}, {days{14}, true}, {seconds{1}, true}}) {
    http::PeerCertificate soon = good();
    soon.ends = clock_.now() + left;
    soon.ending = "An Intermediate";
    certificates_.insert_or_assign(kServer, soon);
    Run run = examine();
    EXPECT_EQ(run.exit_code, 0) << "it works still";
    EXPECT_EQ(run.out.find("warn  certificate") != std::string::npos, warned) << run.out;
    EXPECT_EQ(run.out.find("`An Intermediate` ends soon") != std::string::npos, warned);
  }
}

TEST_F(DoctorTest, AClockThatIsFiveMinutesOffIsNamedForTheTenantAndTheServer) {
  for (const std::string& host : {kSignIn, kServer}) {
    for (const auto& [date, code] : {std::pair{"Fri, 15 Jan 2027 08:04:59 GMT", 0},
                                     {"Fri, 15 Jan 2027 08:05:00 GMT", 1},
                                     {"Fri, 15 Jan 2027 07:55:01 GMT", 0},
                                     {"Fri, 15 Jan 2027 07:55:00 GMT", 1}}) {
      internet_.dates = {{host, date}};
      Run run = examine();
      EXPECT_EQ(run.exit_code, code) << date << run.out;
      EXPECT_EQ(run.out.find("NTP") != std::string::npos, code != 0);
    }
  }
}

TEST_F(DoctorTest, PrivilegesThatAreMissingAreNamed) {
  internet_.answer("/api/v1/auth", 200, R"({"account":{"privilegesBySite":{"-1":["Read Conditional Access"]}}})");
  Run run = examine();
  expect_bad(run, "the account lacks `Update Conditional Access`, `Read Device Compliance Information`",
             "do: give it these");
  EXPECT_THAT(run.out, HasSubstr("for want of `Read Computers`"));
  internet_.answer("/api/v1/wardbridge/connections", 403, "{}");
  expect_bad(examine(), "403", "give the account `Read Conditional Access`");
  internet_.answer("/api/v1/auth", 401, "{}");
  expect_bad(examine(), "account", "401");
}

TEST_F(DoctorTest, AVersionThatIsTooOldForTheConnectionIsNamed) {
  internet_.answer("/api/v1/jamf-pro-version", 200, R"({"version":"10.17.9-t1"})");
  EXPECT_EQ(examine().exit_code, 0) << "the manual connection needs 10.1 only";
  cloud_connections(R"({"name":"C","state":"active","connectorUrl":"https://connector.example","sovereignCloud":"g"})");
  expect_bad(examine(), "the server is 10.17.9-t1; this kind of connection needs 10.18", "do: update the server");
  internet_.answer("/api/v1/jamf-pro-version", 200, R"({"version":"10.18.0-t1"})");
  EXPECT_EQ(examine().exit_code, 0);
  internet_.answer("/api/v1/jamf-pro-version", 404, "");
  EXPECT_THAT(examine().out, HasSubstr("warn  version"));
}

TEST_F(DoctorTest, MacsThatAreTooOldAreCounted) {
  internet_.answer("/api/v1/wardbridge/computer-groups/preview?size=0", 200, R"({"count":3,"computersLookedAt":40})");
  Run run = examine();
  EXPECT_THAT(run.out, HasSubstr("warn  macs         3 of 40 have a macOS before 10.12"));
  EXPECT_EQ(run.exit_code, 0);
}

TEST_F(DoctorTest, AConnectionInTroubleIsShownWithItsRemedy) {
  connections(
      R"({"name":"Contoso","loginUrl":"https://login.example","graphUrl":"https://graph.example","state":"permission",
          "errorMessage":"refused","errorRemedy":"grant it","deliveries":{"parked":1}})");
  options_.json = true;
  Run run = examine();
  EXPECT_EQ(run.exit_code, 1);
  auto told = json::parse(run.out);
  ASSERT_TRUE(told.ok()) << run.out;
  EXPECT_EQ(told->at("works"), false);
  EXPECT_EQ(told->at("cloud"), "Global");
  EXPECT_THAT(run.out, AllOf(HasSubstr("grant it"), HasSubstr("1 devices were refused for good")));
  cloud_connections(
      R"({"name":"Fabrikam","state":"connecting","step":"applicationId","connectorUrl":"https://connector.example",
          "sovereignCloud":"global"},
         {"name":"Later","state":"new","connectorUrl":"https://connector.example","sovereignCloud":"global"})");
  options_.json = false;
  expect_bad(examine(), "connection Fabrikam connecting", "the next step is `applicationId`");
}

TEST_F(DoctorTest, AProxyThatNobodyReadsIsToldWithTheHostsItWouldServe) {
  options_.proxies = {{"HTTPS_PROXY", "proxy.example:3128"}};
  options_.no_proxy = "localhost, .graph.example,intune.example";
  Run run = examine(Server::left_out);
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, HasSubstr("`HTTPS_PROXY` names proxy.example:3128, and is not read"));
  EXPECT_THAT(run.out, HasSubstr("reach login.example through the proxy; NO_PROXY exempts graph.example, intune.exam"));
  internet_.failures = {{kSignIn, unavailable("connect", "refused")}};
  expect_bad(examine(), "refused", "about connect; `HTTPS_PROXY` is set, so this network may let programs out");
}

TEST_F(DoctorTest, AServerThatRefusesTheLogInIsLookedAtAllTheSame) {
  internet_.failures = {{kServer, unavailable("dns", "no such name")}};
  ::testing::internal::CaptureStdout();
  int code = doctor(internet_, clock_, nullptr, "could not log in", options_);
  std::string out = ::testing::internal::GetCapturedStdout();
  EXPECT_EQ(code, 1);
  EXPECT_THAT(out, AllOf(HasSubstr("FAIL  server"), HasSubstr("FAIL  management   could not log in"),
                         HasSubstr("Preflight against Global")));
}

}  // namespace
}  // namespace wardbridge::cli
