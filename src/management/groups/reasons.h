// What people ask once they know the criteria that were met and those that weren't: where a measured value came from,
// how old it is, and what has to change.
//
//   auto explanations = TRY(explain_with_named(tx, book, computer, group, now));
//   Origin origin = origin_of(vocabulary, explanations.front().because.parts[0].name, computer);
//   std::string words = next_step(explanations, now);
//
// Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "management/groups/group_book.h"

namespace wardbridge::groups {

// Where the value that a criterion measures came from.
struct Origin {
  enum class Kind {
    inventory,  // the Mac reported it
    server,     // the server's own record of the computer, which is always current
    groups,     // other groups
  } kind = Kind::server;
  // Of the inventory:
  inventory::Section section = inventory::Section::general;
  bool reported = false;  // the section was ever reported
  Time as_of = kEpoch;    // the last inventory update, the latest that may have brought it; kEpoch: there was none
};
// `criterion` is a name of the vocabulary; `computer` has the sections of sections_of_facts().
Origin origin_of(const criteria::Vocabulary& vocabulary, std::string_view criterion,
                 const inventory::Computer& computer);

// The one thing to do next, in words, of what explain_with_named() gave: for a computer that is out, what would bring
// it in; for one that is in, what to expect. A list of alternatives names the first.
std::string next_step(std::span<const Explanation> explanations, Time now);

}  // namespace wardbridge::groups
