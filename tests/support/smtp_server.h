// A real SMTP server of another maker (aiosmtpd, Debian's python3-aiosmtpd) in a process of its own, on loopback, that
// keeps what it is sent. Ends with this object, by its own process id.
#pragma once

#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/check.h"
#include "support/temporary_directory.h"

namespace wardbridge::testing {

class SmtpServer {
 public:
  // `arguments` as in smtp_server.py, without the folder.
  explicit SmtpServer(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), {"/usr/bin/python3", "tests/support/smtp_server.py", folder_.path()});
    int out[2], in[2];
    CHECK(::pipe(out) == 0 && ::pipe(in) == 0);
    process_ = ::fork();
    if (process_ == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      for (int end : {out[0], out[1], in[0], in[1]}) ::close(end);
      std::vector<char*> words;
      for (std::string& word : arguments) words.push_back(word.data());
      words.push_back(nullptr);
      ::execvp(words[0], words.data());
      ::_exit(127);
    }
    ::close(out[1]);
    ::close(in[0]);
    input_ = in[1];
    std::string line;
    for (char c; ::read(out[0], &c, 1) == 1 && c != '\n';) line += c;
    ::close(out[0]);
    port_ = std::atoi(line.c_str());
  }
  ~SmtpServer() {
    ::close(input_);
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
  }
  SmtpServer(const SmtpServer&) = delete;

  int port() const { return port_; }  // 0: it did not start
  // The mails taken so far, in order, each with its envelope in front.
  std::vector<std::string> mails() const {
    std::vector<std::string> all;
    for (int number = 1;; ++number) {
      std::ifstream file(folder_.file(std::to_string(number) + ".eml"));
      if (!file) return all;
      std::ostringstream text;
      text << file.rdbuf();
      all.push_back(text.str());
    }
  }

 private:
  TemporaryDirectory folder_;
  pid_t process_ = 0;
  int input_ = -1;
  int port_ = 0;
};

}  // namespace wardbridge::testing
