#include "tenant/directory/search.h"

#include <array>

#include "tenant/directory/text_keys.h"

namespace wardbridge::directory {
namespace {

using Kind = Predicate::Kind;

// How a property's column holds it, and so how it is compared. Every comparison below is true or false, never NULL, so
// that `NOT` means the opposite.
enum class Form { key, flag, maybe_flag, moment, maybe_moment, compliance };

struct Column {
  std::string_view property;
  std::string_view name;
  Form form;
};
constexpr std::array kUserColumns{Column{"id", "id", Form::key},
                                  Column{"displayName", "display_name_key", Form::key},
                                  Column{"userPrincipalName", "principal_key", Form::key},
                                  Column{"mail", "mail_key", Form::key},
                                  Column{"accountEnabled", "account_enabled", Form::flag},
                                  Column{"createdDateTime", "created", Form::moment}};
constexpr std::array kGroupColumns{Column{"id", "id", Form::key}, Column{"displayName", "display_name_key", Form::key},
                                   Column{"securityEnabled", "security_enabled", Form::flag},
                                   Column{"createdDateTime", "created", Form::moment}};
constexpr std::array kDeviceColumns{
    Column{"id", "id", Form::key},
    Column{"deviceId", "device_id", Form::key},
    Column{"displayName", "display_name_key", Form::key},
    Column{"operatingSystem", "operating_system_key", Form::key},
    Column{"accountEnabled", "account_enabled", Form::flag},
    Column{"isCompliant", "is_compliant", Form::compliance},
    Column{"isManaged", "is_managed", Form::maybe_flag},
    Column{"approximateLastSignInDateTime", "approximate_last_sign_in", Form::moment},
    Column{"registrationDateTime", "registration", Form::moment},
    Column{"createdDateTime", "registration", Form::moment},
    Column{"complianceExpirationDateTime", "compliance_expiration", Form::maybe_moment}};

std::span<const Column> columns_of(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::user:
      return kUserColumns;
    case ObjectKind::group:
      return kGroupColumns;
    case ObjectKind::device:
      return kDeviceColumns;
  }
  CHECK(false, "every kind has its columns");
}

std::string table_of(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::user:
      return "directory_user";
    case ObjectKind::group:
      return "directory_group";
    case ObjectKind::device:
      return "directory_device";
  }
  CHECK(false, "every kind has its table");
}

const Column* find_column(ObjectKind kind, std::string_view property) {
  for (const Column& column : columns_of(kind))
    if (column.property == property) return &column;
  return nullptr;
}

const Column& column_named(ObjectKind kind, std::string_view property) {
  const Column* column = find_column(kind, property);
  CHECK(column, "only properties that is_searchable() or is_sortable() names are asked for");
  return *column;
}

bool is_order(Kind kind) {
  return kind == Kind::less || kind == Kind::less_equal || kind == Kind::greater || kind == Kind::greater_equal;
}

std::string like_pattern(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

class Where {
 public:
  Where(ObjectKind kind, Time now) : kind_(kind), now_(now) {}

  std::string sql(const Predicate& predicate) {
    switch (predicate.kind) {
      case Kind::all_of:
        return joined(predicate.parts, " AND ");
      case Kind::any_of:
        return joined(predicate.parts, " OR ");
      case Kind::negation:
        return "NOT (" + sql(predicate.parts.front()) + ")";
      default:
        return condition(predicate);
    }
  }
  std::vector<store::Value>& parameters() { return parameters_; }

 private:
  std::string joined(const std::vector<Predicate>& parts, const char* word) {
    std::string all;
    for (const Predicate& part : parts) all += (all.empty() ? "(" : word) + sql(part);
    return all + ")";
  }
  std::string with(std::string text, store::Value value) {
    parameters_.push_back(std::move(value));
    return text;
  }

  std::string condition(const Predicate& predicate) {
    const Column& column = column_named(kind_, predicate.property);
    const std::string name(column.name);
    switch (column.form) {
      case Form::key:
        return predicate.kind == Kind::absent ? name + " = ''" : text_condition(name, predicate);
      case Form::flag:
        return predicate.kind == Kind::absent ? "1 = 0" : with(name + " = ?", predicate.value);
      case Form::maybe_flag:
        if (predicate.kind == Kind::absent) return name + " IS NULL";
        return with("(" + name + " IS NOT NULL AND " + name + " = ?)", predicate.value);
      case Form::moment:
        if (predicate.kind == Kind::absent) return name + " = 0";
        return moment_condition(name, name + " <> 0", predicate);
      case Form::maybe_moment:
        if (predicate.kind == Kind::absent) return "(" + name + " IS NULL OR " + name + " = 0)";
        return moment_condition(name, name + " IS NOT NULL AND " + name + " <> 0", predicate);
      case Form::compliance:
        if (predicate.kind == Kind::absent) return name + " IS NULL";
        return compliance_condition(*predicate.value.number() != 0);
    }
    CHECK(false, "every form has its condition");
  }

  std::string text_condition(const std::string& name, const Predicate& predicate) {
    const std::string text = text::lower(*predicate.value.text());
    switch (predicate.kind) {
      case Kind::equal:
        return with(name + " = ?", text);
      case Kind::starts_with: {
        // A range, which an index answers; the last character of Unicode stands for whatever may follow.
        parameters_.emplace_back(text);
        return with("(" + name + " >= ? AND " + name + " < ?)", text + "\xF4\x8F\xBF\xBF");
      }
      case Kind::ends_with:
        return with(name + " LIKE ? ESCAPE '\\'", "%" + like_pattern(text));
      case Kind::contains:
        return with(name + " LIKE ? ESCAPE '\\'", "%" + like_pattern(text) + "%");
      default:
        CHECK(false, "is_searchable() lets no other condition on a text through");
    }
  }

  // Graph shows whole seconds, so a moment counts as its second's start.
  std::string moment_condition(const std::string& name, const std::string& present, const Predicate& predicate) {
    constexpr std::int64_t kSecond = 1000;
    const std::int64_t wanted = *predicate.value.number();
    const std::int64_t rest = (wanted % kSecond + kSecond) % kSecond;
    const std::int64_t floor = wanted - rest;
    const std::int64_t ceiling = rest == 0 ? wanted : floor + kSecond;
    switch (predicate.kind) {
      case Kind::equal:
        if (rest != 0) return "1 = 0";
        parameters_.emplace_back(floor);
        return with("(" + present + " AND " + name + " >= ? AND " + name + " < ?)", floor + kSecond);
      case Kind::less:
        return with("(" + present + " AND " + name + " < ?)", ceiling);
      case Kind::less_equal:
        return with("(" + present + " AND " + name + " < ?)", floor + kSecond);
      case Kind::greater:
        return with("(" + present + " AND " + name + " >= ?)", floor + kSecond);
      case Kind::greater_equal:
        return with("(" + present + " AND " + name + " >= ?)", ceiling);
      default:
        CHECK(false, "is_searchable() lets no other condition on a moment through");
    }
  }

  // INVARIANT: law 3: what Device::is_compliant_at() says, in SQL.
  std::string compliance_condition(bool compliant) {
    const std::string relied_on =
        with("(is_compliant = 1 AND is_managed = 1 AND account_enabled = 1 AND compliance_expiration > ?)", now_);
    return compliant ? "(is_compliant IS NOT NULL AND " + relied_on + ")"
                     : "(is_compliant IS NOT NULL AND NOT " + relied_on + ")";
  }

  ObjectKind kind_;
  Time now_;
  std::vector<store::Value> parameters_;
};

// The property whose range every match lies in.
std::string_view ranged_property(ObjectKind kind, const Predicate& predicate) {
  if (predicate.kind == Kind::all_of) {
    for (const Predicate& part : predicate.parts)
      if (const auto found = ranged_property(kind, part); !found.empty()) return found;
  }
  if (!is_order(predicate.kind)) return {};
  return column_named(kind, predicate.property).form == Form::moment ? std::string_view(predicate.property)
                                                                     : std::string_view();
}

const Column& order_of(ObjectKind kind, const Search& search) {
  if (!search.order_by.empty()) return column_named(kind, search.order_by);
  const std::string_view ranged = search.where ? ranged_property(kind, *search.where) : std::string_view();
  return column_named(kind, ranged.empty() ? "displayName" : ranged);
}

}  // namespace

bool is_searchable(ObjectKind kind, const Predicate& condition) {
  const Column* column = find_column(kind, condition.property);
  if (!column) return false;
  if (condition.kind == Kind::absent) return true;
  switch (column->form) {
    case Form::key: {
      const std::string* text = condition.value.text();
      const bool is_kind = condition.kind == Kind::equal || condition.kind == Kind::starts_with ||
                           condition.kind == Kind::ends_with || condition.kind == Kind::contains;
      // A key is the whole text only below its limit.
      const bool needs_whole = condition.kind == Kind::ends_with || condition.kind == Kind::contains;
      return text && is_kind && !text->empty() && text->size() < kKeyBytes &&
             (!needs_whole || column->property == "id" || column->property == "deviceId" ||
              column->property == "userPrincipalName");
    }
    case Form::flag:
    case Form::maybe_flag:
    case Form::compliance:
      return condition.kind == Kind::equal && condition.value.number();
    case Form::moment:
    case Form::maybe_moment:
      return (condition.kind == Kind::equal || is_order(condition.kind)) && condition.value.number();
  }
  CHECK(false, "every form has its conditions");
}

bool is_sortable(ObjectKind kind, std::string_view property) {
  const Column* column = find_column(kind, property);
  return column && (column->form == Form::key || column->form == Form::moment);
}

Result<std::vector<Place>> search(store::Transaction& tx, const TenantId& tenant, ObjectKind kind,
                                  const Search& search) {
  const Column& order = order_of(kind, search);
  const std::string key(order.name);
  Where where(kind, search.now);
  where.parameters().emplace_back(tenant.value);
  std::string sql = "SELECT " + key + ", id FROM " + table_of(kind) + " WHERE tenant_id = ?";
  if (search.where) sql += " AND " + where.sql(*search.where);
  if (search.after) {
    const bool is_text = order.form == Form::key;
    if (is_text ? !search.after->key.text() : !search.after->key.number())
      return invalid("bad_place", "the place to go on from is none of this order");
    sql += " AND (" + key + ", id) " + (search.descending ? "<" : ">") + " (?, ?)";
    where.parameters().push_back(search.after->key);
    where.parameters().emplace_back(search.after->id.value);
  }
  const std::string direction = search.descending ? " DESC" : "";
  sql += " ORDER BY " + key + direction + ", id" + direction + " LIMIT ?";
  where.parameters().emplace_back(static_cast<std::int64_t>(search.limit));

  std::vector<Place> found;
  for (const store::Row& row : tx.query(sql, store::Parameters(where.parameters())))
    found.push_back(
        {order.form == Form::key ? store::Value(row.text(0)) : store::Value(row.integer(0)), {row.text(1)}});
  return found;
}

std::int64_t count(store::Transaction& tx, const TenantId& tenant, ObjectKind kind,
                   const std::optional<Predicate>& where, Time now) {
  Where builder(kind, now);
  builder.parameters().emplace_back(tenant.value);
  std::string sql = "SELECT COUNT(*) FROM " + table_of(kind) + " WHERE tenant_id = ?";
  if (where) sql += " AND " + builder.sql(*where);
  return tx.query(sql, store::Parameters(builder.parameters())).front().integer(0);
}

}  // namespace wardbridge::directory
