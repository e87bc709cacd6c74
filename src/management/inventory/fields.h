// The layout of a computer record, as one table: every field of every section of the Jamf Pro API, its type, who may
// write it, and which API versions show it. Reading a record, showing one and patching one are walks over this table,
// so a field that is in it can't be forgotten by any of them.
//
//   Record record = TRY(check_record(body, How::create));
//   // record.sections is in canonical form; record.without_place names what nobody would store
//
// Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "management/inventory/inventory.h"

namespace wardbridge::inventory {

enum class Kind : std::uint8_t {
  id,  // a string; a whole number is taken and turned into one
  text,
  integer,       // 32 bits
  long_integer,  // 64 bits
  boolean,
  timestamp,  // ISO 8601, kept with `Z`
  date,       // `2026-11-23`
  choice,     // one of a closed list of words
  object,
  objects,  // an array of them
  texts,    // an array of strings
};

// Any field may be null: real servers answer null for whatever they don't know, and null reads as absent everywhere.
struct Field {
  std::string_view name;
  Kind kind = Kind::text;
  std::string_view choices = {};        // `VALID|INVALID|UNKNOWN`
  std::span<const Field> members = {};  // of object and objects
  bool patchable = false;               // PATCH computers-inventory-detail may write it
  bool only_by_server = false;          // a Mac's report must not claim it
  std::uint8_t first_version = 1;       // of the API that shows it
  std::uint8_t last_version = 4;

  constexpr Field patch() const {
    return with([](Field& f) { f.patchable = true; });
  }
  constexpr Field by_server() const {
    return with([](Field& f) { f.only_by_server = true; });
  }
  constexpr Field since(std::uint8_t v) const {
    return with([v](Field& f) { f.first_version = v; });
  }
  constexpr Field until(std::uint8_t v) const {
    return with([v](Field& f) { f.last_version = v; });
  }
  constexpr bool shown_by(int version) const { return first_version <= version && version <= last_version; }

 private:
  template <class Edit>
  constexpr Field with(Edit edit) const {
    Field changed = *this;
    edit(changed);
    return changed;
  }
};

// The whole section as a field: `object` or `objects`.
const Field& field_of(Section section);
// Whether this API version has the section at all (PLUGINS and FONTS are v1's alone).
bool has_section(int api_version, Section section);

// Who is speaking decides what has a place and how strict to be.
enum class How {
  report,  // a Mac about itself: no claims about management, sites or times that the server knows better
  create,  // POST computers-inventory
  patch,   // PATCH computers-inventory-detail: only what is patchable
  import,  // a record of another server: a word that its newer version added is listed instead of refused
};

// Members of `general` that only a body of this kind has (`siteId`, `managed`).
std::span<const Field> general_only_in(How how);

struct Checked {
  json::Value value;                       // members in table order: equal facts make equal text
  std::vector<std::string> without_place;  // `hardware.colour`: sorted, each name once
};
// `bad_field_type` or `bad_enum_value`, with `where` such as `storage.disks[2].sizeMegabytes`.
Result<Checked> check_section(Section section, const json::Value& value, How how);

struct Record {
  std::string udid;  // empty: not given
  Sections sections;
  std::vector<std::string> without_place;
};
// A whole body. With How::create the spellings that only creation has (`general.siteId`, `general.mdmCapable` as a
// boolean) are turned into those of the record; with How::patch `general.managed` and `general.siteId` stay as they
// are.
Result<Record> check_record(const json::Object& body, How how);

// JAMF: a computer without a site shows `{"id":"-1","name":"None"}`; null, "" and "-1" all mean that.
json::Object site_with_id(const json::Value& id);

}  // namespace wardbridge::inventory
