// A disk in memory under SQLite that keeps what was synced and may forget the rest when the power goes: each unsynced
// write survives whole, in part (by sectors of 512 bytes) or not at all, independent of the order of writing. It can
// also be full. kill -9 tests cannot find a missing sync, because the page cache outlives the process; this can.
//
// While one exists it is SQLite's default file system. It models synced bytes, not the syncing of directories: files
// appear and disappear at once.
#pragma once

#include <sqlite3.h>

#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace wardbridge::testing {

class VolatileDisk {
 public:
  VolatileDisk();
  ~VolatileDisk();
  VolatileDisk(const VolatileDisk&) = delete;

  // The power goes at the n-th write or sync from now. From then on every change fails.
  void cut_power_at(int operation);
  // Settles what survived. All files must be closed.
  void restore_power(std::mt19937& random);

  // From the n-th write on there is no space left.
  void fill_up_at(int operation);
  void free_space();
  bool was_full() const;

  // SQLite sees another value in `PRAGMA name=value`, for trying settings that the store does not offer. Not longer
  // than the value that it replaces.
  void replace_setting(const std::string& name, const std::string& value);

  struct File;    // what is on the disk
  struct Handle;  // a File that is open

 private:
  friend struct Handle;
  enum class Change { write, other };
  // SQLITE_OK, or why the change can't be made. Also counts down to the events.
  int admit(Change change);

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags);
  static int remove(sqlite3_vfs* vfs, const char* name, int sync_directory);
  static int access(sqlite3_vfs* vfs, const char* name, int flags, int* result);
  static int full_path(sqlite3_vfs* vfs, const char* name, int size, char* out);

  mutable std::mutex mutex_;
  sqlite3_vfs vfs_;
  std::map<std::string, std::shared_ptr<File>> files_;
  std::map<std::string, std::string> settings_;
  int until_cut_ = 0;   // 0: not planned
  int until_full_ = 0;  // 0: not planned
  bool power_is_off_ = false;
  bool is_full_ = false;
  bool was_full_ = false;
};

}  // namespace wardbridge::testing
