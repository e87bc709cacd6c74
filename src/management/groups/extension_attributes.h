// Extension attributes: facts about computers that an organisation defines for itself. Their values are part of a
// computer's inventory; here are the definitions, whose names are criterion names like the built-in ones.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "platform/audit/audit.h"
#include "platform/store/store.h"

namespace wardbridge::groups {

using AttributeId = NumberId<struct AttributeTag>;

struct ExtensionAttribute {
  enum class DataType { string, integer, date };

  AttributeId id;
  std::string name;  // unique without case, and not a built-in criterion's
  std::string description;
  DataType data_type = DataType::string;
  bool enabled = true;
  std::string inventory_display_type = "EXTENSION_ATTRIBUTES";
  std::string input_type = "TEXT";
  std::vector<std::string> popup_choices;  // for input type POPUP
  bool operator==(const ExtensionAttribute&) const = default;
};
const char* wire_name(ExtensionAttribute::DataType type);  // `STRING`
std::optional<ExtensionAttribute::DataType> data_type_from_wire_name(std::string_view name);

// The id is chosen here. Audited. `invalid_name`, `invalid_display_type`, `invalid_input_type`,
// `invalid_popup_choices`, `conflict`/`already_exists`.
Result<AttributeId> create_attribute(store::Transaction& tx, ExtensionAttribute attribute, Time now,
                                     const audit::Actor& actor);
// Groups follow a new name. `not_found`/`no_extension_attribute`; `conflict`/`has_dependencies` when a group uses an
// operator or value that the new data type does not have.
Status replace_attribute(store::Transaction& tx, const ExtensionAttribute& attribute, Time now,
                         const audit::Actor& actor);
// `conflict`/`has_dependencies` names the groups that use it.
Status remove_attribute(store::Transaction& tx, AttributeId id, Time now, const audit::Actor& actor);

std::optional<ExtensionAttribute> find_attribute(store::Transaction& tx, AttributeId id);
std::optional<ExtensionAttribute> find_attribute_by_name(store::Transaction& tx, std::string_view name);
std::vector<ExtensionAttribute> list_attributes(store::Transaction& tx);  // by id

}  // namespace wardbridge::groups
