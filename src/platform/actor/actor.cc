#include "platform/actor/actor.h"

#include <algorithm>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

namespace wardbridge {

struct Stage::State {
  struct Player {
    Actor* actor;
    bool woken = true;  // the first run comes at once
    std::thread thread;
  };

  const Clock& clock;
  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  std::list<Player> players;

  void play(Player& player) {
    std::unique_lock lock(mutex);
    Time next = kEpoch;
    while (!stopping) {
      if (!player.woken && clock.now() < next) {
        // A wall clock may be set back or forward while we wait, so no wait is longer than a second.
        Duration wait = std::clamp<Duration>(next - clock.now(), Duration{1}, seconds{1});
        changed.wait_for(lock, wait, [&] { return stopping || player.woken; });
        continue;
      }
      player.woken = false;
      lock.unlock();
      next = player.actor->run_once(clock.now());
      lock.lock();
    }
  }
};

Stage::Stage(const Clock& clock) : state_(new State{.clock = clock}) {}
Stage::~Stage() { stop(); }

void Stage::add(Actor& actor) {
  std::lock_guard lock(state_->mutex);
  auto& player = state_->players.emplace_back(State::Player{.actor = &actor});
  player.thread = std::thread([state = state_.get(), &player] { state->play(player); });
}

void Stage::wake(Actor& actor) {
  {
    std::lock_guard lock(state_->mutex);
    for (auto& player : state_->players) {
      if (player.actor == &actor) player.woken = true;
    }
  }
  state_->changed.notify_all();
}

void Stage::stop() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  for (auto& player : state_->players) {
    if (player.thread.joinable()) player.thread.join();
  }
}

}  // namespace wardbridge
