// The process that tests/crash kills: four threads write numbered rows, and each number goes to standard output when,
// and only when, its write() has returned success.
//
//   store_crash_writer sqlite FILE FIRST_NUMBER
//   store_crash_writer postgresql CONNECTION FIRST_NUMBER
#include <unistd.h>

#include <atomic>
#include <iostream>
#include <thread>
#include <vector>

#include "base/text.h"
#include "platform/store/store.h"

namespace {

using namespace wardbridge;

Result<std::unique_ptr<store::Store>> open(std::string_view kind, const std::string& target) {
  if (kind == "sqlite") return store::open_sqlite({.path = target});
  return store::open_postgres({.connection = target});
}

void write_rows(store::Store& store, std::atomic<std::int64_t>& next) {
  for (;;) {
    std::int64_t number = next++;
    Status status = store.write([&](store::Transaction& tx) -> Status {
      // Two rows that only make sense together.
      tx.execute("INSERT INTO state_row (number) VALUES (?)", {number});
      tx.execute("INSERT INTO outbox_row (number, payload) VALUES (?, ?)", {number, std::string(2'000, 'x')});
      return done();
    });
    if (!status.ok()) return;  // the server is gone, and the parent knows
    std::string line = std::to_string(number) + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) return;
  }
}

}  // namespace

int main(int count, char** words) {
  std::optional<std::int64_t> first = count == 4 ? text::parse_integer(words[3]) : std::nullopt;
  if (!first) {
    std::cerr << "usage: store_crash_writer sqlite|postgresql TARGET FIRST_NUMBER\n";
    return 2;
  }
  auto store = open(words[1], words[2]);
  if (!store.ok()) {
    std::cerr << store.failure().message << "\n";
    return 1;
  }
  std::atomic<std::int64_t> next = *first;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { write_rows(**store, next); });
  for (std::thread& thread : threads) thread.join();
  return 0;
}
