// For this room's tests: a server that follows a script.
#pragma once

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

}  // namespace wardbridge::cli
