#include <algorithm>

#include "base/text.h"
#include "platform/mail/mail.h"

namespace wardbridge::mail {
namespace {

constexpr std::size_t kAddressBytes = 254;
constexpr std::size_t kHeaderLine = 76;
constexpr std::size_t kBodyLine = 76;
constexpr std::size_t kSubjectBytes = 2000;
// 52 base64 characters in "=?UTF-8?B?" and "?=" behind "Subject: " make a line of 73, below the 76 that are allowed.
constexpr std::size_t kBytesPerWord = 39;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Where a text may be cut at or before `at` without cutting a character in two.
std::size_t whole_characters(std::string_view text, std::size_t at) {
  if (at >= text.size()) return text.size();
  while (at > 0 && is_continuation(text[at])) --at;
  return at;
}

// SPEC: RFC 2047 section 2, each word a whole number of characters (section 5); lines folded by RFC 5322 section 2.2.3.
std::string encoded_words(std::string_view text) {
  std::string words;
  while (!text.empty()) {
    std::size_t size = whole_characters(text, kBytesPerWord);
    words += (words.empty() ? "" : "\r\n ") + ("=?UTF-8?B?" + text::to_base64(text.substr(0, size))) + "?=";
    text.remove_prefix(size);
  }
  return words;
}

// One line, without control characters, in ASCII.
std::string header_text(std::string_view given) {
  std::string line(given.substr(0, whole_characters(given, kSubjectBytes)));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  bool plain = std::all_of(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  bool looks_encoded = line.find("=?") != std::string::npos;
  bool fits = line.size() + std::string_view("Subject: ").size() <= kHeaderLine;
  if (plain && fits && !looks_encoded) return line;
  if (!text::is_utf8(line)) {
    for (char& c : line) {
      if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    }
  }
  return encoded_words(line);
}

std::string base64_lines(const std::string& bytes) {
  std::string encoded = text::to_base64(bytes);
  std::string lines;
  for (std::size_t at = 0; at < encoded.size(); at += kBodyLine) lines += encoded.substr(at, kBodyLine) + "\r\n";
  return lines;
}

// Every line end as CRLF, whatever it was.
std::string with_crlf(const std::string& text) {
  return text::replace_all(text::replace_all(text, "\r\n", "\n"), "\n", "\r\n");
}

// SPEC: RFC 5322 section 3.3.
std::string date_text(Time time) { return text::replace_all(to_http_date(time), "GMT", "+0000"); }

bool is_safe(char c) {
  return c > 0x20 && c < 0x7F && std::string_view("<>()[],;:\\\"").find(c) == std::string_view::npos;
}

}  // namespace

Status check_address(std::string_view address) {
  auto at = address.find('@');
  bool good = address.size() <= kAddressBytes && at != std::string_view::npos && at > 0 && at <= 64 &&
              at + 1 < address.size() && address.find('@', at + 1) == std::string_view::npos &&
              address.front() != '-' && std::all_of(address.begin(), address.end(), is_safe);
  if (good) return done();
  std::string shown(address.substr(0, 80));
  for (char& c : shown) {
    if (c < 0x20 || c > 0x7E) c = '?';
  }
  return invalid("bad_address", "`" + shown + "` is not a mail address of the form `name@domain`");
}

Result<std::string> write_message(const Message& message) {
  TRY(check_address(message.from));
  if (message.to.empty()) return invalid("no_recipient", "a message needs a recipient");
  for (const std::string& address : message.to) TRY(check_address(address));
  TRY(check_address(message.id));
  std::string wire = "Date: " + date_text(message.date) + "\r\n";
  wire += "From: " + message.from + "\r\n";
  wire += "To: " + text::join(message.to, ",\r\n ") + "\r\n";
  wire += "Subject: " + header_text(message.subject) + "\r\n";
  wire += "Message-ID: <" + message.id + ">\r\n";
  // SPEC: RFC 3834 section 5, so that nobody's absence notice answers it.
  wire += "Auto-Submitted: auto-generated\r\n";
  wire += "MIME-Version: 1.0\r\n";
  wire += "Content-Type: text/plain; charset=utf-8\r\n";
  wire += "Content-Transfer-Encoding: base64\r\n\r\n";
  return wire + base64_lines(with_crlf(message.text));
}

}  // namespace wardbridge::mail
