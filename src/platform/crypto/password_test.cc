#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "platform/crypto/crypto.h"

namespace wardbridge::crypto {
namespace {

constexpr PasswordCost kCheap{.memory_kib = 64, .passes = 1};

TEST(Password, MatchesItsOwnHashAlone) {
  SeededEntropy entropy(1);
  std::string hash = hash_password("correct horse", entropy, kCheap);
  EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$")) << hash;
  EXPECT_TRUE(password_matches("correct horse", hash));
  EXPECT_FALSE(password_matches("correct horse ", hash));
  EXPECT_FALSE(password_matches("", hash));
  EXPECT_FALSE(password_matches(std::string_view("correct horse\0", 14), hash));
}

TEST(Password, TheDefaultCostIsSixtyFourMebibytesAndThreePasses) {
  SeededEntropy entropy(1);
  std::string hash = hash_password("correct horse", entropy);
  EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=65536,t=3,p=1$")) << hash;
  EXPECT_TRUE(password_matches("correct horse", hash));
}

TEST(Password, EveryHashHasItsOwnSalt) {
  SeededEntropy entropy(1);
  EXPECT_NE(hash_password("same", entropy, kCheap), hash_password("same", entropy, kCheap));
}

TEST(Password, AnEmptyPasswordIsAPasswordToo) {
  SeededEntropy entropy(1);
  std::string hash = hash_password({}, entropy, kCheap);
  EXPECT_TRUE(password_matches({}, hash));
  EXPECT_FALSE(password_matches("x", hash));
}

TEST(Password, AgreesWithTheReferenceImplementation) {
  // From the test program of P-H-C/phc-winner-argon2 (version 0x13, t=2, m=2^16, p=1).
  EXPECT_TRUE(password_matches(
      "password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"));
}

TEST(Password, WhatIsNoHashMatchesNothing) {
  for (const char* hash : {"", "x", "$argon2id$", "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAA", "password"}) {
    EXPECT_FALSE(password_matches("password", hash)) << hash;
    EXPECT_FALSE(password_matches("", hash)) << hash;
  }
}

TEST(Password, ManyAtOnceAllGetTheirTurn) {
  SystemEntropy entropy;
  std::vector<std::thread> people;
  std::atomic<int> matched = 0;
  for (int i = 0; i < 12; ++i) {
    people.emplace_back([&entropy, &matched, i] {
      std::string password = "password " + std::to_string(i);
      if (password_matches(password, hash_password(password, entropy, kCheap))) ++matched;
    });
  }
  for (std::thread& person : people) person.join();
  EXPECT_EQ(matched, 12);
}

TEST(Token, IsHashedWithSha256InHex) {
  EXPECT_EQ(hash_token("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace wardbridge::crypto
