#include "management/jamf_api/webhook_wire.h"

#include "base/text.h"
#include "management/jamf_api/classic_api.h"

namespace wardbridge::jamf_api {
namespace {

using webhooks::Webhook;

// An element that is there but empty empties its target; the other two leave theirs as they are.
Status read_text(const json::Object& document, const char* name, std::string& target) {
  if (auto text = TRY(element_text(document, name))) target = std::string(text::trim(*text));
  return done();
}
Status read_flag(const json::Object& document, const char* name, bool& target) {
  target = TRY(element_flag(document, name)).value_or(target);
  return done();
}
Status read_number(const json::Object& document, const char* name, std::int64_t& target) {
  target = TRY(element_integer(document, name)).value_or(target);
  return done();
}

Status read_choices(const json::Object& document, Webhook& webhook) {
  auto method = TRY(element_text(document, "authentication_type"));
  if (method && !text::trim(*method).empty()) {
    auto known = webhooks::authentication_from(text::trim(*method));
    if (!known) {
      return invalid("bad_setting", "`authentication_type` must be NONE, BASIC, HEADER or HASH_SIGNATURE",
                     "authentication_type");
    }
    webhook.authentication = *known;
  }
  auto algorithm = TRY(element_text(document, "hash_algorithm"));
  if (algorithm && !text::trim(*algorithm).empty()) {
    auto known = webhooks::hash_algorithm_from(text::trim(*algorithm));
    if (!known) return invalid("bad_setting", "`hash_algorithm` must be SHA256 or SHA512", "hash_algorithm");
    webhook.hash_algorithm = *known;
  }
  // JAMF: a content type that it does not know becomes text/xml.
  if (auto type = TRY(element_text(document, "content_type"))) {
    bool json = text::equal_ignoring_case(text::trim(*type), wire_name(webhooks::ContentType::json));
    webhook.content_type = json ? webhooks::ContentType::json : webhooks::ContentType::xml;
  }
  return done();
}

Status read_display_fields(const json::Object& document, Webhook& webhook) {
  const json::Array* fields = json::array_at(document, "display_fields");
  if (!fields) return done();
  webhook.display_fields.clear();
  for (const json::Value& field : *fields) {
    auto name = field.is_object() ? json::text_at(field.get_object(), "name") : std::nullopt;
    if (!name) return classic_refusal("Problem with display_fields");
    webhook.display_fields.emplace_back(text::trim(*name));
  }
  return done();
}

// JAMF: `smart_group_id` is there only with an event that is about groups; -1 is any group.
json::Object webhook_json(const Webhook& webhook) {
  json::Array fields;
  for (const std::string& name : webhook.display_fields) fields.push_back(json::Object{{"name", name}});
  json::Object record{{"id", webhook.id.value},
                      {"name", webhook.name},
                      {"enabled", webhook.enabled},
                      {"url", webhook.url},
                      {"content_type", wire_name(webhook.content_type)},
                      {"event", webhook.event},
                      {"connection_timeout", webhook.connection_timeout_seconds},
                      {"read_timeout", webhook.read_timeout_seconds},
                      {"authentication_type", wire_name(webhook.authentication)},
                      {"username", webhook.username},
                      {"hash_algorithm", wire_name(webhook.hash_algorithm)},
                      {"enable_display_fields_for_group_object", webhook.display_fields_enabled},
                      {"display_fields", std::move(fields)}};
  if (webhooks::is_group_event(webhook.event)) record["smart_group_id"] = webhook.smart_group_id;
  return record;
}

}  // namespace

Result<WebhookChange> webhook_from(const json::Object& document, const Webhook& before) {
  WebhookChange change{.webhook = before, .secrets = {}};
  Webhook& webhook = change.webhook;
  TRY(read_text(document, "name", webhook.name));
  TRY(read_flag(document, "enabled", webhook.enabled));
  TRY(read_text(document, "url", webhook.url));
  TRY(read_text(document, "event", webhook.event));
  TRY(read_number(document, "connection_timeout", webhook.connection_timeout_seconds));
  TRY(read_number(document, "read_timeout", webhook.read_timeout_seconds));
  TRY(read_text(document, "username", webhook.username));
  TRY(read_flag(document, "enable_display_fields_for_group_object", webhook.display_fields_enabled));
  // An event that is no longer about groups lets its group go, unless this very body names one.
  if (!webhooks::is_group_event(webhook.event)) webhook.smart_group_id = webhooks::kAnyGroup;
  TRY(read_number(document, "smart_group_id", webhook.smart_group_id));
  if (webhook.smart_group_id == 0) webhook.smart_group_id = webhooks::kAnyGroup;
  TRY(read_choices(document, webhook));
  TRY(read_display_fields(document, webhook));
  change.secrets.password = TRY(element_text(document, "password"));
  change.secrets.header = TRY(element_text(document, "header"));
  // JAMF: what the authentication does not use is cleared, silently.
  if (webhook.authentication != webhooks::Authentication::basic) webhook.username.clear();
  if (webhook.authentication != webhooks::Authentication::hash_signature) {
    webhook.hash_algorithm = webhooks::HashAlgorithm::sha256;
  }
  return change;
}

sources::XmlTree webhook_tree(const Webhook& webhook) { return {"webhook", webhook_json(webhook)}; }

sources::XmlTree webhook_list_tree(const std::vector<Webhook>& webhooks) {
  json::Array all;
  for (const Webhook& webhook : webhooks) {
    all.push_back(json::Object{{"id", webhook.id.value}, {"name", webhook.name}});
  }
  return {"webhooks", std::move(all)};
}

}  // namespace wardbridge::jamf_api
