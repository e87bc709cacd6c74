// Looking computers up, the heartbeat's list, credentials and receipts.
#include "base/text.h"
#include "management/inventory/inventory.h"
#include "management/inventory/rows.h"

namespace wardbridge::inventory {
namespace {

std::optional<ComputerId> find_one(store::Transaction& tx, std::string_view sql, std::string value) {
  if (value.empty()) return std::nullopt;
  auto row = tx.query_one(sql, {value});
  if (!row) return std::nullopt;
  return ComputerId{row->integer(0)};
}

std::vector<ComputerId> ids_of(const std::vector<store::Row>& rows) {
  std::vector<ComputerId> ids;
  ids.reserve(rows.size());
  for (const store::Row& row : rows) ids.push_back({row.integer(0)});
  return ids;
}

Failure reused(std::string_view report_id) {
  return conflict("report_id_reused", "the report id `" + std::string(report_id.substr(0, 80)) +
                                          "` was used before, for a report that said something else");
}

}  // namespace

std::optional<Computer> load(store::Transaction& tx, ComputerId id, std::span<const Section> wanted) {
  auto row = tx.query_one("SELECT " + std::string(kComputerColumns) + " FROM computer c WHERE c.id = ?", {id.value});
  if (!row) return std::nullopt;
  Computer computer = computer_from(*row);
  if (wanted.empty()) return computer;
  std::string sql = "SELECT section, document FROM computer_section WHERE computer_id = ?";
  std::vector<store::Value> parameters = {id.value};
  if (wanted.size() < kSectionCount) {
    sql += " AND section IN (";
    for (Section section : wanted) {
      sql += parameters.size() == 1 ? "?" : ", ?";
      parameters.emplace_back(wire_name(section));
    }
    sql += ")";
  }
  for (const store::Row& stored : tx.query(sql, store::Parameters(parameters))) {
    auto section = section_from_wire_name(stored.text(0));
    CHECK(section.has_value(), stored.text(0));
    computer.sections.insert_or_assign(*section, document_from(stored.text(1)));
  }
  return computer;
}

Computer with_stored_sections(store::Transaction& tx, const Computer& computer, std::span<const Section> wanted) {
  Computer whole = computer;
  whole.held_elsewhere = nullptr;
  whole.sections.clear();
  if (auto stored = load(tx, computer.id, wanted)) whole.sections = std::move(stored->sections);
  return whole;
}

std::vector<Computer> page_after(store::Transaction& tx, ComputerId after, int limit, std::span<const Section> wanted) {
  std::vector<Computer> page;
  for (const store::Row& row :
       tx.query("SELECT " + std::string(kComputerColumns) + " FROM computer c WHERE c.id > ? ORDER BY c.id LIMIT ?",
                {after.value, limit})) {
    page.push_back(computer_from(row));
  }
  if (page.empty() || wanted.empty()) return page;
  std::string sql =
      "SELECT computer_id, section, document FROM computer_section WHERE computer_id > ? AND computer_id <= ? AND "
      "section IN (";
  std::vector<store::Value> parameters = {after.value, page.back().id.value};
  for (Section section : wanted) {
    sql += parameters.size() == 2 ? "?" : ", ?";
    parameters.emplace_back(wire_name(section));
  }
  sql += ") ORDER BY computer_id";
  auto at = page.begin();
  tx.for_each(sql, parameters, [&](const store::Row& row) {
    while (at->id.value < row.integer(0)) ++at;
    auto section = section_from_wire_name(row.text(1));
    CHECK(section.has_value(), row.text(1));
    at->sections.insert_or_assign(*section, document_from(row.text(2)));
    return true;
  });
  return page;
}

std::optional<ComputerId> find_by_udid(store::Transaction& tx, std::string_view udid) {
  return find_one(tx, "SELECT id FROM computer WHERE udid = ?",
                  text::is_guid(udid) ? text::upper(udid) : std::string(udid));
}

std::optional<ComputerId> find_by_serial_number(store::Transaction& tx, std::string_view serial_number) {
  return find_one(tx, "SELECT id FROM computer WHERE lower(serial_number) = ? ORDER BY id LIMIT 1",
                  text::lower(serial_number));
}

std::optional<ComputerId> find_by_management_id(store::Transaction& tx, std::string_view management_id) {
  return find_one(tx, "SELECT id FROM computer WHERE management_id = ? ORDER BY id LIMIT 1",
                  std::string(management_id));
}

std::vector<ComputerId> find_called(store::Transaction& tx, std::string_view what, int limit) {
  if (what.empty()) return {};
  if (auto number = text::parse_integer(what)) {
    auto row = tx.query_one("SELECT id FROM computer WHERE id = ?", {*number});
    if (row) return {ComputerId{row->integer(0)}};
  }
  if (text::is_guid(what)) {
    if (auto id = find_by_udid(tx, what)) return {*id};
    for (const std::string& spelled : {text::lower(what), text::upper(what), std::string(what)}) {
      if (auto id = find_by_management_id(tx, spelled)) return {*id};
    }
  }
  // The serial number and the name are what Macs say of themselves, so neither goes before the other.
  std::string key = text::lower(what);
  return ids_of(
      tx.query("SELECT id FROM computer WHERE lower(serial_number) = ? OR lower(name) = ? ORDER BY id LIMIT ?",
               {key, key, limit}));
}

std::int64_t count(store::Transaction& tx) { return tx.query_one("SELECT count(*) FROM computer")->integer(0); }

std::vector<Version> versions_after(store::Transaction& tx, ComputerId after, int limit) {
  std::vector<Version> versions;
  for (const store::Row& row : tx.query(
           "SELECT id, revision, assessments FROM computer WHERE id > ? ORDER BY id LIMIT ?", {after.value, limit})) {
    versions.push_back({{row.integer(0)}, row.integer(1), row.integer(2)});
  }
  return versions;
}

std::vector<ComputerId> ids_after(store::Transaction& tx, ComputerId after, int limit) {
  return ids_of(tx.query("SELECT id FROM computer WHERE id > ? ORDER BY id LIMIT ?", {after.value, limit}));
}

std::vector<ComputerId> due(store::Transaction& tx, Time now, int limit) {
  std::string sql = "SELECT id FROM computer WHERE reassess_at <= ? ORDER BY reassess_at, id LIMIT ?";
  sql += tx.lock_rows(true);
  return ids_of(tx.query(sql, {now, limit}));
}

std::int64_t count_due(store::Transaction& tx, Time at) {
  return tx.query_one("SELECT COUNT(*) FROM computer WHERE reassess_at <= ?", {at})->integer(0);
}

Time next_due(store::Transaction& tx) {
  auto row = tx.query_one("SELECT reassess_at FROM computer ORDER BY reassess_at LIMIT 1");
  return row ? row->time(0) : kNever;
}

void set_reassess_at(store::Transaction& tx, ComputerId id, Time when) {
  tx.post("UPDATE computer SET reassess_at = ? WHERE id = ? AND reassess_at <> ?", {when, id.value, when});
}

void reassess_all(store::Transaction& tx, Time now) {
  tx.execute("UPDATE computer SET reassess_at = ? WHERE reassess_at > ?", {now, now});
}

Status set_credential(store::Transaction& tx, ComputerId id, std::string_view token_hash) {
  if (tx.execute("UPDATE computer SET credential_hash = ? WHERE id = ?", {token_hash, id.value}) == 0) {
    return not_found("no_computer", "no computer has the id `" + std::to_string(id.value) + "`");
  }
  return done();
}

std::optional<ComputerId> find_by_credential(store::Transaction& tx, std::string_view token_hash) {
  return find_one(tx, "SELECT id FROM computer WHERE credential_hash = ?", std::string(token_hash));
}

Result<std::optional<Receipt>> find_receipt(store::Transaction& tx, ComputerId id, std::string_view report_id,
                                            std::string_view body_hash) {
  auto row = tx.query_one("SELECT body_hash, answer, time FROM computer_report WHERE computer_id = ? AND report_id = ?",
                          {id.value, report_id});
  if (!row) return std::optional<Receipt>();
  if (row->text(0) != body_hash) {
    return reused(report_id);
  }
  return std::optional<Receipt>(Receipt{row->text(1), row->time(2)});
}

Result<std::optional<Arrival>> arrive(store::Transaction& tx, std::string_view token_hash, std::string_view report_id,
                                      std::string_view body_hash) {
  if (token_hash.empty()) return std::optional<Arrival>();
  std::string sql = "SELECT " + std::string(kComputerColumns) +
                    ", r.body_hash, r.answer, r.time FROM computer c LEFT JOIN computer_report r "
                    "ON r.computer_id = c.id AND r.report_id = ? WHERE c.credential_hash = ?";
  if (std::string_view lock = tx.lock_rows(); !lock.empty()) sql += std::string(lock) + " OF c";
  auto row = tx.query_one(sql, {report_id, token_hash});
  if (!row) return std::optional<Arrival>();
  Arrival arrival{.computer = computer_from(*row), .receipt = {}};
  auto said = row->maybe_text(kComputerColumnCount);
  if (!said || report_id.empty()) return std::optional(std::move(arrival));
  if (*said != body_hash) return reused(report_id);
  arrival.receipt = Receipt{row->text(kComputerColumnCount + 1), row->time(kComputerColumnCount + 2)};
  return std::optional(std::move(arrival));
}

void store_receipt(store::Transaction& tx, ComputerId id, std::string_view report_id, std::string_view body_hash,
                   const Receipt& receipt) {
  tx.post("INSERT INTO computer_report (computer_id, report_id, body_hash, answer, time) VALUES (?, ?, ?, ?, ?)",
          {id.value, report_id, body_hash, receipt.answer, receipt.time});
}

std::int64_t forget_receipts_before(store::Transaction& tx, Time time) {
  return tx.execute("DELETE FROM computer_report WHERE time < ?", {time});
}

}  // namespace wardbridge::inventory
