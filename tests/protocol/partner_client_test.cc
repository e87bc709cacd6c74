// The client's end: given the answers of the transcript, it writes exactly the requests of the transcript.
#include <gtest/gtest.h>

#include "connector/partner/partner.h"
#include "protocol/transcript.h"

namespace wardbridge::protocol {
namespace {

// Plays the far end from a transcript; keeps the first thing that did not fit.
class Script final : public http::Transport {
 public:
  Script(std::vector<Exchange> exchanges, Variables& variables)
      : exchanges_(std::move(exchanges)), variables_(variables) {}

  Result<http::Response> send(const http::OutboundRequest& request, Duration) override {
    if (request.url.ends_with("/oauth2/v2.0/token")) return token(request);
    if (next_ == exchanges_.size()) {
      note("nothing more", request.method + " " + request.url);
      return unavailable("connect", "the transcript is over");
    }
    const Exchange& exchange = exchanges_[next_++];
    if (exchange.method != request.method) note(exchange.name, "the method is " + request.method);
    if (auto why = text_difference(exchange.url, request.url, variables_)) note(exchange.name, *why);
    for (const auto& [name, value] : exchange.request_headers) {
      if (auto why = text_difference(value, request.headers.get(name).value_or(""), variables_))
        note(exchange.name, *why);
    }
    bool has_body = !exchange.request_body.empty();
    if (has_body != !request.body.empty()) note(exchange.name, "one side has a body, the other not");
    if (has_body) {
      if (auto why = json_difference(exchange.request_body, request.body, variables_)) note(exchange.name, *why);
    }
    Result<std::string> body = filled(exchange.response_body, variables_);
    if (!body.ok()) {
      note(exchange.name, "the answer needs " + body.failure().message);
      return unavailable("connect", "no answer");
    }
    return http::Response{.status = exchange.status, .headers = {{"Content-Type", "application/json"}}, .body = *body};
  }
  const std::string& first_problem() const { return problem_; }
  bool is_over() const { return next_ == exchanges_.size(); }

 private:
  Result<http::Response> token(const http::OutboundRequest& request) {
    bool for_graph = request.body.find("graph.example") != std::string::npos;
    return http::Response{.status = 200,
                          .headers = {},
                          .body = std::string(R"({"expires_in":3599,"access_token":")") +
                                  variables_[for_graph ? "graph_token" : "token"] + "\"}"};
  }
  void note(const std::string& exchange, const std::string& why) {
    if (problem_.empty()) problem_ = exchange + ": " + why;
  }

  std::vector<Exchange> exchanges_;
  Variables& variables_;
  std::size_t next_ = 0;
  std::string problem_;
};

TEST(PartnerTranscript, TheClientWritesTheseRequests) {
  auto exchanges = read_transcript("tests/protocol/partner.http");
  ASSERT_TRUE(exchanges.ok()) << exchanges.failure().message;
  ASSERT_EQ(exchanges->size(), 13u);
  Time now = from_unix_milliseconds(1'800'000'000'000);
  Variables variables{{"graph", "https://graph.example"},
                      {"base", "https://fef.example/fef"},
                      {"tenant", "0f7c6f1a-5a57-4c1e-9c5f-2f9a0c1d2e3f"},
                      {"graph_token", "g.g.g"},
                      {"token", "i.i.i"},
                      {"principal", "11111111-0000-4000-8000-000000000001"},
                      {"endpoint_1", "e-1"},
                      {"endpoint_2", "e-2"},
                      {"provider_1", "p-1"},
                      {"provider_2", "p-2"},
                      {"beat", to_iso8601(now)},
                      {"policy", "66666666-0000-4000-8000-000000000006"},
                      {"group", "55555555-0000-4000-8000-000000000005"},
                      {"device", "22222222-0000-4000-8000-000000000002"},
                      {"stranger", "33333333-0000-4000-8000-000000000003"},
                      {"user", "44444444-0000-4000-8000-000000000004"},
                      {"check_in", to_iso8601(now - minutes{1})},
                      {"stamp_1", to_iso8601(now)},
                      {"uploaded_1", to_iso8601(now)},
                      {"valid_until", to_iso8601(now + hours{8})}};
  Script script(*exchanges, variables);
  SeededEntropy entropy{1};
  partner::Client client(script, entropy,
                         {.endpoints = {.login_base = "https://login.example", .graph_base = "https://graph.example"},
                          .tenant = variables["tenant"],
                          .client_id = "c",
                          .client_secret = "s"});
  partner::Pages pages{"https://mdm.example/enroll", "https://mdm.example/fix"};
  auto provisioning = client.provision(pages, now);
  ASSERT_TRUE(provisioning.ok()) << script.first_problem();
  EXPECT_TRUE(provisioning->extensions.version);
  EXPECT_TRUE(client.heartbeat(now).ok()) << script.first_problem();
  for (const char* attempt : {"made", "found"}) {
    auto policy = client.ensure_policy({.display_name = "Macs", .platform = "macOS"}, "all of them", now);
    ASSERT_TRUE(policy.ok()) << attempt << ": " << script.first_problem();
    EXPECT_EQ(*policy, variables["policy"]) << attempt;
  }
  auto assigned = client.assign_policy(variables["policy"], {variables["group"]}, now);
  ASSERT_TRUE(assigned.ok()) << script.first_problem();
  EXPECT_EQ(*assigned, std::vector<std::string>{variables["group"]});
  partner::Upload upload{.device_id = variables["device"],
                         .user_id = variables["user"],
                         .device_name = "Ada's Mac",
                         .os = "macOS",
                         .os_version = "14.5",
                         .is_managed = true,
                         .is_compliant = true,
                         .last_check_in = now - minutes{1},
                         .last_update = now,
                         .reason = "all is well",
                         .valid_until = now + hours{8},
                         .epoch = 1,
                         .sequence = 1'800'000'000'000};
  auto first = client.upload(upload, provisioning->extensions, now);
  ASSERT_TRUE(first.ok()) << script.first_problem();
  auto completed = client.message(*first, now);
  ASSERT_TRUE(completed.ok()) << script.first_problem();
  EXPECT_EQ(*completed, partner::MessageState::completed);
  upload.device_id = variables["stranger"];
  upload.is_managed = false;
  auto second = client.upload(upload, provisioning->extensions, now);
  ASSERT_TRUE(second.ok()) << script.first_problem();
  auto failed = client.message(*second, now);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.failure().reason, "device_not_found") << script.first_problem();
  EXPECT_TRUE(client.deprovision(pages, now).ok()) << script.first_problem();
  EXPECT_EQ(script.first_problem(), "");
  EXPECT_TRUE(script.is_over());
}

TEST(Transcript, NoticesWhatDiffers) {
  Variables variables{{"known", "1"}};
  EXPECT_FALSE(json_difference(R"({"a":"{{new}}","b":"{{new}}"})", R"({"b":"x","a":"x"})", variables));
  EXPECT_TRUE(json_difference(R"({"a":"{{new}}"})", R"({"a":"y"})", variables)) << "`new` is known by now";
  EXPECT_TRUE(json_difference(R"({"a":1})", R"({"a":1,"b":2})", variables));
  EXPECT_TRUE(json_difference(R"({"a":1,"b":2})", R"({"a":1})", variables));
  EXPECT_TRUE(json_difference(R"({"a":"[{\"x\":1}]"})", R"({"a":"[{\"x\":2}]"})", variables));
  EXPECT_FALSE(json_difference(R"({"a":"[{\"x\":1,\"y\":2}]"})", R"({"a":"[{\"y\":2,\"x\":1}]"})", variables));
  EXPECT_TRUE(text_difference("/a/{{known}}/c", "/a/2/c", variables));
  EXPECT_FALSE(text_difference("/a/{{other}}/c", "/a/2/c", variables));
  EXPECT_EQ(variables["other"], "2");
}

}  // namespace
}  // namespace wardbridge::protocol
