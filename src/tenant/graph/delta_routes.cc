// Delta queries: everything once, and from then on only what has changed since.
//
// A token holds where its reader stands: first in the list of all objects (by id), then in the log of changes (by
// sequence). The position to go on from is taken before the first object is shown, so that what changes while a reader
// pages through the list is told again afterwards.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "tenant/directory/delta.h"
#include "tenant/graph/graph_wire.h"
#include "tenant/graph/people.h"

namespace wardbridge::graph {
namespace {

using directory::ObjectId;
using directory::ObjectKind;
using Response = Result<http::Response>;

constexpr std::size_t kDeltaPage = 200;
constexpr std::size_t kIdsFiltered = 50;
// Of all groups of a page together. ENTRA: a group with more stands on several pages, with some of them on each.
constexpr std::size_t kMembersOfAPage = 1000;

struct DeltaToken {
  std::string kind;                   // `users`: a token is good for one collection
  text::Form options;                 // $select and $filter of the first request
  std::int64_t base = 0;              // what the next round starts from
  std::optional<std::string> after;   // of the list: the last id shown, empty at its start; nothing: the log
  std::int64_t position = 0;          // of the log
  std::optional<std::int64_t> since;  // inside a round over the log: where the round began
  Time issued = kEpoch;               // of the deltaLink that began the round
  // The group whose members are not all told yet, and the last one that was: an id, or its sequence in the log.
  std::string group;
  std::string member;
};

std::string token_text(const DeltaToken& token) {
  json::Array options;
  for (const auto& [name, value] : token.options) options.push_back(json::Array{json::Value(name), json::Value(value)});
  return text::to_base64url(json::to_text(json::Array{
      1, json::Value(token.kind), std::move(options), token.base,
      token.after ? json::Value(*token.after) : json::Value(), token.position, to_unix_milliseconds(token.issued),
      token.since ? json::Value(*token.since) : json::Value(), json::Value(token.group), json::Value(token.member)}));
}

Result<DeltaToken> token_from(const std::string& text, std::string_view kind) {
  const Failure bad =
      invalid("bad_delta_token", "the delta token is not one that this collection gave out", "$deltatoken");
  const auto parsed = json::parse(text::from_base64url(text).value_or(""));
  const json::Array* parts = parsed.ok() ? parsed->if_array() : nullptr;
  // Those of earlier versions have no group.
  const bool is_token = parts && (parts->size() == 8 || parts->size() == 10) && parts->at(0) == json::Value(1) &&
                        parts->at(1).is_string() && parts->at(2).is_array() && parts->at(3).is_int64() &&
                        (parts->at(4).is_null() || parts->at(4).is_string()) && parts->at(5).is_int64() &&
                        parts->at(6).is_int64() && (parts->at(7).is_null() || parts->at(7).is_int64());
  if (!is_token || std::string_view(parts->at(1).get_string()) != kind) return bad;
  DeltaToken token;
  token.kind = kind;
  for (const json::Value& option : parts->at(2).get_array()) {
    const json::Array* pair = option.if_array();
    if (!pair || pair->size() != 2 || !pair->at(0).is_string() || !pair->at(1).is_string()) return bad;
    token.options.emplace_back(std::string(pair->at(0).get_string()), std::string(pair->at(1).get_string()));
  }
  token.base = parts->at(3).get_int64();
  if (parts->at(4).is_string()) token.after = std::string(parts->at(4).get_string());
  token.position = parts->at(5).get_int64();
  token.issued = from_unix_milliseconds(parts->at(6).get_int64());
  if (parts->at(7).is_int64()) token.since = parts->at(7).get_int64();
  if (parts->size() == 10) {
    if (!parts->at(8).is_string() || !parts->at(9).is_string()) return bad;
    token.group = std::string(parts->at(8).get_string());
    token.member = std::string(parts->at(9).get_string());
  }
  return token;
}

// What a kind of object needs to be told about.
struct DeltaKind {
  ObjectKind kind;
  std::string_view name;
  const ResourceType& (*type)();
};
template <ObjectKind kind>
DeltaKind delta_kind() {
  if (kind == ObjectKind::user) return {kind, "users", user_type};
  if (kind == ObjectKind::group) return {kind, "groups", group_type};
  return {kind, "devices", device_type};
}

// $select and $filter, from the first request or from the token.
struct Shown {
  std::vector<std::string> selected;  // empty: what is shown by default
  std::vector<std::string> ids;       // empty: all objects
  bool has_members = false;
};

Result<Shown> shown_by(const DeltaKind& kind, const text::Form& options) {
  Shown shown;
  shown.has_members = kind.kind == ObjectKind::group;
  for (const auto& [name, value] : options) {
    if (name == "$select") {
      shown.has_members = false;
      for (std::string_view part : text::split(value, ',')) {
        const std::string property(text::trim(part));
        if (kind.kind == ObjectKind::group && property == "members") {
          shown.has_members = true;
          continue;
        }
        if (!kind.type().find(property))
          return invalid(
              "unknown_property",
              "could not find a property named `" + property + "` on type `" + std::string(kind.type().name) + "`",
              "$select");
        shown.selected.push_back(property);
      }
      if (shown.selected.empty()) shown.selected.emplace_back("id");
    } else if (name == "$filter") {
      // ENTRA: by id alone, joined by `or`.
      for (std::string_view rest = value; !rest.empty();) {
        const std::size_t joint = rest.find(" or ");
        const std::string_view clause = text::trim(rest.substr(0, joint));
        rest = joint == std::string_view::npos ? "" : rest.substr(joint + 4);
        const bool is_id = clause.starts_with("id eq '") && clause.ends_with('\'') && clause.size() > 8;
        const std::string_view id = is_id ? clause.substr(7, clause.size() - 8) : std::string_view();
        if (!text::is_guid(id) || shown.ids.size() == kIdsFiltered)
          return invalid("unsupported_filter",
                         "a delta query is filtered by at most " + std::to_string(kIdsFiltered) +
                             " ids: `id eq '...' or id eq '...'`",
                         "$filter");
        shown.ids.push_back(text::lower(id));
      }
    } else {
      return invalid("unsupported_query", "the query option `" + name + "` is not supported in a delta query", name);
    }
  }
  return shown;
}

// The page to show, and the token that goes on from it.
struct DeltaPage {
  json::Array items;
  DeltaToken next;
  bool is_last = false;
};

class DeltaReader {
 public:
  DeltaReader(store::Transaction& tx, const Call& call, const DeltaKind& kind, const Shown& shown)
      : tx_(tx), call_(call), kind_(kind), shown_(shown) {}

  Result<DeltaPage> read(DeltaToken token) { return token.after ? read_list(token) : read_log(token); }

 private:
  const directory::TenantId& tenant() const { return call_.caller.tenant; }

  Result<DeltaPage> read_list(DeltaToken token) {
    if (token.after->empty()) token.base = directory::safe_position(tx_, tenant(), kind_.kind, call_.now);
    directory::Search search{.where = std::nullopt, .order_by = "id", .limit = kDeltaPage, .now = call_.now};
    if (!token.after->empty()) search.after = directory::Place{*token.after, {*token.after}};
    std::vector<ObjectId> ids;
    for (const auto& place : TRY(directory::search(tx_, tenant(), kind_.kind, search))) ids.push_back(place.id);
    DeltaPage page;
    go_on_with_group(page.items, token);
    for (const ObjectId& id : ids) {
      if (!token.group.empty()) break;
      show(page.items, id, false, token);
      token.after = id.value;
    }
    if (!token.group.empty()) {
      page.next = std::move(token);
      return page;
    }
    page.is_last = ids.size() < kDeltaPage;
    if (page.is_last) finish(token);
    page.next = std::move(token);
    return page;
  }

  Result<DeltaPage> read_log(DeltaToken token) {
    const auto changes = directory::changes_after(tx_, tenant(), kind_.kind, token.position, kDeltaPage);
    if (!token.since) {
      // Members are told from where the round began, however many pages it has; the next round starts from what is
      // settled now.
      token.since = token.position;
      token.base = std::max(token.base, directory::safe_position(tx_, tenant(), kind_.kind, call_.now));
    }
    DeltaPage page;
    go_on_with_group(page.items, token);
    for (const auto& change : changes) {
      if (!token.group.empty()) break;
      show(page.items, change.id, change.removed, token);
      token.position = change.sequence;
    }
    if (!token.group.empty()) {
      page.next = std::move(token);
      return page;
    }
    page.is_last = changes.size() < kDeltaPage;
    if (page.is_last) finish(token);
    page.next = std::move(token);
    return page;
  }

  void finish(DeltaToken& token) const {
    token.after.reset();
    token.since.reset();
    token.position = token.base;
    token.issued = call_.now;
  }

  // The rest of the group whose members did not fit on the page before.
  void go_on_with_group(json::Array& items, DeltaToken& token) {
    if (token.group.empty()) return;
    const ObjectId group{std::exchange(token.group, {})};
    show(items, group, false, token);
  }

  // Where a group's members do not fit, the token says how far they were told.
  void show(json::Array& items, const ObjectId& id, bool removed, DeltaToken& token) {
    if (!shown_.ids.empty() && std::find(shown_.ids.begin(), shown_.ids.end(), id.value) == shown_.ids.end()) return;
    auto item = removed ? std::nullopt : object(id);
    if (!item) {
      // ENTRA: `deleted`: it can't be restored.
      items.push_back(json::Object{{"id", id.value}, {"@removed", json::Object{{"reason", "deleted"}}}});
      return;
    }
    json::Object told;
    for (const auto& member : *item) {
      const Property* property = kind_.type().find(member.key());
      const bool is_selected =
          std::find(shown_.selected.begin(), shown_.selected.end(), member.key()) != shown_.selected.end();
      const bool is_wanted = shown_.selected.empty() ? property && property->shown_by_default : is_selected;
      if (is_wanted || member.key() == "id") told[member.key()] = member.value();
    }
    if (shown_.has_members) {
      json::Array members = member_changes(id, token);
      if (!members.empty()) told["members@delta"] = std::move(members);
    }
    items.push_back(std::move(told));
  }

  MaybeItem object(const ObjectId& id) {
    switch (kind_.kind) {
      case ObjectKind::user: {
        const auto user = directory::find_user(tx_, tenant(), id);
        return user ? MaybeItem(to_json(*user)) : std::nullopt;
      }
      case ObjectKind::group: {
        const auto group = directory::find_group(tx_, tenant(), id);
        return group ? MaybeItem(to_json(*group)) : std::nullopt;
      }
      case ObjectKind::device: {
        const auto device = directory::find_device_by_object_id(tx_, tenant(), id);
        return device ? MaybeItem(to_json(*device, call_.now)) : std::nullopt;
      }
    }
    CHECK(false, "every kind has its objects");
  }

  // All members at first, then those that came and went; as many as the page still holds.
  json::Array member_changes(const ObjectId& group, DeltaToken& token) {
    json::Array members;
    std::string last = std::exchange(token.member, {});
    if (token.since) {
      const std::int64_t from = last.empty() ? *token.since : text::parse_integer(last).value_or(*token.since);
      const auto changes = directory::member_changes_after(tx_, tenant(), group, from, room_ + 1);
      const std::size_t count = std::min(room_, changes.size());
      std::vector<ObjectId> added;
      for (std::size_t i = 0; i < count; ++i) {
        if (changes[i].removed)
          members.push_back(json::Object{{"@odata.type", "#microsoft.graph.directoryObject"},
                                         {"id", changes[i].id.value},
                                         {"@removed", json::Object{{"reason", "deleted"}}}});
        else
          added.push_back(changes[i].id);
      }
      add_members(members, added);
      last = std::to_string(count == 0 ? from : changes[count - 1].sequence);
      note_rest(token, group, last, changes.size() > count);
      room_ -= count;
      return members;
    }
    std::vector<ObjectId> ids = directory::members(tx_, tenant(), group, ObjectId{last}, room_ + 1);
    const bool has_more = ids.size() > room_;
    if (has_more) ids.pop_back();
    add_members(members, ids);
    note_rest(token, group, ids.empty() ? last : ids.back().value, has_more);
    room_ -= ids.size();
    return members;
  }

  static void note_rest(DeltaToken& token, const ObjectId& group, const std::string& last, bool has_more) {
    if (!has_more) return;
    token.group = group.value;
    token.member = last;
  }

  void add_members(json::Array& members, const std::vector<ObjectId>& ids) {
    for (std::size_t from = 0; from < ids.size(); from += kDeltaPage) {
      const auto first = ids.begin() + static_cast<std::ptrdiff_t>(from);
      const std::vector<ObjectId> some(first,
                                       first + static_cast<std::ptrdiff_t>(std::min(kDeltaPage, ids.size() - from)));
      for (const MaybeItem& item : typed_objects(tx_, call_, some))
        if (item) members.push_back(json::Object{{"@odata.type", item->at("@odata.type")}, {"id", item->at("id")}});
    }
  }

  store::Transaction& tx_;
  const Call& call_;
  const DeltaKind& kind_;
  const Shown& shown_;
  std::size_t room_ = kMembersOfAPage;
};

// Where the reader stands: at the very start, or where the token says. `$deltaToken=latest` skips the list.
Result<std::pair<DeltaToken, bool>> start_of(const Call& call, const DeltaKind& kind) {
  DeltaToken token;
  token.kind = kind.name;
  token.after = "";
  token.issued = call.now;
  bool is_latest = false;
  std::optional<std::string> given;
  for (const auto& [name, value] : call.request.query_parameters()) {
    if (text::equal_ignoring_case(name, "$deltatoken") && value == "latest")
      is_latest = true;
    else if (text::equal_ignoring_case(name, "$deltatoken") || text::equal_ignoring_case(name, "$skiptoken"))
      given = value;
    else if (name.starts_with('$'))
      token.options.emplace_back(name, value);
  }
  if (!given) return std::pair(token, is_latest);
  return std::pair(TRY(token_from(*given, kind.name)), false);
}

http::Response resync(const Call& call, const std::string& path) {
  http::Response response = error_response(call.request, 410, "syncStateNotFound",
                                           "The sync state generation is not found; continuing with a full sync.");
  response.headers.set("Location", call.with.base_url + path);
  return response;
}

template <ObjectKind of>
Response read_delta(const Call& call) {
  const DeltaKind kind = delta_kind<of>();
  auto [token, is_latest] = TRY(start_of(call, kind));
  // What was removed longer ago is forgotten, so an older reader would never learn of it.
  if (token.issued < call.now - directory::kRemovalsRemembered) return resync(call, call.request.path);
  const Shown shown = TRY(shown_by(kind, token.options));
  DeltaPage page = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<DeltaPage> {
    if (!is_latest) return DeltaReader(tx, call, kind, shown).read(token);
    DeltaPage latest{.items = {}, .next = token, .is_last = true};
    latest.next.base = latest.next.position = directory::safe_position(tx, call.caller.tenant, of, call.now);
    latest.next.after.reset();
    return latest;
  }));
  const std::string link = call.with.base_url + call.request.path + (page.is_last ? "?$deltatoken=" : "?$skiptoken=") +
                           token_text(page.next);
  return reply(call.request, 200,
               {{"@odata.context", call.context(kind.name)},
                {page.is_last ? "@odata.deltaLink" : "@odata.nextLink", link},
                {"value", std::move(page.items)}});
}

}  // namespace

const std::vector<Route>& delta_routes() {
  static const auto* const kRoutes = [] {
    const AnyOf users{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"};
    const AnyOf groups{"Group.Read.All",       "Group.ReadWrite.All",
                       "GroupMember.Read.All", "GroupMember.ReadWrite.All",
                       "Directory.Read.All",   "Directory.ReadWrite.All"};
    const AnyOf devices{"Device.Read.All", "Device.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"};
    constexpr auto kMethod = Effect::by_method;
    constexpr auto kBoth = Versions::both;
    constexpr std::string_view kOptions = "$select $filter $deltatoken $skiptoken";
    return new std::vector<Route>{
        {"GET", "/users/delta", {users}, read_delta<ObjectKind::user>, kMethod, kBoth, kOptions},
        {"GET", "/users/delta()", {users}, read_delta<ObjectKind::user>, kMethod, kBoth, kOptions},
        {"GET", "/groups/delta", {groups}, read_delta<ObjectKind::group>, kMethod, kBoth, kOptions},
        {"GET", "/groups/delta()", {groups}, read_delta<ObjectKind::group>, kMethod, kBoth, kOptions},
        {"GET", "/devices/delta", {devices}, read_delta<ObjectKind::device>, kMethod, kBoth, kOptions},
        {"GET", "/devices/delta()", {devices}, read_delta<ObjectKind::device>, kMethod, kBoth, kOptions},
    };
  }();
  return *kRoutes;
}

}  // namespace wardbridge::graph
