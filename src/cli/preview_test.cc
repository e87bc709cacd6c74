#include "cli/preview.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "cli/scripted_transport_testing.h"

namespace wardbridge::cli {
namespace {

using ::testing::HasSubstr;

class PreviewVerb : public ::testing::Test {
 protected:
  using Outcome = VerbRun;
  ~PreviewVerb() override { std::filesystem::remove(file_); }

  Outcome run(const std::string& content, bool as_json = false) {
    std::ofstream(file_) << content;
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    int code = preview_group(client_, {.file = file_, .size = 2, .json = as_json});
    return {code, ::testing::internal::GetCapturedStdout(), ::testing::internal::GetCapturedStderr()};
  }

  std::string file_ =
      ::testing::TempDir() + "preview_" + ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".json";
  ScriptedTransport transport_;
  ApiClient client_{transport_, "https://jamf.example"};
};

TEST_F(PreviewVerb, TellsWhoWouldBeInJoinAndLeave) {
  transport_.answer(200, R"({"count":3,"first":[{"id":"1","name":"a"},{"id":"2","name":"b\n"}],"computersLookedAt":9,
      "joining":{"count":1,"first":[{"id":"2","name":"b"}]},"leaving":{"count":0,"first":[]},
      "warnings":[{"reason":"mixed_and_or","message":"read `and` first"}]})");
  Outcome done = run(R"({"criteria":[],"id":"5"})");
  EXPECT_EQ(done.exit_code, 0) << done.error;
  EXPECT_EQ(done.out,
            "3 of 9 computers would be in the group\n"
            "  a (id 1)\n"
            "  b? (id 2)\n"
            "  and 1 more\n"
            "1 joining\n"
            "  b (id 2)\n"
            "0 leaving\n"
            "warning: read `and` first\n");
  EXPECT_EQ(transport_.asked[0].method + " " + transport_.asked[0].url,
            "POST https://jamf.example/api/v1/wardbridge/computer-groups/preview?size=2");
  EXPECT_EQ(transport_.asked[0].body, R"({"criteria":[],"id":"5"})");
}

TEST_F(PreviewVerb, SaysWhatIsWrong) {
  EXPECT_EQ(run("[]").exit_code, 2);
  EXPECT_EQ(run("{").exit_code, 2);
  EXPECT_TRUE(transport_.asked.empty());
  transport_.answer(503, R"({"errors":[{"description":"the computers are still being read"}]})");
  Outcome early = run("{}", true);
  EXPECT_EQ(early.exit_code, 1);
  EXPECT_EQ(early.out, "");
  EXPECT_THAT(early.error, HasSubstr("still being read"));
}

}  // namespace
}  // namespace wardbridge::cli
