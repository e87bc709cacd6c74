// How a sign-in is kept in its row: whole, as one document that nobody else reads. Private to this room.
#pragma once

#include <string_view>

#include "tenant/sign_ins/sign_ins.h"

namespace wardbridge::sign_ins {

json::Object to_document(const SignInRecord& record);
SignInRecord from_document(std::string_view text);

}  // namespace wardbridge::sign_ins
