// Connections through a Cloud Connector, as an administrator sets them up; the connector at the far end says what the
// test wants it to. (tests/connector has the real one.)
#include "management/jamf_api/face_under_test.h"

namespace wardbridge::jamf_api {
namespace {

class CloudConnectionRoutes : public Face {
 protected:
  static constexpr const char* kPath = "/api/v1/wardbridge/cloud-connections";
  static constexpr const char* kTenant = "0f7c6f1a-5a57-4c1e-9c5f-2f9a0c1d2e3f";
  static constexpr const char* kCredential = "wbc_a-credential-nobody-may-see";

  CloudConnectionRoutes() {
    auto attachment = [this](relay::Progress progress) {
      return relay::to_json(relay::Attachment{.id = "a-1",
                                              .cloud = "global",
                                              .tenant_id = kTenant,
                                              .progress = progress,
                                              .consent_url = "https://login.example/adminconsent",
                                              .application_id = progress == relay::Progress::active ? "app-1" : "",
                                              .ticket = "a-ticket-nobody-may-see"});
    };
    connector_.add("POST", "/api/v1/attachments", [this, attachment](const http::Request& request) {
      authorization_ = request.headers.get("Authorization").value_or("");
      asked_ = json::parse(request.body).value();
      if (refuses_) {
        return http::json_response(
            400, json::Object{{"error", json::Object{{"reason", "tenant_unknown"},
                                                     {"message", "the cloud `global` knows no tenant `x`"},
                                                     {"field", "tenant"}}}});
      }
      return http::json_response(201, attachment(relay::Progress::consent));
    });
    connector_.add("POST", "/api/v1/attachments/{id}/confirm", [this, attachment](const http::Request&) {
      json::Array steps{relay::to_json(relay::Step{"token", true, "works"}),
                        relay::to_json(relay::Step{"permission", works_, works_ ? "granted" : "not granted"})};
      return http::json_response(
          200,
          json::Object{{"works", works_},
                       {"steps", std::move(steps)},
                       {"attachment", attachment(works_ ? relay::Progress::active : relay::Progress::application_id)}});
    });
    connector_.add("GET", "/api/v1/instance/routes", [](const http::Request& request) {
      return http::json_response(200,
                                 json::Object{{"totalCount", 0}, {"results", json::Array{}}, {"asked", request.query}});
    });
    tenants_.attach("https://connector.example:443", connector_);
  }

  static json::Object body() {
    return {{"name", "Contoso"},
            {"connectorUrl", "https://connector.example"},
            {"credential", kCredential},
            {"tenant", "contoso.example"},
            {"enrollmentUrl", "https://jamf.example/enroll"},
            {"remediationUrl", "https://jamf.example/fix"}};
  }
  std::string create(const std::string& name = "Contoso") {
    json::Object wanted = body();
    wanted["name"] = name;
    Answer made = post(kPath, json::to_text(wanted));
    EXPECT_EQ(made.status, 201) << made.text;
    EXPECT_EQ(made.text.find("nobody-may-see"), std::string::npos);
    return std::string(kPath) + "/" + made.at("id");
  }
  std::string connect() {
    std::string connection = create();
    EXPECT_EQ(post(connection + "/connect", "").status, 200);
    EXPECT_EQ(post(connection + "/confirm", "").at("works"), "true");
    return connection;
  }

  http::Router connector_;
  bool refuses_ = false;
  bool works_ = true;
  std::string authorization_;
  json::Value asked_;
};

TEST_F(CloudConnectionRoutes, ConnectsStepByStep) {
  std::string connection = create();
  EXPECT_EQ(get(connection).at("state"), "new");
  EXPECT_EQ(get(connection).at("connectionType"), "Cloud Connector");
  expect_error(post(connection + "/confirm", ""), 409, "NOT_CONNECTED");

  Answer connecting = post(connection + "/connect", "");
  EXPECT_EQ(connecting.at("state"), "connecting") << connecting.text;
  EXPECT_EQ(connecting.at("step"), "consent");
  EXPECT_EQ(connecting.at("consentUrl"), "https://login.example/adminconsent");
  EXPECT_EQ(authorization_, std::string("Bearer ") + kCredential);
  EXPECT_EQ(shown(asked_, "tenant"), "contoso.example");
  EXPECT_EQ(shown(asked_, "cloud"), "global");

  works_ = false;
  Answer refused = post(connection + "/confirm", "");
  EXPECT_EQ(refused.at("works"), "false");
  EXPECT_EQ(refused.at("steps.1.message"), "not granted");
  EXPECT_EQ(refused.at("connection.state"), "connecting");
  works_ = true;
  Answer confirmed = post(connection + "/confirm", "");
  EXPECT_EQ(confirmed.at("connection.state"), "active") << confirmed.text;
  EXPECT_EQ(confirmed.at("connection.applicationId"), "app-1");
  EXPECT_EQ(confirmed.text.find("nobody-may-see"), std::string::npos);
  EXPECT_EQ(get(connection + "/routes?after=t%2Fd").at("asked"), std::string("tenant=") + kTenant + "&after=t%2Fd");
  EXPECT_EQ(get(kPath).at("totalCount"), "1");
  EXPECT_GE(connection_changes_, 2);
}

TEST_F(CloudConnectionRoutes, PrivilegesAreAskedFor) {
  std::string connection = create();
  std::string reader = client("reader", {"Read Conditional Access"});
  std::string stranger = client("stranger", {"Read Computers"});
  EXPECT_EQ(send_as(reader, "GET", connection).status, 200);
  EXPECT_EQ(send_as(stranger, "GET", connection).status, 403);
  for (const char* verb : {"/connect", "/confirm", "/disable", "/enable"}) {
    EXPECT_EQ(send_as(reader, "POST", connection + verb).status, 403) << verb;
  }
  EXPECT_EQ(send_as(reader, "PUT", connection + "/domains", R"({"domains":[]})").status, 403);
  EXPECT_EQ(send_as(reader, "DELETE", connection).status, 403);
}

TEST_F(CloudConnectionRoutes, BadSettingsAreNamed) {
  auto without = [&](const char* member, const json::Value& value) {
    json::Object wanted = body();
    wanted[member] = value;
    return post(kPath, json::to_text(wanted));
  };
  expect_error(without("name", " "), 400, "INVALID_FIELD", "name");
  expect_error(without("tenant", "a/b"), 400, "INVALID_FIELD", "tenant");
  expect_error(without("connectorUrl", "http://connector.example"), 400, "INVALID_FIELD", "connectorUrl");
  expect_error(without("sovereignCloud", ""), 400, "INVALID_FIELD", "sovereignCloud");
  expect_error(without("credential", ""), 400, "INVALID_FIELD", "credential");
  std::string connection = create();
  expect_error(post(kPath, json::to_text(body())), 409, "DUPLICATE_FIELD");
  expect_error(patch(connection, R"({"connectorUrl":"https://elsewhere.example"})"), 400, "INVALID_FIELD",
               "credential");
  refuses_ = true;
  expect_error(post(connection + "/connect", ""), 400, "INVALID_FIELD", "tenant");
  EXPECT_EQ(get(std::string(kPath) + "/4711").status, 404);
}

TEST_F(CloudConnectionRoutes, ASecondTenantNeedsNoCredentialOfItsOwn) {
  create();
  json::Object second = body();
  second["name"] = "Fabrikam";
  second["tenant"] = "fabrikam.example";
  second.erase("credential");
  Answer made = post(kPath, json::to_text(second));
  EXPECT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(post(std::string(kPath) + "/" + made.at("id") + "/connect", "").status, 200);
  EXPECT_EQ(authorization_, std::string("Bearer ") + kCredential);
}

TEST_F(CloudConnectionRoutes, AConnectedOneIsDisabledBeforeItIsRemoved) {
  std::string connection = connect();
  expect_error(remove(connection), 409, "NOT_TERMINATED");
  expect_error(patch(connection, R"({"tenant":"fabrikam.example"})"), 409, "STILL_CONNECTED");
  EXPECT_EQ(patch(connection, R"({"name":"Contoso Ltd"})").at("name"), "Contoso Ltd");
  EXPECT_EQ(post(connection + "/disable", "").status, 204);
  EXPECT_EQ(get(connection).at("state"), "terminating");
}

TEST_F(CloudConnectionRoutes, ADeviceIsToldToTheTenantOfItsUser) {
  std::string contoso = connect();
  std::string fabrikam = create("Fabrikam");
  std::string everyone = create_group("Everyone", "[" + criterion("Computer Name", "is not", "") + "]");
  Answer set =
      put("/api/v1/wardbridge/device-compliance", json::to_text(json::Object{{"enabled", true},
                                                                             {"complianceGroupId", everyone},
                                                                             {"applicableGroupId", everyone},
                                                                             {"connectionId", get(contoso).at("id")}}));
  ASSERT_EQ(set.status, 200) << set.text;
  EXPECT_EQ(put(fabrikam + "/domains", R"({"domains":["Fabrikam.example"]})").at("domains"), R"(["fabrikam.example"])");
  expect_error(put(contoso + "/domains", R"({"domains":["fabrikam.example"]})"), 409, "DOMAIN_TAKEN");
  expect_error(put(contoso + "/domains", R"({"domains":["no domain"]})"), 400, "INVALID_FIELD", "domains");
  expect_error(remove(fabrikam), 422, "HAS_DEPENDENCIES");

  std::string credential = enroll();
  auto report = [&] {
    Answer told = send_as(credential, "POST", "/api/v1/wardbridge/check-ins", R"({"sections":{}})");
    EXPECT_EQ(told.status, 200) << told.text;
  };
  Answer registered = send_as(credential, "POST", "/api/v1/wardbridge/registrations",
                              json::to_text(json::Object{{"username", "ann"},
                                                         {"deviceId", kDevice},
                                                         {"userId", kUser},
                                                         {"userPrincipalName", "ann@FABRIKAM.example"}}));
  ASSERT_EQ(registered.status, 200) << registered.text;
  report();
  auto told = [&](const std::string& connection) {
    ledger::ConnectionId id{*text::parse_integer(get(connection).at("id"))};
    auto delivery = store_
                        ->read([&](store::Transaction& tx) -> Result<std::optional<ledger::Delivery>> {
                          return ledger::find(tx, id, compliance::subject_of(kDevice));
                        })
                        .value();
    return !delivery ? "nothing" : delivery->is_retraction ? "retracted" : "verdict";
  };
  EXPECT_STREQ(told(contoso), "nothing");
  EXPECT_STREQ(told(fabrikam), "verdict");
  // Moved: the first tenant must not keep believing it.
  EXPECT_EQ(put(fabrikam + "/domains", R"({"domains":[]})").status, 200);
  pipeline_->run_once(now_);
  report();
  EXPECT_STREQ(told(contoso), "verdict");
  EXPECT_STREQ(told(fabrikam), "retracted");
}

}  // namespace
}  // namespace wardbridge::jamf_api
