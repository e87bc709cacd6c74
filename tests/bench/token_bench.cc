// Tokens a second and what one costs: client credentials over TLS on kept connections, beside OpenSSL's bare signing
// and beside npm's oidc-provider in the same run. The server has a core of its own, the clients the others.
//
//   token_bench [seconds=5] [clients=4] [peers=yes|no]
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include "base/json.h"
#include "base/text.h"
#include "bench/measure.h"
#include "platform/crypto/crypto.h"
#include "platform/http/client.h"
#include "support/server_process.h"

namespace wardbridge::bench {
namespace {

// Children inherit it.
void stay_on_core(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (core >= 0) {
    CPU_SET(core, &cores);
  } else {
    for (int other = 1; other < static_cast<int>(std::thread::hardware_concurrency()); ++other) CPU_SET(other, &cores);
  }
  CHECK(::sched_setaffinity(0, sizeof cores, &cores) == 0, "the core cannot be chosen");
}

// Nanoseconds of processor time that a process has had.
double cpu_of_process(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string stat((std::istreambuf_iterator<char>(file)), {});
  std::istringstream rest(stat.substr(stat.rfind(')') + 2));
  std::string skipped;
  for (int field = 0; field < 11; ++field) rest >> skipped;
  double user = 0;
  double system = 0;
  rest >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK)) * 1e9;
}

struct Load {
  std::string url;
  std::string body;
  std::string ca_file;
  pid_t server = 0;
};
struct Rate {
  double per_second = 0;
  double cpu_nanoseconds = 0;  // of the server, a token
};

Rate measure(const Load& load, int run_seconds, int clients) {
  std::atomic<bool> stop{false};
  std::atomic<std::int64_t> tokens{0};
  auto ask = [&] {
    http::CurlTransport transport({.ca_file = load.ca_file, .use_system_store = false});
    while (!stop) {
      auto response = transport.send({.method = "POST",
                                      .url = load.url,
                                      .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                                      .body = load.body},
                                     monotonic_now() + seconds{10});
      CHECK(response.ok(), response.ok() ? "" : response.failure().message);
      CHECK(response->status == 200, response->body);
      ++tokens;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i) threads.emplace_back(ask);
  std::this_thread::sleep_for(seconds{1});  // everything is warm
  std::int64_t count = tokens;
  double cpu = cpu_of_process(load.server);
  std::int64_t began = monotonic_nanoseconds();
  std::this_thread::sleep_for(seconds{run_seconds});
  count = tokens - count;
  cpu = cpu_of_process(load.server) - cpu;
  double wall = static_cast<double>(monotonic_nanoseconds() - began);
  stop = true;
  for (auto& thread : threads) thread.join();
  return {static_cast<double>(count) * 1e9 / wall, cpu / static_cast<double>(count)};
}

// Signatures a second of one core that does nothing else.
double raw_rate(crypto::Algorithm algorithm) {
  stay_on_core(0);
  crypto::Key key = crypto::Key::generate(algorithm).value();
  std::string text(700, 'x');
  std::int64_t count = 0;
  std::int64_t began = cpu_of_thread();
  std::int64_t spent = 0;
  for (; spent < 1'500'000'000; spent = cpu_of_thread() - began) {
    for (int i = 0; i < 50; ++i) key.sign(text);
    count += 50;
  }
  stay_on_core(-1);
  return static_cast<double>(count) * 1e9 / static_cast<double>(spent);
}

void print(const char* what, Rate rate, double raw) {
  std::printf("  %-28s %7.0f tokens/s  %6.1f us of the server's core a token  %3.0f %% of bare signing\n", what,
              rate.per_second, rate.cpu_nanoseconds / 1000, 100 * 1e9 / rate.cpu_nanoseconds / raw);
  std::fflush(stdout);
}

// oidc-provider in Node.js, until this is gone.
class Peer {
 public:
  Peer(const std::string& key_file, const std::string& certificate_file, const std::string& algorithm,
       const std::string& secret) {
    int ends[2];
    CHECK(::pipe(ends) == 0);
    stay_on_core(0);
    process_ = ::fork();
    if (process_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(ends[1], STDOUT_FILENO);
      ::execlp("node", "node", "--no-warnings", WARDBRIDGE_PEERS_FOLDER "/oidc.js", key_file.c_str(),
               certificate_file.c_str(), algorithm.c_str(), secret.c_str(), nullptr);
      ::_exit(127);
    }
    stay_on_core(-1);
    ::close(ends[1]);
    char said[16] = {};
    CHECK(::read(ends[0], said, sizeof said - 1) > 0, "oidc-provider did not start");
    ::close(ends[0]);
    port_ = static_cast<int>(text::parse_integer(text::trim(said)).value());
  }
  ~Peer() {
    ::kill(process_, SIGKILL);
    int ignored = 0;
    ::waitpid(process_, &ignored, 0);
  }
  std::string url() const { return "https://127.0.0.1:" + std::to_string(port_) + "/token"; }
  pid_t process() const { return process_; }

 private:
  pid_t process_ = 0;
  int port_ = 0;
};

// From now on.
void sign_with_elliptic_keys(const testing::ServerProcess& server, const Load& load) {
  http::CurlTransport transport({.ca_file = load.ca_file, .use_system_store = false});
  auto post = [&](const std::string& url, http::Headers headers, const std::string& body) {
    auto response = transport.send({.method = "POST", .url = url, .headers = std::move(headers), .body = body},
                                   monotonic_now() + seconds{10});
    CHECK(response.ok() && response->status / 100 == 2, response.ok() ? response->body : response.failure().message);
    return json::parse(response->body).value().get_object();
  };
  json::Object reply = post(load.url, {{"Content-Type", "application/x-www-form-urlencoded"}}, load.body);
  post(server.tenant_url() + "/contoso.example/wardbridge/signingKeys/rotate",
       {{"Content-Type", "application/json"},
        {"Authorization", "Bearer " + std::string(json::text_at(reply, "access_token").value())}},
       R"({"leadHours":0,"algorithm":"ES256"})");
}

int run(int run_seconds, int clients, bool with_peers) {
  stay_on_core(-1);
  double raw_rsa = raw_rate(crypto::Algorithm::RS256);
  double raw_elliptic = raw_rate(crypto::Algorithm::ES256);
  std::printf("bare signing on one core: RS256 %.0f/s, ES256 %.0f/s; %d clients\n", raw_rsa, raw_elliptic, clients);

  stay_on_core(0);
  testing::ServerProcess server(WARDBRIDGE_PROGRAM,
                                {{.user_principal_name = "nobody@contoso.example", .password = "not used here"}});
  Status started = server.start();
  stay_on_core(-1);
  CHECK(started.ok(), started.ok() ? "" : started.failure().message);
  Load load{.url = server.tenant_url() + "/contoso.example/oauth2/v2.0/token",
            .body = text::to_form({{"grant_type", "client_credentials"},
                                   {"client_id", server.console_id()},
                                   {"client_secret", server.secret()},
                                   {"scope", "https://graph.microsoft.com/.default"}}),
            .ca_file = server.ca_file(),
            .server = server.process()};
  print("Wardbridge, RS256", measure(load, run_seconds, clients), raw_rsa);

  sign_with_elliptic_keys(server, load);
  print("Wardbridge, ES256", measure(load, run_seconds, clients), raw_elliptic);

  if (!with_peers) return 0;
  std::string install = "npm ci --prefix '" WARDBRIDGE_PEERS_FOLDER "' --no-audit --no-fund --silent";
  CHECK(std::system(install.c_str()) == 0, "npm cannot install the peers");
  // The same kind of certificate as the server's own, of the same authority.
  testing::TemporaryDirectory directory;
  SystemEntropy entropy;
  auto content = [](const std::string& path) {
    std::ifstream file(path);
    return std::string((std::istreambuf_iterator<char>(file)), {});
  };
  auto authority = crypto::CertificateAuthority::load(content(server.ca_file()), content(server.ca_key_file())).value();
  crypto::Key key = crypto::Key::generate(crypto::Algorithm::ES256).value();
  Time now = SystemClock().now();
  auto certificate = authority.issue({.common_name = "localhost",
                                      .dns_names = {"localhost"},
                                      .ip_addresses = {"127.0.0.1"},
                                      .not_before = now - hours{1},
                                      .not_after = now + hours{24},
                                      .use = crypto::CertificateTemplate::Use::server},
                                     key, entropy);
  std::string key_file = directory.file("key.pem");
  std::string certificate_file = directory.file("certificate.pem");
  std::ofstream(key_file) << key.private_pem();
  std::ofstream(certificate_file) << crypto::pem_from_der(certificate.value(), "CERTIFICATE");
  for (const auto& [algorithm, raw] : {std::pair{"RS256", raw_rsa}, std::pair{"ES256", raw_elliptic}}) {
    Peer peer(key_file, certificate_file, algorithm, server.secret());
    print((std::string("oidc-provider, ") + algorithm).c_str(),
          measure({.url = peer.url(),
                   .body = text::to_form({{"grant_type", "client_credentials"},
                                          {"client_id", "console"},
                                          {"client_secret", server.secret()},
                                          {"scope", "read"}}),
                   .ca_file = server.ca_file(),
                   .server = peer.process()},
                  run_seconds, clients),
          raw);
  }
  return 0;
}

}  // namespace
}  // namespace wardbridge::bench

int main(int count, char** words) {
  int run_seconds = 5;
  int clients = 4;
  bool with_peers = true;
  for (int i = 1; i < count; ++i) {
    std::string_view word = words[i];
    if (word.starts_with("seconds=")) run_seconds = std::atoi(words[i] + 8);
    if (word.starts_with("clients=")) clients = std::atoi(words[i] + 8);
    if (word == "peers=no") with_peers = false;
  }
  return wardbridge::bench::run(run_seconds, clients, with_peers);
}
