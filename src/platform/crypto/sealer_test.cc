#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "platform/crypto/crypto.h"

namespace wardbridge::crypto {
namespace {

using testing::HasSubstr;

TEST(Sealer, OpensWhatItSealedInItsContextAlone) {
  SeededEntropy entropy(1);
  Sealer sealer(entropy.bytes(32));
  std::string sealed = sealer.seal("the secret", "connection|3|client_secret", entropy);
  EXPECT_THAT(sealed, Not(HasSubstr("secret")));
  EXPECT_EQ(sealer.open(sealed, "connection|3|client_secret").value(), "the secret");
  EXPECT_EQ(sealer.open(sealed, "connection|4|client_secret").failure().reason, "bad_sealed_secret");
  EXPECT_FALSE(sealer.open(sealed, "").ok());
  EXPECT_FALSE(Sealer(entropy.bytes(32)).open(sealed, "connection|3|client_secret").ok());
}

TEST(Sealer, NoticesEveryChangedByte) {
  SeededEntropy entropy(1);
  Sealer sealer(entropy.bytes(32));
  std::string sealed = sealer.seal("the secret", "context", entropy);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(sealer.open(changed, "context").ok()) << "byte " << i;
  }
  for (std::size_t i = 0; i < sealed.size(); ++i) EXPECT_FALSE(sealer.open(sealed.substr(0, i), "context").ok());
  EXPECT_FALSE(sealer.open(sealed + "A", "context").ok());
}

TEST(Sealer, SealsEmptyAndBinarySecrets) {
  SeededEntropy entropy(1);
  Sealer sealer(entropy.bytes(32));
  for (const std::string& secret : {std::string(), std::string("\0\xFF\n", 3), std::string(10'000, 'x')}) {
    EXPECT_EQ(sealer.open(sealer.seal(secret, "", entropy), "").value(), secret);
  }
}

TEST(Sealer, TheSameSecretIsSealedDifferentlyEachTime) {
  SeededEntropy entropy(1);
  Sealer sealer(entropy.bytes(32));
  EXPECT_NE(sealer.seal("s", "c", entropy), sealer.seal("s", "c", entropy));
}

class KeyFile : public testing::Test {
 protected:
  KeyFile() {
    std::string pattern = testing::TempDir() + "wardbridge-key-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~KeyFile() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ / "key"; }
  void write(const std::string& content, mode_t mode = 0600) const {
    std::ofstream(path()) << content;
    ::chmod(path().c_str(), mode);
  }

  SystemEntropy entropy_;
  std::filesystem::path folder_;
};

TEST_F(KeyFile, IsMadeOnceForItsOwnerAlone) {
  auto made = open_key_file(path(), entropy_);
  ASSERT_TRUE(made.ok()) << made.failure().message;
  struct stat facts {};
  ASSERT_EQ(::stat(path().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0600U);
  EXPECT_EQ(facts.st_size, 45) << "32 bytes in base64 and a line end";
  auto again = open_key_file(path(), entropy_);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->open(made->seal("secret", "", entropy_), "").value(), "secret");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1) << "no draft is left";
}

TEST_F(KeyFile, ThatOthersCanReadIsRefused) {
  write(text::to_base64(std::string(32, 'k')), 0640);
  auto opened = open_key_file(path(), entropy_);
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.failure().message, HasSubstr("its mode must be 0600"));
}

TEST_F(KeyFile, WithAnythingButAKeyIsRefusedAndKept) {
  for (const std::string& content : {std::string(), std::string("hello"), text::to_base64(std::string(31, 'k')),
                                     text::to_base64(std::string(33, 'k')), std::string(32, 'k')}) {
    write(content);
    auto opened = open_key_file(path(), entropy_);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.failure().reason, "bad_key_file");
    EXPECT_EQ(std::filesystem::file_size(path()), content.size());
  }
}

TEST_F(KeyFile, InAFolderThatIsNotThereCannotBeMade) {
  auto opened = open_key_file(folder_ / "absent" / "key", entropy_);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.failure().reason, "key_file_unavailable");
}

TEST_F(KeyFile, ThatIsAFolderIsRefused) {
  EXPECT_EQ(open_key_file(folder_, entropy_).failure().reason, "bad_key_file");
}

}  // namespace
}  // namespace wardbridge::crypto
