#include "management/jamf_api/face_under_test.h"

namespace wardbridge::jamf_api {
namespace {

class ClassicGroupRoutes : public Face {
 protected:
  static constexpr const char* kPath = "/JSSResource/computergroups";
  static inline const std::string kDeclaration = R"(<?xml version="1.0" encoding="UTF-8"?>)";

  Answer send_xml(const std::string& method, const std::string& path, const std::string& body,
                  const std::string& type = "application/xml") {
    return send(method, kPath + path, body, type, {{"Authorization", "Bearer " + almighty()}});
  }
  Answer get_json(const std::string& path) {
    return send("GET", kPath + path, "", "",
                {{"Authorization", "Bearer " + almighty()}, {"Accept", "application/json"}});
  }
  // Posts a group with these elements and gives its id.
  std::string make(const std::string& elements) {
    Answer made = send_xml("POST", "/id/0", "<computer_group>" + elements + "</computer_group>");
    EXPECT_EQ(made.status, 201) << made.text;
    auto start = made.text.find("<id>") + 4;
    std::string id = made.text.substr(start, made.text.find("</id>") - start);
    EXPECT_EQ(made.text, kDeclaration + "<computer_group><id>" + id + "</id></computer_group>");
    return id;
  }
  Answer change(const std::string& id, const std::string& elements) {
    return send_xml("PUT", "/id/" + id, "<computer_group>" + elements + "</computer_group>");
  }
  static std::string criterion_xml(const std::string& name, const std::string& type, const std::string& value,
                                   int priority = 0) {
    return "<criterion><name>" + name + "</name><priority>" + std::to_string(priority) +
           "</priority><and_or>and</and_or><search_type>" + type + "</search_type><value>" + value +
           "</value></criterion>";
  }
  std::string member_ids(const std::string& group) {
    std::string ids;
    Answer found = get_json("/id/" + group);
    for (int i = 0; found.at("computer_group.computers." + std::to_string(i)) != "(absent)"; ++i)
      ids += (i > 0 ? "," : "") + found.at("computer_group.computers." + std::to_string(i) + ".id");
    return ids;
  }
};

TEST_F(ClassicGroupRoutes, ASmartGroupIsWrittenAndReadAsXmlAndJson) {
  enroll();
  std::string id = make(
      "<name>R&amp;D</name><is_smart>true</is_smart><site><id>-1</id><name>None</name></site>"
      "<criteria><size>1</size>" +
      criterion_xml("Computer Name", "is", "Ann&#39;s Mac") + "</criteria>");
  EXPECT_EQ(post("/api/v1/smart-computer-groups/" + id + "/recalculate", "").at("count"), "1");
  for (const std::string& path : {"/id/" + id, std::string("/name/r%26d")}) {
    Answer group = send_xml("GET", path, "", "");
    EXPECT_EQ(group.status, 200) << group.text;
    EXPECT_EQ(group.header("Content-Type"), "text/xml;charset=UTF-8");
    EXPECT_EQ(group.text,
              kDeclaration + "<computer_group><id>" + id +
                  "</id><name>R&amp;D</name><is_smart>true</is_smart><site><id>-1</id><name>None</name></site>"
                  "<criteria><size>1</size><criterion><name>Computer Name</name><priority>0</priority>"
                  "<and_or>and</and_or><search_type>is</search_type><value>Ann&#39;s Mac</value>"
                  "<opening_paren>false</opening_paren><closing_paren>false</closing_paren></criterion></criteria>"
                  "<computers><size>1</size><computer><id>" +
                  computer_ +
                  "</id><name>Ann&#39;s Mac</name><mac_address></mac_address><alt_mac_address></alt_mac_address>"
                  "<serial_number>C02XK1ABJGH5</serial_number></computer></computers></computer_group>");
  }
  Answer group = get_json("/id/" + id);
  EXPECT_EQ(group.header("Content-Type"), "text/plain;charset=UTF-8");
  EXPECT_EQ(group.at("computer_group.name"), "R&D");
  EXPECT_EQ(group.at("computer_group.is_smart"), "true");
  EXPECT_EQ(group.at("computer_group.criteria.0.priority"), "0");
  EXPECT_EQ(group.at("computer_group.criteria.0.opening_paren"), "false");
  EXPECT_EQ(group.at("computer_group.site.id"), "-1");
  EXPECT_EQ(group.at("computer_group.computers.0.id"), computer_);
}

TEST_F(ClassicGroupRoutes, TheListHasBothKinds) {
  EXPECT_EQ(send_xml("GET", "", "", "").text, kDeclaration + "<computer_groups><size>0</size></computer_groups>");
  create_group("Smart");
  create_static_group("Static", {});
  EXPECT_EQ(send_xml("GET", "", "", "").text,
            kDeclaration +
                "<computer_groups><size>2</size>"
                "<computer_group><id>1</id><name>Smart</name><is_smart>true</is_smart></computer_group>"
                "<computer_group><id>2</id><name>Static</name><is_smart>false</is_smart></computer_group>"
                "</computer_groups>");
  EXPECT_EQ(
      get_json("").text,
      R"({"computer_groups":[{"id":1,"name":"Smart","is_smart":true},{"id":2,"name":"Static","is_smart":false}]})");
}

TEST_F(ClassicGroupRoutes, AnUpdateLeavesWhatItDoesNotName) {
  Answer made = post("/api/v3/computer-groups/smart-groups", R"({"name":"Old","description":"words","criteria":[)" +
                                                                 criterion("Computer Name", "is", "a") + "]}");
  std::string id = made.at("id");
  Answer renamed = change(id, "<name>New</name>");
  EXPECT_EQ(renamed.status, 201) << renamed.text;
  EXPECT_EQ(renamed.text, kDeclaration + "<computer_group><id>" + id + "</id></computer_group>");
  Answer group = get("/api/v3/computer-groups/smart-groups/" + id);
  EXPECT_EQ(group.at("name"), "New");
  EXPECT_EQ(group.at("description"), "words");
  EXPECT_EQ(group.at("criteria.0.value"), "a");
  EXPECT_EQ(send_xml("PUT", "/name/new", "<computer_group><criteria><size>0</size></criteria></computer_group>").status,
            201);
  EXPECT_EQ(get("/api/v3/computer-groups/smart-groups/" + id).at("criteria"), "[]") << "every managed computer";
  Answer read = send_xml("GET", "/id/" + id, "", "");
  EXPECT_EQ(send_xml("PUT", "/id/" + id, read.text).status, 201) << "what was read can be sent back";
}

TEST_F(ClassicGroupRoutes, StaticGroupsTakeListsAdditionsAndDeletions) {
  enroll();
  std::string ann = computer_;
  enroll(kOtherUdid, "C02OTHER");
  std::string bob = computer_;
  std::string id = make("<name>Loaners</name><is_smart>false</is_smart><computers><computer><id>" + ann +
                        "</id></computer></computers>");
  EXPECT_EQ(member_ids(id), ann);
  EXPECT_EQ(
      change(id, "<computer_additions><computer><serial_number>c02other</serial_number></computer><computer><id>" +
                     ann + "</id></computer></computer_additions>")
          .status,
      201);
  EXPECT_EQ(member_ids(id), ann + "," + bob) << "adding a member again is nothing";
  EXPECT_EQ(change(id, "<computer_deletions><computer><udid>" + std::string(kOtherUdid) +
                           "</udid></computer></computer_deletions>")
                .status,
            201);
  EXPECT_EQ(member_ids(id), ann);
  EXPECT_EQ(change(id, "<computer_additions><computer><id>" + bob +
                           "</id></computer></computer_additions><computer_deletions><computer><id>" + ann +
                           "</id></computer></computer_deletions>")
                .status,
            201);
  EXPECT_EQ(member_ids(id), bob);
  EXPECT_EQ(change(id, "<computers><computer><name>ANN'S MAC</name></computer></computers>").status, 201);
  EXPECT_EQ(member_ids(id), ann) << "of two with one name, the lowest id";
  EXPECT_EQ(change(id, "<name>Lent</name>").status, 201);
  EXPECT_EQ(member_ids(id), ann) << "what is not named stays";
  Answer read = send_xml("GET", "/id/" + id, "", "");
  EXPECT_EQ(send_xml("PUT", "/id/" + id, read.text).status, 201) << "what was read can be sent back";
  EXPECT_EQ(change(id, "<computers/>").status, 201);
  EXPECT_EQ(member_ids(id), "");
}

TEST_F(ClassicGroupRoutes, OneComputerThatDoesNotFitRefusesTheWholeDocument) {
  enroll();
  std::string unmanaged = create_computer("Bob's Mac");
  std::string id = make("<name>Loaners</name><is_smart>false</is_smart>");
  auto adding = [](const std::string& computer) {
    return "<name>Renamed</name><computer_additions>" + computer + "</computer_additions>";
  };
  std::string fits = "<computer><id>" + computer_ + "</id></computer>";
  for (const char* unknown : {"<id>99</id>", "<id>x</id>", "<serial_number>NONE</serial_number>", "<name>Nobody</name>",
                              "<udid>4C4C4544-0000-4000-8000-0000000000ff</udid>", "<name></name>"}) {
    SCOPED_TRACE(unknown);
    expect_page(change(id, adding(fits + "<computer>" + unknown + "</computer>")), 409,
                "Error: Unable to match computer</p>");
  }
  expect_page(change(id, adding(fits + "<computer><id>" + unmanaged + "</id></computer>")), 409,
              "Error: The computers with the following IDs are unmanaged and cannot be added to a computer group: " +
                  unmanaged + "</p>");
  expect_page(change(id, "<computer_deletions>" + fits + "</computer_deletions>"), 409,
              "Error: Unable to match computer in deletions list id= " + computer_);
  EXPECT_EQ(member_ids(id), "");
  EXPECT_EQ(get_json("/id/" + id).at("computer_group.name"), "Loaners");
}

TEST_F(ClassicGroupRoutes, RefusalsUseTheWordsThatClientsMatch) {
  std::string inner = make("<name>Inner</name><is_smart>false</is_smart>");
  auto smart = [](const std::string& criteria) {
    return "<name>X</name><is_smart>true</is_smart><criteria>" + criteria + "</criteria>";
  };
  std::string outer =
      make("<name>Outer</name><criteria>" + criterion_xml("Computer Group", "member of", "inner") + "</criteria>");
  auto refused = [&](const std::string& elements, const std::string& words) {
    SCOPED_TRACE(elements);
    expect_page(send_xml("POST", "/id/0", "<computer_group>" + elements + "</computer_group>"), 409, words + "</p>");
  };
  refused("<name>OUTER</name><is_smart>false</is_smart>", "Error: Duplicate name");
  refused(smart(criterion_xml("No Such Criterion", "is", "x")), "Problem with criteria");
  refused(smart(criterion_xml("Computer Name", "more than", "x")), "Problem with criteria");
  refused(smart(criterion_xml("Computer Name", "is", "x", 1)), "Problem with criteria");
  const char* kIncomplete = "Error: Name, and/or, search_type are required in criterion.";
  refused(smart("<criterion><name>Computer Name</name><value>x</value></criterion>"), kIncomplete);
  refused(smart("<criterion/>"), kIncomplete);
  refused(smart(criterion_xml("Computer Group", "member of", "Nowhere")),
          "Smart Group (X) depends on another Smart Group (Nowhere) which does not exist yet.");
  refused("<is_smart>true</is_smart>", "Error: The name must not be blank");
  refused("<name>X</name><site><name>Nowhere</name></site>", "Error: Unable to match site");
  refused(
      "<name>X</name><is_smart>false</is_smart><criteria>" + criterion_xml("Computer Name", "is", "x") + "</criteria>",
      "Problem with criteria");
  refused(
      "<name>X</name><is_smart>true</is_smart><computer_additions><computer><id>1</id></computer>"
      "</computer_additions>",
      "Error: Computers cannot be added to or deleted from a smart computer group");
  expect_page(send_xml("DELETE", "/id/" + inner, ""), 409, "Error: The group `Inner` is used by `Outer`");
  expect_page(change(inner, "<is_smart>true</is_smart>"), 409,
              "Error: A computer group cannot change between smart and static");
  EXPECT_EQ(get_json("").at("computer_groups.2"), "(absent)");
  Answer gone = send_xml("DELETE", "/name/Outer", "");
  EXPECT_EQ(gone.status, 200);
  EXPECT_EQ(gone.text, kDeclaration + "<computer_group><id>" + outer + "</id></computer_group>");
  EXPECT_EQ(send_xml("DELETE", "/id/" + inner, "").status, 200);
  EXPECT_EQ(send_xml("DELETE", "/id/" + inner, "").status, 404);
}

TEST_F(ClassicGroupRoutes, BodiesThatAreNoGroupAreRefused) {
  std::string group = "<computer_group><name>X</name></computer_group>";
  expect_page(send_xml("POST", "/id/0", group, "application/json"), 415, "");
  EXPECT_EQ(send_xml("POST", "/id/0", group, "text/xml;charset=utf-8").status, 201);
  for (const char* body : {"", "words", "<computer_group>", "<policy><name>X</name></policy>",
                           "<!DOCTYPE x [<!ENTITY e 'boom'>]><computer_group><name>&e;</name></computer_group>",
                           "<computer_group><name>X</name><name>Y</name></computer_group>",
                           "<computer_group><name><b>X</b></name></computer_group>",
                           "<computer_group><is_smart>perhaps</is_smart></computer_group>",
                           "<computer_group><computers><computer>7</computer></computers></computer_group>",
                           "<computer_group><site><id>home</id></site></computer_group>"}) {
    SCOPED_TRACE(body);
    expect_page(send_xml("POST", "/id/0", body), 400, "Error in XML file");
  }
  expect_page(send_xml("GET", "/id/99", "", ""), 404, "The server has not found");
  expect_page(send_xml("GET", "/id/x", "", ""), 404, "The server has not found");
  expect_page(send_xml("GET", "/name/Nobody", "", ""), 404, "The server has not found");
  expect_page(send_xml("PUT", "/id/99", group), 404, "The server has not found");
  expect_page(send_xml("POST", "/id/7", group), 404, "The server has not found");
  expect_page(send_xml("PATCH", "/id/1", group), 405, "");
}

TEST_F(ClassicGroupRoutes, TextIsEscapedWhereverItShows) {
  create_group("<script>alert(1)</script>");
  Answer list = send_xml("GET", "", "", "");
  EXPECT_EQ(list.text.find("<script>"), std::string::npos) << list.text;
  Answer page =
      send_xml("POST", "/id/0",
               "<computer_group><name>&lt;script&gt;</name><is_smart>true</is_smart><criteria>" +
                   criterion_xml("Computer Group", "member of", "&lt;img&gt;") + "</criteria></computer_group>");
  expect_page(page, 409, "Smart Group (&lt;script&gt;) depends on another Smart Group (&lt;img&gt;)");
}

TEST_F(ClassicGroupRoutes, ACallerMaySeeAndChangeTheKindsThatItsPrivilegesName) {
  std::string smart = create_group("Smart"), fixed = create_static_group("Static", {});
  std::string token = client("smart only", {"Create Smart Computer Groups", "Read Smart Computer Groups",
                                            "Update Smart Computer Groups", "Delete Smart Computer Groups"});
  auto send_half = [&](const std::string& method, const std::string& path, const std::string& body = "") {
    return send(method, kPath + path, body, "application/xml", {{"Authorization", "Bearer " + token}});
  };
  Answer list = send_half("GET", "");
  EXPECT_NE(list.text.find("Smart"), std::string::npos);
  EXPECT_EQ(list.text.find("Static"), std::string::npos);
  std::string group = "<computer_group><name>X</name><is_smart>false</is_smart></computer_group>";
  const std::string kWords = "The privilege `";
  expect_page(send_half("GET", "/id/" + fixed), 403, kWords + "Read Static Computer Groups`");
  expect_page(send_half("PUT", "/id/" + fixed, group), 403, kWords + "Update Static Computer Groups`");
  expect_page(send_half("DELETE", "/name/Static"), 403, kWords + "Delete Static Computer Groups`");
  expect_page(send_half("POST", "/id/0", group), 403, kWords + "Create Static Computer Groups`");
  EXPECT_EQ(send_half("GET", "/id/" + smart).status, 200);
  EXPECT_EQ(send_half("DELETE", "/id/" + smart).status, 200);
}

}  // namespace
}  // namespace wardbridge::jamf_api
