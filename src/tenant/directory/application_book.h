// The applications of the tenants in memory, for the token endpoint: it asks many times a second what changes a few
// times a day. Who may ask for tokens, how they prove who they are, and what they may do.
//
//   ApplicationBook book(store);
//   auto known = TRY(book.of("contoso.example"));                // null: there is no such tenant
//   const KnownApplication* client = known->find(client_id);     // null: it is not in this tenant
//
// INVARIANT: what of() gives is what the store said when it was called, or later: a secret that was removed, a consent
// that was withdrawn and an application that was disabled are gone with the next call, whichever node took the change.
// The stored revision moves in the transaction of every such change; it is read at each call, unless this process is
// the store's only writer and has written nothing since.
//
// Thread-safe; a view that was given out never changes.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tenant/directory/directory.h"

namespace wardbridge::directory {

// An application that has a service principal in the tenant.
struct KnownApplication {
  TenantId home;  // where it is registered, with its credentials; mostly the tenant itself
  Application application;
  ServicePrincipal principal;
  std::vector<Credential> credentials;
  // What it may do as itself: names of application permissions, by the resource's app id.
  std::unordered_map<std::string, std::vector<std::string>> roles;

  // As app_roles_of().
  std::vector<std::string> roles_on(const AppId& resource) const;
};

// All of them, of one tenant at one moment.
class TenantApplications {
 public:
  static TenantApplications read(store::Transaction& tx, Tenant tenant);

  const TenantId& tenant() const { return tenant_.id; }
  const std::vector<std::string>& domains() const { return tenant_.domains; }
  // Null when the tenant has no service principal of it.
  const KnownApplication* find(std::string_view app_id) const;
  // By app id or by one of its identifier URIs, as find_resource(). A URI of the tenant's own application is nobody
  // else's, and one that two applications of other tenants have names neither.
  const KnownApplication* find_resource(std::string_view app_id_or_uri) const;

 private:
  Tenant tenant_;
  std::unordered_map<std::string, KnownApplication> applications_;  // by app id
  std::unordered_map<std::string, std::string> app_by_uri_;
};

class ApplicationBook {
 public:
  explicit ApplicationBook(store::Store& store) : store_(store) {}
  using View = std::shared_ptr<const TenantApplications>;

  // The tenant of that id or verified domain, as it is now; null when there is none.
  Result<View> of(std::string_view id_or_domain);
  // The same where it can be said without a look at the store; null also where it can't.
  View remembered(std::string_view id_or_domain) const;

 private:
  struct Revision {
    std::int64_t number = 0;
    std::string fingerprint;
    bool operator==(const Revision&) const = default;
  };
  static Revision stored_revision(store::Transaction& tx);
  View find(const Revision& revision, const std::string& name) const;
  void remember(const Revision& revision, std::optional<std::uint64_t> writes, const View& view);

  store::Store& store_;
  mutable std::mutex mutex_;
  Revision revision_;
  std::optional<std::uint64_t> writes_;          // as of which `revision_` is known to be the stored one
  std::unordered_map<std::string, View> views_;  // as of `revision_`, by id and by each domain
};

}  // namespace wardbridge::directory
