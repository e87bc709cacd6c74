#include "platform/time_zone/time_zone.h"

#include <gtest/gtest.h>

namespace wardbridge {
namespace {

std::string moment(const std::string& zone, const std::string& wall) {
  auto loaded = load_time_zone(zone);
  if (!loaded.ok()) return loaded.failure().reason;
  return to_iso8601((*loaded)->moment_of(*parse_iso8601(wall)));
}

TEST(TimeZone, AWallClockIsReadByTheRulesOfItsDay) {
  EXPECT_EQ(moment("UTC", "2026-07-01T12:00:00.250Z"), "2026-07-01T12:00:00.250Z");
  EXPECT_EQ(moment("Europe/Berlin", "2026-01-01T12:00:00.250Z"), "2026-01-01T11:00:00.250Z");
  EXPECT_EQ(moment("Europe/Berlin", "2026-07-01T12:00:00Z"), "2026-07-01T10:00:00.000Z");
  EXPECT_EQ(moment("America/New_York", "2026-07-01T00:00:00Z"), "2026-07-01T04:00:00.000Z");
  EXPECT_EQ(moment("Asia/Kolkata", "2026-07-01T00:00:00Z"), "2026-06-30T18:30:00.000Z");
}

TEST(TimeZone, AHourThatClocksShowTwiceIsTheFirst) {
  EXPECT_EQ(moment("Europe/Berlin", "2026-10-25T02:30:00Z"), "2026-10-25T00:30:00.000Z");
}

TEST(TimeZone, AnHourThatClocksSkipIsTheMomentOfTheChange) {
  EXPECT_EQ(moment("Europe/Berlin", "2026-03-29T02:30:00.5Z"), "2026-03-29T01:00:00.000Z");
}

// Clocks in Santiago go forward from midnight to one o'clock: that Sunday begins at one.
TEST(TimeZone, ADayWithoutMidnightBeginsWhenItBegins) {
  EXPECT_EQ(moment("America/Santiago", "2024-09-08T00:00:00Z"), "2024-09-08T04:00:00.000Z");
}

TEST(TimeZone, RulesGoOnBeyondTheTables) {
  EXPECT_EQ(moment("Europe/Berlin", "2090-07-01T12:00:00Z"), "2090-07-01T10:00:00.000Z");
  EXPECT_EQ(moment("Europe/Berlin", "9999-12-31T00:00:00Z"), "9999-12-30T23:00:00.000Z");
  EXPECT_EQ(moment("Europe/Berlin", "0000-01-01T12:00:00Z").substr(0, 10), "0000-01-01");
}

TEST(TimeZone, WhatIsNoZoneIsRefused) {
  for (const char* name : {"", "Mars/Olympus", "/etc/passwd", "../etc/localtime", "Fixed/UTC+01:00:00", "localtime",
                           "Europe/Berlin\n", "file:Europe/Berlin"}) {
    EXPECT_EQ(moment(name, "2026-01-01"), "unknown_time_zone") << name;
  }
}

}  // namespace
}  // namespace wardbridge
