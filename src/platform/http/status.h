// SPEC: RFC 9110 section 15. The status of a failure, for wires that have no other for it.
#pragma once

#include "base/result.h"

namespace wardbridge::http {

int status_of(Code code);

}  // namespace wardbridge::http
