#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/text.h"
#include "platform/crypto/crypto.h"

namespace wardbridge::crypto {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kLargestFile = 256;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }

 private:
  int number_;
};

Failure bad_key_file(const std::string& path, const std::string& why) {
  return invalid("bad_key_file", "the key file `" + path + "` " + why);
}
Failure cannot(const char* what, const std::string& path, int error) {
  return unavailable("key_file_unavailable",
                     std::string("cannot ") + what + " the key file `" + path + "`: " + std::strerror(error));
}

Result<Sealer> read_key_file(int descriptor, const std::string& path) {
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0) return cannot("read", path, errno);
  if (!S_ISREG(facts.st_mode)) return bad_key_file(path, "is not a regular file");
  if ((facts.st_mode & 0077) != 0) return bad_key_file(path, "can be read by others; its mode must be 0600");
  std::string content(kLargestFile, '\0');
  ssize_t size = ::read(descriptor, content.data(), content.size());
  if (size < 0) return cannot("read", path, errno);
  content.resize(static_cast<std::size_t>(size));
  auto key = text::from_base64(text::trim(content));
  if (!key || key->size() != kKeyBytes) return bad_key_file(path, "does not hold 32 bytes in base64");
  return Sealer(*std::move(key));
}

Status write_durably(const std::string& path, const std::string& content) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.is_open()) return cannot("make", path, errno);
  if (::write(file.number(), content.data(), content.size()) != static_cast<ssize_t>(content.size()) ||
      ::fsync(file.number()) != 0) {
    return cannot("write", path, errno);
  }
  return done();
}

// The file appears under its name with all its bytes, and never replaces one that somebody else made meanwhile.
Status make_key_file(const std::string& path, Entropy& entropy) {
  std::string draft = path + "." + text::to_hex(entropy.bytes(8));
  Status written = write_durably(draft, text::to_base64(entropy.bytes(kKeyBytes)) + "\n");
  int error = written.ok() && ::link(draft.c_str(), path.c_str()) != 0 ? errno : 0;
  ::unlink(draft.c_str());
  TRY(std::move(written));
  if (error != 0 && error != EEXIST) return cannot("make", path, error);
  auto slash = path.rfind('/');
  std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.is_open()) ::fsync(directory.number());
  return done();
}

}  // namespace

Result<Sealer> open_key_file(const std::string& path, Entropy& entropy) {
  for (bool made = false;; made = true) {
    Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (file.is_open()) return read_key_file(file.number(), path);
    if (errno != ENOENT || made) return cannot("open", path, errno);
    TRY(make_key_file(path, entropy));
  }
}

}  // namespace wardbridge::crypto
