#include "tenant/policies/policies.h"

#include <array>

#include "base/text.h"

namespace wardbridge::policies {
namespace {

constexpr std::array<std::string_view, 5> kReadOnly{"id", "templateId", "createdDateTime", "modifiedDateTime",
                                                    "deletedDateTime"};

json::Object without_read_only(const json::Object& body) {
  json::Object document = body;
  for (std::string_view name : kReadOnly) document.erase(name);
  return document;
}

void merge(json::Object& into, const json::Object& patch) {
  for (const auto& member : patch) {
    json::Value& target = into[member.key()];
    if (target.is_object() && member.value().is_object())
      merge(target.get_object(), member.value().get_object());
    else
      target = member.value();
  }
}

StoredPolicy policy_from(const store::Row& row) {
  auto document = json::parse(row.text(1));
  CHECK(document.ok(), "the document of a policy is written by this file alone");
  return {
      .id = row.text(0), .document = std::move(document->as_object()), .created = row.time(2), .modified = row.time(3)};
}

#define SELECT_POLICY "SELECT id, document, created, modified FROM policy WHERE tenant_id = ?"

Failure no_policy(const std::string& id) { return not_found("no_policy", "no policy has the id `" + id + "`"); }

void record(store::Transaction& tx, const directory::TenantId& tenant, const char* activity, const StoredPolicy& policy,
            json::Object change, const audit::Actor& by, Time now) {
  directory::record_change(tx, tenant,
                           {.activity = activity,
                            .object_type = "Policy",
                            .object_id = policy.id,
                            .object_name = std::string(json::text_at(policy.document, "displayName").value_or("")),
                            .properties = {{"ConditionalAccessPolicy", std::move(change)}}},
                           by, now);
}

}  // namespace

Result<StoredPolicy> create(store::Transaction& tx, const directory::TenantId& tenant, const std::string& id,
                            const json::Object& body, const audit::Actor& by, Time now) {
  StoredPolicy policy{.id = text::lower(id), .document = without_read_only(body), .created = now, .modified = kEpoch};
  TRY(validate(policy.document));
  if (tx.execute("INSERT INTO policy (tenant_id, id, document, created, modified) VALUES (?, ?, ?, ?, ?)"
                 " ON CONFLICT DO NOTHING",
                 {tenant.value, policy.id, json::to_text(policy.document), policy.created, policy.modified}) == 0)
    return conflict("already_exists", "a policy with the id `" + policy.id + "` already exists");
  record(tx, tenant, "Add conditional access policy", policy, {{"new", policy.document}}, by, now);
  return policy;
}

Result<StoredPolicy> update(store::Transaction& tx, const directory::TenantId& tenant, const std::string& id,
                            const json::Object& patch, const audit::Actor& by, Time now) {
  auto row = tx.query_one(SELECT_POLICY " AND id = ?" + std::string(tx.lock_rows()), {tenant.value, text::lower(id)});
  if (!row) return no_policy(id);
  const StoredPolicy before = policy_from(*row);
  StoredPolicy after = before;
  merge(after.document, without_read_only(patch));
  TRY(validate(after.document));
  after.modified = now;
  tx.execute("UPDATE policy SET document = ?, modified = ? WHERE tenant_id = ? AND id = ?",
             {json::to_text(after.document), after.modified, tenant.value, after.id});
  record(tx, tenant, "Update conditional access policy", after, {{"old", before.document}, {"new", after.document}}, by,
         now);
  return after;
}

Status remove(store::Transaction& tx, const directory::TenantId& tenant, const std::string& id, const audit::Actor& by,
              Time now) {
  const auto policy = find(tx, tenant, id);
  if (!policy) return no_policy(id);
  tx.execute("DELETE FROM policy WHERE tenant_id = ? AND id = ?", {tenant.value, policy->id});
  record(tx, tenant, "Delete conditional access policy", *policy, {{"old", policy->document}}, by, now);
  return done();
}

std::optional<StoredPolicy> find(store::Transaction& tx, const directory::TenantId& tenant, const std::string& id) {
  auto row = tx.query_one(SELECT_POLICY " AND id = ?", {tenant.value, text::lower(id)});
  if (!row) return std::nullopt;
  return policy_from(*row);
}

std::vector<StoredPolicy> list(store::Transaction& tx, const directory::TenantId& tenant) {
  std::vector<StoredPolicy> found;
  for (const store::Row& row : tx.query(SELECT_POLICY " ORDER BY created, id", {tenant.value}))
    found.push_back(policy_from(row));
  return found;
}

std::vector<access::Policy> load_all(store::Transaction& tx, const directory::TenantId& tenant) {
  std::vector<access::Policy> found;
  for (const StoredPolicy& policy : list(tx, tenant)) found.push_back(to_policy(policy.id, policy.document));
  return found;
}

}  // namespace wardbridge::policies
