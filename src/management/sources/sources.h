// Where computers come from besides the Macs themselves: records of another Jamf Pro server, as files.
//
// Knows: the spellings of the Classic API (JSON and XML) and the shapes a Jamf Pro API answer comes in, and turns each
// into sections of the record. Hides: XML, the three forms of a Classic date, what is text there and a number here.
//
//   ParsedImport parsed = TRY(parse_import(file));
//   ImportOutcome outcome = import_records(store, std::move(parsed), writer, progress);
//
// Stateless; safe from any thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "management/inventory/inventory.h"
#include "platform/store/store.h"

namespace wardbridge::sources {

enum class Format { jamf_pro_json, classic_json, classic_xml };
const char* name_of(Format format);  // `Jamf Pro API JSON`

struct ImportedComputer {
  std::string label;  // for people: `record 3 (C02XK1, "Ann's Mac")`
  std::string udid;
  inventory::Sections sections;  // checked; `general` still holds the facts of the server it came from
};

struct RefusedRecord {
  std::string record;  // as label
  Failure why;
};

struct ParsedImport {
  Format format = Format::jamf_pro_json;
  std::vector<ImportedComputer> computers;
  std::vector<RefusedRecord> refused;
  // Names that came with a value for which the record has no place, in the spelling of the source, and in how many
  // records: `general.remote_management.management_password_sha256`.
  std::map<std::string, std::int64_t> without_place;
};

// One record, a bare array of records, or a list as the API answers it. Records that can't be read are in `refused`,
// and do not hinder the others. Fails as a whole with `bad_json`, `bad_xml`, `unknown_format`, and `too_large` above
// limits::kImportBodyBytes.
Result<ParsedImport> parse_import(std::string_view bytes);

// Writes one record in the caller's transaction, with all that follows from it. It may change the record first: say,
// rename the ids of extension attributes to those of its own definitions.
using RecordWriter = std::function<Result<inventory::Recorded>(store::Transaction&, ImportedComputer)>;
// After every batch: how many of how many records are through.
using Progress = std::function<void(std::size_t done, std::size_t total)>;

struct ImportOutcome {
  std::int64_t created = 0;
  std::int64_t changed = 0;
  std::int64_t unchanged = 0;
  std::vector<RefusedRecord> refused;
  std::map<std::string, std::int64_t> without_place;
};

// Each record is written whole or refused; a refused one does not hinder the others. Records share commits in batches.
// Should the store become unavailable (disk full), the rest is refused with that reason, without trying each.
ImportOutcome import_records(store::Store& store, ParsedImport parsed, const RecordWriter& write,
                             const Progress& progress = {});

// The outcome for machines: {new, changed, unchanged, refused:[{record, reason, why}], withoutPlace:{name: count}}.
json::Object to_json(const ImportOutcome& outcome);

}  // namespace wardbridge::sources
