#include "platform/log/log.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace wardbridge::log {
namespace {

class Log : public testing::Test {
 protected:
  Log() {
    set_sink([this](std::string_view line) { lines_.emplace_back(line); });
    set_level(Level::info);
  }
  ~Log() override {
    set_sink(nullptr);
    set_level(Level::warning);
  }
  json::Object line(std::size_t index) const { return json::parse(lines_.at(index)).value().get_object(); }

  std::vector<std::string> lines_;
};

TEST_F(Log, WritesOneJsonObjectALine) {
  info("check_in",
       {{"computer", 12}, {"name", "line one\nline \"two\""}, {"managed", true}, {"groups", json::Array{"a", "b"}}});
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_EQ(lines_[0].find('\n'), lines_[0].size() - 1) << lines_[0];
  json::Object written = line(0);
  EXPECT_EQ(json::text_at(written, "level"), "info");
  EXPECT_EQ(json::text_at(written, "event"), "check_in");
  EXPECT_EQ(json::integer_at(written, "computer"), 12);
  EXPECT_EQ(json::text_at(written, "name"), "line one\nline \"two\"");
  EXPECT_EQ(json::bool_at(written, "managed"), true);
  EXPECT_EQ(json::array_at(written, "groups")->size(), 2U);
  EXPECT_TRUE(parse_iso8601(json::text_at(written, "time").value()).ok());
}

TEST_F(Log, LeavesOutWhatIsBelowItsLevel) {
  debug("quiet");
  EXPECT_TRUE(lines_.empty());
  set_level(Level::error);
  info("quiet");
  warning("quiet");
  error("loud");
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_EQ(json::text_at(line(0), "event"), "loud");
  set_level(Level::debug);
  debug("now heard");
  EXPECT_EQ(lines_.size(), 2U);
}

TEST_F(Log, LinesOfManyThreadsStayWhole) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 100; ++i) info("tick", {{"number", i}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(lines_.size(), 400U);
  for (std::size_t i = 0; i < lines_.size(); ++i) EXPECT_EQ(json::text_at(line(i), "event"), "tick");
}

TEST(LogLevel, IsReadByName) {
  EXPECT_EQ(parse_level("debug").value(), Level::debug);
  EXPECT_EQ(parse_level("error").value(), Level::error);
  for (const char* text : {"", "INFO", "trace", "warn"}) EXPECT_EQ(parse_level(text).failure().reason, "bad_log_level");
}

}  // namespace
}  // namespace wardbridge::log
