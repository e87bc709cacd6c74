// The members of one Classic object, taken one by one, so that what nobody took can be named at the end; for this
// room's own sources.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace wardbridge::sources {

// What reading found besides values: shared by the objects of one record.
struct Findings {
  std::set<std::string> without_place;
  std::optional<Failure> failure;  // the first value that can't be what it must be
};

class Members {
 public:
  // `object` may be nullptr: nothing is there. `path` is its name from the record's root.
  Members(const json::Object* object, std::string path, Findings& findings)
      : object_(object), path_(std::move(path)), findings_(findings) {}
  // An item of a list, which must be an object.
  Members(const json::Value& item, std::string path, Findings& findings);
  ~Members() { finish(); }
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;

  // Each takes the member. Absent, null, and (for all but text) empty is nothing; what can't be read is a failure.
  std::optional<std::string> text(std::string_view name);
  std::optional<std::int64_t> integer(std::string_view name);
  std::optional<bool> flag(std::string_view name);  // true, "true", "Yes", "Enabled", 1
  // JAMF: a moment comes as `x`, `x_epoch` (milliseconds) and `x_utc`; unset is "" and 0. `x` alone is in the server's
  // local time, which the record does not name; it is read as UTC.
  std::optional<Time> moment(std::string_view name);
  std::vector<json::Value> items(std::string_view name);  // of an array, or the one value itself
  Members object(std::string_view name);
  // Names with a value that were never taken go to the findings. The end of the object's life does this too.
  void finish();
  // Takes a member that only spells another one for people.
  void skip(std::string_view name) { taken_.insert(std::string(name)); }

  std::string path_of(std::string_view name) const;
  Findings& findings() { return findings_; }

 private:
  const json::Value* take(std::string_view name);
  void fail(std::string_view name, std::string_view wanted);

  const json::Object* object_;
  std::string path_;
  Findings& findings_;
  std::set<std::string> taken_;
};

}  // namespace wardbridge::sources
