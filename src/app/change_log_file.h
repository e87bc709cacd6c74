// Writes what the audit rows say into `JAMFChangeManagement.log`, for whoever watches that file on a real server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "platform/actor/actor.h"
#include "platform/store/store.h"

namespace wardbridge::app {

// Appends each row once, in order, beginning with those that come after the file was first made. Where it stands is
// kept beside the file (`<path>.position`); a crash may write the last few entries twice, never leave one out. The file
// is opened anew each time, so that it may be rotated.
class ChangeLogFile final : public Actor {
 public:
  ChangeLogFile(store::Store& store, std::string path) : store_(store), path_(std::move(path)) {}
  std::string name() const override { return "change_log_file"; }
  Time run_once(Time now) override;

 private:
  Result<bool> write_some();  // whether there is more
  Status set_position(std::int64_t position);

  store::Store& store_;
  std::string path_;
  std::optional<std::int64_t> position_;
};

}  // namespace wardbridge::app
