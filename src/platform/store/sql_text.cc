#include "platform/store/sql_text.h"

#include "base/text.h"

namespace wardbridge::store {
namespace {

// How long the quoted text or comment is that starts here; 0 when none does. A quote that never ends runs to the end.
std::size_t opaque_length(std::string_view rest) {
  if (rest.starts_with("--")) {
    std::size_t end = rest.find('\n');
    return end == std::string_view::npos ? rest.size() : end;
  }
  if (rest.empty() || (rest[0] != '\'' && rest[0] != '"')) return 0;
  std::size_t end = rest.find(rest[0], 1);
  return end == std::string_view::npos ? rest.size() : end + 1;  // '' inside a quote: two quotes side by side
}

bool is_word_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_';
}

std::size_t word_length(std::string_view rest) {
  std::size_t length = 0;
  while (length < rest.size() && is_word_byte(rest[length])) ++length;
  return length;
}

std::string_view skip_space_and_comments(std::string_view sql) {
  for (;;) {
    sql = text::trim(sql);
    if (!sql.starts_with("--")) return sql;
    sql.remove_prefix(opaque_length(sql));
  }
}

}  // namespace

std::string number_placeholders(std::string_view sql, std::size_t& count,
                                const std::function<std::string(std::size_t position, std::string numbered)>& write) {
  std::string numbered;
  count = 0;
  for (std::size_t at = 0; at < sql.size();) {
    if (std::size_t length = opaque_length(sql.substr(at)); length > 0) {
      numbered += sql.substr(at, length);
      at += length;
    } else if (sql[at++] == '?') {
      std::string one = "$" + std::to_string(count + 1);
      numbered += write ? write(count, std::move(one)) : one;
      ++count;
    } else {
      numbered += sql[at - 1];
    }
  }
  return numbered;
}

std::string replace_word(std::string_view sql, std::string_view word, std::string_view replacement) {
  std::string replaced;
  for (std::size_t at = 0; at < sql.size();) {
    std::string_view rest = sql.substr(at);
    if (std::size_t opaque = opaque_length(rest); opaque > 0) {
      replaced += rest.substr(0, opaque);
      at += opaque;
    } else if (std::size_t length = word_length(rest); length > 0) {
      std::string_view found = rest.substr(0, length);
      replaced += text::equal_ignoring_case(found, word) ? replacement : found;
      at += length;
    } else {
      replaced += sql[at++];
    }
  }
  return replaced;
}

bool starts_with_words(std::string_view sql, std::string_view words) {
  sql = skip_space_and_comments(sql);
  for (std::string_view word : text::split(words, ' ')) {
    std::size_t length = word_length(sql);
    if (!text::equal_ignoring_case(sql.substr(0, length), word)) return false;
    sql = skip_space_and_comments(sql.substr(length));
  }
  return true;
}

std::vector<std::string> split_statements(std::string_view sql) {
  std::vector<std::string> statements;
  auto add = [&](std::string_view statement) {
    statement = skip_space_and_comments(statement);
    if (!statement.empty()) statements.emplace_back(statement);
  };
  std::size_t start = 0;
  for (std::size_t at = 0; at < sql.size();) {
    if (std::size_t length = opaque_length(sql.substr(at)); length > 0) {
      at += length;
      continue;
    }
    std::string_view rest_of_line = sql.substr(at + 1, sql.substr(at + 1).find('\n'));
    if (sql[at] == ';' && skip_space_and_comments(rest_of_line).empty()) {
      add(sql.substr(start, at - start));
      start = at + 1;
    }
    ++at;
  }
  add(sql.substr(start));
  return statements;
}

}  // namespace wardbridge::store
