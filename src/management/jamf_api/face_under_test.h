// The management face on a store in memory, called as its router is called by the server. Included by the tests of this
// folder; it has no test of its own.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "connector/cloud_connection/cloud_connection.h"
#include "connector/device_compliance/device_compliance.h"
#include "management/jamf_api/jamf_api.h"
#include "management/jamf_api/routes.h"
#include "management/notices/notices.h"
#include "management/self_service/self_service.h"
#include "management/webhooks/webhooks.h"
#include "support/empty_store.h"

namespace wardbridge::jamf_api {

// What stands at a dotted path (`results.0.general.name`): a string as it is, all else as JSON, `(absent)` where
// nothing is.
inline std::string shown(const json::Value& value, std::string_view path) {
  const json::Value* at = &value;
  for (std::string_view step : text::split(path, '.')) {
    if (const auto* object = at->if_object()) {
      at = object->if_contains({step.data(), step.size()});
    } else if (const auto* array = at->if_array()) {
      auto index = text::parse_integer(step);
      at = index && *index >= 0 ? array->if_contains(static_cast<std::size_t>(*index)) : nullptr;
    } else {
      at = nullptr;
    }
    if (!at) return "(absent)";
  }
  return at->is_string() ? std::string(std::string_view(at->get_string())) : json::to_text(*at);
}

struct Answer {
  int status = 0;
  http::Headers headers;
  std::string text;
  json::Value body;  // null when there is none

  std::string at(std::string_view path) const { return shown(body, path); }
  std::string header(std::string_view name) const { return std::string(headers.get(name).value_or("(absent)")); }
};

class Face : public ::testing::Test {
 protected:
  static constexpr const char* kUdid = "4C4C4544-0000-4000-8000-000000000001";
  static constexpr const char* kOtherUdid = "4C4C4544-0000-4000-8000-000000000002";
  static constexpr const char* kDevice = "7d3f1f0e-55a1-4b6a-9a52-0d3a3c8b1f01";
  static constexpr const char* kUser = "0b9c6f1a-2f4d-4a0c-8f55-7a6f2b1c9d02";

  Face() {
    store_ = test_support::empty_store();
    std::vector<store::Schema> schemas = {audit::kSchema,      inventory::kSchema,         groups::kSchema,
                                          enrollment::kSchema, compliance::kSchema,        accounts::kSchema,
                                          ledger::kSchema,     device_compliance::kSchema, cloud_connection::kSchema,
                                          outbox::kSchema,     webhooks::kSchema,          notices::kSchema,
                                          self_service::kSchema};
    EXPECT_TRUE(store_->migrate(schemas).ok());
    pipeline_ = std::make_unique<pipeline::Pipeline>(*store_, book_, nullptr);
    register_routes(router_, {.store = *store_,
                              .entropy = entropy_,
                              .pipeline = *pipeline_,
                              .sealer = sealer_,
                              .connections_changed = [this] { ++connection_changes_; },
                              .connections = &tenants_,
                              .refuses_tenant = [](const std::string& host, int) { return host == "10.1.2.3"; },
                              .public_url = [] { return std::string("https://jamf.example"); }});
  }

  // `target` is a path with its query. An empty content type sends no Content-Type.
  Answer send(const std::string& method, const std::string& target, std::string body = {},
              std::string content_type = "application/json", http::Headers headers = {}) {
    auto question = target.find('?');
    http::Request request{.method = method,
                          .path = target.substr(0, question),
                          .query = question == std::string::npos ? "" : target.substr(question + 1),
                          .headers = std::move(headers),
                          .body = std::move(body),
                          .peer = {.address = "192.0.2.9"},
                          .id = "3f0e7c1a-0000-4000-8000-0000000000aa",
                          .received = now_};
    request.headers.set("Host", "jamf.example");
    if (!content_type.empty()) request.headers.set("Content-Type", content_type);
    http::Response response = router_.handle(std::move(request));
    Answer answer{response.status, response.headers, response.body, {}};
    if (auto parsed = json::parse(response.body); parsed.ok()) answer.body = *parsed;
    return answer;
  }
  Answer send_as(const std::string& token, const std::string& method, const std::string& target,
                 std::string body = {}) {
    return send(method, target, std::move(body), "application/json", {{"Authorization", "Bearer " + token}});
  }
  // As a client that may do everything.
  Answer get(const std::string& target) { return send_as(almighty(), "GET", target); }
  Answer post(const std::string& target, std::string body) {
    return send_as(almighty(), "POST", target, std::move(body));
  }
  Answer put(const std::string& target, std::string body) {
    return send_as(almighty(), "PUT", target, std::move(body));
  }
  Answer patch(const std::string& target, std::string body) {
    return send_as(almighty(), "PATCH", target, std::move(body));
  }
  Answer remove(const std::string& target) { return send_as(almighty(), "DELETE", target); }

  accounts::ClientCredentials make_client(const std::string& name, const std::vector<std::string>& privileges) {
    return store_
        ->write([&](store::Transaction& tx) -> Result<accounts::ClientCredentials> {
          auto role = TRY(accounts::create_role(tx, {.display_name = name, .privileges = privileges}, kSetUp, now_));
          auto id = TRY(accounts::create_integration(tx, {.display_name = name, .roles = {role}}, kSetUp, now_));
          return accounts::make_credentials(tx, id, entropy_, kSetUp, now_);
        })
        .value();
  }
  std::string log_in(const accounts::ClientCredentials& credentials) {
    return accounts::log_in_client(*store_, entropy_, credentials.client_id, credentials.client_secret, now_)
        .value()
        .text;
  }
  std::string client(const std::string& name, const std::vector<std::string>& privileges) {
    return log_in(make_client(name, privileges));
  }
  // Not remembered: tests move the clock, and a token lives half an hour.
  std::string almighty() {
    if (!almighty_) almighty_ = make_client("almighty", accounts::known_privileges());
    return log_in(*almighty_);
  }

  // The error body of Jamf Pro's API.
  static void expect_error(const Answer& answer, int status, const std::string& code, const std::string& field = "") {
    EXPECT_EQ(answer.status, status) << answer.text;
    EXPECT_EQ(answer.at("httpStatus"), std::to_string(status));
    EXPECT_EQ(answer.at("traceId"), "3f0e7c1a-0000-4000-8000-0000000000aa");
    EXPECT_EQ(answer.at("errors.0.code"), code) << answer.text;
    EXPECT_EQ(answer.at("errors.0.field"), field) << answer.text;
    EXPECT_EQ(answer.at("errors.0.id"), "null");
    EXPECT_GT(answer.at("errors.0.description").size(), 10u) << answer.text;
  }
  // The error page of the Classic API.
  static void expect_page(const Answer& answer, int status, const std::string& reason) {
    EXPECT_EQ(answer.status, status) << answer.text;
    EXPECT_EQ(answer.header("Content-Type").substr(0, 9), "text/html");
    EXPECT_NE(answer.text.find("<title>Status page</title>"), std::string::npos) << answer.text;
    EXPECT_NE(answer.text.find("<p>" + reason), std::string::npos) << answer.text;
  }
  static void expect_unauthenticated(const Answer& answer) {
    EXPECT_EQ(answer.status, 401) << answer.text;
    EXPECT_EQ(answer.at("httpStatus"), "401");
    EXPECT_EQ(answer.at("errors"), "[]");
  }

  std::string create_computer(const std::string& name, const std::string& more = "") {
    Answer made = post("/api/v4/computers-inventory", R"({"general":{"name":")" + name + R"("})" + more + "}");
    EXPECT_EQ(made.status, 201) << made.text;
    return made.at("id");
  }
  std::string create_group(const std::string& name, const std::string& criteria = "[]") {
    Answer made =
        post("/api/v3/computer-groups/smart-groups", R"({"name":")" + name + R"(","criteria":)" + criteria + "}");
    EXPECT_EQ(made.status, 201) << made.text;
    return made.at("id");
  }
  std::string create_static_group(const std::string& name, const std::vector<std::string>& computers) {
    Answer made = post("/api/v3/computer-groups/static-groups",
                       json::to_text(json::Object{{"name", name}, {"assignments", json::to_array(computers)}}));
    EXPECT_EQ(made.status, 201) << made.text;
    return made.at("id");
  }
  static std::string criterion(const std::string& name, const std::string& search_type, const std::string& value,
                               int priority = 0) {
    return json::to_text(json::Object{
        {"name", name}, {"priority", priority}, {"andOr", "and"}, {"searchType", search_type}, {"value", value}});
  }
  // A Mac that came in by invitation; gives the credential of its check-ins.
  std::string enroll(const std::string& udid = kUdid, const std::string& serial_number = "C02XK1ABJGH5") {
    Answer invited = post("/api/v1/wardbridge/enrollment-invitations", R"({"description":"test"})");
    EXPECT_EQ(invited.status, 201) << invited.text;
    Answer made = send("POST", "/api/v1/wardbridge/enrollments",
                       json::to_text(json::Object{{"invitation", invited.at("invitation")},
                                                  {"udid", udid},
                                                  {"serialNumber", serial_number},
                                                  {"name", "Ann's Mac"}}));
    EXPECT_EQ(made.status, 201) << made.text;
    computer_ = made.at("id");
    return made.at("checkInToken");
  }

  static inline const audit::Actor kSetUp{.name = "set-up"};
  Time now_ = parse_iso8601("2026-11-23T18:00:00Z").value();
  SeededEntropy entropy_{7};
  crypto::Sealer sealer_{std::string(32, 'k')};
  std::unique_ptr<store::Store> store_;
  groups::GroupBook book_;
  std::unique_ptr<pipeline::Pipeline> pipeline_;
  http::Router router_;
  http::InProcessTransport tenants_;  // attach the far ends of connections here
  int connection_changes_ = 0;
  std::optional<accounts::ClientCredentials> almighty_;
  std::string computer_;  // the id of the one enrolled last
};

}  // namespace wardbridge::jamf_api
