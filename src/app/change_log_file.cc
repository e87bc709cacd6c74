#include "app/change_log_file.h"

#include <cstdio>
#include <fstream>

#include "base/text.h"
#include "management/jamf_api/change_log.h"
#include "platform/log/log.h"

namespace wardbridge::app {
namespace {

constexpr int kBatch = 500;

Failure cannot_write(const std::string& path) { return unavailable("file", "`" + path + "` can't be written"); }

}  // namespace

Status ChangeLogFile::set_position(std::int64_t position) {
  std::string path = path_ + ".position";
  std::string fresh = path + ".new";
  {
    std::ofstream file(fresh, std::ios::trunc);
    file << position << "\n" << std::flush;
    if (!file) return cannot_write(fresh);
  }
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return cannot_write(path);
  position_ = position;
  return done();
}

Result<bool> ChangeLogFile::write_some() {
  if (!position_) {
    std::ifstream file(path_ + ".position");
    std::string line;
    std::getline(file, line);
    position_ = text::parse_integer(line);
  }
  if (!position_) {
    auto newest = TRY(store_.read(
        [](store::Transaction& tx) -> Result<std::vector<audit::StoredEntry>> { return audit::list(tx, "", "", 1); }));
    TRY(set_position(newest.empty() ? 0 : newest.front().sequence));
  }
  auto rows = TRY(store_.read([&](store::Transaction& tx) -> Result<std::vector<audit::StoredEntry>> {
    return audit::list_after(tx, *position_, kBatch);
  }));
  if (rows.empty()) return false;
  std::ofstream file(path_, std::ios::app);
  for (const audit::StoredEntry& row : rows) file << jamf_api::change_log_text(row);
  file << std::flush;
  if (!file) return cannot_write(path_);
  TRY(set_position(rows.back().sequence));
  return static_cast<int>(rows.size()) == kBatch;
}

Time ChangeLogFile::run_once(Time now) {
  Result<bool> more = write_some();
  if (!more.ok()) {
    log::warning("change_log_not_written", {{"reason", more.failure().reason}, {"message", more.failure().message}});
    return now + minutes{1};
  }
  return *more ? now : now + seconds{1};
}

}  // namespace wardbridge::app
