#include "crash/volatile_disk.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/check.h"

namespace wardbridge::testing {
namespace {

constexpr std::size_t kSector = 512;

void put(std::string& content, std::size_t offset, std::string_view bytes) {
  if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size());
  content.replace(offset, bytes.size(), bytes);
}

}  // namespace

struct VolatileDisk::File {
  struct Pending {
    std::size_t offset = 0;
    std::string bytes;
    bool truncates = false;  // to `offset`
  };

  void sync() {
    for (const Pending& change : pending) {
      if (change.truncates)
        durable.resize(std::min(durable.size(), change.offset));
      else
        put(durable, change.offset, change.bytes);
    }
    pending.clear();
  }

  void lose_power(std::mt19937& random) {
    unsigned survivors_percent = static_cast<unsigned>(random() % 3) * 50;  // none, some, all
    for (const Pending& change : pending) {
      if (change.truncates) {
        if (random() % 100 < survivors_percent) durable.resize(std::min(durable.size(), change.offset));
        continue;
      }
      for (std::size_t at = 0; at < change.bytes.size(); at += kSector)
        if (random() % 100 < survivors_percent)
          put(durable, change.offset + at, std::string_view(change.bytes).substr(at, kSector));
    }
    pending.clear();
    content = durable;
    shared_memory.clear();
  }

  std::string content;  // as programs see it
  std::string durable;  // as the platter holds it
  std::vector<Pending> pending;
  std::set<Handle*> handles;
  std::vector<std::unique_ptr<char[]>> shared_memory;  // the index of the write-ahead log
};

struct VolatileDisk::Handle {
  sqlite3_file base;  // first: SQLite sees only this
  VolatileDisk* disk;
  std::shared_ptr<File> file;
  int lock_level;
  unsigned shared_slots;
  unsigned exclusive_slots;

  static Handle& of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }
  static const sqlite3_io_methods kMethods;

  static int close(sqlite3_file* file) {
    Handle& handle = of(file);
    std::lock_guard lock(handle.disk->mutex_);
    handle.file->handles.erase(&handle);
    handle.file.~shared_ptr();
    return SQLITE_OK;
  }

  static int read(sqlite3_file* file, void* out, int count, sqlite3_int64 offset) {
    Handle& handle = of(file);
    std::lock_guard lock(handle.disk->mutex_);
    const std::string& content = handle.file->content;
    auto wanted = static_cast<std::size_t>(count);
    auto start = std::min(static_cast<std::size_t>(offset), content.size());
    std::size_t there = std::min(wanted, content.size() - start);
    std::memcpy(out, content.data() + start, there);
    std::memset(static_cast<char*>(out) + there, 0, wanted - there);
    return there == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
  }

  static int write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
    Handle& handle = of(file);
    std::lock_guard lock(handle.disk->mutex_);
    bool was_off = handle.disk->power_is_off_;
    int code = handle.disk->admit(Change::write);
    if (was_off || code == SQLITE_FULL) return code;
    // The write during which the power goes may have reached the platter.
    std::string_view text(static_cast<const char*>(bytes), static_cast<std::size_t>(count));
    put(handle.file->content, static_cast<std::size_t>(offset), text);
    handle.file->pending.push_back({static_cast<std::size_t>(offset), std::string(text)});
    return code;
  }

  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    Handle& handle = of(file);
    std::lock_guard lock(handle.disk->mutex_);
    if (int code = handle.disk->admit(Change::other); code != SQLITE_OK) return code;
    auto kept = static_cast<std::size_t>(size);
    handle.file->content.resize(std::min(handle.file->content.size(), kept));
    handle.file->pending.push_back({.offset = kept, .bytes = "", .truncates = true});
    return SQLITE_OK;
  }

  static int sync(sqlite3_file* file, int) {
    Handle& handle = of(file);
    std::lock_guard lock(handle.disk->mutex_);
    if (int code = handle.disk->admit(Change::other); code != SQLITE_OK) return code;
    handle.file->sync();
    return SQLITE_OK;
  }

  static int size(sqlite3_file* file, sqlite3_int64* out) {
    Handle& handle = of(file);
    std::lock_guard lock(handle.disk->mutex_);
    *out = static_cast<sqlite3_int64>(handle.file->content.size());
    return SQLITE_OK;
  }

  static int lock(sqlite3_file* file, int level) {
    Handle& handle = of(file);
    std::lock_guard guard(handle.disk->mutex_);
    for (const Handle* other : handle.file->handles) {
      if (other == &handle) continue;
      bool blocked = level == SQLITE_LOCK_SHARED     ? other->lock_level >= SQLITE_LOCK_PENDING
                     : level == SQLITE_LOCK_RESERVED ? other->lock_level >= SQLITE_LOCK_RESERVED
                                                     : other->lock_level >= SQLITE_LOCK_SHARED;
      if (blocked) return SQLITE_BUSY;
    }
    handle.lock_level = std::max(handle.lock_level, level);
    return SQLITE_OK;
  }

  static int unlock(sqlite3_file* file, int level) {
    Handle& handle = of(file);
    std::lock_guard guard(handle.disk->mutex_);
    handle.lock_level = std::min(handle.lock_level, level);
    return SQLITE_OK;
  }

  static int is_reserved(sqlite3_file* file, int* out) {
    Handle& handle = of(file);
    std::lock_guard guard(handle.disk->mutex_);
    *out = std::any_of(handle.file->handles.begin(), handle.file->handles.end(),
                       [](const Handle* other) { return other->lock_level >= SQLITE_LOCK_RESERVED; });
    return SQLITE_OK;
  }

  static int control(sqlite3_file* file, int operation, void* argument) {
    Handle& handle = of(file);
    std::lock_guard guard(handle.disk->mutex_);
    if (operation != SQLITE_FCNTL_PRAGMA) return SQLITE_NOTFOUND;
    auto words = static_cast<char**>(argument);  // [1] the name, [2] the value or nothing
    auto found = handle.disk->settings_.find(words[1]);
    if (found != handle.disk->settings_.end() && words[2] && found->second.size() <= std::strlen(words[2]))
      std::memcpy(words[2], found->second.c_str(), found->second.size() + 1);
    return SQLITE_NOTFOUND;  // "not mine": SQLite goes on with it
  }

  static int sector_size(sqlite3_file*) { return static_cast<int>(kSector); }
  static int characteristics(sqlite3_file*) { return 0; }  // promises nothing

  static int map_shared_memory(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
    Handle& handle = of(file);
    std::lock_guard guard(handle.disk->mutex_);
    auto& regions = handle.file->shared_memory;
    auto wanted = static_cast<std::size_t>(region);
    *out = nullptr;
    if (wanted >= regions.size() && !extend) return SQLITE_OK;
    while (regions.size() <= wanted) regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
    *out = regions[wanted].get();
    return SQLITE_OK;
  }

  static int lock_shared_memory(sqlite3_file* file, int offset, int count, int flags) {
    Handle& handle = of(file);
    std::lock_guard guard(handle.disk->mutex_);
    unsigned slots = ((1u << count) - 1) << offset;
    if (flags & SQLITE_SHM_UNLOCK) {
      handle.shared_slots &= ~slots;
      handle.exclusive_slots &= ~slots;
      return SQLITE_OK;
    }
    bool exclusive = flags & SQLITE_SHM_EXCLUSIVE;
    for (const Handle* other : handle.file->handles) {
      if (other == &handle) continue;
      if ((other->exclusive_slots & slots) || (exclusive && (other->shared_slots & slots))) return SQLITE_BUSY;
    }
    (exclusive ? handle.exclusive_slots : handle.shared_slots) |= slots;
    return SQLITE_OK;
  }

  static void barrier(sqlite3_file* file) { std::lock_guard guard(of(file).disk->mutex_); }

  static int unmap_shared_memory(sqlite3_file* file, int remove) {
    Handle& handle = of(file);
    std::lock_guard guard(handle.disk->mutex_);
    handle.shared_slots = handle.exclusive_slots = 0;
    if (remove) handle.file->shared_memory.clear();
    return SQLITE_OK;
  }
};

const sqlite3_io_methods VolatileDisk::Handle::kMethods = {
    .iVersion = 2,
    .xClose = close,
    .xRead = read,
    .xWrite = write,
    .xTruncate = truncate,
    .xSync = sync,
    .xFileSize = size,
    .xLock = lock,
    .xUnlock = unlock,
    .xCheckReservedLock = is_reserved,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = map_shared_memory,
    .xShmLock = lock_shared_memory,
    .xShmBarrier = barrier,
    .xShmUnmap = unmap_shared_memory,
};

VolatileDisk::VolatileDisk() : vfs_(*sqlite3_vfs_find(nullptr)) {
  // Time, sleep and randomness stay those of the real one, whose functions don't look at the vfs they are given.
  vfs_.szOsFile = sizeof(Handle);
  vfs_.pNext = nullptr;
  vfs_.zName = "volatile";
  vfs_.pAppData = this;
  vfs_.xOpen = open;
  vfs_.xDelete = remove;
  vfs_.xAccess = access;
  vfs_.xFullPathname = full_path;
  CHECK(sqlite3_vfs_register(&vfs_, 1) == SQLITE_OK);
}

VolatileDisk::~VolatileDisk() { sqlite3_vfs_unregister(&vfs_); }

void VolatileDisk::cut_power_at(int operation) {
  std::lock_guard lock(mutex_);
  until_cut_ = operation;
}

void VolatileDisk::restore_power(std::mt19937& random) {
  std::lock_guard lock(mutex_);
  for (auto& [name, file] : files_) {
    CHECK(file->handles.empty(), "the power returns while a file is open");
    file->lose_power(random);
  }
  until_cut_ = 0;
  power_is_off_ = false;
}

void VolatileDisk::fill_up_at(int operation) {
  std::lock_guard lock(mutex_);
  until_full_ = operation;
}

void VolatileDisk::free_space() {
  std::lock_guard lock(mutex_);
  until_full_ = 0;
  is_full_ = was_full_ = false;
}

bool VolatileDisk::was_full() const {
  std::lock_guard lock(mutex_);
  return was_full_;
}

void VolatileDisk::replace_setting(const std::string& name, const std::string& value) {
  std::lock_guard lock(mutex_);
  settings_[name] = value;
}

int VolatileDisk::admit(Change change) {
  if (until_cut_ > 0 && --until_cut_ == 0) power_is_off_ = true;
  if (power_is_off_) return change == Change::write ? SQLITE_IOERR_WRITE : SQLITE_IOERR_FSYNC;
  if (change != Change::write) return SQLITE_OK;
  if (until_full_ > 0 && --until_full_ == 0) is_full_ = true;
  was_full_ = was_full_ || is_full_;
  return is_full_ ? SQLITE_FULL : SQLITE_OK;
}

int VolatileDisk::open(sqlite3_vfs* vfs, const char* name, sqlite3_file* out, int flags, int* out_flags) {
  auto* disk = static_cast<VolatileDisk*>(vfs->pAppData);
  std::lock_guard lock(disk->mutex_);
  out->pMethods = nullptr;
  auto found = name ? disk->files_.find(name) : disk->files_.end();
  std::shared_ptr<File> file;
  if (found != disk->files_.end()) {
    file = found->second;
  } else {
    if (disk->power_is_off_ || !(flags & SQLITE_OPEN_CREATE)) return SQLITE_CANTOPEN;
    file = std::make_shared<File>();
    if (name) disk->files_[name] = file;
  }
  auto* handle = new (out) Handle{{&Handle::kMethods}, disk, file, SQLITE_LOCK_NONE, 0, 0};
  file->handles.insert(handle);
  if (out_flags) *out_flags = flags;
  return SQLITE_OK;
}

int VolatileDisk::remove(sqlite3_vfs* vfs, const char* name, int) {
  auto* disk = static_cast<VolatileDisk*>(vfs->pAppData);
  std::lock_guard lock(disk->mutex_);
  if (disk->power_is_off_) return SQLITE_IOERR_DELETE;
  return disk->files_.erase(name) ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
}

int VolatileDisk::access(sqlite3_vfs* vfs, const char* name, int, int* result) {
  auto* disk = static_cast<VolatileDisk*>(vfs->pAppData);
  std::lock_guard lock(disk->mutex_);
  *result = disk->files_.contains(name);
  return SQLITE_OK;
}

int VolatileDisk::full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

}  // namespace wardbridge::testing
