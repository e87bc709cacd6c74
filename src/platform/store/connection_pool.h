// Connections that are opened when first needed, at most `limit` of them, each lent to one thread at a time.
// Thread-safe.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/result.h"

namespace wardbridge::store {

template <class Connection>
class ConnectionPool {
 public:
  using Open = std::function<Result<std::unique_ptr<Connection>>()>;
  ConnectionPool(int limit, Open open) : limit_(limit), open_(std::move(open)) {}

  // Waits while all are lent.
  Result<std::unique_ptr<Connection>> take() {
    {
      std::unique_lock lock(mutex_);
      one_is_free_.wait(lock, [&] { return !idle_.empty() || count_ < limit_; });
      if (!idle_.empty()) {
        std::unique_ptr<Connection> connection = std::move(idle_.back());
        idle_.pop_back();
        return connection;
      }
      ++count_;
    }
    Result<std::unique_ptr<Connection>> opened = open_();
    if (!opened.ok()) forget_one();
    return opened;
  }

  void give_back(std::unique_ptr<Connection> connection) {
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(connection));
    one_is_free_.notify_one();
  }

  // The connection that was lent is lost.
  void forget_one() {
    std::lock_guard lock(mutex_);
    --count_;
    one_is_free_.notify_one();
  }

  // Closes the idle ones: after a server went away they are as dead as the one that noticed.
  void close_idle() {
    std::vector<std::unique_ptr<Connection>> closing;
    std::lock_guard lock(mutex_);
    closing.swap(idle_);
    count_ -= static_cast<int>(closing.size());
    one_is_free_.notify_all();
  }

 private:
  const int limit_;
  const Open open_;
  std::mutex mutex_;
  std::condition_variable one_is_free_;
  std::vector<std::unique_ptr<Connection>> idle_;
  int count_ = 0;  // idle and lent
};

}  // namespace wardbridge::store
