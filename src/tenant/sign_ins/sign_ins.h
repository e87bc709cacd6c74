// The sign-in log: every attempt with what Conditional Access said about it, policy by policy.
//
// Knows: Microsoft Graph's signIn record and how a decision becomes one. Hides: the table. Rows are only ever added;
// the newest come first.
//
//   SignInRecord record = from_decision(sign_in, decision);   // who, where to, which device, which policies
//   record.id = entropy.guid();                               // and what only the caller knows
//   record.user_principal_name = user.user_principal_name;
//   sign_ins::record(tx, tenant, record, now);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "platform/store/store.h"
#include "tenant/access/access.h"
#include "tenant/directory/directory.h"

namespace wardbridge::sign_ins {

struct SignInRecord {
  std::string id;              // GUID
  std::string correlation_id;  // GUID of the client's request, shown in the error page too
  Time created = kEpoch;       // set by record()

  std::string user_id;
  std::string user_principal_name;
  std::string user_display_name;
  std::string app_id;  // the client
  std::string app_display_name;
  std::string resource_id;  // app id of the resource
  std::string resource_display_name;
  std::string client_app_used;  // as access::SignIn::client_app_type spells it
  std::string ip_address;
  std::string user_agent;
  bool is_interactive = true;

  int error_code = 0;            // 0: signed in
  std::string failure_reason;    // for people; empty for a success
  std::string operating_system;  // the platform, whether proved or only claimed
  std::string browser;

  // Only of a device that proved itself.
  struct DeviceDetail {
    std::string device_id;
    std::string display_name;
    bool is_compliant = false;
    bool is_managed = false;
    std::string trust_type = "Azure AD registered";
  };
  std::optional<DeviceDetail> device;
  std::vector<access::AppliedPolicy> policies;
};

extern const store::Schema kSchema;

// What a decision and its sign-in say; names, ids and addresses are the caller's to fill in.
SignInRecord from_decision(const access::SignIn& sign_in, const access::Decision& decision);

void record(store::Transaction& tx, const directory::TenantId& tenant, SignInRecord record, Time now);
std::optional<SignInRecord> find(store::Transaction& tx, const directory::TenantId& tenant, const std::string& id);

// Newest first; `cursor` is where the next page starts, absent on the last.
struct Page {
  std::vector<SignInRecord> records;
  std::optional<std::int64_t> cursor;
};
Page list(store::Transaction& tx, const directory::TenantId& tenant, int limit,
          std::optional<std::int64_t> cursor = {});

// The same, each record with its place: list() from that cursor continues right after it.
struct NumberedRecord {
  std::int64_t sequence = 0;
  SignInRecord record;
};
std::vector<NumberedRecord> list_numbered(store::Transaction& tx, const directory::TenantId& tenant, int limit,
                                          std::optional<std::int64_t> cursor = {});

// `success`, `failure` or `notApplied`: what the enforced policies did.
const char* conditional_access_status(const SignInRecord& record);
// Microsoft Graph's signIn.
json::Object to_graph_json(const SignInRecord& record);

}  // namespace wardbridge::sign_ins
