// How a Computer lies in its tables; for this room's own sources.
#pragma once

#include <string>
#include <string_view>

#include "management/inventory/inventory.h"

namespace wardbridge::inventory {

// The columns of `computer c`, in the order that computer_from reads them, and their number.
inline constexpr std::string_view kComputerColumns =
    "c.id, c.udid, c.serial_number, c.name, c.management_id, c.managed, c.last_check_in, c.last_inventory_update, "
    "c.last_enrolled, c.created, c.reassess_at, c.revision, c.assessments";
inline constexpr std::size_t kComputerColumnCount = 13;

Computer computer_from(const store::Row& row);

Failure no_computer(ComputerId id);
Failure duplicate_udid(const std::string& udid, ComputerId owner);

audit::Entry audit_entry(const Computer& computer, Time now, const audit::Actor& actor, std::string action);

// A stored document. Only this room writes them, so one that does not parse is a bug.
json::Value document_from(std::string_view text);

// The extension attribute of this definition in an array of them; nullptr when there is none.
json::Object* find_attribute(json::Array& attributes, std::string_view definition_id);

}  // namespace wardbridge::inventory
