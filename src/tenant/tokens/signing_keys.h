// The signing keys of the tenants: rows in the store, and their parsed form in memory.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "platform/crypto/crypto.h"
#include "platform/store/store.h"
#include "tenant/directory/directory.h"

namespace wardbridge::tokens {

// Signs; or verifies only, after it was replaced; or neither.
enum class KeyState { active, retiring, retired };

struct KeyTimes {
  Time created = kEpoch;
  Time retiring = kNever;
  Time retired = kNever;

  KeyState state_at(Time now) const {
    if (now >= retired) return KeyState::retired;
    return now >= retiring ? KeyState::retiring : KeyState::active;
  }
};

struct SigningKey {
  std::string id;  // RFC 7638 thumbprint, so that no two keys share one
  crypto::Key key;
};

class SigningKeys {
 public:
  SigningKeys(store::Store& store, const crypto::Sealer& sealer, Entropy& entropy)
      : store_(store), sealer_(sealer), entropy_(entropy) {}

  // With its private half. Makes the tenant's first key when there is none.
  Result<SigningKey> active(const directory::TenantId& tenant, Time now);
  // Public halves of all keys that may verify at `now`, newest first.
  Result<std::vector<SigningKey>> verifying(const directory::TenantId& tenant, Time now);
  // The public half of one of them.
  static Result<crypto::Key> verifying_key(store::Transaction& tx, const directory::TenantId& tenant,
                                           const std::string& key_id, Time now);
  Status rotate(const directory::TenantId& tenant, const audit::Actor& by, Time now);

 private:
  Result<SigningKey> make_first(const directory::TenantId& tenant, Time now);
  Status insert(store::Transaction& tx, const directory::TenantId& tenant, const SigningKey& key,
                const std::string& sealed, const audit::Actor& by, Time now);

  store::Store& store_;
  const crypto::Sealer& sealer_;
  Entropy& entropy_;
  // Opening and parsing a private key costs more than signing with it. Keys never change, so these never go stale.
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, crypto::Key> opened_;
};

}  // namespace wardbridge::tokens
