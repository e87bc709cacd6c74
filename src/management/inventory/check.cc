// Reading: from somebody's JSON to sections in canonical form.
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/text.h"
#include "base/time.h"
#include "management/inventory/fields.h"

namespace wardbridge::inventory {
namespace {

// Where we are, as a chain on the stack: spelled out only when something has to be said about the place.
struct Path {
  const Path* parent = nullptr;
  std::string_view name = {};
  std::int64_t index = -1;
};

enum class Spelling { with_indexes, without_indexes };

std::string spell(const Path& path, Spelling spelling) {
  std::string text = path.parent ? spell(*path.parent, spelling) : "";
  if (path.index >= 0) {
    return spelling == Spelling::with_indexes ? text + "[" + std::to_string(path.index) + "]" : text;
  }
  if (!text.empty()) text += ".";
  return text + std::string(path.name);
}

bool has_content(const json::Value& value) {
  if (const auto* text = value.if_string()) return !text->empty();
  if (const auto* array = value.if_array()) return !array->empty();
  if (const auto* object = value.if_object()) return !object->empty();
  return !value.is_null();
}

std::optional<std::int64_t> whole_number(const json::Value& value) {
  if (const auto* number = value.if_int64()) return *number;
  constexpr double kExactlyRepresentable = 9007199254740992.0;
  if (const auto* number = value.if_double();
      number && std::nearbyint(*number) == *number && std::abs(*number) < kExactlyRepresentable) {
    return static_cast<std::int64_t>(*number);
  }
  return std::nullopt;
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 80;
  return "`" + std::string(text.substr(0, kShown)) + (text.size() > kShown ? "...`" : "`");
}

const char* kind_in_words(Kind kind) {
  switch (kind) {
    case Kind::id:
      return "an id: a string or a whole number";
    case Kind::text:
      return "a string";
    case Kind::integer:
      return "a whole number of 32 bits";
    case Kind::long_integer:
      return "a whole number of 64 bits";
    case Kind::boolean:
      return "true or false";
    case Kind::timestamp:
      return "an ISO 8601 date and time";
    case Kind::date:
      return "a date such as `2026-11-23`";
    case Kind::choice:
      return "a string";
    case Kind::object:
      return "an object";
    case Kind::objects:
      return "an array of objects";
    case Kind::texts:
      return "an array of strings";
  }
  return "something else";
}

class Checker {
 public:
  explicit Checker(How how) : how_(how) {}

  Result<json::Value> section(Section section, const json::Value& value) {
    const Field& field = field_of(section);
    Path path{.name = field.name};
    if (value.is_null()) return json::Value();
    storage_ = value.storage();
    return any(field, value, path, section == Section::general ? general_only_in(how_) : std::span<const Field>{});
  }

  bool has_place(const Field& field) const {
    if (how_ == How::patch) return field.patchable;
    if (how_ == How::report) return !field.only_by_server;
    return true;
  }

  void note_without_place(const Path& path, const json::Value& value) {
    // Another server's record lists every member it could have; an empty one is no loss.
    if (how_ == How::import && !has_content(value)) return;
    without_place_.insert(spell(path, Spelling::without_indexes));
  }

  std::vector<std::string> take_without_place() { return {without_place_.begin(), without_place_.end()}; }

 private:
  Failure wrong_type(const Field& field, const Path& path) const {
    std::string where = spell(path, Spelling::with_indexes);
    return invalid("bad_field_type", "`" + where + "` must be " + kind_in_words(field.kind), where);
  }

  Result<json::Value> any(const Field& field, const json::Value& value, const Path& path,
                          std::span<const Field> more_members = {}) {
    switch (field.kind) {
      case Kind::object:
        if (const auto* object = value.if_object()) return members(field.members, more_members, *object, path);
        return wrong_type(field, path);
      case Kind::objects:
      case Kind::texts:
        if (const auto* array = value.if_array()) return items(field, *array, path);
        return wrong_type(field, path);
      case Kind::integer:
      case Kind::long_integer:
        return number(field, value, path);
      case Kind::boolean:
        if (value.is_bool()) return value;
        return wrong_type(field, path);
      case Kind::id:
        if (auto whole = whole_number(value)) return text_value(std::to_string(*whole));
        [[fallthrough]];
      default:
        if (value.is_string()) return word(field, {value.get_string().data(), value.get_string().size()}, path);
        return wrong_type(field, path);
    }
  }

  Result<json::Value> members(std::span<const Field> fields, std::span<const Field> more_fields, const json::Object& in,
                              const Path& path) {
    json::Object out(in.storage());
    out.reserve(in.size());
    std::size_t known = 0;
    for (std::span<const Field> table : {fields, more_fields}) {
      for (const Field& field : table) {
        const json::Value* value = in.if_contains({field.name.data(), field.name.size()});
        if (!value) continue;
        ++known;
        Path here{&path, field.name};
        if (!has_place(field)) {
          note_without_place(here, *value);
        } else if (value->is_null()) {
          out.emplace(field.name, nullptr);
        } else {
          out.emplace(field.name, TRY(any(field, *value, here)));
        }
      }
    }
    if (known < in.size()) note_unknown(fields, more_fields, in, path);
    return json::Value(std::move(out));
  }

  void note_unknown(std::span<const Field> fields, std::span<const Field> more_fields, const json::Object& in,
                    const Path& path) {
    for (const auto& member : in) {
      auto same = [&](const Field& field) { return field.name == std::string_view(member.key()); };
      if (std::ranges::any_of(fields, same) || std::ranges::any_of(more_fields, same)) continue;
      note_without_place(Path{&path, member.key()}, member.value());
    }
  }

  Result<json::Value> items(const Field& field, const json::Array& in, const Path& path) {
    json::Array out(in.storage());
    out.reserve(in.size());
    for (const json::Value& item : in) {
      Path here{&path, {}, static_cast<std::int64_t>(out.size())};
      const auto* object = item.if_object();
      if (field.kind == Kind::objects && object) {
        out.push_back(TRY(members(field.members, {}, *object, here)));
      } else if (field.kind == Kind::texts && item.is_string()) {
        out.push_back(TRY(word(Field{}, {item.get_string().data(), item.get_string().size()}, here)));
      } else {
        std::string where = spell(here, Spelling::with_indexes);
        const char* wanted = field.kind == Kind::objects ? "an object" : "a string";
        return invalid("bad_field_type", "`" + where + "` must be " + wanted, where);
      }
    }
    return json::Value(std::move(out));
  }

  Result<json::Value> number(const Field& field, const json::Value& value, const Path& path) const {
    auto whole = whole_number(value);
    using Small = std::numeric_limits<std::int32_t>;
    bool fits = whole && (field.kind == Kind::long_integer || (*whole >= Small::min() && *whole <= Small::max()));
    if (!fits) return wrong_type(field, path);
    return json::Value(*whole);
  }

  // A string of any kind: free text, a time, or a word of a closed list.
  Result<json::Value> word(const Field& field, std::string_view text, const Path& path) {
    if (field.kind == Kind::choice) return chosen(field, text, path);
    if (field.kind == Kind::timestamp) {
      auto time = parse_iso8601(text);
      if (!time.ok()) return wrong_type(field, path);
      // What is in UTC already comes back to the letter, with whatever precision it had.
      bool canonical = text.ends_with('Z') && text.find('T') != std::string_view::npos;
      return text_value(canonical ? std::string(text) : to_iso8601(*time));
    }
    if (field.kind == Kind::date) {
      auto time = parse_date(text);
      if (!time.ok()) return wrong_type(field, path);
      return text_value(text);
    }
    if (text.find('\0') != std::string_view::npos) {
      std::string where = spell(path, Spelling::with_indexes);
      return invalid("bad_field_value", "`" + where + "` contains a NUL character", where);
    }
    return text_value(text);
  }

  // In the storage of what is being checked, so that building the canonical form moves values instead of copying them.
  json::Value text_value(std::string_view text) const {
    return json::Value(boost::json::string_view(text.data(), text.size()), storage_);
  }

  Result<json::Value> chosen(const Field& field, std::string_view text, const Path& path) {
    for (std::string_view choice : text::split(field.choices, '|')) {
      if (choice == text) return text_value(text);
    }
    if (how_ == How::import) {
      without_place_.insert(spell(path, Spelling::without_indexes) + " (" + quoted(text) + ")");
      return json::Value();
    }
    std::string where = spell(path, Spelling::with_indexes);
    return invalid("bad_enum_value",
                   quoted(text) + " is not a value of `" + where + "`: it is one of " +
                       text::replace_all(field.choices, "|", ", "),
                   where);
  }

  How how_;
  json::Storage storage_;
  std::set<std::string> without_place_;
};

// JAMF: a creation body writes three facts of `general` in another form than the record shows them.
Result<json::Value> general_as_recorded(const json::Value& general) {
  const auto* object = general.if_object();
  if (!object) return general;
  json::Object recorded = *object;
  if (auto* capable = recorded.if_contains("mdmCapable"); capable && capable->is_bool()) {
    *capable = json::Object{{"capable", capable->get_bool()}};
  }
  if (auto platform = json::text_at(recorded, "platform")) {
    static constexpr std::pair<std::string_view, std::string_view> kSpellings[] = {
        {"MAC", "Mac"}, {"WINDOWS", "Windows"}, {"NONE", "None"}};
    const auto* spelling = std::ranges::find_if(
        kSpellings, [&](const auto& pair) { return pair.first == *platform || pair.second == *platform; });
    if (spelling == std::end(kSpellings)) {
      return invalid("bad_enum_value",
                     quoted(*platform) + " is not a value of `general.platform`: it is one of MAC, WINDOWS, NONE",
                     "general.platform");
    }
    recorded["platform"] = spelling->second;
  }
  return json::Value(std::move(recorded));
}

Result<std::string> checked_udid(const json::Object& body) {
  std::string udid = TRY(json::optional_text(body, "udid"));
  if (udid.find('\0') != std::string::npos) {
    return invalid("bad_field_value", "`udid` contains a NUL character", "udid");
  }
  // Macs print it in upper case, and one Mac must not become two by its spelling.
  return text::is_guid(udid) ? text::upper(udid) : udid;
}

Result<json::Value> check_general(Checker& checker, const json::Value& value, How how) {
  json::Value checked = how == How::create ? TRY(checker.section(Section::general, TRY(general_as_recorded(value))))
                                           : TRY(checker.section(Section::general, value));
  if (auto* object = checked.if_object(); object && how == How::create) {
    if (const auto* site_id = object->if_contains("siteId")) {
      json::Object site = site_with_id(*site_id);
      object->erase("siteId");
      (*object)["site"] = std::move(site);
    }
  }
  return checked;
}

}  // namespace

json::Object site_with_id(const json::Value& id) {
  bool none = !id.is_string() || id.get_string() == "-1" || id.get_string().empty();
  return none ? json::Object{{"id", "-1"}, {"name", "None"}} : json::Object{{"id", id}, {"name", ""}};
}

Result<Checked> check_section(Section section, const json::Value& value, How how) {
  Checker checker(how);
  json::Value checked =
      section == Section::general ? TRY(check_general(checker, value, how)) : TRY(checker.section(section, value));
  return Checked{std::move(checked), checker.take_without_place()};
}

Result<Record> check_record(const json::Object& body, How how) {
  Checker checker(how);
  Record record;
  record.udid = TRY(checked_udid(body));
  for (const auto& member : body) {
    std::string_view name = member.key();
    if (name == "udid" || (name == "id" && how == How::import)) continue;  // an imported record gets an id of ours
    auto section = section_from_member_name(name);
    if (!section || !checker.has_place(field_of(*section))) {
      checker.note_without_place(Path{.name = name}, member.value());
      continue;
    }
    if (member.value().is_null()) continue;
    // Made in place: assigning to an existing value would copy it out of its storage.
    record.sections.insert_or_assign(*section, *section == Section::general
                                                   ? TRY(check_general(checker, member.value(), how))
                                                   : TRY(checker.section(*section, member.value())));
  }
  record.without_place = checker.take_without_place();
  return record;
}

}  // namespace wardbridge::inventory
