// For this room's tests: a server that follows a script, and what a verb says on the terminal.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "platform/http/http.h"

namespace wardbridge::cli {

// Answers what it was told to, in order, and remembers what it was asked.
class ScriptedTransport final : public http::Transport {
 public:
  void answer(int status, std::string body) { answers_.emplace_back(http::Response{status, {}, std::move(body)}); }
  void answer_with(http::Response response) { answers_.emplace_back(std::move(response)); }
  void fail(Failure failure) { answers_.emplace_back(std::move(failure)); }

  Result<http::Response> send(const http::OutboundRequest& request, Duration) override {
    asked.push_back(request);
    if (answers_.empty()) return unavailable("connect", "the script is over");
    auto next = std::move(answers_.front());
    answers_.pop_front();
    return next;
  }

  std::vector<http::OutboundRequest> asked;

 private:
  std::deque<Result<http::Response>> answers_;
};

struct VerbRun {
  int exit_code = 0;
  std::string out, error;
};
template <class Verb>
VerbRun run_verb(const Verb& verb) {
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  int code = verb();
  return {code, ::testing::internal::GetCapturedStdout(), ::testing::internal::GetCapturedStderr()};
}

}  // namespace wardbridge::cli
