// What a computer's record says in the words of the Intune integration of 2018; for this room's own sources.
#pragma once

#include <span>

#include "base/json.h"
#include "management/compliance/compliance.h"

namespace wardbridge::compliance {

// The sections that it is taken from.
std::span<const inventory::Section> sections_of_inventory();

struct DeviceInventory {
  json::Object about;     // the computer
  json::Object security;  // what makes it secure; what is not known is left out (law 2: it satisfies nothing)
};
// Members that change all the time, and are not worth a message of their own.
bool is_worth_telling(const json::Object& held, const json::Object& wanted);

DeviceInventory device_inventory(const inventory::Computer& computer, std::string_view username,
                                 std::string_view user_principal_name, InventoryState state);

}  // namespace wardbridge::compliance
