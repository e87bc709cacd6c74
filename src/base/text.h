// Small text tools: ASCII case, splitting, encodings. Bytes in, bytes out; nothing here knows a locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wardbridge::text {

// ASCII only. Other bytes (UTF-8 sequences) pass unchanged.
std::string lower(std::string_view text);
std::string upper(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);
bool contains_ignoring_case(std::string_view text, std::string_view part);

std::string_view trim(std::string_view text);
// "a,b,,c" at ',' gives "a" "b" "" "c"; "" gives one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

// Whole text is an integer (an optional leading '-', digits, in range): its value.
std::optional<std::int64_t> parse_integer(std::string_view text);
// Whole text is a finite decimal number (no leading '+'): its value.
std::optional<double> parse_number(std::string_view text);

// RFC 4648. Decoding is strict: no whitespace, no stray padding, no non-zero spare bits. base64url is without padding.
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);
std::string to_base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);
std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view text);

// RFC 3986 percent coding of everything that is not unreserved; decoding fails on a bad escape.
std::string percent_encode(std::string_view text);
std::optional<std::string> percent_decode(std::string_view text);

// application/x-www-form-urlencoded: order and duplicates are kept. Fails on a bad escape.
using Form = std::vector<std::pair<std::string, std::string>>;
std::optional<Form> parse_form(std::string_view text);
std::string to_form(const Form& form);
// The first value of a name, or nothing.
std::optional<std::string> form_value(const Form& form, std::string_view name);

// & < > " ' as character references: safe as HTML and XML text and inside a quoted attribute.
std::string escape_markup(std::string_view text);

bool is_utf8(std::string_view text);

// `8-4-4-4-12` hexadecimal digits.
bool is_guid(std::string_view text);

}  // namespace wardbridge::text
