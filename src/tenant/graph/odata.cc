#include "tenant/graph/odata.h"

#include <algorithm>

#include "base/text.h"

namespace wardbridge::graph {
namespace {

Failure unsupported(const std::string& option) {
  return invalid("unsupported_query", "the query option `" + option + "` is not supported here", option);
}

Failure unknown_property(const ResourceType& type, std::string_view name, const char* option) {
  return invalid("unknown_property",
                 "could not find a property named `" + std::string(name) + "` on type `" + std::string(type.name) + "`",
                 option);
}

// A place in the order of a collection: the keys of the item that was shown last.
Result<json::Array> keys_of(const std::string& skip_token, std::size_t size) {
  const auto bytes = text::from_base64url(skip_token);
  auto parsed = json::parse(bytes.value_or(""));
  if (!parsed.ok() || !parsed->is_array() || parsed->get_array().size() != size)
    return invalid("bad_skip_token", "the `$skiptoken` is not one that this collection gave out", "$skiptoken");
  return std::move(parsed->get_array());
}

}  // namespace

Result<Query> Query::parse(const http::Request& request, const ResourceType& type, const CollectionRules& rules) {
  Query query;
  query.type_ = &type;
  query.page_size_ = rules.page_size;
  for (const auto& [name, value] : request.query_parameters()) {
    if (!name.starts_with('$')) continue;
    if (text::form_value(query.options_, name))
      return invalid("bad_query", "the query option `" + name + "` is given twice", name);
    TRY(query.take_option(name, value, rules));
    query.options_.emplace_back(name, value);
  }
  if (rules.advanced_queries_need_header) TRY(query.check_advanced(request));
  query.order_ = query.asked_order_;
  if (query.order_.empty()) query.order_.push_back({std::string(rules.default_order), false});
  return query;
}

Result<Query> Query::parse_single(const http::Request& request, const ResourceType& type,
                                  const std::vector<std::string_view>& expands) {
  Query query;
  query.type_ = &type;
  for (const auto& [name, value] : request.query_parameters()) {
    if (name == "$select")
      TRY(query.take_select(value));
    else if (name == "$expand")
      TRY(query.take_expand(value, expands));
    else if (name.starts_with('$'))
      return unsupported(name);
  }
  return query;
}

Result<Query> Query::parse_count(const http::Request& request, const ResourceType& type, const CollectionRules& rules) {
  Query query;
  query.type_ = &type;
  for (const auto& [name, value] : request.query_parameters()) {
    if (name == "$filter" || name == "$search")
      TRY(query.take_option(name, value, rules));
    else if (name.starts_with('$'))
      return unsupported(name);
  }
  // ENTRA: the segment is the option `$count=true` in another place.
  query.count_ = true;
  TRY(query.check_advanced(request));
  return query;
}

Status Query::take_option(const std::string& name, const std::string& value, const CollectionRules& rules) {
  if (name == "$filter" || (name == "$search" && rules.searched)) {
    search_ = search_ || name == "$search";
    const Filter part = TRY(name == "$filter" ? Filter::parse(value, *type_) : parse_search(value, *type_));
    filter_ = filter_ ? *filter_ & part : part;
    return done();
  }
  if (name == "$expand" && !rules.expands.empty()) return take_expand(value, rules.expands);
  if (name == "$select") return take_select(value);
  if (name == "$top") return take_page_size(value, rules);
  if (name == "$skiptoken") return skip_token_ = value, done();
  if (name == "$orderby") {
    // Logs come newest first; asking for exactly that is fine.
    if (!rules.ordered) return value.ends_with("DateTime desc") ? done() : unsupported(name);
    return take_order(value);
  }
  if (name == "$count" && rules.counted) {
    if (value != "true" && value != "false") return invalid("bad_query", "`$count` is `true` or `false`", name);
    count_ = value == "true";
    return done();
  }
  if (name == "$skip" && rules.skip) {
    const auto number = text::parse_integer(value);
    if (!number || *number < 0) return invalid("bad_query", "`$skip` is a number that is not negative", name);
    skip_ = static_cast<std::size_t>(*number);
    return done();
  }
  return unsupported(name);
}

Status Query::take_select(const std::string& value) {
  for (std::string_view part : text::split(value, ',')) {
    const std::string_view name = text::trim(part);
    const Property* property = type_->find(name);
    if (!property || name.find('/') != std::string_view::npos) return unknown_property(*type_, name, "$select");
    selected_.emplace_back(name);
  }
  return done();
}

Status Query::take_order(const std::string& value) {
  for (std::string_view part : text::split(value, ',')) {
    std::vector<std::string_view> words;
    for (std::string_view word : text::split(part, ' '))
      if (!word.empty()) words.push_back(word);
    const bool has_direction = words.size() == 2 && (words[1] == "asc" || words[1] == "desc");
    if (words.size() != 1 && !has_direction)
      return invalid("bad_query", "`$orderby` is a list of properties, each with `asc` or `desc` or nothing",
                     "$orderby");
    const Property* property = type_->find(words[0]);
    if (!property) return unknown_property(*type_, words[0], "$orderby");
    if (property->type == PropertyType::collection || property->type == PropertyType::complex)
      return invalid("unsupported_query", "`" + std::string(words[0]) + "` has no order", "$orderby");
    asked_order_.push_back({std::string(words[0]), has_direction && words[1] == "desc"});
  }
  return done();
}

Status Query::take_expand(const std::string& value, const std::vector<std::string_view>& expands) {
  // `members($select=id)` would narrow what is shown; a client that asks for less can live with more.
  const std::string_view relation = std::string_view(value).substr(0, value.find('('));
  if (std::find(expands.begin(), expands.end(), relation) == expands.end())
    return invalid("unsupported_query", "`$expand` of `" + value + "` is not supported here", "$expand");
  expanded_ = relation;
  return done();
}

Status Query::take_page_size(const std::string& value, const CollectionRules& rules) {
  const auto number = text::parse_integer(value);
  if (!number || *number < 1 || *number > static_cast<std::int64_t>(rules.page_size_largest))
    return invalid("bad_page_size",
                   "invalid page size specified: `" + value + "`. It must be between 1 and " +
                       std::to_string(rules.page_size_largest),
                   "$top");
  page_size_ = static_cast<std::size_t>(*number);
  return done();
}

Status Query::check_advanced(const http::Request& request) const {
  const bool is_advanced = count_ || search_ || (filter_ && (filter_->is_advanced() || !asked_order_.empty()));
  if (!is_advanced) return done();
  const bool accepts = text::equal_ignoring_case(request.headers.get("ConsistencyLevel").value_or(""), "eventual");
  if (accepts && count_) return done();
  if (accepts && (!filter_ || search_)) return done();
  return invalid("advanced_query",
                 "this query needs the header `ConsistencyLevel: eventual` and the query option `$count=true`",
                 "ConsistencyLevel");
}

json::Object Query::select(const json::Object& item) const {
  json::Object shown;
  if (const json::Value* type = json::find(item, "@odata.type")) shown["@odata.type"] = *type;
  if (selected_.empty()) return type_->default_view(item);
  for (const std::string& name : selected_)
    if (const json::Value* value = item.if_contains(name)) shown[name] = *value;
  return shown;
}

json::Array Query::order_key(const json::Object& item) const {
  json::Array keys;
  for (const Order& order : order_) keys.push_back(value_at(item, order.property));
  keys.push_back(value_at(item, "id"));
  return keys;
}

bool Query::comes_before(const json::Object& a, const json::Object& b) const {
  for (const Order& order : order_) {
    const int compared = compare_values(value_at(a, order.property), value_at(b, order.property));
    if (compared != 0) return order.descending ? compared > 0 : compared < 0;
  }
  return compare_values(value_at(a, "id"), value_at(b, "id")) < 0;
}

Result<Page> Query::page(std::vector<json::Object> items) const {
  std::erase_if(items, [&](const json::Object& item) { return !matches(item); });
  std::sort(items.begin(), items.end(),
            [&](const json::Object& a, const json::Object& b) { return comes_before(a, b); });
  Page page;
  if (count_) page.count = items.size();

  std::size_t from = skip_;
  if (!skip_token_.empty()) {
    // The keys of the last item make an item that stands exactly where it stood, also if it has gone since.
    const json::Array keys = TRY(keys_of(skip_token_, order_.size() + 1));
    json::Object last{{"id", keys.back()}};
    for (std::size_t i = 0; i < order_.size(); ++i) last[order_[i].property] = keys[i];
    from = static_cast<std::size_t>(
        std::upper_bound(items.begin(), items.end(), last,
                         [&](const json::Object& a, const json::Object& b) { return comes_before(a, b); }) -
        items.begin());
  }
  const std::size_t to = std::min(items.size(), std::min(from, items.size()) + page_size_);
  for (std::size_t i = from; i < to; ++i) page.items.push_back(select(items[i]));
  if (to < items.size() && to > from) page.skip_token = text::to_base64url(json::to_text(order_key(items[to - 1])));
  return page;
}

std::string Query::next_query(const std::string& skip_token) const {
  text::Form next;
  for (const auto& [name, value] : options_)
    if (name != "$skiptoken" && name != "$skip") next.emplace_back(name, value);
  next.emplace_back("$skiptoken", skip_token);
  return text::to_form(next);
}

}  // namespace wardbridge::graph
