#include <algorithm>
#include <compare>
#include <set>

#include "base/check.h"
#include "platform/http/http.h"
#include "platform/log/log.h"

namespace wardbridge::http {
namespace {

struct Segment {
  enum class Kind { literal, surrounded, name, rest };  // from the most to the least specific
  Kind kind = Kind::literal;
  std::string prefix;  // the whole text of a literal
  std::string name;
  std::string suffix;

  std::size_t literal_size() const { return prefix.size() + suffix.size(); }
};

Segment parse_segment(std::string_view text) {
  auto open = text.find('{');
  if (open == std::string_view::npos) {
    CHECK(text.find('}') == std::string_view::npos, text);
    return {Segment::Kind::literal, std::string(text), {}, {}};
  }
  auto close = text.find('}', open);
  CHECK(close != std::string_view::npos, text);
  std::string_view name = text.substr(open + 1, close - open - 1);
  Segment segment{Segment::Kind::name, std::string(text.substr(0, open)), {}, std::string(text.substr(close + 1))};
  CHECK(segment.suffix.find_first_of("{}") == std::string::npos, "one name in a segment");
  if (segment.literal_size() > 0) segment.kind = Segment::Kind::surrounded;
  if (name.ends_with('*')) {
    CHECK(segment.kind == Segment::Kind::name, "a {name*} stands alone in its segment");
    segment.kind = Segment::Kind::rest;
    name.remove_suffix(1);
  }
  CHECK(!name.empty(), text);
  segment.name = std::string(name);
  return segment;
}

using Parameters = std::map<std::string, std::string, std::less<>>;

struct Pattern {
  std::string text;
  std::vector<Segment> segments;

  explicit Pattern(std::string pattern) : text(std::move(pattern)) {
    CHECK(text.starts_with('/'), text);
    std::set<std::string> names;
    for (std::string_view part : text::split(std::string_view(text).substr(1), '/')) {
      CHECK(segments.empty() || segments.back().kind != Segment::Kind::rest, "a {name*} is the last segment");
      segments.push_back(parse_segment(part));
      const std::string& name = segments.back().name;
      CHECK(name.empty() || names.insert(name).second, "a name occurs once in a pattern");
    }
  }

  long count(Segment::Kind kind) const {
    return std::count_if(segments.begin(), segments.end(), [&](const Segment& s) { return s.kind == kind; });
  }

  // Parameters when `path` (decoded segments) matches.
  std::optional<Parameters> match(const std::vector<std::string>& path, Router::Case path_case) const {
    bool open_ended = segments.back().kind == Segment::Kind::rest;
    if (open_ended ? path.size() < segments.size() : path.size() != segments.size()) return std::nullopt;
    auto equal = [&](std::string_view a, std::string_view b) {
      return path_case == Router::Case::sensitive ? a == b : text::equal_ignoring_case(a, b);
    };
    Parameters parameters;
    for (std::size_t i = 0; i < segments.size(); ++i) {
      const Segment& segment = segments[i];
      std::string_view part = path[i];
      if (segment.kind == Segment::Kind::literal) {
        if (!equal(part, segment.prefix)) return std::nullopt;
        continue;
      }
      if (segment.kind == Segment::Kind::rest) {
        parameters[segment.name] = text::join({path.begin() + static_cast<std::ptrdiff_t>(i), path.end()}, "/");
        break;
      }
      if (part.size() <= segment.literal_size() || !equal(part.substr(0, segment.prefix.size()), segment.prefix) ||
          !equal(part.substr(part.size() - segment.suffix.size()), segment.suffix)) {
        return std::nullopt;
      }
      part.remove_prefix(segment.prefix.size());
      part.remove_suffix(segment.suffix.size());
      parameters[segment.name] = std::string(part);
    }
    return parameters;
  }
};

// Less means more specific: tried earlier. Equal means that both match exactly the same paths.
std::strong_ordering compare_specificity(const Pattern& a, const Pattern& b, Router::Case path_case) {
  using Kind = Segment::Kind;
  if (auto order = b.count(Kind::literal) <=> a.count(Kind::literal); order != 0) return order;
  if (auto order = b.count(Kind::surrounded) <=> a.count(Kind::surrounded); order != 0) return order;
  if (auto order = a.count(Kind::rest) <=> b.count(Kind::rest); order != 0) return order;
  if (auto order = b.segments.size() <=> a.segments.size(); order != 0) return order;
  for (std::size_t i = 0; i < a.segments.size(); ++i) {
    const Segment& left = a.segments[i];
    const Segment& right = b.segments[i];
    if (auto order = left.kind <=> right.kind; order != 0) return order;
    if (auto order = right.literal_size() <=> left.literal_size(); order != 0) return order;
  }
  for (std::size_t i = 0; i < a.segments.size(); ++i) {
    auto literal = [&](const Segment& segment) {
      std::string text = segment.prefix + '\0' + segment.suffix;
      return path_case == Router::Case::sensitive ? text : text::lower(text);
    };
    if (auto order = literal(a.segments[i]) <=> literal(b.segments[i]); order != 0) return order;
  }
  return std::strong_ordering::equal;
}

bool is_plain_text(std::string_view text) { return text::is_utf8(text) && text.find('\0') == std::string_view::npos; }

// The decoded segments, or nothing when the path is not one that a handler should ever see.
std::optional<std::vector<std::string>> decode_path(std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  std::vector<std::string> segments;
  for (std::string_view part : text::split(path.substr(1), '/')) {
    auto decoded = text::percent_decode(part);
    if (!decoded || !is_plain_text(*decoded) || *decoded == "." || *decoded == "..") return std::nullopt;
    segments.push_back(std::move(*decoded));
  }
  return segments;
}

bool is_decodable_query(std::string_view query) {
  auto form = text::parse_form(query);
  return form && std::all_of(form->begin(), form->end(), [](const auto& field) {
           return is_plain_text(field.first) && is_plain_text(field.second);
         });
}

// A slash that arrived percent-coded would look like a separator to whoever opens a file by the rest of a path.
bool hides_a_slash(const Pattern& pattern, const std::vector<std::string>& path) {
  return pattern.segments.back().kind == Segment::Kind::rest &&
         std::any_of(path.begin(), path.end(),
                     [](const std::string& part) { return part.find_first_of("/\\") != std::string::npos; });
}

}  // namespace

struct Router::Route {
  std::string method;
  Pattern pattern;
  Handler handler;
  PromptHandler prompt;
};

void Router::add(std::string method, std::string pattern, Handler handler, PromptHandler prompt) {
  CHECK(!method.empty() && method == text::upper(method), method);
  CHECK(handler != nullptr, pattern);
  auto route = std::make_shared<Route>(
      Route{std::move(method), Pattern(std::move(pattern)), std::move(handler), std::move(prompt)});
  auto place = routes_.begin();
  for (; place != routes_.end(); ++place) {
    auto order = compare_specificity((*place)->pattern, route->pattern, case_);
    CHECK(order != 0 || (*place)->method != route->method,
          route->method + " " + route->pattern.text + " is added twice");
    if (order > 0) break;
  }
  if (route->prompt) prompt_routes_.push_back(route);
  routes_.insert(place, std::move(route));
}

std::optional<Response> Router::answer_promptly(Request& request) const {
  if (prompt_routes_.empty()) return std::nullopt;
  auto path = decode_path(request.path);
  if (!path || !is_decodable_query(request.query)) return std::nullopt;
  auto match = [&](const auto& route) {
    return route->method == request.method ? route->pattern.match(*path, case_) : std::nullopt;
  };
  for (const auto& route : prompt_routes_) {
    auto parameters = match(route);
    if (!parameters) continue;
    // handle() would choose a more specific one.
    const auto chosen =
        std::ranges::find_if(routes_, [&](const auto& other) { return other == route || match(other).has_value(); });
    if (*chosen != route || hides_a_slash(route->pattern, *path)) return std::nullopt;
    request.path_parameters = *std::move(parameters);
    return ask_promptly(*route, request);
  }
  return std::nullopt;
}

std::optional<Response> Router::ask_promptly(const Route& route, const Request& request) {
  try {
    return route.prompt(request);
  } catch (const std::exception&) {
    return std::nullopt;  // the handler will meet the same, and is answered for
  }
}

Response Router::handle(Request request) const {
  bool head = request.method == "HEAD";
  auto fall_back = [&](int status, std::string_view message) {
    if (fallback_) return fallback_(request, status, message);
    return text_response(status, std::string(message) + "\n");
  };
  auto respond = [&]() -> Response {
    auto path = decode_path(request.path);
    if (!path) return fall_back(400, "the path is not valid");
    if (!is_decodable_query(request.query)) return fall_back(400, "the query is not valid");

    std::set<std::string> allowed;
    const Route* get_for_head = nullptr;
    Parameters get_parameters;
    for (const auto& route : routes_) {
      auto parameters = route->pattern.match(*path, case_);
      if (!parameters) continue;
      if (hides_a_slash(route->pattern, *path)) return fall_back(400, "the path is not valid");
      if (route->method == request.method) {
        request.path_parameters = std::move(*parameters);
        return route->handler(request);
      }
      if (head && route->method == "GET" && get_for_head == nullptr) {
        get_for_head = route.get();
        get_parameters = std::move(*parameters);
      }
      allowed.insert(route->method);
      if (route->method == "GET") allowed.insert("HEAD");
    }
    if (get_for_head != nullptr) {
      request.path_parameters = std::move(get_parameters);
      return get_for_head->handler(request);
    }
    if (allowed.empty()) return fall_back(404, "there is nothing at this path");
    Response response = fall_back(405, "this path does not take the method " + request.method.substr(0, 20));
    response.headers.set("Allow", text::join({allowed.begin(), allowed.end()}, ", "));
    return response;
  };

  Response response;
  try {
    response = respond();
  } catch (const std::exception& exception) {
    log::error(
        "handler_failed",
        {{"request", request.id}, {"method", request.method}, {"path", request.path}, {"what", exception.what()}});
    constexpr std::string_view kMessage = "the server failed to answer this request";
    try {
      response = fall_back(500, kMessage);
    } catch (const std::exception&) {
      response = text_response(500, std::string(kMessage) + "\n");
    }
  }
  if (head) {
    response.headers.set("Content-Length", std::to_string(response.body.size()));
    response.body.clear();
  }
  return response;
}

std::vector<std::pair<std::string, std::string>> Router::routes() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& route : routes_) all.emplace_back(route->method, route->pattern.text);
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace wardbridge::http
