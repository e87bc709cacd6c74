#include <gmock/gmock.h>

#include "management/jamf_api/face_under_test.h"
#include "management/outbox/outbox_actor.h"
#include "management/webhooks/webhook_carrier.h"

namespace wardbridge::jamf_api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Says what it is told to, and counts.
class ScriptedReceiver final : public http::Transport {
 public:
  Result<http::Response> send(const http::OutboundRequest& request, Duration) override {
    requests.push_back(request);
    return answer;
  }
  std::vector<http::OutboundRequest> requests;
  Result<http::Response> answer = http::text_response(200, "");
};

class WebhookRoutes : public Face {
 protected:
  static constexpr const char* kXml =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?><webhook><name>JAWA</name><enabled>true</enabled>"
      "<url>https://hooks.example/hooks/jawa</url><content_type>application/json</content_type>"
      "<event>SmartGroupComputerMembershipChange</event><authentication_type>BASIC</authentication_type>"
      "<username>jawa</username><password>s3cret &amp; long</password>"
      "<enable_display_fields_for_group_object>true</enable_display_fields_for_group_object>"
      "<display_fields><display_field><name>Asset Tag</name></display_field>"
      "<display_field><name>UDID</name></display_field></display_fields></webhook>";

  Answer send_xml(const std::string& method, const std::string& target, const std::string& body) {
    return send(method, target, body, "text/xml", {{"Authorization", "Bearer " + almighty()}});
  }
  Answer read_as(const std::string& target, const std::string& accept) {
    return send("GET", target, "", "", {{"Authorization", "Bearer " + almighty()}, {"Accept", accept}});
  }
  // What was wrong with `element` instead of the one of kXml.
  std::string refusal(const std::string& body) {
    Answer answer = send_xml("POST", "/JSSResource/webhooks/id/0", body);
    return std::to_string(answer.status) + (answer.status == 201 ? "" : " " + answer.text);
  }
  static std::string xml(const std::string& more) {
    return "<webhook><name>n</name><url>https://a.example/</url><event>ComputerAdded</event>" + more + "</webhook>";
  }
  void work() {
    webhooks::WebhookCarrier carrier(*store_, receiver_, sealer_);
    ManualClock clock(now_);
    outbox::OutboxActor actor(*store_, carrier, clock, entropy_);
    for (int i = 0; i < 20 && actor.run_once(now_) <= now_; ++i) {
    }
  }

  ScriptedReceiver receiver_;
};

TEST_F(WebhookRoutes, ARecordLivesAndDies) {
  Answer made = send_xml("POST", "/JSSResource/webhooks/id/0", kXml);
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><webhook><id>1</id></webhook>");
  EXPECT_EQ(read_as("/JSSResource/webhooks", "").text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><webhooks><size>1</size><webhook><id>1</id><name>JAWA</name>"
            "</webhook></webhooks>");
  Answer xml = read_as("/JSSResource/webhooks/id/1", "application/xml");
  EXPECT_EQ(xml.header("Content-Type"), "text/xml;charset=UTF-8");
  EXPECT_EQ(xml.text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><webhook><id>1</id><name>JAWA</name><enabled>true</enabled>"
            "<url>https://hooks.example/hooks/jawa</url><content_type>application/json</content_type>"
            "<event>SmartGroupComputerMembershipChange</event><connection_timeout>5</connection_timeout>"
            "<read_timeout>2</read_timeout><authentication_type>BASIC</authentication_type><username>jawa</username>"
            "<hash_algorithm>SHA256</hash_algorithm>"
            "<enable_display_fields_for_group_object>true</enable_display_fields_for_group_object>"
            "<display_fields><size>2</size><display_field><name>Asset Tag</name></display_field>"
            "<display_field><name>UDID</name></display_field></display_fields>"
            "<smart_group_id>-1</smart_group_id></webhook>");
  Answer json = read_as("/JSSResource/webhooks/name/jawa", "application/json");
  EXPECT_EQ(json.header("Content-Type"), "text/plain;charset=UTF-8");
  EXPECT_EQ(json.at("webhook.display_fields.1.name"), "UDID");
  EXPECT_EQ(json.at("webhook.enabled"), "true");
  EXPECT_THAT(json.text + xml.text, Not(HasSubstr("s3cret")));

  EXPECT_EQ(send_xml("PUT", "/JSSResource/webhooks/name/JAWA", "<webhook><name>other</name></webhook>").status, 201);
  json = read_as("/JSSResource/webhooks/id/1", "application/json");
  EXPECT_EQ(json.at("webhook.name"), "other");
  EXPECT_EQ(json.at("webhook.username"), "jawa") << "what is not named stays";
  EXPECT_EQ(send_as(almighty(), "DELETE", "/JSSResource/webhooks/id/1").status, 200);
  Answer gone = read_as("/JSSResource/webhooks/id/1", "");
  expect_page(gone, 404, "Not Found");
}

TEST_F(WebhookRoutes, DefaultsAreTheVendors) {
  EXPECT_EQ(refusal(xml("<content_type>image/png</content_type><authentication_type>none</authentication_type>")),
            "201");
  Answer json = read_as("/JSSResource/webhooks/id/1", "application/json");
  EXPECT_EQ(json.at("webhook.enabled"), "true");
  EXPECT_EQ(json.at("webhook.content_type"), "text/xml") << "an unknown one";
  EXPECT_EQ(json.at("webhook.connection_timeout"), "5");
  EXPECT_EQ(json.at("webhook.read_timeout"), "2");
  EXPECT_EQ(json.at("webhook.authentication_type"), "NONE");
  EXPECT_EQ(json.at("webhook.hash_algorithm"), "SHA256");
  EXPECT_EQ(json.at("webhook.smart_group_id"), "(absent)") << "not an event about groups";
}

TEST_F(WebhookRoutes, WhatIsWrongIsAStatusPage) {
  std::string group = create_group("G");
  EXPECT_THAT(refusal(xml("<smart_group_id>" + group + "</smart_group_id>")), StartsWith("409 "));
  EXPECT_THAT(refusal(xml("<enabled>maybe</enabled>")), StartsWith("400 "));
  EXPECT_THAT(refusal(xml("<authentication_type>MAGIC</authentication_type>")), StartsWith("409 "));
  EXPECT_THAT(refusal(xml("<authentication_type>BASIC</authentication_type>")), StartsWith("409 "));
  EXPECT_THAT(refusal(xml("<read_timeout>soon</read_timeout>")), StartsWith("400 "));
  EXPECT_THAT(refusal("<webhook><name>x"), StartsWith("400 "));
  EXPECT_THAT(refusal("<computer/>"), StartsWith("400 "));
  EXPECT_THAT(refusal("<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><webhook><name>&e;</name></webhook>"),
              StartsWith("400 "));
  EXPECT_THAT(refusal("<webhook><name>&lt;script&gt;</name><url>&lt;b&gt;</url><event>ComputerAdded</event></webhook>"),
              Not(HasSubstr("<b>")));
  EXPECT_EQ(refusal(xml("")), "201");
  EXPECT_THAT(refusal(xml("")), HasSubstr("<p>Error: Duplicate name</p>"));
  EXPECT_EQ(
      send("POST", "/JSSResource/webhooks/id/0", "{}", "application/json", {{"Authorization", "Bearer " + almighty()}})
          .status,
      415);
}

TEST_F(WebhookRoutes, AnAddressThatIsRefusedIsToldAtOnce) {
  for (const char* url : {"https://127.0.0.1/", "https://169.254.169.254/", "https://[::1]/", "https://localhost/"}) {
    std::string name = url;
    Answer made =
        send_xml("POST", "/JSSResource/webhooks/id/0",
                 "<webhook><name>" + name + "</name><url>" + name + "</url><event>PushSent</event></webhook>");
    EXPECT_EQ(made.status, 201);
    EXPECT_THAT(made.text, HasSubstr("<wardbridge_warning>")) << url;
  }
  EXPECT_THAT(send_xml("POST", "/JSSResource/webhooks/id/0", xml("")).text, Not(HasSubstr("warning")));
  EXPECT_THAT(send_xml("PUT", "/JSSResource/webhooks/name/n", "<webhook><url>http://a.example/</url></webhook>").text,
              HasSubstr("plain_http"));
}

TEST_F(WebhookRoutes, EventsOfAMacAreDelivered) {
  for (const char* event : {"ComputerAdded", "ComputerCheckIn", "ComputerInventoryCompleted"}) {
    std::string name = event;
    EXPECT_EQ(refusal("<webhook><name>" + name + "</name><url>https://a.example/" + name + "</url><event>" + name +
                      "</event></webhook>"),
              "201");
  }
  std::string token = enroll();
  enroll();  // the same Mac again is not a new one
  token = enroll();
  auto check_in = [&](const std::string& body) {
    return send("POST", "/api/v1/wardbridge/check-ins", body, "application/json",
                {{"Authorization", "Bearer " + token}});
  };
  EXPECT_EQ(check_in("{}").status, 200);
  std::string report = R"({"reportId":"r1","sections":{"general":{"name":"Ann's"}}})";
  EXPECT_EQ(check_in(report).status, 200);
  EXPECT_EQ(check_in(report).status, 200);  // a retry is no second check-in
  work();
  std::map<std::string, int> counts;
  for (const auto& request : receiver_.requests) ++counts[request.url];
  EXPECT_EQ(counts["https://a.example/ComputerAdded"], 1);
  EXPECT_EQ(counts["https://a.example/ComputerCheckIn"], 2);
  EXPECT_EQ(counts["https://a.example/ComputerInventoryCompleted"], 1);
}

TEST_F(WebhookRoutes, MembershipChangesAreDeliveredAndParkedOnesReplayed) {
  EXPECT_EQ(send_xml("POST", "/JSSResource/webhooks/id/0", kXml).status, 201);
  std::string group = create_group("Managed");  // no criteria: every managed computer
  receiver_.answer =
      Failure{Code::forbidden, "outbound_address", "`https://hooks.example:443` must not be connected to"};
  enroll();
  work();
  Answer parked = get("/api/v1/wardbridge/webhook-deliveries?webhookId=1");
  ASSERT_EQ(parked.at("totalCount"), "1") << parked.text;
  EXPECT_EQ(parked.at("results.0.state"), "parked");
  EXPECT_EQ(parked.at("results.0.webhookId"), "1");
  EXPECT_EQ(parked.at("results.0.reason"), "outbound_address");
  EXPECT_EQ(parked.at("results.0.addedIds.0"), computer_);
  EXPECT_EQ(parked.at("results.0.content.groupName"), "Managed");
  std::string id = parked.at("results.0.id");
  EXPECT_EQ(post("/api/v1/wardbridge/webhook-deliveries/" + id + "/replay", "").status, 204);
  EXPECT_EQ(get("/api/v1/wardbridge/webhook-deliveries?state=waiting").at("totalCount"), "1");
  expect_error(remove("/api/v1/wardbridge/webhook-deliveries/" + id), 409, "NOT_PARKED");
  work();
  EXPECT_EQ(post("/api/v1/wardbridge/webhook-deliveries/replay", R"({"webhookId":"1"})").at("count"), "1");
  receiver_.answer = http::text_response(200, "");
  work();
  EXPECT_EQ(get("/api/v1/wardbridge/webhook-deliveries").at("totalCount"), "0");
  EXPECT_THAT(receiver_.requests.back().body, HasSubstr("\"groupAddedDevicesIds\":[" + computer_ + "]"));
  expect_error(remove("/api/v1/wardbridge/webhook-deliveries/" + id), 404, "INVALID_ID");
  expect_error(get("/api/v1/wardbridge/webhook-deliveries?state=lost"), 400, "INVALID_FIELD", "state");
  expect_error(get("/api/v1/wardbridge/webhook-deliveries?webhookId=x"), 400, "INVALID_ID", "webhookId");
}

TEST_F(WebhookRoutes, AGroupAsksForMail) {
  std::string group = create_group("Managed");
  std::string path = "/api/v1/wardbridge/computer-groups/" + group + "/notification";
  EXPECT_EQ(get(path).text, R"({"enabled":false,"recipients":[]})");
  Answer set = put(path, R"({"recipients":["it@corp.example"]})");
  EXPECT_EQ(set.status, 200);
  EXPECT_EQ(set.at("enabled"), "true");
  EXPECT_EQ(set.at("wardbridgeWarnings.0.reason"), "mail_not_configured");
  EXPECT_EQ(get(path).at("recipients.0"), "it@corp.example");
  expect_error(put(path, R"({"recipients":["it@corp.example\r\nBcc: x@y.example"]})"), 400, "INVALID_FIELD",
               "recipients");
  expect_error(get("/api/v1/wardbridge/computer-groups/999/notification"), 404, "INVALID_ID");
  enroll();
  Answer waiting = get("/api/v1/wardbridge/mail-deliveries?state=waiting&groupId=" + group);
  EXPECT_EQ(waiting.at("totalCount"), "1");
  EXPECT_EQ(waiting.at("results.0.groupId"), group);
  EXPECT_EQ(get("/api/v1/wardbridge/webhook-deliveries?state=waiting").at("totalCount"), "0");
  EXPECT_EQ(remove("/api/v3/computer-groups/smart-groups/" + group).status, 204);
  EXPECT_EQ(get("/api/v1/wardbridge/mail-deliveries?state=waiting").at("totalCount"), "0");
}

}  // namespace
}  // namespace wardbridge::jamf_api
