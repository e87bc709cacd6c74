// Categories, policies and Mac Apps: what an administrator defines.
#include <algorithm>

#include "base/text.h"
#include "management/self_service/self_service.h"

namespace wardbridge::self_service {
namespace {

constexpr std::size_t kNameBytes = 255;
constexpr std::size_t kDescriptionBytes = 4000;

constexpr const char* kItemColumns =
    "id, kind, name, enabled, all_computers, shown, display_name, description, must_view_description, button,"
    " again_button, category_id, featured, frequency, registers_computers, bundle_id, version, distribution";

// JAMF: as the vendor's change log and its privileges call them.
const char* object_type(ItemKind kind) { return kind == ItemKind::policy ? "Policy" : "Mac Application"; }

void audit_change(store::Transaction& tx, const char* action, const char* type, std::int64_t id,
                  const std::string& name, json::Object details, const audit::Actor& by, Time now) {
  audit::record(tx, {.time = now,
                     .actor = by,
                     .action = action,
                     .object_type = type,
                     .object_id = std::to_string(id),
                     .object_name = name,
                     .details = std::move(details)});
}

Status check_name(const std::string& name) {
  if (!text::trim(name).empty() && name.size() <= kNameBytes) return done();
  return invalid("invalid_name", "a name of 1 to 255 bytes is needed", "name");
}

Status check_category(store::Transaction& tx, const Category& category) {
  TRY(check_name(category.name));
  auto same = tx.query_one("SELECT id FROM self_service_category WHERE name_folded = ?", {text::lower(category.name)});
  if (!same || same->integer(0) == category.id.value) return done();
  return conflict("already_exists", "a category is called `" + category.name + "` already");
}

Item item_from(store::Transaction& tx, const store::Row& row) {
  Item item;
  item.id = {row.integer(0)};
  item.kind = static_cast<ItemKind>(row.integer(1));
  item.name = row.text(2);
  item.enabled = row.flag(3);
  item.scope.all_computers = row.flag(4);
  item.presentation = {.enabled = row.flag(5),
                       .display_name = row.text(6),
                       .description = row.text(7),
                       .must_view_description = row.flag(8),
                       .button = row.text(9),
                       .again_button = row.text(10),
                       .category = {row.integer(11)},
                       .featured = row.flag(12)};
  item.frequency = static_cast<Frequency>(row.integer(13));
  item.registers_computers = row.flag(14);
  item.bundle_id = row.text(15);
  item.version = row.text(16);
  item.distribution = static_cast<Distribution>(row.integer(17));
  for (const auto& group :
       tx.query("SELECT group_id FROM self_service_scope WHERE item_id = ? ORDER BY group_id", {item.id.value})) {
    item.scope.groups.push_back({group.integer(0)});
  }
  return item;
}

void write_item(store::Transaction& tx, const Item& item) {
  const Presentation& shown = item.presentation;
  tx.execute("DELETE FROM self_service_item WHERE id = ?", {item.id.value});
  tx.execute(
      "INSERT INTO self_service_item (id, kind, name, name_folded, enabled, all_computers, shown, display_name,"
      " description, must_view_description, button, again_button, category_id, featured, frequency,"
      " registers_computers, bundle_id, version, distribution)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {item.id.value, static_cast<std::int64_t>(item.kind), item.name, text::lower(item.name), item.enabled,
       item.scope.all_computers, shown.enabled, shown.display_name, shown.description, shown.must_view_description,
       shown.button, shown.again_button, shown.category.value, shown.featured,
       static_cast<std::int64_t>(item.frequency), item.registers_computers, item.bundle_id, item.version,
       static_cast<std::int64_t>(item.distribution)});
  tx.execute("DELETE FROM self_service_scope WHERE item_id = ?", {item.id.value});
  for (groups::GroupId group : item.scope.groups) {
    tx.execute("INSERT INTO self_service_scope (item_id, group_id) VALUES (?, ?)", {item.id.value, group.value});
  }
}

Status check_presentation(store::Transaction& tx, const Presentation& shown) {
  for (const auto& [text, field] : {std::pair{&shown.display_name, "displayName"},
                                    {&shown.button, "buttonName"},
                                    {&shown.again_button, "reinstallButtonName"}}) {
    if (text->size() > kNameBytes) {
      return invalid("too_long", "`" + std::string(field) + "` has more than 255 bytes", field);
    }
  }
  if (shown.description.size() > kDescriptionBytes) {
    return invalid("too_long", "`description` has more than 4000 bytes", "description");
  }
  if (shown.category && !find_category(tx, shown.category)) {
    return invalid("unknown_category", "no category has the id " + std::to_string(shown.category.value), "categoryId");
  }
  return done();
}

Status check_item(store::Transaction& tx, const Item& item) {
  TRY(check_name(item.name));
  auto same = tx.query_one("SELECT id FROM self_service_item WHERE kind = ? AND name_folded = ?",
                           {static_cast<std::int64_t>(item.kind), text::lower(item.name)});
  if (same && same->integer(0) != item.id.value) {
    return conflict("already_exists",
                    "a " + text::lower(object_type(item.kind)) + " is called `" + item.name + "` already");
  }
  for (groups::GroupId group : item.scope.groups) {
    if (!groups::find_any(tx, group)) {
      return invalid("unknown_group", "no computer group has the id " + std::to_string(group.value), "groupIds");
    }
  }
  if (item.kind == ItemKind::policy && !item.registers_computers) {
    return invalid("no_payload",
                   "the policy does nothing: `registerWithAzureActiveDirectory` is the one payload there is",
                   "registerWithAzureActiveDirectory");
  }
  if (item.kind == ItemKind::mac_application) {
    for (const auto& [text, field] : {std::pair{&item.bundle_id, "bundleId"}, {&item.version, "version"}}) {
      if (text::trim(*text).empty() || text->size() > kNameBytes) {
        return invalid("missing_field", "`" + std::string(field) + "` of 1 to 255 bytes is required", field);
      }
    }
  }
  return check_presentation(tx, item.presentation);
}

json::Object details_of(const Item& item) {
  json::Array groups;
  for (groups::GroupId group : item.scope.groups) groups.emplace_back(group.value);
  json::Object details{{"enabled", item.enabled},
                       {"allComputers", item.scope.all_computers},
                       {"groupIds", std::move(groups)},
                       {"selfService", item.presentation.enabled}};
  if (item.kind == ItemKind::policy) {
    details["frequency"] = wire_name(item.frequency);
    details["registerWithAzureActiveDirectory"] = item.registers_computers;
  } else {
    details["bundleId"] = item.bundle_id;
    details["version"] = item.version;
    details["distributionMethod"] = wire_name(item.distribution);
  }
  return details;
}

Item in_order(Item item) {
  std::ranges::sort(item.scope.groups);
  auto repeated = std::ranges::unique(item.scope.groups);
  item.scope.groups.erase(repeated.begin(), repeated.end());
  return item;
}

}  // namespace

const char* wire_name(ItemKind kind) { return kind == ItemKind::policy ? "POLICY" : "MAC_APPLICATION"; }

const char* wire_name(Frequency frequency) {
  return frequency == Frequency::once_per_computer ? "Once per computer" : "Ongoing";
}

std::optional<Frequency> frequency_from(std::string_view name) {
  for (Frequency frequency : {Frequency::once_per_computer, Frequency::ongoing}) {
    if (name == wire_name(frequency)) return frequency;
  }
  return std::nullopt;
}

const char* wire_name(Distribution distribution) {
  return distribution == Distribution::install_automatically ? "Install Automatically" : "Self Service";
}

std::optional<Distribution> distribution_from(std::string_view name) {
  for (Distribution distribution : {Distribution::install_automatically, Distribution::self_service}) {
    if (name == wire_name(distribution)) return distribution;
  }
  return std::nullopt;
}

Settings settings(store::Transaction& tx) {
  auto row = tx.query_one("SELECT native_client_id FROM self_service_setting WHERE id = 1");
  return row ? Settings{.native_client_id = row->text(0)} : Settings{};
}

Status change_settings(store::Transaction& tx, const Settings& wanted, const audit::Actor& by, Time now) {
  if (!wanted.native_client_id.empty() && !text::is_guid(wanted.native_client_id)) {
    return invalid("bad_client_id", "`" + wanted.native_client_id.substr(0, 80) + "` is not a client id (a GUID)",
                   "microsoftCANativeClientAppId");
  }
  Settings before = settings(tx);
  std::string client_id = text::lower(wanted.native_client_id);
  if (client_id == before.native_client_id) return done();
  tx.execute(
      "INSERT INTO self_service_setting (id, native_client_id) VALUES (1, ?)"
      " ON CONFLICT (id) DO UPDATE SET native_client_id = excluded.native_client_id",
      {client_id});
  audit_change(tx, "update", "Self Service", 1, "Self Service",
               {{"microsoftCANativeClientAppId", json::Object{{"old", before.native_client_id}, {"new", client_id}}}},
               by, now);
  return done();
}

Result<CategoryId> create_category(store::Transaction& tx, const std::string& name, const audit::Actor& by, Time now) {
  Category category{.name = name};
  TRY(check_category(tx, category));
  category.id = {tx.next_id("self_service_category")};
  tx.execute("INSERT INTO self_service_category (id, name, name_folded) VALUES (?, ?, ?)",
             {category.id.value, name, text::lower(name)});
  audit_change(tx, "create", "Category", category.id.value, name, {}, by, now);
  return category.id;
}

Status rename_category(store::Transaction& tx, const Category& category, const audit::Actor& by, Time now) {
  auto before = find_category(tx, category.id);
  if (!before) return not_found("no_category", "no category has the id " + std::to_string(category.id.value));
  TRY(check_category(tx, category));
  tx.execute("UPDATE self_service_category SET name = ?, name_folded = ? WHERE id = ?",
             {category.name, text::lower(category.name), category.id.value});
  audit_change(tx, "update", "Category", category.id.value, category.name,
               {{"name", json::Object{{"old", before->name}, {"new", category.name}}}}, by, now);
  return done();
}

Status remove_category(store::Transaction& tx, CategoryId id, const audit::Actor& by, Time now) {
  auto known = find_category(tx, id);
  if (!known) return not_found("no_category", "no category has the id " + std::to_string(id.value));
  auto user = tx.query_one("SELECT name FROM self_service_item WHERE category_id = ? ORDER BY id", {id.value});
  if (user) return conflict("has_dependencies", "`" + user->text(0) + "` stands in the category `" + known->name + "`");
  tx.execute("DELETE FROM self_service_category WHERE id = ?", {id.value});
  audit_change(tx, "delete", "Category", id.value, known->name, {}, by, now);
  return done();
}

std::optional<Category> find_category(store::Transaction& tx, CategoryId id) {
  auto row = tx.query_one("SELECT id, name FROM self_service_category WHERE id = ?", {id.value});
  if (!row) return std::nullopt;
  return Category{.id = {row->integer(0)}, .name = row->text(1)};
}

std::vector<Category> categories(store::Transaction& tx) {
  std::vector<Category> found;
  for (const auto& row : tx.query("SELECT id, name FROM self_service_category ORDER BY name_folded")) {
    found.push_back({.id = {row.integer(0)}, .name = row.text(1)});
  }
  return found;
}

Result<ItemId> create(store::Transaction& tx, Item item, const audit::Actor& by, Time now) {
  item.id = {};
  item = in_order(std::move(item));
  TRY(check_item(tx, item));
  item.id = {tx.next_id("self_service_item")};
  write_item(tx, item);
  audit_change(tx, "create", object_type(item.kind), item.id.value, item.name, details_of(item), by, now);
  return item.id;
}

Status replace(store::Transaction& tx, const Item& item, const audit::Actor& by, Time now) {
  Item wanted = in_order(item);
  auto before = find(tx, item.kind, item.id);
  if (!before) return not_found("no_item", "nothing of that kind has the id " + std::to_string(item.id.value));
  TRY(check_item(tx, wanted));
  if (*before == wanted) return done();
  write_item(tx, wanted);
  audit_change(tx, "update", object_type(item.kind), item.id.value, item.name,
               {{"old", details_of(*before)}, {"new", details_of(wanted)}}, by, now);
  return done();
}

Status remove(store::Transaction& tx, ItemKind kind, ItemId id, const audit::Actor& by, Time now) {
  auto known = find(tx, kind, id);
  if (!known) return not_found("no_item", "nothing of that kind has the id " + std::to_string(id.value));
  tx.execute("DELETE FROM self_service_item WHERE id = ?", {id.value});
  tx.execute("DELETE FROM self_service_scope WHERE item_id = ?", {id.value});
  tx.execute("DELETE FROM self_service_run WHERE item_id = ?", {id.value});
  audit_change(tx, "delete", object_type(kind), id.value, known->name, {}, by, now);
  return done();
}

std::optional<Item> find(store::Transaction& tx, ItemKind kind, ItemId id) {
  auto row = tx.query_one("SELECT " + std::string(kItemColumns) + " FROM self_service_item WHERE id = ? AND kind = ?",
                          {id.value, static_cast<std::int64_t>(kind)});
  if (!row) return std::nullopt;
  return item_from(tx, *row);
}

std::vector<Item> list(store::Transaction& tx, ItemKind kind) {
  std::vector<Item> found;
  for (const auto& row :
       tx.query("SELECT " + std::string(kItemColumns) + " FROM self_service_item WHERE kind = ? ORDER BY id",
                {static_cast<std::int64_t>(kind)})) {
    found.push_back(item_from(tx, row));
  }
  return found;
}

std::vector<std::string> scoped_to(store::Transaction& tx, groups::GroupId group) {
  std::vector<std::string> names;
  for (const auto& row : tx.query("SELECT name FROM self_service_item WHERE id IN"
                                  " (SELECT item_id FROM self_service_scope WHERE group_id = ?) ORDER BY id",
                                  {group.value})) {
    names.push_back(row.text(0));
  }
  return names;
}

}  // namespace wardbridge::self_service
