// Finding users, groups and devices among very many: conditions on the properties that have a column become SQL with
// parameters, and a page starts where the one before ended, so that a page costs what it shows.
//
//   Search search{.where = equals("accountEnabled", true), .limit = 100, .now = now};
//   std::vector<Place> page = directory::search(tx, tenant, ObjectKind::device, search);
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tenant/directory/directory.h"

namespace wardbridge::directory {

enum class ObjectKind { user, group, device };

// A condition on one property, under Graph's name, or several joined. Texts are compared without case, as Graph does;
// moments in whole seconds, as it shows them.
struct Predicate {
  enum class Kind {
    all_of,
    any_of,
    negation,
    equal,
    less,
    less_equal,
    greater,
    greater_equal,
    starts_with,
    ends_with,
    contains,
    absent,  // has no value
  };
  Kind kind = Kind::equal;
  std::string property;
  store::Value value;            // a text, a number of milliseconds, or 0/1
  std::vector<Predicate> parts;  // of the first three
};
// Whether a condition of that kind on that property can be asked for; `value` matters: an empty or overlong text can't.
bool is_searchable(ObjectKind kind, const Predicate& condition);
bool is_sortable(ObjectKind kind, std::string_view property);

// Where an object stands in an order.
struct Place {
  store::Value key;
  ObjectId id;
};

struct Search {
  std::optional<Predicate> where;
  std::string order_by;  // empty: by the property whose range is asked for, else by display name
  bool descending = false;
  std::optional<Place> after;
  std::size_t limit = 100;
  Time now = kEpoch;  // a verdict is what may be relied on then
};

// Fails with `invalid_argument`/`bad_place` when `after` is no place in this order.
Result<std::vector<Place>> search(store::Transaction& tx, const TenantId& tenant, ObjectKind kind,
                                  const Search& search);
std::int64_t count(store::Transaction& tx, const TenantId& tenant, ObjectKind kind,
                   const std::optional<Predicate>& where, Time now);

}  // namespace wardbridge::directory
