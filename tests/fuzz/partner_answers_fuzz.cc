// The partner services answer anything at all: tokens, discovery, provisioning with its extensions, heartbeats,
// policies, uploads, polls. A client's calls then come back, with something usable or with a reason, and within the
// number of requests that budgets count on.
//
// The input is lines: a status, a space, a body; given out in turn, over and over. A body `token` is a good token.
#include <vector>

#include "connector/partner/partner.h"

namespace {

using namespace wardbridge;

constexpr int kRequestsOfACall = 14;  // as the Cloud Connector's budgets count

class Answers final : public http::Transport {
 public:
  explicit Answers(std::string_view script) {
    for (std::string_view line : text::split(script, '\n')) {
      auto space = line.find(' ');
      auto status = text::parse_integer(line.substr(0, space));
      if (!status || *status < 200 || *status > 599) continue;
      lines_.push_back({static_cast<int>(*status), {}, std::string(space == line.npos ? "" : line.substr(space + 1))});
    }
  }
  bool is_empty() const { return lines_.empty(); }

  Result<http::Response> send(const http::OutboundRequest& request, Duration) override {
    ++requests;
    http::Response response = lines_[next_++ % lines_.size()];
    if (response.status == 599) return unavailable("connect", "nobody listens");
    if (response.status == 429) response.headers.set("Retry-After", response.body);
    bool is_token = request.url.ends_with("/token");
    if (response.body == "token" && is_token) response.body = R"({"access_token":"e30.e30.e30","expires_in":3600})";
    return response;
  }
  int requests = 0;

 private:
  std::vector<http::Response> lines_;
  std::size_t next_ = 0;
};

class Caller {
 public:
  explicit Caller(std::string_view script) : answers_(script) {}

  void run() {
    if (answers_.is_empty()) return;
    for (auto protocol : {partner::Protocol::compliance_partner, partner::Protocol::device_partner}) {
      partner::Client client(answers_, entropy_,
                             {.endpoints = {.login_base = "https://login.example", .graph_base = "https://g.example"},
                              .tenant = "contoso.example",
                              .client_id = "c",
                              .client_secret = "one",
                              .next_client_secret = "two",
                              .protocol = protocol});
      call_all(client);
    }
  }

 private:
  template <class T>
  partner::Answer<T> checked(partner::Answer<T> answer) {
    CHECK(answers_.requests <= kRequestsOfACall, "a call made more requests than budgets count on");
    answers_.requests = 0;
    if (!answer.ok()) {
      const partner::Problem& problem = answer.failure();
      CHECK(!problem.reason.empty() && !problem.message.empty(), "a refusal without a reason");
      CHECK(!problem.after || *problem.after > Duration{0}, "a wait into the past");
    }
    return answer;
  }

  void call_all(partner::Client& client) {
    checked(client.tenant_id(now_));
    checked(client.check_permissions(now_));
    auto services = checked(client.discover(now_));
    if (services.ok()) {
      CHECK(http::parse_url(services->tenant_base).ok() && http::parse_url(services->device_base).ok());
    }
    const partner::Pages pages{"https://jamf.example/e", "https://jamf.example/r"};
    auto provisioning = checked(client.provision(pages, now_));
    checked(client.heartbeat(now_));
    checked(client.policies(now_));
    auto policy = checked(client.ensure_policy({.display_name = "p", .platform = "macOS"}, "d", now_));
    if (policy.ok()) CHECK(!policy->empty(), "a policy without an id");
    checked(client.assign_policy("p", {"g"}, now_));
    auto message = checked(
        client.upload({.device_id = "d"}, provisioning.ok() ? provisioning->extensions : partner::Extensions{}, now_));
    if (message.ok() && !message->empty()) checked(client.message(*message, now_));
    checked(client.deprovision(pages, now_));
  }

  const Time now_ = from_unix_seconds(1'800'000'000);
  SeededEntropy entropy_{1};
  Answers answers_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Caller(std::string_view(reinterpret_cast<const char*>(data), size)).run();
  return 0;
}
