#include <compare>

#include "criteria/criteria.h"

namespace wardbridge::criteria {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// Reads a version from its first digit on, run by run; everything that is neither digit nor ASCII letter separates.
class VersionReader {
 public:
  explicit VersionReader(std::string_view text) : rest_(text) {
    while (!rest_.empty() && !is_digit(rest_.front())) rest_.remove_prefix(1);
  }

  bool empty() const { return rest_.empty(); }

  // The next run of digits (without leading zeros: "" is zero) or of letters; at the end, zero again and again.
  std::string_view next() {
    while (!rest_.empty() && !is_digit(rest_.front()) && !is_letter(rest_.front())) rest_.remove_prefix(1);
    if (rest_.empty()) return {};
    bool digits = is_digit(rest_.front());
    std::size_t size = 0;
    while (size < rest_.size() && (digits ? is_digit(rest_[size]) : is_letter(rest_[size]))) ++size;
    std::string_view run = rest_.substr(0, size);
    rest_.remove_prefix(size);
    while (digits && !run.empty() && run.front() == '0') run.remove_prefix(1);
    return run;
  }

 private:
  std::string_view rest_;
};

// Letters are below numbers: `3.0b2` and `3.0 beta` come before `3.0`. Where the scheme is unclear, the lower reading
// is the safe one, for these comparisons ask for a least version.
std::strong_ordering compare_runs(std::string_view a, std::string_view b) {
  bool a_letters = !a.empty() && is_letter(a.front());
  bool b_letters = !b.empty() && is_letter(b.front());
  if (a_letters != b_letters) return a_letters ? std::strong_ordering::less : std::strong_ordering::greater;
  if (!a_letters && a.size() != b.size()) return a.size() <=> b.size();  // numbers of any length
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return lower(a[i]) <=> lower(b[i]);
  }
  return a.size() <=> b.size();
}

}  // namespace

std::optional<std::strong_ordering> compare_versions(std::string_view a, std::string_view b) {
  VersionReader left(a);
  VersionReader right(b);
  if (left.empty() || right.empty()) return std::nullopt;
  while (!left.empty() || !right.empty()) {
    auto order = compare_runs(left.next(), right.next());
    if (order != std::strong_ordering::equal) return order;
  }
  return std::strong_ordering::equal;
}

}  // namespace wardbridge::criteria
