#include "tenant/graph/batch.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/limits.h"
#include "base/text.h"
#include "tenant/graph/graph_wire.h"

namespace wardbridge::graph {
namespace {

struct Part {
  std::string id;
  http::Request request;
  std::vector<std::string> depends_on;  // ids in lower case
  int status = 0;                       // 0: not answered yet
};

Failure bad_batch(const std::string& what) { return invalid("bad_batch", "Invalid batch payload format. " + what); }

// The headers of a part: its own, but the caller is the batch's.
Status take_headers(const json::Object& written, const http::Request& outer, http::Request& inner) {
  if (const json::Value* headers = json::find(written, "headers")) {
    if (!headers->is_object()) return bad_batch("`headers` must be an object");
    for (const auto& header : headers->get_object()) {
      if (!header.value().is_string()) return bad_batch("the headers of a request must be texts");
      if (!text::equal_ignoring_case(std::string_view(header.key()), "Authorization"))
        inner.headers.set(std::string(header.key()), std::string(header.value().get_string()));
    }
  }
  for (const char* name : {"Authorization", "client-request-id"})
    if (const auto value = outer.headers.get(name); value && !inner.headers.get(name))
      inner.headers.set(name, std::string(*value));
  return done();
}

Result<Part> part_of(const json::Object& written, const http::Request& outer, std::string_view version) {
  Part part;
  part.id = TRY(json::required_text(written, "id"));
  part.request.method = text::upper(TRY(json::required_text(written, "method")));
  for (const std::string& id : TRY(json::optional_texts(written, "dependsOn")))
    part.depends_on.push_back(text::lower(id));
  std::string url = TRY(json::required_text(written, "url"));
  if (url.find("://") != std::string::npos) return bad_batch("the url of `" + part.id + "` must be relative");
  if (!url.starts_with('/')) url.insert(0, "/");
  const std::size_t question = url.find('?');
  part.request.path = "/" + std::string(version) + url.substr(0, question);
  if (question != std::string::npos) part.request.query = url.substr(question + 1);
  if (text::equal_ignoring_case(text::percent_decode(part.request.path).value_or(""),
                                "/" + std::string(version) + "/$batch"))
    return bad_batch("a batch can't hold another batch");
  TRY(take_headers(written, outer, part.request));
  if (const json::Value* body = json::find(written, "body")) {
    if (!part.request.headers.get("Content-Type"))
      return bad_batch("the request `" + part.id + "` has a body and must have the header Content-Type");
    part.request.body = json::to_text(*body);
  }
  part.request.peer = outer.peer;
  part.request.received = outer.received;
  part.request.id = outer.id;
  return part;
}

Result<std::vector<Part>> parts_of(const http::Request& request, std::string_view version) {
  const json::Value body = TRY(json::parse(request.body));
  const json::Object& batch = TRY(json::as_object(body));
  const json::Array* written = json::array_at(batch, "requests");
  if (!written || written->empty()) return bad_batch("`requests` must be a list that is not empty");
  if (written->size() > limits::kGraphBatchRequests)
    return bad_batch("a batch holds at most " + std::to_string(limits::kGraphBatchRequests) + " requests");
  std::vector<Part> parts;
  std::map<std::string, std::size_t> known;
  for (const json::Value& one : *written) {
    parts.push_back(TRY(part_of(TRY(json::as_object(one, "a request of the batch")), request, version)));
    if (!known.emplace(text::lower(parts.back().id), parts.size()).second)
      return bad_batch("the id `" + parts.back().id + "` is given twice");
  }
  for (const Part& part : parts)
    for (const std::string& id : part.depends_on)
      if (!known.contains(id)) return bad_batch("`" + part.id + "` depends on `" + id + "`, which is not in the batch");
  return parts;
}

json::Object answer_json(const Part& part, const http::Response& response) {
  json::Object headers;
  for (const auto& [name, value] : response.headers.all()) headers[name] = value;
  json::Object shown{{"id", part.id}, {"status", response.status}, {"headers", std::move(headers)}};
  if (!response.body.empty()) {
    auto parsed = json::parse(response.body);
    shown["body"] = parsed.ok() ? std::move(*parsed) : json::Value(response.body);
  }
  return shown;
}

// Whether everything that `part` waits for is answered, and whether all of it went well.
struct Readiness {
  bool is_ready = true;
  bool went_well = true;
};
Readiness readiness_of(const Part& part, const std::vector<Part>& parts) {
  Readiness readiness;
  for (const Part& other : parts) {
    const bool is_awaited =
        std::find(part.depends_on.begin(), part.depends_on.end(), text::lower(other.id)) != part.depends_on.end();
    if (!is_awaited) continue;
    readiness.is_ready = readiness.is_ready && other.status != 0;
    readiness.went_well = readiness.went_well && other.status < 400;
  }
  return readiness;
}

}  // namespace

http::Response answer_batch(const Dependencies& with, const http::Router& router, std::string_view version,
                            const http::Request& request) {
  if (const auto caller = with.authenticate(request); !caller.ok()) return error_response(request, caller.failure());
  auto parts = parts_of(request, version);
  if (!parts.ok()) return error_response(request, parts.failure());

  json::Array responses;
  bool has_progress = true;
  while (has_progress && responses.size() < parts->size()) {
    has_progress = false;
    for (Part& part : *parts) {
      const Readiness readiness = readiness_of(part, *parts);
      if (part.status != 0 || !readiness.is_ready) continue;
      const http::Response response =
          readiness.went_well
              ? router.handle(part.request)
              : error_response(part.request, 424, "FailedDependency", "A request that this one depends on has failed.");
      part.status = response.status;
      responses.push_back(answer_json(part, response));
      has_progress = true;
    }
  }
  if (responses.size() < parts->size())
    return error_response(request, bad_batch("requests of the batch depend on each other in a circle"));
  return reply(request, 200, {{"responses", std::move(responses)}});
}

}  // namespace wardbridge::graph
