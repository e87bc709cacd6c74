// RSQL filters: whatever stands in `?filter=` gives a tree within the stated limits, or a refusal that says where.
#include "base/limits.h"
#include "management/inventory/rsql.h"

namespace {

using namespace wardbridge;
using inventory::rsql::Node;
using inventory::rsql::Operator;

std::size_t count_and_check(const Node& node, std::size_t depth) {
  CHECK(depth <= 2 * 34, "a tree that is deeper than the parentheses that may be written");
  if (node.kind == Node::Kind::comparison) {
    CHECK(node.children.empty() && !node.selector.empty());
    bool several = node.comparison == Operator::in || node.comparison == Operator::out;
    CHECK(several ? !node.arguments.empty() : node.arguments.size() == 1,
          "a comparison with a wrong count of arguments");
    return 1;
  }
  CHECK(node.children.size() >= 2 && node.arguments.empty(), "a joint that joins nothing");
  std::size_t count = 0;
  for (const Node& child : node.children) count += count_and_check(child, depth + 1);
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view filter(reinterpret_cast<const char*>(data), size);
  auto tree = inventory::rsql::parse(filter);
  if (tree.ok()) {
    CHECK(filter.size() <= limits::kFilterBytes);
    CHECK(count_and_check(*tree, 0) <= limits::kFilterNodes);
  } else {
    CHECK(!tree.failure().reason.empty() && !tree.failure().message.empty());
  }
  return 0;
}
