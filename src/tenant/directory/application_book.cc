#include "tenant/directory/application_book.h"

#include "tenant/directory/consent.h"
#include "tenant/directory/text_keys.h"

namespace wardbridge::directory {
namespace {

template <class Map>
auto* value_at(const Map& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

// The applications that the tenant registered itself and, of those of other tenants, the ones that are present here.
std::unordered_map<std::string, KnownApplication> read_applications(store::Transaction& tx, const TenantId& tenant,
                                                                    std::vector<Application> registered_here) {
  std::unordered_map<std::string, Application> own;
  for (Application& application : registered_here) {
    std::string key = application.app_id.value;
    own.emplace(std::move(key), std::move(application));
  }
  std::unordered_map<std::string, KnownApplication> known;
  for (ServicePrincipal& principal : service_principals(tx, tenant)) {
    const std::string key = principal.app_id.value;
    if (const auto registered = own.find(key); registered != own.end()) {
      known.emplace(key, KnownApplication{tenant, std::move(registered->second), std::move(principal), {}, {}});
    } else if (auto foreign = find_multitenant_application(tx, principal.app_id)) {
      auto secrets = credentials(tx, foreign->home, principal.app_id);
      known.emplace(
          key,
          KnownApplication{
              std::move(foreign->home), std::move(foreign->application), std::move(principal), std::move(secrets), {}});
    }
  }
  for (ApplicationCredential& one : credentials(tx, tenant)) {
    const auto owner = known.find(one.app.value);
    if (owner != known.end() && owner->second.home == tenant)
      owner->second.credentials.push_back(std::move(one.credential));
  }
  return known;
}

}  // namespace

std::vector<std::string> KnownApplication::roles_on(const AppId& resource) const {
  const auto* names = value_at(roles, resource.value);
  return names ? *names : std::vector<std::string>{};
}

TenantApplications TenantApplications::read(store::Transaction& tx, Tenant tenant) {
  TenantApplications all;
  std::vector<Application> registered_here = applications(tx, tenant.id);
  // What the tenant calls its own stays its own, also while that is not present.
  for (const Application& own : registered_here)
    for (const std::string& uri : own.identifier_uris) all.app_by_uri_.emplace(uri_key(uri), own.app_id.value);
  all.applications_ = read_applications(tx, tenant.id, std::move(registered_here));
  std::unordered_map<std::string, std::string> foreign_uris;
  for (const auto& [id, known] : all.applications_) {
    if (known.home == tenant.id) continue;
    for (const std::string& uri : known.application.identifier_uris) {
      const auto [place, is_first] = foreign_uris.emplace(uri_key(uri), id);
      if (!is_first && place->second != id) place->second.clear();
    }
  }
  all.app_by_uri_.merge(foreign_uris);
  for (const AppRoleGrant& grant : app_role_grants(tx, tenant.id)) {
    const auto client = all.applications_.find(grant.client.value);
    const KnownApplication* resource = value_at(all.applications_, grant.resource.value);
    if (client == all.applications_.end() || !resource) continue;
    for (const AppRole& role : resource->application.app_roles)
      if (text::equal_ignoring_case(role.id, grant.role_id))
        client->second.roles[grant.resource.value].push_back(role.value);
  }
  all.tenant_ = std::move(tenant);
  return all;
}

const KnownApplication* TenantApplications::find(std::string_view app_id) const {
  return value_at(applications_, id_key(app_id));
}

const KnownApplication* TenantApplications::find_resource(std::string_view app_id_or_uri) const {
  const std::string key = uri_key(app_id_or_uri);
  if (const KnownApplication* by_id = value_at(applications_, key)) return by_id;
  const std::string* app = value_at(app_by_uri_, key);
  return app ? value_at(applications_, *app) : nullptr;
}

ApplicationBook::Revision ApplicationBook::stored_revision(store::Transaction& tx) {
  auto row = tx.query_one("SELECT number, fingerprint FROM directory_application_revision WHERE id = 1");
  CHECK(row.has_value(), "the revision of the applications is gone");
  return {row->integer(0), row->text(1)};
}

ApplicationBook::View ApplicationBook::remembered(std::string_view id_or_domain) const {
  const auto writes = store_.writes_so_far();
  if (!writes) return nullptr;
  const std::string name = id_key(id_or_domain);
  std::lock_guard lock(mutex_);
  if (writes_ != writes) return nullptr;
  const View* view = value_at(views_, name);
  return view ? *view : nullptr;
}

ApplicationBook::View ApplicationBook::find(const Revision& revision, const std::string& name) const {
  std::lock_guard lock(mutex_);
  const View* view = revision == revision_ ? value_at(views_, name) : nullptr;
  return view ? *view : nullptr;
}

void ApplicationBook::remember(const Revision& revision, std::optional<std::uint64_t> writes, const View& view) {
  std::lock_guard lock(mutex_);
  // Of two who read at the same time, the one with the older revision may come last: the next reader finds that it is
  // not the stored one, and reads again.
  if (revision != revision_) views_.clear();
  revision_ = revision;
  writes_ = writes;
  views_[view->tenant().value] = view;
  for (const std::string& domain : view->domains()) views_[domain] = view;
}

Result<ApplicationBook::View> ApplicationBook::of(std::string_view id_or_domain) {
  if (View view = remembered(id_or_domain)) return view;
  const std::string name = id_key(id_or_domain);
  // Before the read, so that a write between the two is noticed by the next.
  const auto writes = store_.writes_so_far();
  Revision revision;
  View view = TRY(store_.read([&](store::Transaction& tx) -> Result<View> {
    revision = stored_revision(tx);
    if (View known = find(revision, name)) return known;
    auto tenant = find_tenant(tx, name);
    if (!tenant) return View{};
    return std::make_shared<const TenantApplications>(TenantApplications::read(tx, *std::move(tenant)));
  }));
  if (view) remember(revision, writes, view);
  return view;
}

}  // namespace wardbridge::directory
