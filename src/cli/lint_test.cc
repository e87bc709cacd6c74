#include "cli/lint.h"

#include <gmock/gmock.h>

#include "cli/scripted_transport_testing.h"

namespace wardbridge::cli {
namespace {

using ::testing::HasSubstr;

class LintVerbTest : public ::testing::Test {
 protected:
  using Run = VerbRun;
  Run run(bool as_json) {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    int code = lint_groups(client_, as_json);
    return {code, ::testing::internal::GetCapturedStdout(), ::testing::internal::GetCapturedStderr()};
  }

  ScriptedTransport transport_;
  ApiClient client_{transport_, "https://jamf.example"};
};

constexpr const char* kTwoFindings =
    R"({"totalCount":2,"results":[
        {"groupId":"7","groupName":"Labs","reason":"contradiction","message":"they never hold together","where":"criteria[1]"},
        {"groupId":"7","groupName":"Labs","reason":"mixed_and_or","message":"read `and` first","where":""}]})";

TEST_F(LintVerbTest, FindingsStandUnderTheirGroup) {
  transport_.answer(200, kTwoFindings);
  Run done = run(false);
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_EQ(done.out,
            "Labs (7)\n"
            "  contradiction at criteria[1]: they never hold together\n"
            "  mixed_and_or: read `and` first\n");
  EXPECT_EQ(transport_.asked.at(0).url, "https://jamf.example/api/v1/wardbridge/computer-groups/lint");
}

TEST_F(LintVerbTest, JsonIsTheServersOwn) {
  transport_.answer(200, kTwoFindings);
  Run done = run(true);
  EXPECT_EQ(done.exit_code, 1);
  auto printed = json::parse(done.out);
  ASSERT_TRUE(printed.ok());
  EXPECT_EQ(*printed, *json::parse(kTwoFindings));
}

TEST_F(LintVerbTest, NothingFoundIsZero) {
  for (bool as_json : {false, true}) {
    transport_.answer(200, R"({"totalCount":0,"results":[]})");
    EXPECT_EQ(run(as_json).exit_code, 0);
  }
}

TEST_F(LintVerbTest, AServerThatRefusesIsNotClean) {
  transport_.answer(403, R"({"httpStatus":403,"errors":[{"code":"INVALID_PRIVILEGE","description":"no"}]})");
  Run done = run(false);
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.error, HasSubstr("wardbridge lint: "));
  EXPECT_EQ(done.out, "");
  transport_.answer(200, "{}");
  EXPECT_EQ(run(false).exit_code, 1) << "an answer of another shape is no clean bill";
}

}  // namespace
}  // namespace wardbridge::cli
