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
#include "tenant/tokens/tokens.h"

namespace wardbridge::tokens {

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
  // The same without a look at the store.
  std::optional<SigningKey> remembered_active(const directory::TenantId& tenant, Time now) const;
  // Public halves of all keys that may verify at `now`, newest first.
  Result<std::vector<SigningKey>> verifying(const directory::TenantId& tenant, Time now);
  // The public half of one of them.
  static Result<crypto::Key> verifying_key(store::Transaction& tx, const directory::TenantId& tenant,
                                           const std::string& key_id, Time now);
  Result<std::vector<KeyRecord>> all(const directory::TenantId& tenant, Time now);
  Status rotate(const directory::TenantId& tenant, const audit::Actor& by, Time now, const Rotation& rotation);
  Result<bool> rotate_when_due(const directory::TenantId& tenant, Duration period, Time now);
  Status retain(const directory::TenantId& tenant, const std::string& key_id, bool is_retained, const audit::Actor& by,
                Time now);

 private:
  struct Made {
    SigningKey key;
    std::string sealed;
  };
  // Outside of any transaction: it takes long, and writers wait for each other.
  Result<Made> make(const directory::TenantId& tenant, crypto::Algorithm algorithm);
  Result<SigningKey> make_first(const directory::TenantId& tenant, Time now);

  SigningKey remember_active(const directory::TenantId& tenant, SigningKey key, Time now);
  std::optional<crypto::Key> find_opened(const directory::TenantId& tenant, const std::string& key_id);

  store::Store& store_;
  const crypto::Sealer& sealer_;
  Entropy& entropy_;
  // Opening and parsing a private key costs more than signing with it. Keys never change, so these never go stale.
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, crypto::Key> opened_;
  // Which key signs is looked up again after a moment: another process may have rotated it.
  struct Remembered {
    SigningKey key;
    Time from;
    Time until;
  };
  std::map<std::string, Remembered> active_;  // by tenant
};

}  // namespace wardbridge::tokens
