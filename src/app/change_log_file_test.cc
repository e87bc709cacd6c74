#include "app/change_log_file.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "platform/audit/audit.h"
#include "support/temporary_directory.h"

namespace wardbridge::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ChangeLogFileTest : public ::testing::Test {
 protected:
  ChangeLogFileTest() {
    store_ = store::open_sqlite({.path = ":memory:"}).value();
    const store::Schema schemas[] = {audit::kSchema};
    EXPECT_TRUE(store_->migrate(schemas).ok());
  }
  void change(const std::string& object) {
    Status status = store_->write([&](store::Transaction& tx) -> Status {
      audit::record(tx, {.time = kEpoch, .action = "update", .object_type = "Computer", .object_name = object});
      return done();
    });
    EXPECT_TRUE(status.ok());
  }
  // What a process writes that begins now.
  std::string write_all() {
    ChangeLogFile file(*store_, path_);
    for (int i = 0; i < 10; ++i) file.run_once(kEpoch);
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

  testing::TemporaryDirectory folder_;
  std::string path_ = folder_.path() + "/JAMFChangeManagement.log";
  std::unique_ptr<store::Store> store_;
};

TEST_F(ChangeLogFileTest, WritesEachChangeOnceAlsoAcrossRestartsAndRotation) {
  change("before the log was turned on");
  EXPECT_EQ(write_all(), "");
  change("first");
  std::string once = write_all();
  EXPECT_THAT(once, HasSubstr("first"));
  EXPECT_THAT(once, Not(HasSubstr("before")));
  EXPECT_EQ(write_all(), once);
  std::filesystem::rename(path_, path_ + ".1");
  for (int i = 0; i < 1200; ++i) change("later");
  std::string later = write_all();
  EXPECT_THAT(later, Not(HasSubstr("first")));
  std::size_t count = 0;
  for (std::size_t at = later.find("later"); at != std::string::npos; at = later.find("later", at + 1)) ++count;
  EXPECT_EQ(count, 1200u);
}

TEST_F(ChangeLogFileTest, AFolderThatIsNotThereLosesNothing) {
  std::string good = path_;
  change("x");
  EXPECT_EQ(write_all(), "");
  change("kept");
  path_ = folder_.path() + "/missing/JAMFChangeManagement.log";
  EXPECT_EQ(write_all(), "");
  path_ = good;
  EXPECT_THAT(write_all(), HasSubstr("kept"));
}

}  // namespace
}  // namespace wardbridge::app
