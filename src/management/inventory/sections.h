// The section documents of one computer, compared before they are written; for this room's own sources.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "management/inventory/inventory.h"

namespace wardbridge::inventory {

// Facts of the server that came inside `general`, in the words of whoever wrote it. Absent: not said.
struct Facts {
  std::optional<std::string> name;
  std::optional<std::string> management_id;
  std::optional<bool> managed;
  std::optional<Time> last_check_in;
  std::optional<Time> last_inventory_update;
  std::optional<Time> last_enrolled;
  std::optional<Time> created;
};
// Moves them out of the document: each fact has one home.
Facts take_facts(json::Object& general);

class StoredSections {
 public:
  // Reads the hashes of all sections, and the documents of those that are shared between several authors, unless these
  // are remembered of this very revision.
  StoredSections(store::Transaction& tx, const Computer& computer, RecentSections* recent = nullptr);

  // What is stored of a shared section (see is_shared); an empty object or array when there is nothing.
  json::Value shared(Section section) const;

  // Writes the section unless it is what is stored already, and tells whether it did.
  bool put(Section section, const json::Value& value);
  bool put(Section section, const Document& document);
  const std::vector<Section>& changed() const { return changed_; }

  // Once this is committed, `recent` knows what is stored now.
  void remember(RecentSections& recent, std::int64_t revision) const;

 private:
  store::Transaction& tx_;
  ComputerId id_;
  std::shared_ptr<const RecentSections::ByName> known_;  // as it was before; copied when something changes
  std::shared_ptr<RecentSections::ByName> mine_;
  std::vector<Section> changed_;
};

Document document_of(const json::Value& value);

// `general`, the extension attributes, and the sections that hold some of them: small, and written by the Mac, the
// admin and the server in turn.
bool is_shared(Section section);

}  // namespace wardbridge::inventory
