#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wardbridge::text {
namespace {

using testing::ElementsAre;

TEST(Case, IsAsciiAndLeavesOtherBytes) {
  EXPECT_EQ(lower("AbZ\xC3\x84[@"), "abz\xC3\x84[@");
  EXPECT_EQ(upper("aBz\xC3\xA4`{"), "ABZ\xC3\xA4`{");
  EXPECT_TRUE(equal_ignoring_case("MacOS", "mACos"));
  EXPECT_FALSE(equal_ignoring_case("MacOS", "MacO"));
  EXPECT_FALSE(equal_ignoring_case("[", "{"));
  EXPECT_TRUE(contains_ignoring_case("Google Chrome.app", "CHROME"));
  EXPECT_TRUE(contains_ignoring_case("", ""));
  EXPECT_FALSE(contains_ignoring_case("Chrom", "chrome"));
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_THAT(split("a,b,,c", ','), ElementsAre("a", "b", "", "c"));
  EXPECT_THAT(split("", ','), ElementsAre(""));
  EXPECT_THAT(split(",", ','), ElementsAre("", ""));
  EXPECT_EQ(join({"a", "", "c"}, ", "), "a, , c");
  EXPECT_EQ(join({}, ", "), "");
}

TEST(Trim, TakesWhiteSpaceAtBothEnds) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n "), "");
  EXPECT_EQ(trim(""), "");
}

TEST(ReplaceAll, DoesNotReadItsOwnReplacements) {
  EXPECT_EQ(replace_all("aaa", "a", "aa"), "aaaaaa");
  EXPECT_EQ(replace_all("abc", "", "x"), "abc");
  EXPECT_EQ(replace_all("abcabc", "bc", ""), "aa");
}

TEST(ParseInteger, TakesTheWholeTextOrNothing) {
  EXPECT_EQ(parse_integer("0"), 0);
  EXPECT_EQ(parse_integer("-42"), -42);
  EXPECT_EQ(parse_integer("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(parse_integer("-9223372036854775808"), INT64_MIN);
  for (const char* text : {"", "-", "+1", " 1", "1 ", "1.0", "0x1", "9223372036854775808", "1a"}) {
    EXPECT_EQ(parse_integer(text), std::nullopt) << text;
  }
}

TEST(ParseNumber, IsFinite) {
  EXPECT_EQ(parse_number("-1.5"), -1.5);
  EXPECT_EQ(parse_number("1e3"), 1000);
  for (const char* text :
       {"", "inf", "-inf", "infinity", "nan", "NAN", "1e999", "1,5", "0x1p3", " 1", "1 ", "+1", "."}) {
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
  }
}

TEST(Base64, IsThatOfRfc4648) {
  const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"},
                                                                    {"\xFB\xFF", "+/8="}};
  for (const auto& [bytes, encoded] : vectors) {
    EXPECT_EQ(to_base64(bytes), encoded);
    EXPECT_EQ(from_base64(encoded), bytes) << encoded;
  }
}

TEST(Base64, IsDecodedStrictly) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z", "====", "=", "Zm 9v", "Zm9v\n",
                           "Zm9v====", "Zg==Zg==", "-_8=", "Z===", "Zm9v=", "=Zg="}) {
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
  }
  EXPECT_EQ(from_base64(std::string_view("Zm9\0", 4)), std::nullopt);
}

TEST(Base64Url, HasNoPaddingAndItsOwnAlphabet) {
  EXPECT_EQ(to_base64url("\xFB\xFF"), "-_8");
  EXPECT_EQ(from_base64url("-_8"), "\xFB\xFF");
  EXPECT_EQ(from_base64url(""), "");
  for (const char* text : {"-_8=", "+/8", "-_9", "A", "Zm9vY", "Z g", "Zg\n"})
    EXPECT_EQ(from_base64url(text), std::nullopt) << text;
}

TEST(Base64, EveryLengthComesBack) {
  std::string bytes;
  for (int i = 0; i < 70; ++i) {
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
    EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
    bytes.push_back(static_cast<char>(255 - i * 7));
  }
}

TEST(Hex, IsTwoDigitsAByte) {
  EXPECT_EQ(to_hex(std::string_view("\x00\x0F\xFF", 3)), "000fff");
  EXPECT_EQ(from_hex("0AfF"), "\x0A\xFF");
  for (const char* text : {"0", "0g", "0x", " 0", "000"}) EXPECT_EQ(from_hex(text), std::nullopt) << text;
}

TEST(PercentCoding, KeepsUnreservedAndFailsOnBadEscapes) {
  EXPECT_EQ(percent_encode("aZ9-._~ /?&=+%\xC3\xA4"), "aZ9-._~%20%2F%3F%26%3D%2B%25%C3%A4");
  EXPECT_EQ(percent_decode("%41%c3%A4+"), "A\xC3\xA4+");
  for (const char* text : {"%", "%4", "%zz", "a%4g", "%%41"}) EXPECT_EQ(percent_decode(text), std::nullopt) << text;
}

TEST(Form, KeepsOrderAndDuplicates) {
  auto form = parse_form("a=1&b=x+y%26&a=2&empty=&bare&&c=d=e").value();
  EXPECT_EQ(form, (Form{{"a", "1"}, {"b", "x y&"}, {"a", "2"}, {"empty", ""}, {"bare", ""}, {"c", "d=e"}}));
  EXPECT_EQ(form_value(form, "a"), "1");
  EXPECT_EQ(form_value(form, "absent"), std::nullopt);
  EXPECT_EQ(parse_form(to_form(form)), form);
  EXPECT_EQ(parse_form(""), Form{});
  EXPECT_EQ(parse_form("a=%"), std::nullopt);
  EXPECT_EQ(parse_form("%=1"), std::nullopt);
}

TEST(EscapeMarkup, MakesTextSafeInElementsAndAttributes) {
  EXPECT_EQ(escape_markup(R"(<a href="x" b='y'>&</a>)"), "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;&lt;/a&gt;");
}

TEST(Utf8, RefusesWhatUnicodeRefuses) {
  for (const char* text :
       {"", "plain", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF", "\xEE\x80\x80"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
  for (const char* text :
       {"\x80", "\xC3", "\xC3(", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xED\xBF\xBF",
        "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xFF", "\xE2\x82"}) {
    EXPECT_FALSE(is_utf8(text)) << to_hex(text);
  }
}

TEST(Guid, HasFiveGroups) {
  EXPECT_TRUE(is_guid("7E980AD9-b86d-4306-9425-9ac066fb014a"));
  for (const char* text : {"", "7E980AD9b86d430694259ac066fb014a", "7E980AD9-b86d-4306-9425-9ac066fb014",
                           "7E980AD9-b86d-4306-9425-9ac066fb014g", "{7E980AD9-b86d-4306-9425-9ac066fb01}",
                           "7E980AD9-b86d-4306-94259-ac066fb014a"}) {
    EXPECT_FALSE(is_guid(text)) << text;
  }
}

}  // namespace
}  // namespace wardbridge::text
