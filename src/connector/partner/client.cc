// The calls of the two partner services.
#include "connector/partner/wire.h"

namespace wardbridge::partner {
namespace {

// ENTRA: OData keys of these services are written `guid'...'`.
std::string keyed(const std::string& base, const char* collection, const std::string& guid, const char* api_version) {
  return base + "/" + collection + "(guid'" + text::percent_encode(guid) + "')?api-version=" + api_version;
}

Policy policy_from(const json::Object& object) {
  return {.id = std::string(json::text_at(object, "Id").value_or("")),
          .display_name = std::string(json::text_at(object, "DisplayName").value_or("")),
          .platform = std::string(json::text_at(object, "Platform").value_or(""))};
}

Problem bad_answer(const std::string& message) {
  return {.kind = Problem::Kind::retry_later, .reason = "bad_answer", .message = message};
}

}  // namespace

const char* Client::tenant_api_version(const char* when_device_partner) const {
  return account_.protocol == Protocol::device_partner ? when_device_partner : kTenantApiVersion;
}

Answer<Heartbeat> Client::heartbeat(Time now) {
  Services services = TRY(discover(now));
  std::string tenant = TRY(tenant_id(now));
  json::Object answer = TRY(call({.method = "PUT",
                                  .url = keyed(services.tenant_base, "PartnerTenantHeartbeat", tenant,
                                               tenant_api_version(kDevicePartnerHeartbeatVersion)),
                                  .body = json::Object{{"Timestamp", to_iso8601(now)}}},
                                 now));
  Heartbeat heartbeat;
  if (auto resync = json::text_at(answer, "ResyncTimestamp")) {
    if (Result<Time> time = parse_iso8601(*resync); time.ok()) heartbeat.resync = *time;
  }
  return heartbeat;
}

Answer<Provisioning> Client::put_provisioning(int provisioned, const Pages& pages, Time now) {
  Services services = TRY(discover(now));
  std::string tenant = TRY(tenant_id(now));
  http::Response response = TRY(send(
      {.method = "PUT",
       .url = keyed(services.tenant_base, "PartnerTenants", tenant, tenant_api_version(kDevicePartnerTenantVersion)),
       .body = json::Object{{"Provisioned", provisioned},
                            {"PartnerEnrollmentUrl", pages.enrollment_url},
                            {"PartnerRemediationUrl", pages.remediation_url}}},
      now));
  if (response.status == 409) {
    Problem problem = problem_from_status(response, now);
    problem.kind = Problem::Kind::permission;  // it takes a person to disconnect the other one
    problem.reason = "second_instance";
    return problem;
  }
  json::Object answer = TRY(object_of(response, now));
  std::int64_t answered = json::integer_at(answer, "Provisioned").value_or(0);
  if (answered != provisioned) {
    std::string detail(json::text_at(answer, "ErrorDetail").value_or("no detail"));
    return Problem{.kind = Problem::Kind::permanent,
                   .reason = "provisioning_refused",
                   .message = "the service did not take the provisioning: " + detail};
  }
  return Provisioning{.provisioned = provisioned, .extensions = extensions_from(answer)};
}

Answer<Provisioning> Client::provision(const Pages& pages, Time now) { return put_provisioning(1, pages, now); }
Answer<Provisioning> Client::deprovision(const Pages& pages, Time now) { return put_provisioning(2, pages, now); }

Answer<std::vector<Policy>> Client::policies(Time now) {
  Services services = TRY(discover(now));
  json::Object answer = TRY(call(
      {.method = "GET", .url = services.tenant_base + "/PartnerCompliancePolicies?api-version=" + kTenantApiVersion},
      now));
  std::vector<Policy> policies;
  if (const json::Array* value = json::array_at(answer, "value")) {
    for (const json::Value& item : *value) {
      if (const json::Object* object = item.if_object()) policies.push_back(policy_from(*object));
    }
  }
  return policies;
}

Answer<std::string> Client::ensure_policy(const Policy& policy, const std::string& description, Time now) {
  Services services = TRY(discover(now));
  http::Response response =
      TRY(send({.method = "POST",
                .url = services.tenant_base + "/PartnerCompliancePolicies?api-version=" + kTenantApiVersion,
                .body = json::Object{{"DisplayName", policy.display_name},
                                     {"Description", description},
                                     {"Platform", policy.platform},
                                     {"PartnerManagedCompliance", true}}},
               now));
  if (response.status == 409) {
    for (const Policy& existing : TRY(policies(now))) {
      if (!existing.id.empty() && existing.platform == policy.platform) return existing.id;
    }
    return Problem{.kind = Problem::Kind::permanent,
                   .reason = "policy_conflict",
                   .message = "the service says that a policy exists, and lists none for `" + policy.platform + "`"};
  }
  if (response.status < 200 || response.status > 299) return problem_from_status(response, now);
  Result<json::Value> body = json::parse(response.body);
  const json::Object* object = body.ok() ? body->if_object() : nullptr;
  std::string id = object ? policy_from(*object).id : "";
  if (id.empty()) return bad_answer("the service created a policy without an `Id`");
  return id;
}

Answer<std::vector<std::string>> Client::assign_policy(const std::string& policy_id,
                                                       const std::vector<std::string>& group_ids, Time now) {
  Services services = TRY(discover(now));
  json::Object answer = TRY(call({.method = "POST",
                                  .url = services.tenant_base + "/PartnerCompliancePolicies(guid'" +
                                         text::percent_encode(policy_id) + "')/Assign?api-version=" + kTenantApiVersion,
                                  .body = json::Object{{"assignments", json::to_array(group_ids)}}},
                                 now));
  // ENTRA: `value` is a string that holds JSON.
  Result<json::Value> inner = json::parse(json::text_at(answer, "value").value_or(""));
  if (!inner.ok() || !inner->is_object()) return bad_answer("the service assigned a policy without saying to whom");
  Result<std::vector<std::string>> assigned = json::optional_texts(inner->as_object(), "assignments");
  if (!assigned.ok()) return bad_answer(assigned.failure().message);
  return std::move(assigned).value();
}

Answer<std::string> Client::upload(const Upload& upload, const Extensions& extensions, Time now) {
  const bool at_once = account_.protocol == Protocol::device_partner;
  Services services = TRY(discover(now));
  std::string tenant = TRY(tenant_id(now));
  // ENTRA: the key is chosen by the client. A new one for each attempt: what is inside orders itself, so twice is
  // harmless.
  std::string message_id = entropy_.guid();
  json::Object answer = TRY(call({.method = "PUT",
                                  .url = keyed(services.device_base, "DataUploadMessages", message_id,
                                               at_once ? kDevicePartnerUploadVersion : kDeviceApiVersion),
                                  .body = upload_body(tenant, upload, extensions, account_.protocol, now)},
                                 now));
  // ENTRA: a 200 whose ErrorCode is not 202 is a refusal; in 2018, 0 is success.
  std::optional<std::int64_t> code = error_code(answer);
  if (at_once && code == 0) return std::string();
  if (code && *code != 202) return problem_from_error_code(*code, answer);
  return message_id;
}

Answer<MessageState> Client::message(const std::string& message_id, Time now) {
  Services services = TRY(discover(now));
  http::Response response = TRY(send(
      {.method = "GET", .url = keyed(services.device_base, "DataUploadMessages", message_id, kDeviceApiVersion)}, now));
  if (response.status == 404) {
    return Problem{.kind = Problem::Kind::not_found,
                   .reason = "message_unknown",
                   .message = "the service does not know message `" + message_id + "`"};
  }
  if (response.status < 200 || response.status > 299) return problem_from_status(response, now);
  Result<json::Value> value = json::parse(response.body);
  const json::Object* body = value.ok() ? value->if_object() : nullptr;
  if (!body) return bad_answer("the service answered a poll without a JSON object");
  std::string_view status = json::text_at(*body, "Status").value_or("");
  if (status == "Completed") return MessageState::completed;
  if (status == "Failed") return problem_from_error_code(error_code(*body).value_or(500), *body);
  return MessageState::processing;
}

}  // namespace wardbridge::partner
