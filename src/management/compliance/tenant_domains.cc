#include "management/compliance/tenant_domains.h"

#include <algorithm>

#include "base/text.h"
#include "management/compliance/migration.h"

namespace wardbridge::compliance {
namespace {

constexpr std::size_t kDomainBytes = 253;

Result<std::string> checked_domain(const std::string& text) {
  std::string domain = text::lower(text::trim(text));
  auto is_allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
  bool good = !domain.empty() && domain.size() <= kDomainBytes && std::ranges::all_of(domain, is_allowed) &&
              domain.find('.') != std::string::npos && domain.front() != '.' && domain.back() != '.';
  if (good) return domain;
  return invalid("bad_domain", "`" + text.substr(0, 80) + "` is not a domain", "domains");
}

std::string domain_of(const std::string& user_principal_name) {
  auto at = user_principal_name.rfind('@');
  return at == std::string::npos ? "" : text::lower(std::string_view(user_principal_name).substr(at + 1));
}

// INVARIANT: law 5. Devices of domains that went from a connection are retracted there.
void retract_domains(store::Transaction& tx, ledger::ConnectionId connection, const std::vector<std::string>& gone,
                     Time now) {
  if (gone.empty()) return;
  std::vector<std::string> devices;
  tx.for_each("SELECT device_id, user_principal_name FROM compliance_registration", {}, [&](const store::Row& row) {
    if (std::ranges::count(gone, domain_of(row.text(1))) > 0) devices.push_back(row.text(0));
    return true;
  });
  for (const std::string& device : devices) {
    // A device that this connection was never told about has nothing to retract.
    (void)ledger::retract(tx, connection, subject_of(device), "the device belongs to another tenant now", now);
  }
}

}  // namespace

Status set_tenant_domains(store::Transaction& tx, ledger::ConnectionId connection,
                          const std::vector<std::string>& domains, const audit::Actor& by, Time now) {
  TRY(check_not_migrating(tx, {}));
  std::vector<std::string> before = tenant_domains(tx, connection);
  std::vector<std::string> wanted;
  for (const std::string& text : domains) wanted.push_back(TRY(checked_domain(text)));
  std::ranges::sort(wanted);
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  tx.execute("DELETE FROM compliance_tenant_domain WHERE connection_id = ?", {connection.value});
  for (const std::string& domain : wanted) {
    if (tx.execute("INSERT INTO compliance_tenant_domain (domain, connection_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
                   {domain, connection.value}) == 0) {
      return conflict("domain_taken", "devices of `" + domain + "` are told to another connection");
    }
  }
  std::vector<std::string> gone;
  std::ranges::set_difference(before, wanted, std::back_inserter(gone));
  retract_domains(tx, connection, gone, now);
  audit::record(
      tx, {.time = now,
           .actor = by,
           .action = "update",
           .object_type = "Conditional Access",
           .object_id = std::to_string(connection.value),
           .object_name = "Tenant Domains",
           .details = {{"domains", json::Object{{"old", text::join(before, " ")}, {"new", text::join(wanted, " ")}}}}});
  inventory::reassess_all(tx, now);
  return done();
}

std::vector<std::string> tenant_domains(store::Transaction& tx, ledger::ConnectionId connection) {
  std::vector<std::string> domains;
  for (const auto& row : tx.query("SELECT domain FROM compliance_tenant_domain WHERE connection_id = ? ORDER BY domain",
                                  {connection.value})) {
    domains.push_back(row.text(0));
  }
  return domains;
}

ledger::ConnectionId connection_of(store::Transaction& tx, const Settings& settings,
                                   const std::string& user_principal_name) {
  if (!settings.has_tenant_domains) return settings.connection;
  auto row = tx.query_one("SELECT connection_id FROM compliance_tenant_domain WHERE domain = ?",
                          {domain_of(user_principal_name)});
  return row ? ledger::ConnectionId{row->integer(0)} : settings.connection;
}

void retract_elsewhere(store::Transaction& tx, const std::string& device_id,
                       const std::vector<ledger::ConnectionId>& except, const std::string& reason, Time now) {
  for (const ledger::Delivery& told : ledger::of_device(tx, device_id)) {
    if (std::ranges::count(except, told.connection_id) > 0 || told.is_retraction) continue;
    (void)ledger::retract(tx, told.connection_id, told.subject, reason, now);
  }
}

}  // namespace wardbridge::compliance
