#include "base/text.h"
#include "platform/crypto/openssl.h"

namespace wardbridge::crypto {
namespace {

constexpr std::size_t kSealingKeyBytes = 32;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::string_view kForm = "v1.";  // so that another cipher can come later without guessing

Failure does_not_open() {
  return {Code::internal, "bad_sealed_secret",
          "a stored secret does not open: the key file is not the one that it was sealed with, or it was changed"};
}

}  // namespace

Sealer::Sealer(std::string key) : key_(std::move(key)) {
  CHECK(key_.size() == kSealingKeyBytes, "a sealing key has 32 bytes");
}

std::string Sealer::seal(std::string_view secret, std::string_view context, Entropy& entropy) const {
  std::string nonce = entropy.bytes(kNonceBytes);
  std::string sealed(secret.size(), '\0');
  std::string tag(kTagBytes, '\0');
  int size = 0;
  OwnedCipherContext cipher(EVP_CIPHER_CTX_new());
  CHECK(cipher && EVP_EncryptInit_ex2(cipher.get(), EVP_aes_256_gcm(), bytes_of(std::string_view(key_)),
                                      bytes_of(std::string_view(nonce)), nullptr) == 1);
  CHECK(EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes_of(context), static_cast<int>(context.size())) == 1 &&
        EVP_EncryptUpdate(cipher.get(), bytes_of(sealed), &size, bytes_of(secret), static_cast<int>(secret.size())) ==
            1 &&
        EVP_EncryptFinal_ex(cipher.get(), nullptr, &size) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(kTagBytes), tag.data()) == 1);
  return std::string(kForm) + text::to_base64url(nonce + sealed + tag);
}

Result<std::string> Sealer::open(std::string_view sealed, std::string_view context) const {
  QuietErrors quiet;
  if (!sealed.starts_with(kForm)) return does_not_open();
  auto bytes = text::from_base64url(sealed.substr(kForm.size()));
  if (!bytes || bytes->size() < kNonceBytes + kTagBytes) return does_not_open();
  std::string nonce = bytes->substr(0, kNonceBytes);
  std::string tag = bytes->substr(bytes->size() - kTagBytes);
  std::string_view cipher_text = std::string_view(*bytes).substr(kNonceBytes, bytes->size() - kNonceBytes - kTagBytes);
  std::string secret(cipher_text.size(), '\0');
  int size = 0;
  OwnedCipherContext cipher(EVP_CIPHER_CTX_new());
  CHECK(cipher && EVP_DecryptInit_ex2(cipher.get(), EVP_aes_256_gcm(), bytes_of(std::string_view(key_)),
                                      bytes_of(std::string_view(nonce)), nullptr) == 1);
  bool opened =
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, bytes_of(context), static_cast<int>(context.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), bytes_of(secret), &size, bytes_of(cipher_text),
                        static_cast<int>(cipher_text.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(kTagBytes), tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), nullptr, &size) == 1;
  if (!opened) return does_not_open();
  return secret;
}

}  // namespace wardbridge::crypto
