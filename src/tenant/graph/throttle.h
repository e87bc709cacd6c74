// How much one application may ask of one tenant: token buckets of resource units and of writes. Private to this room.
//
// ENTRA: a request costs units by its route, less with $select and small pages, more with $expand; 3,500, 5,000 or
// 8,000 units in ten seconds for tenants of less than 50, up to 500, and more users.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "tenant/graph/graph.h"

namespace wardbridge::graph {

// What a request costs.
int resource_units(const http::Request& request, std::string_view pattern);

// Tokens that refill evenly: `capacity` of them in `window`.
class Bucket {
 public:
  Bucket() = default;
  Bucket(double capacity, Duration window, Time now)
      : capacity_(capacity), window_(window), left_(capacity), at_(now) {}
  // How long to wait until `amount` can be taken; zero: it was taken.
  Duration take(double amount, Time now);
  // 0.0: all is left; 1.0: nothing is.
  double used() const { return 1 - left_ / capacity_; }
  bool is_full(Time now) const { return left_ + (now - at_) / window_ * capacity_ >= capacity_; }
  double capacity() const { return capacity_; }

 private:
  double capacity_ = 1;
  Duration window_{1};
  double left_ = 1;
  Time at_ = kEpoch;
};

struct ThrottleVerdict {
  Duration wait{0};              // more than zero: refused
  bool tells_when = true;        // whether the refusal says how long to wait
  double used = 0;               // of the bucket that is the emptiest
  std::string_view information;  // `ResourceUnitLimitExceeded`
};

// Thread-safe. What it remembers is as much as there are applications that asked lately.
class Throttle {
 public:
  explicit Throttle(ThrottleLimits limits) : limits_(limits) {}

  // `users(tenant)` counts a tenant's users; asked once in a while.
  template <class Users>
  ThrottleVerdict take(const directory::TenantId& tenant, const directory::AppId& client, std::string_view pattern,
                       int units, bool is_write, Time now, Users users) {
    {
      const std::lock_guard lock(mutex_);
      const auto known = sizes_.find(tenant.value);
      if (known != sizes_.end() && now < known->second.until)
        return take(tenant, client, pattern, units, is_write, now);
    }
    const std::int64_t count = users(tenant);
    const std::lock_guard lock(mutex_);
    sizes_[tenant.value] = {units_for(count), now + minutes{10}};
    return take(tenant, client, pattern, units, is_write, now);
  }

 private:
  struct Size {
    double units = 0;
    Time until = kEpoch;
  };
  struct Pair {
    Bucket units, writes, reports;
  };
  double units_for(std::int64_t users) const;
  ThrottleVerdict take(const directory::TenantId& tenant, const directory::AppId& client, std::string_view pattern,
                       int units, bool is_write, Time now);
  void forget_idle(Time now);

  const ThrottleLimits limits_;
  std::mutex mutex_;
  std::map<std::string, Size> sizes_;
  std::map<std::pair<std::string, std::string>, Pair> pairs_;  // tenant, client
  std::map<std::string, Bucket> policies_;                     // tenant
};

}  // namespace wardbridge::graph
