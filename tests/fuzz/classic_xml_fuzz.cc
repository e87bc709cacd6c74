// The Classic API's XML: every text is read as a tree within the stated limits, or refused, and every tree as a record.
#include "base/limits.h"
#include "management/sources/classic.h"
#include "management/sources/classic_xml.h"

namespace {

using namespace wardbridge;

// One record is an element, several are a list of elements.
void read_one(const json::Value& value) {
  const json::Object* computer = value.if_object();
  if (computer == nullptr) return;
  auto classic = sources::read_classic(*computer);
  CHECK(classic.ok() || !classic.failure().message.empty());
}

std::size_t depth_of(const json::Value& value) {
  std::size_t deepest = 0;
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object) deepest = std::max(deepest, depth_of(member.value()));
  } else if (const auto* array = value.if_array()) {
    for (const json::Value& item : *array) deepest = std::max(deepest, depth_of(item));
  }
  return deepest + 1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto tree = sources::read_classic_xml({reinterpret_cast<const char*>(data), size});
  if (!tree.ok()) {
    CHECK(tree.failure().reason == "bad_xml");
    return 0;
  }
  CHECK(!tree->root.empty() && depth_of(tree->value) <= 2 * limits::kJsonDepth);
  read_one(tree->value);
  if (const json::Array* computers = tree->value.if_array()) {
    for (const json::Value& computer : *computers) read_one(computer);
  }
  return 0;
}
