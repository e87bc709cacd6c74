#include "mac/web_page.h"

#include <gtest/gtest.h>

namespace wardbridge::mac {
namespace {

TEST(WebPage, FindsTheFirstFormAndItsHiddenFields) {
  auto form = find_form(R"(<html><body><form id="f" method="post" action="/login?a=1&amp;b=2">
      <input type="hidden" name="ctx" value="x&quot;y&lt;z"/><input type="text" name="login" value="ann">
      <input name="flow" value="" type="hidden"></form>
      <form action="/other"><input type="hidden" name="other" value="1"></form></body></html>)");
  ASSERT_TRUE(form.has_value());
  EXPECT_EQ(form->action, "/login?a=1&b=2");
  EXPECT_EQ(form->hidden_fields, (text::Form{{"ctx", "x\"y<z"}, {"flow", ""}}));
}

TEST(WebPage, FindsNoFormWhereThereIsNone) {
  EXPECT_FALSE(find_form("").has_value());
  EXPECT_FALSE(find_form("<p>an error</p>").has_value());
}

TEST(WebPage, EndsWithAPageThatIsCutOff) {
  EXPECT_EQ(find_form("<form")->action, "");
  EXPECT_EQ(find_form("<form action=\"/x")->action, "");
  auto cut = find_form(R"(<form action="/x"><input type="hidden" name="a" value="1"><input type="hid)");
  ASSERT_TRUE(cut.has_value());
  EXPECT_EQ(cut->action, "/x");
  EXPECT_EQ(cut->hidden_fields, (text::Form{{"a", "1"}}));
}

TEST(WebPage, ReadsTheTextOfAnElement) {
  std::string page = R"(<h1 id="title">No</h1><p class="why" id="reason"> Tom &amp; Ann&#39;s
 Mac</p><b id="empty"></b>)";
  EXPECT_EQ(text_of_element(page, "title"), "No");
  EXPECT_EQ(text_of_element(page, "reason"), "Tom & Ann's\n Mac");
  EXPECT_EQ(text_of_element(page, "empty"), "");
  EXPECT_EQ(text_of_element(page, "absent"), "");
  EXPECT_EQ(text_of_element("<p id=\"reason", "reason"), "");
  EXPECT_EQ(text_of_element("<p id=\"reason\">never closed", "reason"), "");
}

TEST(WebPage, LeavesOutMarkupInsideAnElement) {
  EXPECT_EQ(text_of_element("<p id=\"reason\">a<br>b</p>", "reason"), "ab");
}

TEST(WebPage, DecodesReferencesOnce) {
  EXPECT_EQ(decode_references("&lt;&gt;&quot;&#39;&amp;"), "<>\"'&");
  EXPECT_EQ(decode_references("&amp;lt;"), "&lt;") << "what was escaped twice comes back escaped once";
  EXPECT_EQ(decode_references("a & b &nosuch;"), "a & b &nosuch;");
}

}  // namespace
}  // namespace wardbridge::mac
