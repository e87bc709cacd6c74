// The little that must be known about the text of SQL to make one SQL fit two databases. Quoted text ('..' and "..")
// and comments (-- to the end of the line) are never touched.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace wardbridge::store {

// `a = ? AND b = ?` to `a = $1 AND b = $2`; `count` is how many there were. `write` may write one in another way: it is
// given its position (from 0) and `$1`.
std::string number_placeholders(
    std::string_view sql, std::size_t& count,
    const std::function<std::string(std::size_t position, std::string numbered)>& write = nullptr);

// Whole words only, in any case.
std::string replace_word(std::string_view sql, std::string_view word, std::string_view replacement);

// Does the statement start with these words (`CREATE TABLE`)? In any case, comments and space skipped.
bool starts_with_words(std::string_view sql, std::string_view words);

// The statements of a migration: what lies between `;` that end a line. Empty ones are left out.
std::vector<std::string> split_statements(std::string_view sql);

}  // namespace wardbridge::store
