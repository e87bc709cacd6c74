#include "platform/metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace wardbridge::metrics {
namespace {

using testing::HasSubstr;

// Metrics are the process's, so every test here has names of its own.

TEST(Metrics, AreWrittenInPrometheusTextFormat) {
  counter("test_requests_total", "requests taken", {{"role", "tenant"}}).add(3);
  counter("test_requests_total", "requests taken", {{"role", "management"}}).add();
  gauge("test_pending", "deliveries that wait").set(-2);
  std::string text = exposition();
  EXPECT_THAT(text, HasSubstr("# HELP test_requests_total requests taken\n"
                              "# TYPE test_requests_total counter\n"
                              "test_requests_total{role=\"management\"} 1\n"
                              "test_requests_total{role=\"tenant\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE test_pending gauge\ntest_pending -2\n"));
  EXPECT_TRUE(text.ends_with('\n'));
}

TEST(Metrics, ASeriesIsItsNameAndLabelsInWhateverOrder) {
  Counter& one = counter("test_order_total", "order", {{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(&one, &counter("test_order_total", "order", {{"b", "2"}, {"a", "1"}}));
  EXPECT_NE(&one, &counter("test_order_total", "order", {{"a", "2"}, {"b", "1"}}));
  EXPECT_THAT(exposition(), HasSubstr("test_order_total{a=\"1\",b=\"2\"} 0\n"));
}

TEST(Metrics, LabelValuesAreEscaped) {
  gauge("test_escapes", "escapes", {{"path", "C:\\a\n\"b\""}}).set(1);
  EXPECT_THAT(exposition(), HasSubstr(R"(test_escapes{path="C:\\a\n\"b\""} 1)"));
}

TEST(Histogram, CountsEveryObservationInAllWiderBuckets) {
  Histogram& delay = histogram("test_delay_seconds", "delay", {{"role", "x"}});
  delay.observe(milliseconds{1});  // exactly a bound: inside it
  delay.observe(milliseconds{30});
  delay.observe(seconds{90});  // beyond the last bound
  delay.observe_seconds(-1);   // a clock that was set back: no time at all
  EXPECT_EQ(delay.count(), 4U);
  std::string text = exposition();
  EXPECT_THAT(text, HasSubstr("test_delay_seconds_bucket{role=\"x\",le=\"0.0005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("test_delay_seconds_bucket{role=\"x\",le=\"0.001\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("test_delay_seconds_bucket{role=\"x\",le=\"0.025\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("test_delay_seconds_bucket{role=\"x\",le=\"0.05\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("test_delay_seconds_bucket{role=\"x\",le=\"60\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("test_delay_seconds_bucket{role=\"x\",le=\"+Inf\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("test_delay_seconds_sum{role=\"x\"} 90.031\n"));
  EXPECT_THAT(text, HasSubstr("test_delay_seconds_count{role=\"x\"} 4\n"));
}

TEST(Metrics, NothingIsLostBetweenThreads) {
  Counter& hits = counter("test_hits_total", "hits");
  Histogram& spans = histogram("test_spans_seconds", "spans");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        hits.add();
        spans.observe(milliseconds{i});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(hits.value(), 4000U);
  EXPECT_EQ(spans.count(), 4000U);
}

TEST(MetricsDeathTest, OneNameWithTwoKindsIsABug) {
  counter("test_kind", "kind");
  EXPECT_DEATH(gauge("test_kind", "kind"), "test_kind");
}

}  // namespace
}  // namespace wardbridge::metrics
