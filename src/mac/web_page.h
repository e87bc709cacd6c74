// The little of a browser that a sign-in needs: the form on a page, the text a person reads.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"

namespace wardbridge::mac {

struct WebForm {
  std::string action;
  text::Form hidden_fields;
};

// The first form of a page with its hidden fields; character references are decoded.
std::optional<WebForm> find_form(std::string_view html);
// What stands in the element with that id, without markup; empty when there is none.
std::string text_of_element(std::string_view html, std::string_view id);
std::string decode_references(std::string_view text);

}  // namespace wardbridge::mac
