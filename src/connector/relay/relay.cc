#include "connector/relay/relay.h"

#include <array>

namespace wardbridge::relay {
namespace {

using Kind = ledger::Outcome::Kind;

constexpr std::array<std::pair<Kind, const char*>, 11> kKinds = {{
    {Kind::accepted, "accepted"},
    {Kind::done, "done"},
    {Kind::still_processing, "stillProcessing"},
    {Kind::superseded, "superseded"},
    {Kind::retry_later, "retryLater"},
    {Kind::unreachable, "unreachable"},
    {Kind::credentials, "credentials"},
    {Kind::permission, "permission"},
    {Kind::permanent, "permanent"},
    {Kind::contended, "contended"},
    {Kind::message_lost, "messageLost"},
}};

constexpr std::array kProgress = {Progress::consent,        Progress::user_consent, Progress::approval,
                                  Progress::application_id, Progress::active,       Progress::detached};

json::Value time_or_null(Time time) { return time == kEpoch ? json::Value() : json::Value(to_iso8601(time)); }

Result<Time> optional_time(const json::Object& object, std::string_view key) {
  std::string text = TRY(json::optional_text(object, key));
  if (text.empty()) return kEpoch;
  return parse_iso8601(text);
}

// A member that is an array of objects, each read by `read`; absent: none.
template <class Item>
Result<std::vector<Item>> items_at(const json::Object& object, std::string_view key,
                                   Result<Item> (*read)(const json::Object&)) {
  std::vector<Item> items;
  const json::Array* array = json::array_at(object, key);
  if (!array) return items;
  for (const json::Value& value : *array) items.push_back(TRY(read(TRY(json::as_object(value, key)))));
  return items;
}

template <class Item>
json::Array array_of(const std::vector<Item>& items) {
  json::Array array;
  for (const Item& item : items) array.push_back(to_json(item));
  return array;
}

}  // namespace

const char* name_of(Progress progress) {
  switch (progress) {
    case Progress::consent:
      return "consent";
    case Progress::user_consent:
      return "userConsent";
    case Progress::approval:
      return "approval";
    case Progress::application_id:
      return "applicationId";
    case Progress::active:
      return "active";
    case Progress::detached:
      return "detached";
  }
  return "?";
}

std::optional<Progress> progress_from(std::string_view name) {
  for (Progress progress : kProgress) {
    if (name == name_of(progress)) return progress;
  }
  return std::nullopt;
}

json::Object to_json(const ReportMessage& message) {
  return {{"version", json::Object{{"epoch", message.version.epoch}, {"sequence", message.version.sequence}}},
          {"held", message.held},
          {"report", ledger::to_json(message.report)}};
}

Result<ReportMessage> report_message_from_json(const json::Object& object) {
  const json::Object* version = json::object_at(object, "version");
  const json::Object* report = json::object_at(object, "report");
  if (!version || !report) return invalid("missing_field", "`version` and `report` are required", "version");
  ReportMessage message;
  message.version.epoch = TRY(json::required_integer(*version, "epoch"));
  message.version.sequence = TRY(json::required_integer(*version, "sequence"));
  if (message.version.epoch < 1 || message.version.sequence < 0) {
    return invalid("bad_field", "`version` must have a positive `epoch`", "version");
  }
  message.held = TRY(json::optional_bool(object, "held", false));
  message.report = TRY(ledger::device_report_from_json(*report));
  return message;
}

json::Object to_json(const ledger::Outcome& outcome) {
  json::Object object{{"outcome", ""},
                      {"messageId", outcome.message_id},
                      {"reason", outcome.reason},
                      {"message", outcome.message},
                      {"retryAfterMilliseconds", nullptr}};
  for (const auto& [kind, name] : kKinds) {
    if (kind == outcome.kind) object["outcome"] = name;
  }
  if (outcome.after) object["retryAfterMilliseconds"] = outcome.after->count();
  return object;
}

Result<ledger::Outcome> outcome_from_json(const json::Object& object) {
  std::string name = TRY(json::required_text(object, "outcome"));
  ledger::Outcome outcome;
  bool known = false;
  for (const auto& [kind, spelled] : kKinds) {
    if (name != spelled) continue;
    outcome.kind = kind;
    known = true;
  }
  if (!known) return invalid("bad_field", "`" + name.substr(0, 40) + "` is not an outcome", "outcome");
  outcome.message_id = TRY(json::optional_text(object, "messageId"));
  outcome.reason = TRY(json::optional_text(object, "reason"));
  outcome.message = TRY(json::optional_text(object, "message"));
  std::int64_t after = TRY(json::optional_integer(object, "retryAfterMilliseconds", 0));
  if (after > 0) outcome.after = Duration{after};
  return outcome;
}

const char* name_of(partner::Protocol protocol) {
  return protocol == partner::Protocol::device_partner ? "conditionalAccess" : "deviceCompliance";
}

json::Object to_json(const Wishes& wishes) {
  return {{"enrollmentUrl", wishes.enrollment_url},
          {"remediationUrl", wishes.remediation_url},
          {"groupIds", json::to_array(wishes.group_ids)}};
}

Result<Wishes> wishes_from_json(const json::Object& object) {
  Wishes wishes;
  wishes.enrollment_url = TRY(json::required_text(object, "enrollmentUrl"));
  wishes.remediation_url = TRY(json::required_text(object, "remediationUrl"));
  wishes.group_ids = TRY(json::optional_texts(object, "groupIds"));
  return wishes;
}

json::Object to_json(const Attachment& attachment) {
  return {{"id", attachment.id},
          {"cloud", attachment.cloud},
          {"integration", name_of(attachment.protocol)},
          {"tenantId", attachment.tenant_id},
          {"progress", name_of(attachment.progress)},
          {"consentUrl", attachment.consent_url},
          {"applicationId", attachment.application_id},
          {"ticket", attachment.ticket},
          {"errorReason", attachment.error_reason},
          {"errorMessage", attachment.error_message},
          {"lastHeartbeat", time_or_null(attachment.last_heartbeat)},
          {"resyncTimestamp", attachment.resync ? json::Value(to_iso8601(*attachment.resync)) : json::Value()},
          {"wishes", attachment.wishes ? json::Value(to_json(*attachment.wishes)) : json::Value()}};
}

Result<Attachment> attachment_from_json(const json::Object& object) {
  Attachment attachment;
  attachment.id = TRY(json::required_text(object, "id"));
  attachment.cloud = TRY(json::required_text(object, "cloud"));
  attachment.tenant_id = TRY(json::required_text(object, "tenantId"));
  std::string progress = TRY(json::required_text(object, "progress"));
  auto known = progress_from(progress);
  if (!known) return invalid("bad_field", "`" + progress.substr(0, 40) + "` is no progress", "progress");
  attachment.progress = *known;
  // A connector that says nothing of it speaks the only one that there was.
  if (TRY(json::optional_text(object, "integration")) == name_of(partner::Protocol::device_partner)) {
    attachment.protocol = partner::Protocol::device_partner;
  }
  attachment.consent_url = TRY(json::optional_text(object, "consentUrl"));
  attachment.application_id = TRY(json::optional_text(object, "applicationId"));
  attachment.ticket = TRY(json::optional_text(object, "ticket"));
  attachment.error_reason = TRY(json::optional_text(object, "errorReason"));
  attachment.error_message = TRY(json::optional_text(object, "errorMessage"));
  attachment.last_heartbeat = TRY(optional_time(object, "lastHeartbeat"));
  Time resync = TRY(optional_time(object, "resyncTimestamp"));
  if (resync != kEpoch) attachment.resync = resync;
  if (const json::Object* wishes = json::object_at(object, "wishes"))
    attachment.wishes = TRY(wishes_from_json(*wishes));
  return attachment;
}

json::Object to_json(const Conflict& conflict) {
  return {{"tenantId", conflict.tenant_id},
          {"deviceId", conflict.device_id},
          {"owner", conflict.owner},
          {"since", to_iso8601(conflict.since)}};
}

Result<Conflict> conflict_from_json(const json::Object& object) {
  Conflict conflict;
  conflict.tenant_id = TRY(json::required_text(object, "tenantId"));
  conflict.device_id = TRY(json::required_text(object, "deviceId"));
  conflict.owner = TRY(json::optional_text(object, "owner"));
  conflict.since = TRY(optional_time(object, "since"));
  return conflict;
}

json::Object to_json(const Status& status) {
  return {{"databaseId", status.database_id},
          {"attachments", array_of(status.attachments)},
          {"conflicts", array_of(status.conflicts)}};
}

Result<Status> status_from_json(const json::Object& object) {
  Status status;
  status.database_id = TRY(json::required_text(object, "databaseId"));
  status.attachments = TRY(items_at<Attachment>(object, "attachments", attachment_from_json));
  status.conflicts = TRY(items_at<Conflict>(object, "conflicts", conflict_from_json));
  return status;
}

json::Object to_json(const Step& step) {
  return {{"name", step.name}, {"works", step.works}, {"message", step.message}};
}

Result<Step> step_from_json(const json::Object& object) {
  Step step;
  step.name = TRY(json::required_text(object, "name"));
  step.works = TRY(json::required_bool(object, "works"));
  step.message = TRY(json::optional_text(object, "message"));
  return step;
}

partner::Upload upload_of(const ledger::DeviceReport& report, ledger::Version stamp, Time now) {
  partner::Upload upload;
  upload.device_id = report.device_id;
  upload.user_id = report.user_id;
  upload.device_name = report.device_name;
  upload.os = report.os;
  upload.os_version = report.os_version;
  upload.is_managed = report.management == ledger::DeviceReport::Management::managed;
  upload.is_compliant = report.verdict == ledger::DeviceReport::Verdict::compliant && now < report.valid_until;
  upload.last_check_in = report.last_check_in;
  // INVARIANT: law 6. The service orders by this stamp; a sequence only grows and is never before its own moment.
  upload.last_update = from_unix_milliseconds(stamp.sequence);
  upload.reason = report.reason;
  upload.valid_until = report.valid_until;
  upload.epoch = stamp.epoch;
  upload.sequence = stamp.sequence;
  upload.inventory = report.inventory;
  upload.security = report.security;
  return upload;
}

ledger::Outcome outcome_of(const partner::Problem& problem) {
  ledger::Outcome outcome{.after = problem.after, .reason = problem.reason, .message = problem.message};
  switch (problem.kind) {
    case partner::Problem::Kind::retry_later:
      outcome.kind = Kind::retry_later;
      break;
    case partner::Problem::Kind::unreachable:
      outcome.kind = Kind::unreachable;
      break;
    case partner::Problem::Kind::credentials:
      outcome.kind = Kind::credentials;
      break;
    case partner::Problem::Kind::permission:
      outcome.kind = Kind::permission;
      break;
    case partner::Problem::Kind::contended:
      outcome.kind = Kind::contended;
      break;
    case partner::Problem::Kind::permanent:
      outcome.kind = Kind::permanent;
      break;
    case partner::Problem::Kind::stale:
      outcome.kind = Kind::superseded;
      break;
    case partner::Problem::Kind::not_found:
      outcome.kind = Kind::message_lost;
      break;
  }
  return outcome;
}

}  // namespace wardbridge::relay
