#include <algorithm>

#include "base/limits.h"
#include "base/text.h"
#include "management/inventory/fields.h"
#include "management/sources/classic.h"
#include "management/sources/classic_xml.h"
#include "management/sources/sources.h"

namespace wardbridge::sources {
namespace {

constexpr std::size_t kBatch = 32;

// A few words by which a person finds the record in the file.
std::string label_for(std::size_t number, const json::Object& record) {
  const json::Object* general = json::object_at(record, "general");
  const json::Object* hardware = json::object_at(record, "hardware");
  const json::Object& facts = general ? *general : record;
  auto serial_number = json::text_at(facts, "serial_number");
  if (!serial_number && hardware) serial_number = json::text_at(*hardware, "serialNumber");
  auto name = json::text_at(facts, "name");
  constexpr std::size_t kShown = 60;
  std::string label = "record " + std::to_string(number);
  std::vector<std::string> parts;
  if (serial_number && !serial_number->empty()) parts.emplace_back(serial_number->substr(0, kShown));
  if (name && !name->empty()) parts.push_back("\"" + std::string(name->substr(0, kShown)) + "\"");
  return parts.empty() ? label : label + " (" + text::join(parts, ", ") + ")";
}

Result<ImportedComputer> read_record(const json::Value& value, Format format, std::string label,
                                     std::vector<std::string>& without_place) {
  const json::Object& object = TRY(json::as_object(value, "a record"));
  inventory::Record record;
  if (format == Format::jamf_pro_json) {
    record = TRY(inventory::check_record(object, inventory::How::import));
  } else {
    ClassicRecord classic = TRY(read_classic(object));
    record = TRY(inventory::check_record(classic.body, inventory::How::import));
    without_place = std::move(classic.without_place);
  }
  without_place.insert(without_place.end(), record.without_place.begin(), record.without_place.end());
  return ImportedComputer{std::move(label), std::move(record.udid), std::move(record.sections)};
}

class Collector {
 public:
  explicit Collector(Format format) { parsed_.format = format; }

  void add(const json::Value& record) {
    ++number_;
    static const json::Object kNothing;
    const json::Object* object = record.if_object();
    std::string label = label_for(number_, object ? *object : kNothing);
    std::vector<std::string> without_place;
    auto computer = read_record(record, parsed_.format, label, without_place);
    if (!computer.ok()) {
      parsed_.refused.push_back({std::move(label), computer.failure()});
      return;
    }
    parsed_.computers.push_back(std::move(*computer));
    for (const std::string& name : without_place) ++parsed_.without_place[name];
  }

  ParsedImport take() { return std::move(parsed_); }

 private:
  ParsedImport parsed_;
  std::size_t number_ = 0;
};

Failure unknown_format() {
  return invalid("unknown_format",
                 "this is neither a computer record or list of the Jamf Pro API (JSON) nor one of the Classic API "
                 "(JSON or XML)");
}

// JAMF: the Classic record spells its members with underscores; serial number and UDID are in `general` there.
bool looks_classic(const json::Object& record) {
  const json::Object* general = json::object_at(record, "general");
  return general && (general->contains("serial_number") || general->contains("udid") ||
                     general->contains("report_date_epoch") || general->contains("jamf_version"));
}

bool looks_like_record(const json::Object& record) {
  return record.contains("general") || record.contains("udid") || record.contains("hardware");
}

ParsedImport collect(Format format, const json::Array& records) {
  Collector collector(format);
  for (const json::Value& record : records) {
    const json::Object* object = record.if_object();
    const json::Value* inner = object && format == Format::classic_json ? json::find(*object, "computer") : nullptr;
    collector.add(inner ? *inner : record);
  }
  return collector.take();
}

ParsedImport collect_one(Format format, const json::Value& record) {
  Collector collector(format);
  collector.add(record);
  return collector.take();
}

Result<ParsedImport> parse_array(const json::Array& records) {
  bool classic = std::ranges::any_of(records, [](const json::Value& record) {
    const json::Object* object = record.if_object();
    return object && (object->contains("computer") || looks_classic(*object));
  });
  return collect(classic ? Format::classic_json : Format::jamf_pro_json, records);
}

Result<ParsedImport> parse_json(std::string_view bytes) {
  json::Value document = TRY(json::parse(bytes));
  if (const auto* array = document.if_array()) return parse_array(*array);
  const auto* object = document.if_object();
  if (!object) return unknown_format();
  if (const json::Array* results = json::array_at(*object, "results")) return parse_array(*results);
  if (const json::Array* computers = json::array_at(*object, "computers")) {
    return collect(Format::classic_json, *computers);
  }
  if (const json::Value* computer = json::find(*object, "computer")) {
    return collect_one(Format::classic_json, *computer);
  }
  if (!looks_like_record(*object)) return unknown_format();
  return collect_one(looks_classic(*object) ? Format::classic_json : Format::jamf_pro_json, document);
}

Result<ParsedImport> parse_xml(std::string_view bytes) {
  XmlTree tree = TRY(read_classic_xml(bytes));
  if (tree.root == "computer") return collect_one(Format::classic_xml, tree.value);
  if (tree.root == "computers" && tree.value.is_array()) return collect(Format::classic_xml, tree.value.get_array());
  return unknown_format();
}

}  // namespace

const char* name_of(Format format) {
  switch (format) {
    case Format::jamf_pro_json:
      return "Jamf Pro API JSON";
    case Format::classic_json:
      return "Classic API JSON";
    case Format::classic_xml:
      return "Classic API XML";
  }
  return "?";
}

Result<ParsedImport> parse_import(std::string_view bytes) {
  if (bytes.size() > limits::kImportBodyBytes) {
    return Failure{Code::too_large, "too_large",
                   "the file is larger than " + std::to_string(limits::kImportBodyBytes / (1024 * 1024)) + " MiB"};
  }
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  std::string_view start = text::trim(bytes.substr(0, 4096));
  if (start.starts_with('<')) return parse_xml(bytes);
  return parse_json(bytes);
}

namespace {

class Importer {
 public:
  Importer(store::Store& store, const RecordWriter& write, ImportOutcome& outcome)
      : store_(store), write_(write), outcome_(outcome) {}

  // Many records share one commit; should one of them be refused, that batch is done again one by one.
  void write_batch(std::span<const ImportedComputer> batch) {
    if (stopped_) {
      for (const ImportedComputer& computer : batch) outcome_.refused.push_back({computer.label, *stopped_});
      return;
    }
    auto effects = write_together(batch);
    if (effects.ok()) {
      for (Effect effect : *effects) count(effect);
      return;
    }
    if (batch.size() > 1 && effects.failure().code != Code::unavailable) {
      for (const ImportedComputer& computer : batch) write_batch({&computer, 1});
      return;
    }
    if (effects.failure().code == Code::unavailable) stopped_ = effects.failure();
    for (const ImportedComputer& computer : batch) outcome_.refused.push_back({computer.label, effects.failure()});
  }

 private:
  using Effect = inventory::Recorded::Effect;

  Result<std::vector<Effect>> write_together(std::span<const ImportedComputer> batch) {
    return store_.write([&](store::Transaction& tx) -> Result<std::vector<Effect>> {
      std::vector<Effect> effects;
      for (const ImportedComputer& computer : batch) effects.push_back(TRY(write_(tx, computer)).effect);
      return effects;
    });
  }

  void count(Effect effect) {
    switch (effect) {
      case Effect::created:
        ++outcome_.created;
        break;
      case Effect::changed:
        ++outcome_.changed;
        break;
      case Effect::unchanged:
        ++outcome_.unchanged;
        break;
    }
  }

  store::Store& store_;
  const RecordWriter& write_;
  ImportOutcome& outcome_;
  std::optional<Failure> stopped_;
};

}  // namespace

ImportOutcome import_records(store::Store& store, ParsedImport parsed, const RecordWriter& write,
                             const Progress& progress) {
  ImportOutcome outcome;
  outcome.refused = std::move(parsed.refused);
  outcome.without_place = std::move(parsed.without_place);
  Importer importer(store, write, outcome);
  std::size_t already_refused = outcome.refused.size();
  std::span<const ImportedComputer> computers = parsed.computers;
  for (std::size_t first = 0; first < computers.size(); first += kBatch) {
    auto batch = computers.subspan(first, std::min(kBatch, computers.size() - first));
    importer.write_batch(batch);
    if (progress) progress(already_refused + first + batch.size(), already_refused + computers.size());
  }
  return outcome;
}

json::Object to_json(const ImportOutcome& outcome) {
  json::Array refused;
  for (const RefusedRecord& record : outcome.refused) {
    refused.push_back(json::Object{{"record", record.record},
                                   {"reason", record.why.reason},
                                   {"field", record.why.where},
                                   {"why", record.why.message}});
  }
  json::Object without_place;
  for (const auto& [name, count] : outcome.without_place) without_place[name] = count;
  return json::Object{{"new", outcome.created},
                      {"changed", outcome.changed},
                      {"unchanged", outcome.unchanged},
                      {"refused", std::move(refused)},
                      {"withoutPlace", std::move(without_place)}};
}

}  // namespace wardbridge::sources
