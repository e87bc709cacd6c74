#include "base/time.h"

#include <gtest/gtest.h>

namespace wardbridge {
namespace {

Time at(std::string_view text) { return parse_iso8601(text).value(); }

TEST(Iso8601, IsWrittenInUtcWithMilliseconds) {
  Time time = from_unix_milliseconds(1795458775042);
  EXPECT_EQ(to_iso8601(time), "2026-11-23T18:32:55.042Z");
  EXPECT_EQ(to_iso8601(time, false), "2026-11-23T18:32:55Z");
  EXPECT_EQ(to_iso8601(kEpoch), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_iso8601(kEpoch - milliseconds{1}), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(to_iso8601(kNever), "9999-12-31T23:59:59.999Z");
}

TEST(Iso8601, IsReadInEveryFormOfRfc3339) {
  Time time = from_unix_milliseconds(1795458775042);
  for (const char* text :
       {"2026-11-23T18:32:55.042Z", "2026-11-23t18:32:55.042z", "2026-11-23 18:32:55.042Z",
        "2026-11-23T19:32:55.042+01:00", "2026-11-23T19:32:55.042+0100", "2026-11-23T13:02:55.042-05:30",
        "2026-11-23T18:32:55.0429999Z", "2026-11-24T00:32:55.042+06:00"}) {
    EXPECT_EQ(at(text), time) << text;
  }
  EXPECT_EQ(at("2026-11-23T18:32:55Z"), time - milliseconds{42});
  EXPECT_EQ(at("2026-11-23T18:32Z"), time - milliseconds{55'042});
  EXPECT_EQ(at("2026-11-23T18:32:55.1Z"), time + milliseconds{58});
  EXPECT_EQ(to_iso8601(at("2026-11-23")), "2026-11-23T00:00:00.000Z");
  EXPECT_EQ(at("2016-12-31T23:59:60Z"), at("2017-01-01T00:00:00Z")) << "a leap second";
}

TEST(Iso8601, AnythingElseIsRefused) {
  for (const char* text : {"",
                           "now",
                           "2026",
                           "2026-11",
                           "2026-11-2",
                           "2026-11-23T",
                           "2026-11-23T18",
                           "2026-11-23T18:32",
                           "2026-11-23T18:32:55",
                           "2026-11-23T18:32:5Z",
                           "2026-11-23T18:32:55.Z",
                           "2026-11-23T18:32:55,5Z",
                           "2026-11-23T24:00:00Z",
                           "2026-11-23T18:60:00Z",
                           "2026-11-23T18:32:61Z",
                           "2026-11-23T18:32:55ZZ",
                           "2026-11-23T18:32:55+1",
                           "2026-11-23T18:32:55+01",
                           "2026-11-23T18:32:55+24:00",
                           "2026-11-23T18:32:55+01:60",
                           "2026-11-23T18:32:55 Z",
                           " 2026-11-23T18:32:55Z",
                           "2026/11/23",
                           "20261123T183255Z",
                           "+026-11-23T18:32:55Z",
                           "2026-00-01",
                           "2026-13-01",
                           "2026-01-00",
                           "2026-01-32",
                           "2026-02-29",
                           "2100-02-29",
                           "2026-04-31",
                           "2026-11-23X18:32:55Z"}) {
    auto parsed = parse_iso8601(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.failure().reason, "bad_time");
  }
  EXPECT_TRUE(parse_iso8601("2024-02-29").ok());
  EXPECT_TRUE(parse_iso8601("2000-02-29").ok());
}

TEST(Iso8601, StaysWithinFourDigitYears) {
  EXPECT_EQ(at("9999-12-31T23:59:59.999Z"), kNever);
  EXPECT_FALSE(parse_iso8601("9999-12-31T23:59:59-00:01").ok());
  EXPECT_FALSE(parse_iso8601("9999-12-31T23:59:60Z").ok());
  EXPECT_FALSE(parse_iso8601("0000-01-01T00:00:00+00:01").ok());
  EXPECT_EQ(to_iso8601(at("0000-01-01T00:00:00Z")), "0000-01-01T00:00:00.000Z");
}

TEST(Iso8601, EveryDayOfFourCenturiesComesBack) {
  for (Time day = at("1900-01-01"); day < at("2300-01-01"); day += days{1}) {
    ASSERT_EQ(parse_iso8601(to_iso8601(day)).value(), day);
    ASSERT_EQ(parse_date(to_date(day)).value(), day);
  }
}

TEST(Date, IsADayAlone) {
  EXPECT_EQ(to_date(at("2026-11-23T23:59:59.999Z")), "2026-11-23");
  for (const char* text : {"", "2026-11-23T00:00Z", "2026-11-3", "2026-02-30", "23.11.2026"}) {
    EXPECT_EQ(parse_date(text).failure().reason, "bad_date") << text;
  }
}

TEST(HttpDate, IsTheFixedForm) {
  EXPECT_EQ(to_http_date(at("1994-11-06T08:49:37Z")), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110 section 5.6.7
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), at("1994-11-06T08:49:37Z"));
  for (const char* text :
       {"", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37", "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06xNov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT"}) {
    EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
  }
}

TEST(UnixSeconds, RoundDown) {
  EXPECT_EQ(to_unix_seconds(from_unix_milliseconds(1999)), 1);
  EXPECT_EQ(to_unix_seconds(from_unix_milliseconds(-1)), -1);
  EXPECT_EQ(from_unix_seconds(2), from_unix_milliseconds(2000));
}

TEST(ForPeople, UsesTheUnitThatReadsBest) {
  EXPECT_EQ(for_people(milliseconds{0}), "0 ms");
  EXPECT_EQ(for_people(milliseconds{940}), "940 ms");
  EXPECT_EQ(for_people(milliseconds{2400}), "2.4 s");
  EXPECT_EQ(for_people(minutes{3}), "3 min");
  EXPECT_EQ(for_people(hours{5}), "5 h");
  EXPECT_EQ(for_people(days{2}), "2 days");
  EXPECT_EQ(for_people(-seconds{5}), "-5.0 s");
}

}  // namespace
}  // namespace wardbridge
