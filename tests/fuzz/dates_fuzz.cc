// Dates, times and versions: what is read comes back as it was meant, and the order of versions is an order.
#include "base/text.h"
#include "base/time.h"
#include "criteria/criteria.h"

namespace {

using namespace wardbridge;

void check_moment(std::string_view text) {
  auto moment = parse_iso8601(text);
  if (!moment.ok()) return;
  std::string written = to_iso8601(*moment);
  auto again = parse_iso8601(written);
  CHECK(again.ok() && *again == *moment, written);
  CHECK(parse_date(to_date(*moment)).ok());
  for_people(*moment - kEpoch);
}

void check_others(std::string_view text) {
  if (auto day = parse_date(text); day.ok()) CHECK(to_date(*day) == text);
  if (auto moment = parse_http_date(text)) CHECK(to_http_date(*moment) == text);
}

int sign(std::strong_ordering order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

void check_versions(std::string_view a, std::string_view b, std::string_view c) {
  auto ab = criteria::compare_versions(a, b);
  auto ba = criteria::compare_versions(b, a);
  CHECK(ab.has_value() == ba.has_value());
  if (!ab) return;
  CHECK(sign(*ab) == -sign(*ba), "a version is above one that is above it");
  auto bc = criteria::compare_versions(b, c);
  auto ac = criteria::compare_versions(a, c);
  if (bc && sign(*ab) <= 0 && sign(*bc) <= 0) CHECK(sign(*ac) <= 0, "versions go round in a circle");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  check_moment(text);
  check_others(text);
  auto lines = text::split(text, '\n');
  for (std::string_view line : lines) check_moment(line), check_others(line);
  if (lines.size() >= 3) check_versions(lines[0], lines[1], lines[2]);
  return 0;
}
