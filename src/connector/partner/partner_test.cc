#include "connector/partner/partner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace wardbridge::partner {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kTenant = "0f7c6f1a-5a57-4c1e-9c5f-2f9a0c1d2e3f";
constexpr const char* kTenantBase = "https://fef.example/PartnerTenantDataSyncService";
constexpr const char* kDeviceBase = "https://fef.example/PartnerDeviceDataSyncService";

// Answers tokens and discovery by itself, and everything else as the test says; keeps what was asked.
class Peer final : public http::Transport {
 public:
  Result<http::Response> send(const http::OutboundRequest& request, Duration) override {
    requests.push_back(request);
    if (request.url.find("/oauth2/v2.0/token") != std::string::npos) return token();
    if (request.url.find("/servicePrincipals") != std::string::npos) return graph(request.url);
    return service(request);
  }
  int count(std::string_view part) const {
    return static_cast<int>(std::count_if(requests.begin(), requests.end(), [&](const auto& request) {
      return request.url.find(part) != std::string::npos;
    }));
  }
  static Result<http::Response> json(int status, const std::string& body) {
    return http::Response{.status = status, .headers = {{"Content-Type", "application/json"}}, .body = body};
  }

  std::function<Result<http::Response>()> token = [] {
    return json(200, R"({"token_type":"Bearer","expires_in":3599,"access_token":"a.b.c"})");
  };
  std::function<Result<http::Response>(const std::string&)> graph = [](const std::string& url) {
    if (url.find("$filter=") != std::string::npos) return json(200, R"({"value":[{"id":"sp-1"}]})");
    return json(200, std::string(R"({"value":[{"providerName":"partnertenantdatasyncservice","uri":")") + kTenantBase +
                         R"(/"},{"providerName":"Other","uri":"https://x.example"},)" +
                         R"({"providerName":"PartnerDeviceDataSyncService","uri":")" + kDeviceBase + R"("}]})");
  };
  std::function<Result<http::Response>(const http::OutboundRequest&)> service = [](const http::OutboundRequest&) {
    return json(200, R"({"ErrorCode":"202"})");
  };
  std::vector<http::OutboundRequest> requests;
};

class PartnerClient : public ::testing::Test {
 protected:
  Answer<std::string> upload(Extensions extensions = {}) {
    return client_.upload({.device_id = "d-1",
                           .user_id = "u-1",
                           .device_name = "Ada's Mac",
                           .os = "macOS",
                           .os_version = "14.5",
                           .is_managed = true,
                           .is_compliant = true,
                           .last_check_in = now_,
                           .last_update = now_,
                           .reason = "all is well",
                           .valid_until = now_ + hours{1},
                           .epoch = 3,
                           .sequence = 17},
                          extensions, now_);
  }
  json::Value last_body() { return json::parse(peer_.requests.back().body).value(); }

  Time now_ = from_unix_seconds(1'800'000'000);
  Peer peer_;
  SeededEntropy entropy_{1};
  Client client_{peer_,
                 entropy_,
                 {.endpoints = {.login_base = "https://login.example/", .graph_base = "https://graph.example"},
                  .tenant = kTenant,
                  .client_id = "client-1",
                  .client_secret = "s&cret"}};
};

TEST_F(PartnerClient, AsksForTokensAndAddressesOnceAndKeepsThem) {
  ASSERT_TRUE(upload().ok());
  EXPECT_EQ(peer_.count("/oauth2/v2.0/token"), 2) << "one for Graph, one for Intune";
  EXPECT_THAT(peer_.requests[0].url, std::string("https://login.example/") + kTenant + "/oauth2/v2.0/token");
  EXPECT_THAT(peer_.requests[0].body, HasSubstr("client_secret=s%26cret"));
  EXPECT_EQ(peer_.count("/endpoints"), 1);
  std::size_t before = peer_.requests.size();
  now_ += minutes{50};
  ASSERT_TRUE(upload().ok());
  EXPECT_EQ(peer_.requests.size(), before + 1);
}

TEST_F(PartnerClient, WritesTheDoubleSlashOfTheScope) {
  ASSERT_TRUE(upload().ok());
  bool found = std::any_of(peer_.requests.begin(), peer_.requests.end(), [](const auto& request) {
    auto form = text::parse_form(request.body);
    return form && text::form_value(*form, "scope") == "https://api.manage.microsoft.com//.default";
  });
  EXPECT_TRUE(found);
}

TEST_F(PartnerClient, FetchesANewTokenFiveMinutesBeforeTheOldOneEnds) {
  ASSERT_TRUE(upload().ok());
  now_ += seconds{3599} - minutes{5};
  ASSERT_TRUE(upload().ok());
  EXPECT_EQ(peer_.count("/oauth2/v2.0/token"), 3) << "only the one that is needed";
}

TEST_F(PartnerClient, LooksForTheServicesAgainAfterADay) {
  ASSERT_TRUE(upload().ok());
  now_ += hours{24};
  ASSERT_TRUE(upload().ok());
  EXPECT_EQ(peer_.count("/endpoints"), 2);
}

TEST_F(PartnerClient, FindsTheServicesInTheOtherForm) {
  peer_.graph = [](const std::string& url) {
    if (url.find("$filter=") != std::string::npos) return Peer::json(400, R"({"error":{"code":"x","message":"y"}})");
    EXPECT_THAT(url, HasSubstr("/servicePrincipals/appId=0000000a-0000-0000-c000-000000000000/endpoints"));
    return Peer::json(200, R"({"value":[{"providerName":"PartnerTenantDataSyncService","uri":"https://a.example/t"},
                               {"providerName":"PartnerDeviceDataSyncService","uri":"https://a.example/d"}]})");
  };
  auto services = client_.discover(now_);
  ASSERT_TRUE(services.ok());
  EXPECT_EQ(services->device_base, "https://a.example/d");
}

TEST_F(PartnerClient, SaysWhenTheTenantHasNoPartnerServices) {
  peer_.graph = [](const std::string&) { return Peer::json(200, R"({"value":[]})"); };
  auto services = client_.discover(now_);
  ASSERT_FALSE(services.ok());
  EXPECT_EQ(services.failure().reason, "services_not_found");
  EXPECT_EQ(services.failure().kind, Problem::Kind::permission);
}

TEST_F(PartnerClient, UploadsJsonInsideJson) {
  auto id = upload();
  ASSERT_TRUE(id.ok());
  const auto& request = peer_.requests.back();
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.url, std::string(kDeviceBase) + "/DataUploadMessages(guid'" + *id + "')?api-version=1.2");
  EXPECT_EQ(request.headers.get("Prefer"), "return-content");
  json::Value body = last_body();
  ASSERT_TRUE(body.at("Content").is_string());
  json::Value content = json::parse(body.at("Content").as_string()).value();
  ASSERT_EQ(content.as_array().size(), 2u);
  EXPECT_EQ(content.at(0).at("EntityType"), 1);
  EXPECT_EQ(content.at(0).at("DeviceManagementState"), "managed");
  EXPECT_TRUE(content.at(0).at("EasIds").as_array().empty());
  EXPECT_EQ(content.at(1).at("EntityType"), 4);
  EXPECT_EQ(content.at(1).at("complianceStatus"), "compliant");
}

TEST_F(PartnerClient, SendsItsOwnFieldsOnlyToThoseWhoAnnouncedThem) {
  ASSERT_TRUE(upload().ok());
  EXPECT_THAT(peer_.requests.back().body, Not(HasSubstr("Wardbridge")));
  ASSERT_TRUE(upload({.reason = true, .valid_until = true, .version = true}).ok());
  json::Value content = json::parse(last_body().at("Content").as_string()).value();
  EXPECT_EQ(content.at(1).at("WardbridgeReason"), "all is well");
  EXPECT_EQ(content.at(1).at("WardbridgeSequence"), 17);
  EXPECT_FALSE(content.at(0).as_object().contains("WardbridgeReason"));
  ASSERT_TRUE(upload({.valid_until = true}).ok());
  EXPECT_THAT(peer_.requests.back().body, Not(HasSubstr("WardbridgeReason")));
}

TEST_F(PartnerClient, ReadsTheExtensionsFromTheProvisioningAnswer) {
  peer_.service = [](const auto&) {
    return Peer::json(200, R"({"Provisioned":1,"WardbridgeExtensions":["complianceReason","version","later"]})");
  };
  auto answer = client_.provision({"https://mdm.example/enroll", "https://mdm.example/fix"}, now_);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->extensions, (Extensions{.reason = true, .valid_until = false, .version = true}));
  EXPECT_EQ(peer_.requests.back().url,
            std::string(kTenantBase) + "/PartnerTenants(guid'" + kTenant + "')?api-version=1.6");
  peer_.service = [](const auto&) { return Peer::json(200, R"({"Provisioned":2,"ErrorDetail":null})"); };
  auto none = client_.deprovision({"https://mdm.example/enroll", "https://mdm.example/fix"}, now_);
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(none->extensions, Extensions{});
}

TEST_F(PartnerClient, ATwoHundredWithAnotherErrorCodeIsARefusal) {
  struct Case {
    const char* body;
    bool ok;
    Problem::Kind kind;
  };
  for (const Case& c : {Case{R"({"ErrorCode":202})", true, {}}, Case{R"({"ErrorCode":"202"})", true, {}},
                        Case{R"({"ErrorCode":404,"ErrorDetail":"no such device"})", false, Problem::Kind::permanent},
                        Case{R"({"ErrorCode":"400"})", false, Problem::Kind::permanent},
                        Case{R"({"ErrorCode":500})", false, Problem::Kind::retry_later},
                        Case{R"({"ErrorCode":"409"})", false, Problem::Kind::stale}}) {
    peer_.service = [&](const auto&) { return Peer::json(200, c.body); };
    auto answer = upload();
    ASSERT_EQ(answer.ok(), c.ok) << c.body;
    if (!c.ok) {
      EXPECT_EQ(answer.failure().kind, c.kind) << c.body;
    }
  }
}

TEST_F(PartnerClient, TellsApartWhatToDoAboutAStatus) {
  struct Case {
    int status;
    Problem::Kind kind;
    int calls;
  };
  for (const Case& c : {Case{400, Problem::Kind::permanent, 1}, Case{401, Problem::Kind::credentials, 2},
                        Case{403, Problem::Kind::permission, 1}, Case{404, Problem::Kind::retry_later, 1},
                        Case{429, Problem::Kind::unreachable, 1}, Case{500, Problem::Kind::retry_later, 2},
                        Case{502, Problem::Kind::retry_later, 2}, Case{503, Problem::Kind::unreachable, 2},
                        Case{504, Problem::Kind::retry_later, 2}}) {
    int calls = 0;
    peer_.service = [&](const auto&) {
      ++calls;
      return Peer::json(c.status, R"({"odata.error":{"message":{"value":"the words of the service"}}})");
    };
    auto answer = upload();
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.failure().kind, c.kind) << c.status;
    EXPECT_EQ(calls, c.calls) << c.status;
    EXPECT_THAT(answer.failure().message, HasSubstr("the words of the service"));
  }
}

TEST_F(PartnerClient, WaitsAsLongAsTheServiceAsks) {
  peer_.service = [](const auto&) {
    return http::Response{.status = 503, .headers = {{"Retry-After", "77"}}, .body = "{}"};
  };
  auto answer = upload();
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.failure().after, Duration{seconds{77}});
  EXPECT_EQ(peer_.count("/DataUploadMessages"), 1) << "no retry against an explicit wish";
}

TEST_F(PartnerClient, AFreshTokenThatIsRefusedOnceIsFetchedAgain) {
  int calls = 0;
  peer_.service = [&](const auto&) {
    return ++calls == 1 ? Peer::json(401, "{}") : Peer::json(200, R"({"ErrorCode":202})");
  };
  EXPECT_TRUE(upload().ok());
  EXPECT_EQ(peer_.count("/oauth2/v2.0/token"), 3);
}

TEST_F(PartnerClient, ANetworkFailureForgetsTokensAndAddresses) {
  ASSERT_TRUE(upload().ok());
  auto working = peer_.service;
  peer_.service = [](const auto&) -> Result<http::Response> { return unavailable("connect", "refused"); };
  auto answer = upload();
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.failure().kind, Problem::Kind::unreachable);
  EXPECT_EQ(answer.failure().reason, "connect");
  peer_.service = working;
  ASSERT_TRUE(upload().ok());
  EXPECT_EQ(peer_.count("/endpoints"), 2);
  EXPECT_EQ(peer_.count("/oauth2/v2.0/token"), 4);
}

TEST_F(PartnerClient, ATimeOutIsNotTriedAtOnceAgain) {
  ASSERT_TRUE(upload().ok());
  int before = peer_.count("/DataUploadMessages");
  peer_.service = [](const auto&) -> Result<http::Response> {
    return Failure{.code = Code::timeout, .reason = "timeout", .message = "no answer"};
  };
  EXPECT_FALSE(upload().ok());
  EXPECT_EQ(peer_.count("/DataUploadMessages"), before + 1);
}

TEST_F(PartnerClient, AMovedServiceIsLookedForAgain) {
  ASSERT_TRUE(upload().ok());
  peer_.service = [](const auto&) { return Peer::json(404, "<html>"); };
  EXPECT_FALSE(upload().ok());
  peer_.service = [](const auto&) { return Peer::json(200, R"({"ErrorCode":202})"); };
  EXPECT_TRUE(upload().ok());
  EXPECT_EQ(peer_.count("/endpoints"), 2);
}

TEST_F(PartnerClient, RefusedCredentialsAreNotAPermissionProblem) {
  peer_.token = [] {
    return Peer::json(401, R"({"error":"invalid_client","error_description":"AADSTS7000215: bad"})");
  };
  auto answer = upload();
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.failure().kind, Problem::Kind::credentials);
  EXPECT_EQ(answer.failure().reason, "invalid_client");
  EXPECT_THAT(answer.failure().message, Not(HasSubstr("s&cret")));
  peer_.token = [] { return Peer::json(400, R"({"error":"invalid_resource","error_description":"AADSTS500011"})"); };
  EXPECT_EQ(upload().failure().kind, Problem::Kind::permission);
  peer_.token = [] { return Peer::json(503, "{}"); };
  EXPECT_EQ(upload().failure().kind, Problem::Kind::unreachable);
}

TEST_F(PartnerClient, ReadsWhatBecameOfAMessage) {
  auto state = [&](const char* body, int status = 200) {
    peer_.service = [=](const auto&) { return Peer::json(status, body); };
    return client_.message("m-1", now_);
  };
  EXPECT_EQ(*state(R"({"Status":"Completed"})"), MessageState::completed);
  EXPECT_EQ(*state(R"({"Status":"SomethingNew"})"), MessageState::processing);
  EXPECT_EQ(state(R"({"Status":"Failed","ErrorCode":"404"})").failure().reason, "device_not_found");
  EXPECT_EQ(state(R"({"Status":"Failed","ErrorCode":409})").failure().kind, Problem::Kind::stale);
  EXPECT_EQ(state(R"({"Status":"Failed"})").failure().kind, Problem::Kind::retry_later);
  EXPECT_EQ(state("{}", 404).failure().kind, Problem::Kind::not_found);
}

TEST_F(PartnerClient, AnExistingPolicyIsUsed) {
  peer_.service = [](const http::OutboundRequest& request) {
    if (request.method == "POST") return Peer::json(409, "{}");
    return Peer::json(200, R"({"value":[{"Id":"ios","Platform":"iOS"},{"Id":"mac","Platform":"macOS"}]})");
  };
  auto id = client_.ensure_policy({.display_name = "Macs", .platform = "macOS"}, "", now_);
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(*id, "mac");
  peer_.service = [](const auto&) { return Peer::json(200, R"({"value":"{\"assignments\":[\"g-1\"]}"})"); };
  auto groups = client_.assign_policy("mac", {"g-1"}, now_);
  ASSERT_TRUE(groups.ok());
  EXPECT_EQ(*groups, std::vector<std::string>{"g-1"});
}

TEST_F(PartnerClient, LearnsTheTenantIdFromTheToken) {
  Client by_domain(peer_, entropy_,
                   {.endpoints = {.login_base = "https://login.example", .graph_base = "https://graph.example"},
                    .tenant = "contoso.example",
                    .client_id = "client-1",
                    .client_secret = "secret"});
  EXPECT_EQ(by_domain.tenant_id(now_).failure().reason, "unknown_tenant_id");
  std::string token = text::to_base64url(R"({"alg":"RS256","typ":"JWT"})") + "." +
                      text::to_base64url(std::string(R"({"tid":")") + kTenant + R"("})") + "." +
                      text::to_base64url("x");
  peer_.token = [=] { return Peer::json(200, R"({"expires_in":3599,"access_token":")" + token + R"("})"); };
  Client again(peer_, entropy_,
               {.endpoints = {.login_base = "https://login.example", .graph_base = "https://graph.example"},
                .tenant = "contoso.example",
                .client_id = "client-1",
                .client_secret = "secret"});
  auto id = again.tenant_id(now_);
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(*id, kTenant);
}

}  // namespace
}  // namespace wardbridge::partner
