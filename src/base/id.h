// Distinct id types: a ComputerId can't be passed where a GroupId is wanted. Text ids (GUIDs, UDIDs) and number ids
// (Jamf's) are both here; an empty text or a zero number means "no id" and never names anything.
//
//   using ComputerId = NumberId<struct ComputerTag>;
//   using DeviceId = TextId<struct DeviceTag>;
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace wardbridge {

template <class Tag>
struct NumberId {
  std::int64_t value = 0;
  explicit operator bool() const { return value != 0; }
  auto operator<=>(const NumberId&) const = default;
};

template <class Tag>
struct TextId {
  std::string value;
  explicit operator bool() const { return !value.empty(); }
  auto operator<=>(const TextId&) const = default;
};

}  // namespace wardbridge

template <class Tag>
struct std::hash<wardbridge::NumberId<Tag>> {
  std::size_t operator()(const wardbridge::NumberId<Tag>& id) const { return std::hash<std::int64_t>{}(id.value); }
};
template <class Tag>
struct std::hash<wardbridge::TextId<Tag>> {
  std::size_t operator()(const wardbridge::TextId<Tag>& id) const { return std::hash<std::string>{}(id.value); }
};
