// The JSON Web Signature and Key vectors of C2SP/wycheproof (Apache-2.0), where they are at hand: each says whether a
// token must be accepted with a key.
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/text.h"
#include "platform/crypto/crypto.h"

namespace wardbridge::crypto {
namespace {

constexpr std::array kAlgorithms = {Algorithm::RS256, Algorithm::PS256, Algorithm::ES256};
const std::filesystem::path kFolder = "../shared/vectors/wycheproof";

// Members of the vectors nest no deeper than our reader allows; the files may be as long as they like.
json::Value read(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  return json::parse(text.str()).value();
}

std::vector<json::Object> keys_of(const json::Object& group) {
  const json::Object* holder = json::object_at(group, "public");
  if (!holder) holder = json::object_at(group, "private");
  const json::Array* set = json::array_at(*holder, "keys");
  if (!set) return {*holder};
  std::vector<json::Object> keys;
  for (const json::Value& key : *set) keys.push_back(key.get_object());
  return keys;
}

// The token's text; JSON serialization is given as an object.
std::string token_of(const json::Object& test) {
  const json::Value* token = json::find(test, test.contains("jws") ? "jws" : "jwe");
  return token->is_string() ? std::string(token->get_string().c_str()) : json::to_text(*token);
}

std::optional<Algorithm> algorithm_of(const std::string& token) {
  auto header = text::from_base64url(token.substr(0, token.find('.')));
  auto value = json::parse(header.value_or(""));
  if (!value.ok() || !value->is_object()) return std::nullopt;
  for (Algorithm algorithm : kAlgorithms) {
    if (json::text_at(value->get_object(), "alg") == name_of(algorithm)) return algorithm;
  }
  return std::nullopt;
}

// Whether any key, read for any algorithm that we have, takes the token: more than a caller would ever try.
bool accepted(const std::vector<json::Object>& keys, const std::string& token) {
  for (const json::Object& jwk : keys) {
    for (Algorithm algorithm : kAlgorithms) {
      auto key = Key::from_jwk(jwk, algorithm);
      if (key.ok() && verify_jws_payload(token, *key).ok()) return true;
    }
  }
  return false;
}

class Wycheproof : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Files, Wycheproof,
                         testing::Values("json_web_signature_test", "json_web_key_test", "json_web_crypto_test"),
                         [](const auto& test) { return test.param; });

TEST_P(Wycheproof, EveryVectorIsJudgedAsItSays) {
  std::filesystem::path file = kFolder / (std::string(GetParam()) + ".json");
  if (!std::filesystem::exists(file))
    GTEST_SKIP() << file << " is absent; jws_test.cc and key_test.cc hold our own cases";
  json::Value vectors = read(file);
  std::map<std::string, int> taken;
  std::map<std::string, int> refused;
  for (const json::Value& group_value : *json::array_at(vectors.get_object(), "testGroups")) {
    const json::Object& group = group_value.get_object();
    for (const json::Value& test_value : *json::array_at(group, "tests")) {
      const json::Object& test = test_value.get_object();
      std::string token = token_of(test);
      auto algorithm = algorithm_of(token);
      // A token of an algorithm that we do not have must be refused, however right it is.
      bool must_be_accepted = json::text_at(test, "result") == "valid" && algorithm.has_value();
      EXPECT_EQ(accepted(keys_of(group), token), must_be_accepted)
          << "vector " << json::integer_at(test, "tcId").value_or(0) << ": "
          << json::text_at(test, "comment").value_or("") << " of group "
          << json::text_at(group, "comment").value_or("");
      ++(must_be_accepted ? taken : refused)[algorithm ? name_of(*algorithm) : "others"];
    }
  }
  std::string name = GetParam();
  for (const auto& [algorithm, count] : taken) std::cout << name << ": " << count << " " << algorithm << " accepted\n";
  for (const auto& [algorithm, count] : refused) std::cout << name << ": " << count << " " << algorithm << " refused\n";
  EXPECT_GT(taken["RS256"], 0);
  EXPECT_GT(refused["RS256"], 0);
  EXPECT_GT(refused["ES256"], 0);
  EXPECT_GT(refused["others"], 0);
  if (name == "json_web_signature_test") {
    EXPECT_GT(taken["PS256"], 0);
    EXPECT_GT(taken["ES256"], 0);
    EXPECT_GT(refused["PS256"], 0);
  }
}

}  // namespace
}  // namespace wardbridge::crypto
