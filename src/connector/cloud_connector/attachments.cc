// How an instance comes to a tenant: two consents, perhaps an approval, a confirmation; and how it leaves.
#include <algorithm>

#include "connector/cloud_connector/roads.h"
#include "connector/cloud_connector/rows.h"
#include "platform/log/log.h"

namespace wardbridge::cloud_connector {
namespace {

using relay::Progress;

constexpr const char* kTicketContext = "cloud_connector|ticket";
constexpr const char* kConnectorStep = "connector";
constexpr const char* kUserStep = "user_registration";
constexpr Duration kMetadataDeadline = seconds{10};
constexpr std::size_t kDeniedBytes = 500;
constexpr std::size_t kMostGroups = 100;
constexpr const char* kSendAttributes = "update_device_attributes";

std::string without_slashes(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

Status check_page(const std::string& url, const char* field) {
  auto parsed = http::parse_url(url);
  if (parsed.ok() && parsed->scheme == "https") return done();
  return invalid("bad_url", "`" + url.substr(0, 200) + "` must be an https URL", field);
}

Status check_wishes(const relay::Wishes& wishes) {
  TRY(check_page(wishes.enrollment_url, "enrollmentUrl"));
  TRY(check_page(wishes.remediation_url, "remediationUrl"));
  if (wishes.group_ids.size() > kMostGroups) {
    return invalid("too_many_groups", "at most " + std::to_string(kMostGroups) + " groups", "groupIds");
  }
  for (const std::string& group : wishes.group_ids) {
    if (text::is_guid(group)) continue;
    return invalid("bad_group", "`" + group.substr(0, 80) + "` is not the object id of a group (a GUID)", "groupIds");
  }
  return done();
}

bool is_under_way(const AttachmentRow& row, Time now) {
  bool waits = row.progress == Progress::consent || row.progress == Progress::user_consent;
  return waits && now < row.consent_until;
}

void advance(store::Transaction& tx, AttachmentRow& row, Progress to, const audit::Actor& by, Time now) {
  audit_change(tx, "update", "Attachment", row.id, row.tenant_id,
               changed("progress", relay::name_of(row.progress), relay::name_of(to)), by, now);
  row.progress = to;
  row.error_reason.clear();
  row.error_message.clear();
  save_attachment(tx, row);
}

audit::Actor actor_of(const InstanceId& instance) {
  return {.kind = audit::Actor::Kind::application, .id = instance.value, .name = "instance " + instance.value};
}

// The tenant is worked for again, or for the first time.
void wake_tenant(store::Transaction& tx, const std::string& id, const std::string& cloud, Time now) {
  Tenant tenant = lock_tenant(tx, id).value_or(Tenant{.id = id, .cloud = cloud});
  if (tenant.state == Tenant::State::active) return;
  if (tenant.state == Tenant::State::terminating || tenant.state == Tenant::State::terminated)
    tenant.state = Tenant::State::pending;
  tenant.next_run_at = now;
  save_tenant(tx, tenant);
}

bool has_active(const std::vector<AttachmentRow>& rows) {
  return std::ranges::any_of(rows, [](const AttachmentRow& row) { return row.progress == Progress::active; });
}

// The tenant has never heard of the application: nobody there can have consented.
bool is_stranger(const partner::Problem& problem) {
  return problem.reason == "application_unknown" || problem.reason == "consent_required";
}

bool is_passing(const partner::Problem& problem) {
  return problem.kind == partner::Problem::Kind::unreachable || problem.kind == partner::Problem::Kind::retry_later;
}

}  // namespace

std::string Broker::ticket_of(const AttachmentRow& row) const {
  json::Object content{
      {"attachment", row.id}, {"instance", row.instance.value}, {"tenant", row.tenant_id}, {"cloud", row.cloud}};
  return deps_.sealer.seal(json::to_text(content), kTicketContext, deps_.entropy);
}

relay::Attachment Broker::view(store::Transaction& tx, const AttachmentRow& row) const {
  relay::Attachment attachment{.id = row.id,
                               .cloud = row.cloud,
                               .tenant_id = row.tenant_id,
                               .progress = row.progress,
                               .error_reason = row.error_reason,
                               .error_message = row.error_message,
                               .wishes = row.wishes};
  const Cloud* cloud = cloud_of(row.cloud);
  if (cloud) attachment.protocol = cloud->protocol;
  bool shows_id = row.progress == Progress::application_id || row.progress == Progress::active;
  if (cloud && shows_id) attachment.application_id = cloud->client_id;
  if (row.progress != Progress::active) return attachment;
  attachment.ticket = ticket_of(row);
  if (auto tenant = find_tenant(tx, row.tenant_id)) {
    attachment.last_heartbeat = tenant->last_heartbeat;
    if (tenant->last_resync != kEpoch) attachment.resync = tenant->last_resync;
    attachment.error_reason = tenant->error_reason;
    attachment.error_message = tenant->error_message;
  }
  return attachment;
}

Result<AttachmentRow> Broker::own_attachment(store::Transaction& tx, const InstanceId& instance,
                                             const std::string& id) const {
  auto row = lock_attachment(tx, id);
  if (!row || row->instance != instance) return no_attachment(id);
  return std::move(*row);
}

// A consent is bound to a tenant, so its GUID must be known before anybody is asked.
Result<std::string> Broker::resolve_tenant(const Cloud& cloud, const std::string& tenant) {
  if (text::is_guid(tenant)) return text::lower(tenant);
  if (tenant.empty() || tenant.find_first_of("/?#% ") != std::string::npos) {
    return invalid("bad_tenant", "`" + tenant.substr(0, 80) + "` is neither a tenant id nor a domain", "tenant");
  }
  http::Response response =
      TRY(deps_.transport.send({.url = without_slashes(cloud.endpoints.login_base) + "/" +
                                       text::percent_encode(tenant) + "/v2.0/.well-known/openid-configuration"},
                               kMetadataDeadline));
  auto body = json::parse(response.body);
  const json::Object* metadata = body.ok() ? body->if_object() : nullptr;
  std::string issuer(metadata ? json::text_at(*metadata, "issuer").value_or("") : "");
  for (std::string_view part : text::split(issuer, '/')) {
    if (response.status == 200 && text::is_guid(part)) return text::lower(part);
  }
  return invalid("tenant_unknown", "the cloud `" + cloud.name + "` knows no tenant `" + tenant.substr(0, 80) + "`",
                 "tenant");
}

// ENTRA: admin consent, reference section 5.5.
std::string Broker::consent_url(store::Transaction& tx, const AttachmentRow& row, const Cloud& cloud, const char* step,
                                Time now) {
  std::string state = deps_.entropy.token();
  tx.execute("INSERT INTO cloud_consent (state_hash, attachment_id, step, expires_at) VALUES (?, ?, ?, ?)",
             {crypto::hash_token(state), row.id, step, now + options_.consent_life});
  std::string client = step == std::string_view(kUserStep) ? cloud.user_registration_client_id : cloud.client_id;
  return without_slashes(cloud.endpoints.login_base) + "/" + row.tenant_id + "/adminconsent?" +
         text::to_form(
             {{"client_id", client}, {"state", state}, {"redirect_uri", options_.public_url + "/consent/callback"}});
}

Result<relay::Attachment> Broker::attach(const InstanceId& instance, const AttachRequest& request, Time now) {
  const Cloud* cloud = cloud_of(request.cloud);
  if (!cloud)
    return invalid("no_cloud", "this connector serves no cloud `" + request.cloud.substr(0, 80) + "`", "cloud");
  TRY(check_wishes(request.wishes));
  std::string tenant_id = TRY(resolve_tenant(*cloud, request.tenant));
  // INVARIANT: where a token can be had before anybody was asked, a callback proves nothing; nor does it where that
  // can't be told, because our own secret has expired, say.
  Road& road = roads_->to(*cloud, tenant_id);
  road.start_afresh();
  auto token = road.call<std::string>(now, [&](partner::Client& client) { return client.tenant_id(now); });
  road.start_afresh();
  if (!token.ok() && is_passing(token.failure())) {
    return unavailable(token.failure().reason,
                       "the tenant can't be asked at the moment: " + token.failure().message + "; try again");
  }
  bool consented_before = token.ok() || !is_stranger(token.failure());
  return deps_.store.write([&](store::Transaction& tx) -> Result<relay::Attachment> {
    AttachmentRow row{.id = deps_.entropy.guid(), .instance = instance, .tenant_id = tenant_id, .created = now};
    bool has_earned_it = false;
    if (auto before = attachment_between(tx, instance, tenant_id)) {
      if (before->progress == Progress::active) {
        return conflict("already_attached", "this instance is connected to the tenant `" + tenant_id + "` already");
      }
      has_earned_it = before->progress == Progress::application_id;
      row = std::move(*before);
    }
    // A tenant's devices have one owner at a time, whichever of our applications speaks for it.
    if (auto tenant = find_tenant(tx, tenant_id);
        tenant && tenant->cloud != cloud->name && has_active(attachments_of_tenant(tx, tenant_id))) {
      return conflict("other_integration", "the tenant `" + tenant_id + "` is connected through `" + tenant->cloud +
                                               "` of this connector: disconnect every instance there first");
    }
    bool has_rivals = false;
    for (AttachmentRow& other : attachments_of_tenant(tx, tenant_id)) {
      if (other.instance == instance) continue;
      has_rivals |= other.progress != Progress::detached;
      if (is_under_way(other, now) && options_.further_instances == Options::FurtherInstances::approved) {
        other.needs_approval = true;  // nobody can tell whose consent it will have been
        save_attachment(tx, other);
      }
    }
    row.cloud = cloud->name;
    row.needs_approval = options_.further_instances == Options::FurtherInstances::approved && !has_earned_it &&
                         (consented_before || has_rivals);
    row.consent_until = now + options_.consent_life;
    row.wishes = request.wishes;
    tx.execute("DELETE FROM cloud_consent WHERE attachment_id = ? OR expires_at <= ?", {row.id, now});
    save_attachment(tx, row);
    advance(tx, row, Progress::consent, actor_of(instance), now);
    relay::Attachment attachment = view(tx, row);
    attachment.consent_url = consent_url(tx, row, *cloud, kConnectorStep, now);
    return attachment;
  });
}

Result<ConsentReturn> Broker::consent_answered(const text::Form& query, Time now) {
  std::string state(text::form_value(query, "state").value_or(""));
  std::string tenant = text::lower(text::form_value(query, "tenant").value_or(""));
  std::string error(text::form_value(query, "error").value_or(""));
  bool granted = text::equal_ignoring_case(text::form_value(query, "admin_consent").value_or(""), "true");
  // A refusal is kept, so the transaction succeeds with it.
  std::optional<Failure> refused;
  ConsentReturn result = TRY(deps_.store.write([&](store::Transaction& tx) -> Result<ConsentReturn> {
    refused.reset();
    std::string hash = crypto::hash_token(state);
    auto pending =
        tx.query_one("SELECT attachment_id, step, expires_at FROM cloud_consent WHERE state_hash = ?", {hash});
    // Of two answers that come at once, one takes it.
    if (!pending || tx.execute("DELETE FROM cloud_consent WHERE state_hash = ?", {hash}) == 0) {
      return invalid("consent_unknown", "this consent was not asked for here, or was answered already");
    }
    auto row = lock_attachment(tx, pending->text(0));
    const Cloud* cloud = row ? cloud_of(row->cloud) : nullptr;
    if (!row || !cloud || now >= pending->time(2)) {
      refused = invalid("consent_expired", "the time to consent is over; start again from the settings");
      return ConsentReturn{};
    }
    if (!error.empty() || !granted) {
      std::string words(text::form_value(query, "error_description").value_or("").substr(0, kDeniedBytes));
      row->error_reason = "consent_denied";
      row->error_message = "the administrator did not consent" + (words.empty() ? "" : ": " + words);
      save_attachment(tx, *row);
      audit_change(tx, "update", "Attachment", row->id, row->tenant_id, {{"consent", "denied"}}, {}, now);
      refused = Failure{.code = Code::forbidden, .reason = "consent_denied", .message = row->error_message};
      return ConsentReturn{};
    }
    if (tenant != row->tenant_id) {
      refused = invalid("wrong_tenant", "consent was given in another tenant than the one that was asked");
      return ConsentReturn{};
    }
    audit::Actor by{.kind = audit::Actor::Kind::user, .name = "an administrator of " + row->tenant_id};
    ConsentReturn answer;
    bool is_first = pending->text(1) == kConnectorStep;
    if (is_first && !cloud->user_registration_client_id.empty()) {
      advance(tx, *row, Progress::user_consent, by, now);
      answer.next_url = consent_url(tx, *row, *cloud, kUserStep, now);
      return answer;
    }
    advance(tx, *row, row->needs_approval ? Progress::approval : Progress::application_id, by, now);
    answer.awaits_approval = row->needs_approval;
    answer.application_id = cloud->client_id;
    tx.after_commit([this, cloud, id = row->tenant_id] { roads_->to(*cloud, id).start_afresh(); });
    return answer;
  }));
  if (refused) return std::move(*refused);
  return result;
}

Status Broker::approve(const std::string& attachment_id, const audit::Actor& by, Time now) {
  return deps_.store.write([&](store::Transaction& tx) -> Status {
    auto row = lock_attachment(tx, attachment_id);
    if (!row) return no_attachment(attachment_id);
    if (row->progress != Progress::approval && !row->needs_approval) {
      return conflict("nothing_to_approve", "this connection does not wait for an approval");
    }
    row->needs_approval = false;
    save_attachment(tx, *row);
    if (row->progress == Progress::approval) {
      advance(tx, *row, Progress::application_id, by, now);
    } else {
      audit_change(tx, "update", "Attachment", row->id, row->tenant_id, {{"approval", "given"}}, by, now);
    }
    return done();
  });
}

Result<relay::Attachment> Broker::attachment(const InstanceId& instance, const std::string& id) {
  return deps_.store.read([&](store::Transaction& tx) -> Result<relay::Attachment> {
    for (const AttachmentRow& row : attachments_of_instance(tx, instance)) {
      if (row.id == id) return view(tx, row);
    }
    return no_attachment(id);
  });
}

Result<relay::Attachment> Broker::change_wishes(const InstanceId& instance, const std::string& id,
                                                const relay::Wishes& wishes, Time now) {
  TRY(check_wishes(wishes));
  return deps_.store.write([&](store::Transaction& tx) -> Result<relay::Attachment> {
    AttachmentRow row = TRY(own_attachment(tx, instance, id));
    if (row.wishes == wishes) return view(tx, row);
    const auto before = wishes_of(tx, row.tenant_id);
    row.wishes = wishes;
    save_attachment(tx, row);
    audit_change(tx, "update", "Attachment", row.id, row.tenant_id, {{"wishes", relay::to_json(wishes)}},
                 actor_of(instance), now);
    auto tenant = lock_tenant(tx, row.tenant_id);
    const auto after = wishes_of(tx, row.tenant_id);
    if (!tenant || tenant->state != Tenant::State::active || !after || after == before) return view(tx, row);
    bool has_other_pages =
        !before || before->enrollment_url != after->enrollment_url || before->remediation_url != after->remediation_url;
    if (has_other_pages) tenant->state = Tenant::State::pending;  // until it is told of them, in a moment
    tenant->next_run_at = now;
    save_tenant(tx, *tenant);
    return view(tx, row);
  });
}

Result<Confirmation> Broker::confirm(const InstanceId& instance, const std::string& id, Time now) {
  relay::Wishes wishes;
  AttachmentRow row = TRY(deps_.store.read([&](store::Transaction& tx) -> Result<AttachmentRow> {
    for (AttachmentRow& own : attachments_of_instance(tx, instance)) {
      if (own.id != id) continue;
      wishes = wishes_of(tx, own.tenant_id).value_or(own.wishes);
      return std::move(own);
    }
    return no_attachment(id);
  }));
  if (row.progress != Progress::application_id && row.progress != Progress::active) {
    return conflict("not_consented", std::string("this connection can't be confirmed yet: it is at `") +
                                         relay::name_of(row.progress) + "`");
  }
  const Cloud* cloud = cloud_of(row.cloud);
  if (!cloud) return conflict("no_cloud", "this connector no longer serves the cloud `" + row.cloud + "`");
  Road& road = roads_->to(*cloud, row.tenant_id);
  road.start_afresh();
  Confirmation confirmation;
  // Takes one step; false: nothing more is tried.
  auto step = [&](const char* name, const auto& answer, const std::string& good) {
    confirmation.steps.push_back({name, answer.ok(), answer.ok() ? good : answer.failure().message});
    return answer.ok();
  };
  auto finish = [&]() -> Result<Confirmation> {
    confirmation.attachment = TRY(attachment(instance, id));
    return confirmation;
  };
  auto token = road.call<std::string>(now, [&](partner::Client& client) { return client.tenant_id(now); });
  if (!step("token", token, "the tenant gives this application tokens")) return finish();
  auto roles = road.roles().value_or(std::vector<std::string>{});
  partner::Answer<bool> permission = true;
  if (std::ranges::count(roles, kSendAttributes) == 0) {
    permission = partner::Problem{.reason = "permission_missing",
                                  .message = std::string("the tenant has not granted `") + kSendAttributes +
                                             "` on the Intune API to the Cloud Connector: give admin consent again"};
  }
  if (!step("permission", permission, "the permission to send device attributes is granted")) return finish();
  auto services = road.call<partner::Services>(now, [&](partner::Client& client) { return client.discover(now); });
  if (!step("services", services, "the partner services were found")) return finish();
  auto provisioning = road.call<partner::Provisioning>(now, [&](partner::Client& client) {
    return client.provision({wishes.enrollment_url, wishes.remediation_url}, now);
  });
  if (!step("provisioning", provisioning, "the tenant has taken the connector for its partner")) return finish();
  auto heartbeat = road.call<partner::Heartbeat>(now, [&](partner::Client& client) { return client.heartbeat(now); });
  if (!step("heartbeat", heartbeat, "the service takes heartbeats")) return finish();
  TRY(deps_.store.write([&](store::Transaction& tx) -> Status {
    AttachmentRow current = TRY(own_attachment(tx, instance, id));
    Tenant tenant = lock_tenant(tx, row.tenant_id).value_or(Tenant{.id = row.tenant_id, .cloud = row.cloud});
    audit_change(tx, "update", "Tenant", tenant.id, tenant.id,
                 changed("state", name_of(tenant.state), name_of(Tenant::State::active)), actor_of(instance), now);
    tenant.state = Tenant::State::active;
    tenant.extensions = provisioning->extensions;
    tenant.roles = roles;
    tenant.last_heartbeat = now;
    tenant.next_run_at = now + options_.heartbeat_interval;
    tenant.failures = 0;
    tenant.error_reason.clear();
    tenant.error_message.clear();
    save_tenant(tx, tenant);
    advance(tx, current, Progress::active, actor_of(instance), now);
    return done();
  }));
  confirmation.works = true;
  return finish();
}

Result<relay::Attachment> Broker::reattach(const InstanceId& instance, const std::string& ticket,
                                           const relay::Wishes& wishes, Time now) {
  TRY(check_wishes(wishes));
  Failure bad_ticket{.code = Code::forbidden,
                     .reason = "bad_ticket",
                     .message = "the ticket was not issued here, or not to this instance"};
  auto content = deps_.sealer.open(ticket, kTicketContext);
  if (!content.ok()) return bad_ticket;
  json::Value value = TRY(json::parse(*content));
  const json::Object& object = TRY(json::as_object(value));
  AttachmentRow row{.instance = instance, .created = now};
  row.id = TRY(json::required_text(object, "attachment"));
  row.tenant_id = TRY(json::required_text(object, "tenant"));
  row.cloud = TRY(json::required_text(object, "cloud"));
  if (TRY(json::required_text(object, "instance")) != instance.value) return bad_ticket;
  if (!cloud_of(row.cloud))
    return conflict("no_cloud", "this connector no longer serves the cloud `" + row.cloud + "`");
  return deps_.store.write([&](store::Transaction& tx) -> Result<relay::Attachment> {
    AttachmentRow current = attachment_between(tx, instance, row.tenant_id).value_or(row);
    current.needs_approval = false;  // it was consented to, or approved, once
    current.wishes = wishes;
    save_attachment(tx, current);
    if (current.progress != Progress::active) advance(tx, current, Progress::active, actor_of(instance), now);
    wake_tenant(tx, current.tenant_id, current.cloud, now);
    return view(tx, current);
  });
}

Result<bool> Broker::detach(const InstanceId& instance, const std::string& id, Devices devices, const audit::Actor& by,
                            Time now) {
  std::string tenant_id = TRY(deps_.store.write([&](store::Transaction& tx) -> Result<std::string> {
    AttachmentRow row = TRY(own_attachment(tx, instance, id));
    if (devices == Devices::handed_over) {
      // Their verdicts stand in the tenant until another connection of the instance's speaks for them, or they end.
      std::int64_t let_go =
          tx.execute("UPDATE cloud_route SET released = 1 WHERE instance_id = ? AND tenant_id = ? AND released = 0",
                     {instance.value, row.tenant_id});
      if (let_go > 0) {
        audit_change(tx, "release", "Attachment", row.id, row.tenant_id, {{"handedOverDevices", let_go}}, by, now);
      }
    } else if (!standing_routes(tx, instance, row.tenant_id, 1).empty()) {
      return conflict("not_retracted", "this instance still has devices in the tenant: retract them first");
    }
    if (row.progress != Progress::detached) advance(tx, row, Progress::detached, by, now);
    tx.execute("DELETE FROM cloud_conflict WHERE instance_id = ? AND tenant_id = ?", {instance.value, row.tenant_id});
    auto tenant = lock_tenant(tx, row.tenant_id);
    bool others = has_active(attachments_of_tenant(tx, row.tenant_id));
    if (!tenant || others || tenant->state == Tenant::State::terminated) return std::string();
    tenant->state = Tenant::State::terminating;
    tenant->next_run_at = now;
    save_tenant(tx, *tenant);
    return row.tenant_id;
  }));
  return tenant_id.empty() || terminate(tenant_id, now);
}

Result<relay::Status> Broker::status(const InstanceId& instance, Time now) {
  return deps_.store.read([&](store::Transaction& tx) -> Result<relay::Status> {
    relay::Status status{.database_id = database_id_};
    for (const AttachmentRow& row : attachments_of_instance(tx, instance)) status.attachments.push_back(view(tx, row));
    for (const auto& row : tx.query("SELECT c.tenant_id, c.device_id, c.since, r.instance_id FROM cloud_conflict c"
                                    " JOIN cloud_route r ON r.tenant_id = c.tenant_id AND r.device_id = c.device_id"
                                    " WHERE c.instance_id = ? AND r.released = 0 AND r.instance_id <> c.instance_id"
                                    " ORDER BY c.tenant_id, c.device_id",
                                    {instance.value})) {
      auto owner = find_instance(tx, {row.text(3)});
      if (!owner || is_silent(*owner, now)) continue;
      status.conflicts.push_back(
          {.tenant_id = row.text(0), .device_id = row.text(1), .owner = owner->name, .since = row.time(2)});
    }
    return status;
  });
}

Result<std::vector<Broker::AttachmentView>> Broker::attachments() {
  return deps_.store.read([&](store::Transaction& tx) -> Result<std::vector<AttachmentView>> {
    std::vector<AttachmentView> views;
    for (const Instance& instance : all_instances(tx)) {
      for (const AttachmentRow& row : attachments_of_instance(tx, instance.id)) {
        AttachmentView shown{.attachment = view(tx, row), .instance = instance.id, .instance_name = instance.name};
        shown.attachment.ticket.clear();  // the instance's alone
        views.push_back(std::move(shown));
      }
    }
    return views;
  });
}

}  // namespace wardbridge::cloud_connector
