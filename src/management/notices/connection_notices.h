// The bell: what is wrong with the connections to directories, as Jamf Pro's notifications. A notice stands while its
// cause does, is told by mail once, and can be dismissed: then it is not shown again until it has gone and come back.
//
//   refresh_connection_notices(tx, now, Mail::yes);     // by NoticeActor, every half minute
//   for (const Notice& notice : standing_notices(tx)) ...
//
// Thread promise: free functions in the caller's transaction; the actor is one.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "platform/actor/actor.h"
#include "platform/audit/audit.h"
#include "platform/store/store.h"

namespace wardbridge::notices {

// JAMF: jamf.md section 1.5, spelling included.
inline constexpr const char* kHeartbeatFailed = "MII_HEARTBEAT_FAILED_NOTIFICATION";
inline constexpr const char* kUploadFailed = "MII_INVENTORY_UPLOAD_FAILED_NOTIFICATION";
inline constexpr const char* kUnauthorized = "MII_UNATHORIZED_RESPONSE_NOTIFICATION";
inline constexpr const char* kConditionalAccessError = "CONDITIONAL_ACCESS_CONNECTION_ERROR";
inline constexpr const char* kDeviceComplianceError = "DEVICE_COMPLIANCE_CONNECTION_ERROR";
// DEVIATION: the vendor does not warn of a client secret that is about to end.
inline constexpr const char* kSecretExpires = "WARDBRIDGE_CLIENT_SECRET_EXPIRES";

// DEVIATION: the vendor sends whatever an edit does. Here a change that moves many verdicts at once is held.
inline constexpr const char* kVerdictsHeld = "WARDBRIDGE_VERDICTS_HELD";

struct Notice {
  std::string type;
  std::string id;
  json::Object params;  // connection, reason, message, cause, remedy
  Time raised = kEpoch;
};

enum class Mail { yes, no };
// Raises what has come up, withdraws what is over.
void refresh_connection_notices(store::Transaction& tx, Time now, Mail mail);
// Those that nobody dismissed, newest first.
std::vector<Notice> standing_notices(store::Transaction& tx);
// Audited. `not_found`/`no_notice`.
Status dismiss_notice(store::Transaction& tx, const std::string& type, const std::string& id, const audit::Actor& by,
                      Time now);

// At how many days before its end a secret is warned of: the smallest of these that has come; 0: none has.
int warning_days(Time secret_end, Time now);

class NoticeActor final : public Actor {
 public:
  NoticeActor(store::Store& store, Mail mail) : store_(store), mail_(mail) {}
  std::string name() const override { return "connection_notices"; }
  Time run_once(Time now) override;

 private:
  store::Store& store_;
  Mail mail_;
};

}  // namespace wardbridge::notices
