// Tokens of the tenant wing: who may act as whom, signed. Each tenant has signing keys of its own, and a token is only
// ever verified against the keys of the tenant that it is expected from.
//
// Knows: signing keys (their private halves sealed in the store), Microsoft's claims in both token versions, and what
// makes a token believable. Hides: the key table, the sealing, the cache of tokens already verified.
//
// A handler of the graph or intune room:
//
//   tokens::Caller caller = TRY(authority.authenticate(request, directory::kGraphAppId));
//   if (!caller.may("Device.Read.All")) ...
//
// The Authority opens transactions of its own: never call it from inside a transaction of the same store.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "platform/audit/audit.h"
#include "platform/crypto/crypto.h"
#include "platform/entropy/entropy.h"
#include "platform/http/http.h"
#include "platform/store/store.h"
#include "tenant/directory/directory.h"

namespace wardbridge::tokens {

extern const store::Schema kSchema;

// The two shapes of Microsoft's tokens: issuer, audience and the names of some claims differ.
enum class Version { v1, v2 };

// How the client proved itself; the number is the value of the claim `appidacr` / `azpacr`.
enum class ClientProof { none = 0, secret = 1, certificate = 2 };

// Whom a verified token speaks for. Identity is (tenant, subject): names are for people and may change.
struct Caller {
  directory::TenantId tenant;
  directory::AppId client;
  directory::ObjectId subject;  // object id of the user, or of the client's service principal when is_application
  bool is_application = false;
  std::string name;                           // user principal name, or the application's display name
  std::vector<std::string> roles;             // application permissions
  std::vector<std::string> scopes;            // delegated permissions
  std::optional<directory::DeviceId> device;  // only when the device proved itself at sign-in
  std::optional<Time> authenticated;          // when the user typed the password; nothing for applications
  bool has_second_factor = false;             // the user proved one at sign-in; said only where the token says how

  // Whether the token carries that permission: as a role of an application, as a scope of a user's token.
  bool may(std::string_view permission) const;
  // For audit rows.
  audit::Actor actor(const http::Request& request) const;
};

// What an access token is to say.
struct AccessToken {
  Version version = Version::v2;
  std::string id;        // `uti`: names it in revoke(); empty: a fresh one
  std::string audience;  // v2: the resource's app id; v1: the app id or identifier URI that was asked for
  directory::AppId client;
  std::string client_name;
  ClientProof client_proof = ClientProof::none;
  directory::ObjectId service_principal;  // of the client; the subject when there is no user
  std::optional<directory::User> user;
  std::vector<std::string> roles;
  std::vector<std::string> scopes;
  std::optional<directory::DeviceId> device;
  Time authenticated = kEpoch;                 // with a user only
  std::vector<std::string> methods = {"pwd"};  // how: `pwd`, `mfa`
};

struct IdToken {
  Version version = Version::v2;
  directory::AppId client;
  directory::User user;
  std::string nonce;         // as the client sent it; empty: none
  std::string access_token;  // given with it: its hash is `at_hash`; empty: none
  std::string session;       // `sid`, which a sign-out may name; empty: none
  bool wants_email = false;  // the scope `email` was granted
  std::vector<std::string> methods = {"pwd"};
  std::optional<directory::DeviceId> device;
  Time authenticated = kEpoch;
};

// Where a signing key is in its life. It is published before it signs, so that verifiers that keep the key set for a
// while know it in time, and stays published after it was replaced, until the last token that it signed has expired.
enum class KeyState { published, active, retiring, retired };
const char* name_of(KeyState state);
struct KeyRecord {
  std::string id;
  crypto::Algorithm algorithm = crypto::Algorithm::RS256;
  KeyState state = KeyState::active;
  Time created = kEpoch;
  Time active_from = kEpoch;
  Time retiring = kNever;
  Time retired = kNever;
  bool is_retained = false;  // stays in the key set, whatever its times say
};

inline constexpr Duration kTokenLifetime = seconds{3600};
// A key that was replaced stays in the key set this long: a day longer than any token that it signed.
inline constexpr Duration kKeyOverlap = kTokenLifetime + hours{24};
// ENTRA: clients are told to fetch the key set once a day.
inline constexpr Duration kKeyLead = hours{24};

// How a new key takes over.
struct Rotation {
  Duration lead = {};                          // how long it is published before it signs
  std::optional<crypto::Algorithm> algorithm;  // RS256 or ES256; nothing: as before
  // Of a key that became known to others: nothing that it signed is believed any more. Only without lead.
  bool withdraws_old = false;
};
// How long a verified token is believed again without looking at the store.
inline constexpr Duration kVerdictMemory = minutes{1};

// Thread-safe. Everything given to the constructor must outlive it.
class Authority {
 public:
  // `base_url` is the public address of the tenant's face, without a trailing slash: `https://login.example:8443`.
  Authority(store::Store& store, const crypto::Sealer& sealer, Entropy& entropy, std::string base_url);
  ~Authority();
  Authority(const Authority&) = delete;

  const std::string& base_url() const;
  // `<base>/<tid>/v2.0`, and `<base>/<tid>/` in version 1.
  std::string issuer(const directory::TenantId& tenant, Version version) const;

  // Whether issue() has the tenant's signing key at hand, so that it waits for nothing.
  bool remembers_key(const directory::TenantId& tenant, Time now) const;
  // For AccessToken::id, by those who must be able to revoke() it later.
  std::string new_token_id();
  // The signed token. A tenant's first token makes its first key.
  Result<std::string> issue(const directory::TenantId& tenant, const AccessToken& token, Time now);
  Result<std::string> issue(const directory::TenantId& tenant, const IdToken& token, Time now);

  // RFC 7517 key set with every key that may verify, now or soon: published, active and retiring ones.
  Result<json::Object> key_set(const directory::TenantId& tenant, Version version, Time now);
  // Every key that the tenant ever had, newest first.
  Result<std::vector<KeyRecord>> keys(const directory::TenantId& tenant, Time now);
  // Makes a new key, active after the lead; the one before is retiring from then on and retired after kKeyOverlap.
  // Fails with `key_is_published` when the next key is published already; without lead, that one is replaced, too.
  Status rotate_key(const directory::TenantId& tenant, const audit::Actor& by, Time now, Rotation rotation = {});
  // Publishes the next key when the active one is about to have signed for `period`. Whether it did.
  Result<bool> rotate_key_when_due(const directory::TenantId& tenant, Duration period, Time now);
  // Fails with `no_key`.
  Status retain_key(const directory::TenantId& tenant, const std::string& key_id, bool is_retained,
                    const audit::Actor& by, Time now);

  // A token of this tenant's own that says who somebody was: its claims when a key of the tenant signed it for that
  // issuer, also after it expired. For `id_token_hint`; nothing may be opened with it. Reasons as of verify().
  Result<json::Object> read_id_token_hint(const directory::TenantId& tenant, std::string_view token, Time now);
  // `sub` of a user at that application.
  static std::string subject_of(const directory::TenantId& tenant, const directory::ObjectId& user,
                                const directory::AppId& application);

  // Takes back an access token before it expires. This server refuses it at once; another one that shares the store may
  // believe it for up to kVerdictMemory longer.
  Status revoke(const directory::TenantId& tenant, const std::string& token_id, Time expires, Time now);

  // Believes an access token only when a key of `tenant` signed it, and issuer, tenant and audience are exactly that
  // tenant's and that application's. Whatever is wrong with a token is `unauthenticated`; reasons: `bad_token`,
  // `bad_signature`, `unknown_key`, `wrong_tenant`, `wrong_issuer`, `wrong_audience`, `token_expired`,
  // `token_not_yet_valid`, `token_revoked`.
  Result<Caller> verify(const directory::TenantId& tenant, std::string_view token, const directory::AppId& audience,
                        Time now);
  // The caller of a request, at `request.received`: the bearer token names its tenant, and is then verified inside that
  // tenant. One more reason: `no_token`. A handler with a tenant in its path must compare it with Caller::tenant.
  Result<Caller> authenticate(const http::Request& request, const directory::AppId& audience);

 private:
  Status refuse_revoked(const directory::TenantId& tenant, const std::string& token_id);

  struct State;
  std::unique_ptr<State> state_;
};

// The applications that every tenant has from the start, with the ids of the real service: Microsoft Graph, the Intune
// API and its publishing service principal, the device registration service, the authentication broker (the public
// client that registers devices, with consent to do so). `base_url` is the tenant's face; what is already there stays.
// A first-party permission's id is found by its value: first_party_role(kIntuneApiAppId, "update_device_attributes").
Status bootstrap_first_party(store::Transaction& tx, const directory::TenantId& tenant, const std::string& base_url,
                             Entropy& entropy, const audit::Actor& by, Time now);
// ENTRA: the real registration service's resource id, and the one scope of its tokens. The tenant also knows its own as
// `urn:ms-drs:<host>`.
inline constexpr std::string_view kRegistrationResource = "urn:ms-drs:enterpriseregistration.windows.net";
inline constexpr std::string_view kRegistrationScope = "adrs_access";
// `login.example:8443` of `https://login.example:8443/path`.
std::string host_of(std::string_view url);
// The id of an application permission of a first-party resource, or nothing.
std::optional<std::string> first_party_role(const directory::AppId& resource, std::string_view value);

}  // namespace wardbridge::tokens
