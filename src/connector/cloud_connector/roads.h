// The ways from the broker to its tenants: a client each, within the tenant's budget of requests, and with a pause
// while nothing would pass; for this room's sources only.
//
// Thread promise: all of it may be used by several threads.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "connector/cloud_connector/cloud_connector.h"
#include "connector/cloud_connector/lease.h"

namespace wardbridge::cloud_connector {

// So many requests a second on average, and so many at once after a quiet time. What the process before this one has
// spent nobody knows, so it fills from when that one can have ended.
class Budget {
 public:
  Budget(int requests_per_second, int burst, Time quiet_since)
      : rate_(requests_per_second), burst_(burst), filled_(quiet_since) {}
  // How long until `count` requests may go; zero: now.
  Duration wait_for(int count, Time now);
  void take() { left_ -= 1; }

 private:
  double rate_;
  double burst_;
  double left_ = 0;
  Time filled_;
};

// The application's secrets in one cloud, as stored.
struct Secrets {
  std::string current;
  std::string next;  // empty: none
  std::int64_t revision = 0;
};
void store_secret(store::Transaction& tx, const std::string& cloud, const std::string& secret,
                  const crypto::Sealer& sealer, Entropy& entropy, const audit::Actor& by, Time now);
Result<Secrets> read_secrets(store::Transaction& tx, const std::string& cloud, const crypto::Sealer& sealer);

// More requests than one call of the client makes, tokens, addresses and second tries included.
inline constexpr int kRequestsOfACall = 14;

class Road {
 public:
  struct Process {
    Lease& lease;
    Time quiet_since;  // when the one before this can have ended
  };
  Road(const Broker::Dependencies& dependencies, const Options& options, const Process& process, Cloud cloud,
       std::string tenant_id);

  // Runs `ask` with the tenant's client; answers by itself while the way is paused, the budget is spent, or too many
  // calls are under way.
  template <class T>
  partner::Answer<T> call(Time now, const std::function<partner::Answer<T>(partner::Client&)>& ask) {
    partner::Answer<std::shared_ptr<partner::Client>> client = enter(now);
    if (!client.ok()) return client.failure();
    partner::Answer<T> answer = ask(**client);
    if (!answer.ok() && answer.failure().kind == partner::Problem::Kind::credentials) {
      // The first secret may have expired: that is what there are two for.
      if (auto other = client_of_next_secret(now)) {
        partner::Answer<T> second = ask(*other);
        if (second.ok() || second.failure().kind != partner::Problem::Kind::credentials)
          promote_next_secret(other, now);
        answer = std::move(second);
      }
    }
    leave(answer.ok() ? nullptr : &answer.failure(), now);
    return answer;
  }

  // Something may have been changed by a person: the next call goes out with new tokens, and at once unless the tenant
  // asked for time.
  void start_afresh();
  // The roles in the newest token for the Intune API; nothing: no token came yet.
  std::optional<std::vector<std::string>> roles();

 private:
  // Counts requests against the budget, and reads the roles of tokens that come by.
  class Gate final : public http::Transport {
   public:
    explicit Gate(Road& road) : road_(road) {}
    Result<http::Response> send(const http::OutboundRequest& request, Duration deadline) override;

   private:
    Road& road_;
  };

  partner::Answer<std::shared_ptr<partner::Client>> enter(Time now);
  void leave(const partner::Problem* problem, Time now);
  std::shared_ptr<partner::Client> make_client(const std::string& secret);
  std::shared_ptr<partner::Client> client_of_next_secret(Time now);
  void promote_next_secret(const std::shared_ptr<partner::Client>& client, Time now);

  const Broker::Dependencies deps_;
  const Options& options_;
  Lease& lease_;
  const Cloud cloud_;
  const std::string tenant_id_;
  Gate gate_{*this};

  std::mutex mutex_;  // guards what follows
  Budget budget_;
  int under_way_ = 0;
  std::shared_ptr<partner::Client> client_;
  Secrets secrets_;
  Time look_again_at_ = kEpoch;  // at the stored secrets
  partner::Problem pause_;
  Time paused_until_ = kEpoch;
  bool is_pause_asked_for_ = false;  // by the tenant
  int failures_ = 0;
  std::optional<std::vector<std::string>> roles_;
};

class Roads {
 public:
  Roads(const Broker::Dependencies& dependencies, const Options& options, const Road::Process& process)
      : deps_(dependencies), options_(options), process_(process) {}
  Road& to(const Cloud& cloud, const std::string& tenant_id);

 private:
  const Broker::Dependencies deps_;
  const Options& options_;
  const Road::Process process_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<Road>> roads_;
};

}  // namespace wardbridge::cloud_connector
