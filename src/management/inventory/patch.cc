// PATCH computers-inventory-detail: an admin's edit of the few members that are not the Mac's own.
#include <algorithm>

#include "management/inventory/fields.h"
#include "management/inventory/inventory.h"
#include "management/inventory/rows.h"
#include "management/inventory/sections.h"

namespace wardbridge::inventory {
namespace {

constexpr std::string_view kAttributes = "extensionAttributes";

class Edit {
 public:
  Edit(store::Transaction& tx, Computer& computer) : computer_(computer), stored_(tx, computer) {}

  // Values of `sections` come from check_record(How::patch).
  Status apply(const Sections& sections) {
    for (const auto& [section, value] : sections) {
      if (section == Section::extension_attributes) {
        for (const json::Value& item : value.get_array()) TRY(set_attribute(section, item.get_object()));
        continue;
      }
      for (const auto& member : value.get_object()) TRY(set_member(section, member.key(), member.value()));
    }
    for (const auto& [section, document] : documents_) {
      if (document != stored_.shared(section)) stored_.put(section, document);  // some were only looked into
    }
    return done();
  }

  void set_udid(const std::string& udid) {
    if (udid == computer_.udid) return;
    note("udid", json::Value(computer_.udid), json::Value(udid));
    computer_.udid = udid;
  }

  bool changed_anything() const { return !differences_.empty(); }
  const std::vector<Section>& changed() const { return stored_.changed(); }
  json::Object take_differences() { return std::move(differences_); }

 private:
  void note(const std::string& property, const json::Value& before, const json::Value& after) {
    if (before != after) differences_[property] = json::Object{{"old", before}, {"new", after}};
  }

  json::Value& document(Section section) {
    auto found = documents_.find(section);
    if (found == documents_.end()) found = documents_.emplace(section, stored_.shared(section)).first;
    return found->second;
  }

  Status set_member(Section section, std::string_view name, const json::Value& value) {
    std::string property = std::string(member_name(section)) + "." + std::string(name);
    if (name == kAttributes) {
      if (value.is_null()) return done();
      for (const json::Value& item : value.get_array()) TRY(set_attribute(section, item.get_object()));
      return done();
    }
    if (section == Section::general && name == "name") {
      std::string wanted = value.is_null() ? "" : std::string(std::string_view(value.get_string()));
      note(property, json::Value(computer_.name), json::Value(wanted));
      computer_.name = wanted;
      return done();
    }
    if (section == Section::general && name == "managed") {
      if (value.is_null()) return done();
      note(property, json::Value(computer_.managed), value);
      computer_.managed = value.get_bool();
      return done();
    }
    if (section == Section::general && name == "siteId") return set_site(value);
    json::Object& object = document(section).get_object();
    const json::Value* before = object.if_contains({name.data(), name.size()});
    note(property, before ? *before : json::Value(), value);
    object[{name.data(), name.size()}] = value;
    return done();
  }

  Status set_site(const json::Value& id) {
    json::Object& general = document(Section::general).get_object();
    const json::Object* before = json::object_at(general, "site");
    json::Value old_id = before && before->contains("id") ? before->at("id") : json::Value("-1");
    json::Object site = site_with_id(id);
    if (old_id == site.at("id")) return done();
    note("general.siteId", old_id, site.at("id"));
    general["site"] = std::move(site);
    return done();
  }

  // JAMF: an attribute is shown in the list of all of them and again in the section that its definition selects; both
  // places must tell the same.
  Status set_attribute(Section said_in, const json::Object& attribute) {
    auto definition_id = json::text_at(attribute, "definitionId");
    if (!definition_id) {
      return invalid("missing_field", "an extension attribute needs a `definitionId`",
                     std::string(kAttributes) + ".definitionId");
    }
    static constexpr std::array kPlaces = {
        Section::extension_attributes, Section::general,    Section::hardware,
        Section::operating_system,     Section::purchasing, Section::user_and_location};
    for (Section place : kPlaces) {
      bool belongs = place == Section::extension_attributes || place == said_in;
      json::Array* attributes = attributes_in(place, belongs);
      json::Object* same = attributes ? find_attribute(*attributes, *definition_id) : nullptr;
      if (!same && !belongs) continue;
      json::Value before = same ? value_of(*same) : json::Value();
      if (same) {
        (*same)["values"] = value_of(attribute);
      } else {
        attributes->push_back(attribute);
      }
      if (place == Section::extension_attributes) {
        note(std::string(kAttributes) + "." + std::string(*definition_id), before, value_of(attribute));
      }
    }
    return done();
  }

  static json::Value value_of(const json::Object& attribute) {
    const json::Value* values = json::find(attribute, "values");
    return values ? *values : json::Value(json::Array());
  }

  json::Array* attributes_in(Section place, bool create) {
    json::Value& whole = document(place);
    if (place == Section::extension_attributes) return &whole.get_array();
    json::Object& object = whole.get_object();
    json::Value* list = object.if_contains(json_key(kAttributes));
    if ((!list || !list->is_array()) && !create) return nullptr;
    if (!list || !list->is_array()) return &(object[json_key(kAttributes)] = json::Array()).get_array();
    return &list->get_array();
  }

  static boost::json::string_view json_key(std::string_view name) { return {name.data(), name.size()}; }

  Computer& computer_;
  StoredSections stored_;
  std::map<Section, json::Value> documents_;
  json::Object differences_;  // property -> old and new
};

}  // namespace

Result<Patched> patch(store::Transaction& tx, ComputerId id, const json::Object& body, Time now,
                      const audit::Actor& actor) {
  Record record = TRY(check_record(body, How::patch));
  auto computer = hold(tx, id);
  if (!computer) return no_computer(id);
  Patched patched{.id = id, .without_place = std::move(record.without_place)};
  bool was_managed = computer->managed;
  Edit edit(tx, *computer);
  if (!record.udid.empty()) {
    auto owner = find_by_udid(tx, record.udid);
    if (owner && *owner != id) return duplicate_udid(record.udid, *owner);
    edit.set_udid(record.udid);
  }
  TRY(edit.apply(record.sections));
  if (edit.changed_anything()) {
    ++computer->revision;
    computer->reassess_at = std::min(computer->reassess_at, now);
    save(tx, *computer);
    audit::Entry entry = audit_entry(*computer, now, actor, "update");
    entry.details = edit.take_differences();
    audit::record(tx, entry);  // INVARIANT: law 9
  }
  patched.changed = edit.changed();
  patched.management_changed = computer->managed != was_managed;
  patched.revision = computer->revision;
  return patched;
}

}  // namespace wardbridge::inventory
