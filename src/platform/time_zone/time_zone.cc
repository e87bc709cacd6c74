#include "platform/time_zone/time_zone.h"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <algorithm>

namespace wardbridge {
namespace {

class SystemTimeZone final : public TimeZone {
 public:
  SystemTimeZone(std::string name, absl::TimeZone zone) : name_(std::move(name)), zone_(zone) {}

  const std::string& name() const override { return name_; }

  Time moment_of(Time wall) const override {
    auto second = std::chrono::floor<seconds>(wall);
    auto day = std::chrono::floor<days>(second);
    std::chrono::year_month_day date{day};
    std::chrono::hh_mm_ss clock{second - day};
    absl::TimeZone::TimeInfo info =
        zone_.At(absl::CivilSecond(static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                                   static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(),
                                   clock.seconds().count()));
    bool skipped = info.kind == absl::TimeZone::TimeInfo::SKIPPED;
    Time moment = from_unix_seconds(absl::ToUnixSeconds(skipped ? info.trans : info.pre));
    return skipped ? moment : moment + (wall - second);
  }

 private:
  std::string name_;
  absl::TimeZone zone_;
};

// The library also takes paths, and offsets under a name of its own making; what the configuration may say is neither.
bool is_zone_name(const std::string& name) {
  auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
           c == '-' || c == '+';
  };
  return !name.empty() && name.front() != '/' && name.rfind("Fixed/", 0) != 0 && name != "localtime" &&
         std::all_of(name.begin(), name.end(), allowed);
}

}  // namespace

Result<std::shared_ptr<const TimeZone>> load_time_zone(const std::string& name) {
  absl::TimeZone zone;
  if (!is_zone_name(name) || !absl::LoadTimeZone(name, &zone)) {
    return invalid("unknown_time_zone", "`" + name.substr(0, 64) +
                                            "` is not a time zone that this system knows; they are named like "
                                            "`Europe/Berlin` (package tzdata)");
  }
  return std::shared_ptr<const TimeZone>(std::make_shared<SystemTimeZone>(name, zone));
}

}  // namespace wardbridge
