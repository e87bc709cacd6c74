// Which answers the predicates of one fact can give together, whatever a computer reports; private to this room.
//
// An outcome holds, for each predicate given, what its positive form answers. The outcomes found cover all that can
// happen: sometimes more than that, never less. So what is true in all of them is true of every computer.
#pragma once

#include <optional>
#include <vector>

#include "criteria/program.h"

namespace wardbridge::criteria {

using Outcome = std::vector<bool>;  // in the order of the predicates

// `predicates` are of the same fact. Nothing: there are too many to say, so take each predicate for independent.
std::optional<std::vector<Outcome>> outcomes_of(const std::vector<const Predicate*>& predicates);

// Whether a pattern certainly fits every text that is not blank.
bool fits_every_text(const Predicate& predicate);

}  // namespace wardbridge::criteria
