// $filter and $search of Graph: whatever stands there gives a tree that can be asked about any object, or a refusal
// that says where.
#include "base/limits.h"
#include "base/text.h"
#include "tenant/graph/filter.h"

namespace {

using namespace wardbridge;
using namespace wardbridge::graph;

const ResourceType& type() {
  static const auto* const kType = new ResourceType{"test.thing",
                                                    {{"id"},
                                                     {"displayName", PropertyType::text, true, true},
                                                     {"accountEnabled", PropertyType::flag},
                                                     {"size", PropertyType::integer},
                                                     {"created", PropertyType::date},
                                                     {"tags", PropertyType::collection},
                                                     {"attributes", PropertyType::complex},
                                                     {"attributes/one"}}};
  return *kType;
}

const json::Object& full() {
  static const auto* const kObject = new json::Object{{"id", "11111111-1111-1111-1111-111111111111"},
                                                      {"displayName", "Ann's Mac"},
                                                      {"accountEnabled", true},
                                                      {"size", 5},
                                                      {"created", "2026-03-01T12:00:00Z"},
                                                      {"tags", json::Array{"a", 7, nullptr}},
                                                      {"attributes", json::Object{{"one", "x"}}}};
  return *kObject;
}

void check(const Result<Filter>& filter, std::string_view text) {
  if (!filter.ok()) {
    CHECK(filter.failure().code == Code::invalid_argument && !filter.failure().reason.empty());
    CHECK(filter.failure().message.find_first_of("$`") != std::string::npos, filter.failure().message);
    return;
  }
  CHECK(text.size() <= limits::kFilterBytes);
  const bool on_full = filter->matches(full());
  filter->matches({});
  // What a filter demands of a property it finds nowhere else.
  if (const auto name = filter->required_text("displayName"); name && on_full)
    CHECK(text::equal_ignoring_case(*name, "Ann's Mac"), "a match lacks the text that its filter demands");
  CHECK((*filter & *filter).matches(full()) == on_full, "twice the same is not the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(Filter::parse(text, type()), text);
  check(parse_search(text, type()), text);
  return 0;
}
