// A client of the Intune partner services: how a device manager tells a directory which devices are compliant.
//
// Knows: Microsoft's wire (tokens by client credentials, discovery of the two services through Graph, tenant
// provisioning, heartbeat, partner compliance policies, data upload messages) in both of its generations, its quirks,
// and what each kind of refusal means for the caller. Hides: the token and address caches, which of two secrets is
// good, the one immediate retry, JSON inside JSON.
//
// Thread promise: a Client may be used by several threads; one of them at a time fetches a token or an address.
//
//   Client client(transport, entropy, account);
//   Services services = TRY(client.discover(now));
//   std::string message_id = TRY(client.upload(upload, now));
//   MessageState state = TRY(client.message(message_id, now));
//
// ENTRA: reference microsoft.md sections 2.3, 2.4, 3. DEVIATION: the one retry comes at once rather than after a
// second, since nothing here may sleep; everything after it is the ledger's schedule.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/check.h"
#include "base/time.h"
#include "platform/entropy/entropy.h"
#include "platform/http/http.h"

namespace wardbridge::partner {

// Why a call did not do its work, in the one terms that matter to a caller: what to do about it.
struct Problem {
  enum class Kind {
    retry_later,  // this call failed; another may pass
    unreachable,  // nothing passes now: network, throttling, service down
    credentials,  // 401, invalid_client: the settings are wrong or have expired
    permission,   // 403, a role that was not granted
    permanent,    // refused as it is
    contended,    // refused while somebody else has a say about the device
    stale,        // a newer version is there already
    not_found,    // no such message
  };
  Kind kind = Kind::permanent;
  std::string reason;                  // snake_case
  std::string message;                 // for people; never a secret
  std::optional<Duration> after = {};  // what Retry-After asked
};

// A value or a Problem; TRY() works on it.
template <class T>
class [[nodiscard]] Answer {
 public:
  Answer(T value) : state_(std::in_place_index<0>, std::move(value)) {}            // NOLINT: implicit by design
  Answer(Problem problem) : state_(std::in_place_index<1>, std::move(problem)) {}  // NOLINT: implicit by design
  bool ok() const { return state_.index() == 0; }
  const T& value() const& {
    CHECK(ok());
    return std::get<0>(state_);
  }
  T&& value() && {
    CHECK(ok());
    return std::get<0>(std::move(state_));
  }
  const T& operator*() const { return value(); }
  const T* operator->() const { return &value(); }
  const Problem& failure() const& {
    CHECK(!ok());
    return std::get<1>(state_);
  }
  Problem&& failure() && {
    CHECK(!ok());
    return std::get<1>(std::move(state_));
  }

 private:
  std::variant<T, Problem> state_;
};

struct Endpoints {
  std::string login_base = "https://login.microsoftonline.com";
  std::string graph_base = "https://graph.microsoft.com";
  // ENTRA: ends in a slash, so that the scope has two: `https://api.manage.microsoft.com//.default`.
  std::string audience = "https://api.manage.microsoft.com/";
  bool operator==(const Endpoints&) const = default;
};

// Which generation of the services is spoken.
enum class Protocol {
  compliance_partner,  // partner compliance management, 2025: a verdict, applied later, asked about
  device_partner,      // partner device management, 2018: inventory with a verdict, applied at once
};

struct Account {
  Endpoints endpoints;
  std::string tenant;  // GUID, or one of its domains
  std::string client_id;
  // A client secret; or a certificate: PEM of its private key and of itself (see is_certificate()).
  std::string client_secret;
  // Tried when the directory does not take the first. Empty: there is none.
  std::string next_client_secret = {};
  Protocol protocol = Protocol::compliance_partner;
  // Tells this server from another that uses the same application; sent as a header. Empty: not sent.
  std::string instance_id = {};
};

bool is_certificate(std::string_view client_secret);
// Fails with `bad_certificate` unless PEM text holds an RSA private key and its certificate. A secret is always good.
Status check_client_secret(const std::string& client_secret);

struct Services {
  std::string tenant_base;  // PartnerTenantDataSyncService
  std::string device_base;  // PartnerDeviceDataSyncService
};

// Where users are sent: unregistered devices to enroll, non-compliant ones to see why.
struct Pages {
  std::string enrollment_url;
  std::string remediation_url;
};

// What this directory understands beyond Microsoft's fields. The real service announces none of it, and is sent none.
struct Extensions {
  bool reason = false;
  bool valid_until = false;
  bool version = false;
  bool operator==(const Extensions&) const = default;
};

struct Provisioning {
  int provisioned = 0;  // 1: provisioned, 2: deprovisioned
  Extensions extensions;
};

struct Heartbeat {
  std::optional<Time> resync;  // the service asks for everything again since this moment
};

struct Policy {
  std::string id;
  std::string display_name;
  std::string platform;
};

// Both entities of one device: DeviceManagementState and complianceStatus.
struct Upload {
  std::string device_id;
  std::string user_id;
  std::string device_name;
  std::string os;
  std::string os_version;
  bool is_managed = false;
  bool is_compliant = false;
  Time last_check_in = kEpoch;
  Time last_update = kEpoch;  // orders messages about one device: must grow with every one
  std::string reason;
  Time valid_until = kEpoch;
  std::int64_t epoch = 0;
  std::int64_t sequence = 0;
  // Of the 2018 generation: further members of the inventory and of the compliance entity, by their names on the wire.
  json::Object inventory = {};
  json::Object security = {};
};

enum class MessageState { processing, completed };

class Client {
 public:
  // transport and entropy must outlive the client.
  Client(http::Transport& transport, Entropy& entropy, Account account);

  // The tenant's GUID: as configured, or from the `tid` claim of a token when only a domain is known.
  Answer<std::string> tenant_id(Time now);
  Answer<Services> discover(Time now);

  // ENTRA: the application of a manual connection works only with the one permission `update_device_attributes` on the
  // Intune API. That one; nothing when the token can't be read. Problems: `permission_missing`, `permission_extra`.
  Answer<std::vector<std::string>> check_permissions(Time now);
  // Whether the last token was had with the next secret, since the directory refused the first.
  bool needed_next_secret();

  Answer<Heartbeat> heartbeat(Time now);
  Answer<Provisioning> provision(const Pages& pages, Time now);
  Answer<Provisioning> deprovision(const Pages& pages, Time now);

  // The id of the policy; when one exists already, that one's.
  Answer<std::string> ensure_policy(const Policy& policy, const std::string& description, Time now);
  Answer<std::vector<Policy>> policies(Time now);
  // Returns the groups that are assigned afterwards.
  Answer<std::vector<std::string>> assign_policy(const std::string& policy_id,
                                                 const std::vector<std::string>& group_ids, Time now);

  // The message id to ask about with message(); empty when the service has applied the message at once.
  Answer<std::string> upload(const Upload& upload, const Extensions& extensions, Time now);
  // Problems: `not_found` when the service has no such message; `stale`, `permanent` and the others when it failed.
  Answer<MessageState> message(const std::string& message_id, Time now);

 private:
  struct Token {
    std::string text;
    Time expires = kEpoch;
  };
  enum class Resource { graph, intune };
  struct Call {
    std::string method;
    std::string url;
    Resource resource = Resource::intune;
    std::optional<json::Value> body = {};
    bool is_service = true;  // at a discovered address, which may be out of date
  };

  Answer<std::string> token(Resource resource, Time now);
  Answer<Token> fetch_token(Resource resource, Time now);
  Answer<Token> fetch_token_with(Resource resource, const std::string& client_secret, Time now);
  Answer<Token> ask_for_token(Resource resource, const std::string& client_secret, Time now);
  std::string issuer();
  const char* tenant_api_version(const char* when_device_partner) const;
  Answer<Services> find_services(Time now);
  Answer<json::Object> endpoints_of_intune(Time now);
  Answer<Provisioning> put_provisioning(int provisioned, const Pages& pages, Time now);
  // The response to a call with its token, after the one retry. Statuses of 400 and more are responses here.
  Answer<http::Response> send(const Call& call, Time now);
  // As above, but anything but 2xx is a Problem; the body is a JSON object.
  Answer<json::Object> call(const Call& call, Time now);
  void drop_tokens();
  void drop_services();

  http::Transport& transport_;
  Entropy& entropy_;
  Account account_;
  std::mutex fetching_;             // held while a token or the addresses are fetched; guards assertion_audience_
  std::string assertion_audience_;  // of a certificate's assertions; empty: the token endpoint
  std::mutex mutex_;                // guards what follows
  std::map<Resource, Token> tokens_;
  std::optional<Services> services_;
  Time services_expire_ = kEpoch;
  std::string tenant_id_;
  bool needed_next_secret_ = false;
};

// What usually is behind a Problem's reason, and what to do about it: for the person who sees it. Reasons that nothing
// is known about have empty texts.
struct Advice {
  std::string_view cause;
  std::string_view remedy;
};
Advice advice_on(std::string_view reason);

}  // namespace wardbridge::partner
