#include "base/text.h"
#include "management/groups/computer_facts.h"
#include "management/groups/criteria_table.h"

namespace wardbridge::groups {
namespace {

using criteria::FactType;

const char* words_of(FactType type) {
  switch (type) {
    case FactType::text:
      return "text";
    case FactType::integer:
      return "whole number";
    case FactType::time:
      return "date";
    case FactType::version:
      return "version";
    case FactType::choice:
      return "choice";
    case FactType::texts:
      return "list of texts";
    case FactType::versions:
      return "list of versions";
    case FactType::computer_group:
      return "group";
    case FactType::integers:
      return "list of whole numbers";
    case FactType::times:
      return "list of dates";
  }
  return "";
}

std::string in_code(std::string_view text) { return "`" + std::string(text) + "`"; }

// `general.mdmCapable.capable`; a list is written `applications[].name` where the section is one.
std::string place(inventory::Section section, const std::string& path) {
  return in_code(std::string(inventory::member_name(section)) + (path.empty() ? "" : "." + path));
}

std::string where_from(const table::Line& line) {
  const table::Source& source = line.source;
  if (const auto* field = std::get_if<table::Field>(&source)) return place(field->section, field->path);
  if (const auto* items = std::get_if<table::Items>(&source)) {
    return "each " + place(items->section, items->path) +
           (items->also == nullptr ? "" : " and " + place(items->section, items->also));
  }
  if (const auto* count = std::get_if<table::Count>(&source)) return "how many " + place(count->section, "");
  if (const auto* derived = std::get_if<table::Derived>(&source)) {
    return place(derived->section, "") + ": " + derived->how;
  }
  if (const auto* derived = std::get_if<table::DerivedNumber>(&source)) {
    return place(derived->section, "") + ": " + derived->how;
  }
  if (std::holds_alternative<table::OtherGroup>(source)) return "the computer's groups";
  return "the server's own record of the computer";
}

std::string values_of(const table::Line& line) {
  std::vector<std::string> values;
  for (const criteria::Choice& choice : line.choices) {
    std::string value = in_code(choice.display);
    if (!choice.synonyms.empty()) value += " (" + text::join(choice.synonyms, ", ") + ")";
    values.push_back(std::move(value));
  }
  return text::join(values, "; ");
}

std::string absence_of(const table::Line& line) {
  switch (line.type) {
    case FactType::time:
    case FactType::times:
      return "nothing matches";
    case FactType::computer_group:
      return "not a member";
    default:
      return *line.when_absent == '\0' ? "blank" : in_code(line.when_absent);
  }
}

}  // namespace

std::string criteria_reference() {
  std::string page =
      "# Criteria\n\n"
      "Made from the program's own table by `wardbridge reference criteria`; don't edit.\n\n"
      "What smart computer groups can ask of a computer, beside the extension attributes of an organisation, which "
      "are\n"
      "lists of texts, whole numbers or dates under their own names. Names, operators and values are matched without\n"
      "case; a value in parentheses is another spelling of the one before it. \"Blank\" means that an absent value is\n"
      "matched by `is` with an empty value and by the negative operators, and by nothing else. A criterion on a list "
      "asks\n"
      "whether any item fits, a negative one whether none does. [Decision 5](../decisions/0005-criteria.md) says what "
      "each\n"
      "operator means.\n\n"
      "## Operators\n\n"
      "| type | operators |\n| --- | --- |\n";
  for (FactType type :
       {FactType::text, FactType::texts, FactType::integer, FactType::integers, FactType::time, FactType::times,
        FactType::version, FactType::versions, FactType::choice, FactType::computer_group}) {
    page +=
        std::string("| ") + words_of(type) + " | " + text::join(criteria::operators_for(type).names(), ", ") + " |\n";
  }
  page +=
      "\nOn extension attributes `has` and `does not have` are refused by the Jamf Pro API, as the vendor's does, and "
      "taken\nby everything else. `current` and `not current` are refused everywhere: no document says what they "
      "mean.\n\n"
      "## Names\n\n"
      "| name | type | values | absent | read from | unconfirmed |\n| --- | --- | --- | --- | --- | --- |\n";
  for (const table::Line& line : table::lines()) {
    page += std::string("| ") + line.name + " | " + words_of(line.type) + " | " + values_of(line) + " | " +
            absence_of(line) + " | " + where_from(line) + " | " + line.unconfirmed + " |\n";
  }
  page +=
      "\nOther `Enrollment Method: ...` names exist; what they are called is not documented.\n\n"
      "## Names of Jamf Pro that can't be asked here\n\n"
      "| name | why |\n| --- | --- |\n";
  for (const auto& [name, why] : table::missing()) page += std::string("| ") + name + " | " + why + " |\n";
  return page;
}

}  // namespace wardbridge::groups
