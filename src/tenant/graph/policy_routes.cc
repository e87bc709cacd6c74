// Conditional access policies.
#include "tenant/graph/graph_wire.h"
#include "tenant/graph/read.h"
#include "tenant/graph/resources.h"
#include "tenant/graph/routes.h"
#include "tenant/policies/policies.h"

namespace wardbridge::graph {
namespace {

using Response = Result<http::Response>;

constexpr std::string_view kContext = "identity/conditionalAccess/policies";

// Storage names a missing policy in its own words; on this wire it is a missing resource like any other.
Failure in_graph_words(const Failure& failure, const Call& call) {
  return failure.code == Code::not_found ? no_resource(call.parameter("id")) : failure;
}

Response list_policies(const Call& call) {
  return reply_list(call, policy_type(), kPolicyRules, kContext,
                    [&](store::Transaction& tx, const Query&) -> Result<Items> {
                      Items items;
                      for (const auto& policy : policies::list(tx, call.caller.tenant))
                        items.push_back(policies::to_graph_json(policy));
                      return items;
                    });
}

Response get_policy(const Call& call) {
  const std::string& id = call.parameter("id");
  return reply_one(call, policy_type(), kContext, id, [&](store::Transaction& tx) -> MaybeItem {
    const auto policy = policies::find(tx, call.caller.tenant, id);
    if (!policy) return std::nullopt;
    return policies::to_graph_json(*policy);
  });
}

Response create_policy(const Call& call) {
  const json::Value body = TRY(json::parse(call.request.body));
  const json::Object& document = TRY(json::as_object(body));
  const std::string id = call.with.entropy.guid();
  const auto created = TRY(call.with.store.write([&](store::Transaction& tx) {
    return policies::create(tx, call.caller.tenant, id, document, call.caller.actor(call.request), call.now);
  }));
  http::Response response = call.one(kContext, policies::to_graph_json(created), 201);
  response.headers.set("Location",
                       call.with.base_url + "/" + std::string(call.version) + "/" + std::string(kContext) + "/" + id);
  return response;
}

Response update_policy(const Call& call) {
  const json::Value body = TRY(json::parse(call.request.body));
  const json::Object& patch = TRY(json::as_object(body));
  const auto updated = call.with.store.write([&](store::Transaction& tx) {
    return policies::update(tx, call.caller.tenant, call.parameter("id"), patch, call.caller.actor(call.request),
                            call.now);
  });
  if (!updated.ok()) return in_graph_words(updated.failure(), call);
  return empty_reply(call.request, 204);
}

Response delete_policy(const Call& call) {
  const auto removed = call.with.store.write([&](store::Transaction& tx) {
    return policies::remove(tx, call.caller.tenant, call.parameter("id"), call.caller.actor(call.request), call.now);
  });
  if (!removed.ok()) return in_graph_words(removed.failure(), call);
  return empty_reply(call.request, 204);
}

}  // namespace

const std::vector<Route>& policy_routes() {
  static const auto* const kRoutes = [] {
    const AnyOf read{"Policy.Read.All", "Policy.Read.ConditionalAccess", "Policy.ReadWrite.ConditionalAccess"};
    const AnyOf write{"Policy.ReadWrite.ConditionalAccess"};
    return new std::vector<Route>{
        {"GET",
         "/identity/conditionalAccess/policies",
         {read},
         list_policies,
         Effect::by_method,
         Versions::both,
         "$filter $select $orderby $top $skip $skiptoken $count"},
        {"POST", "/identity/conditionalAccess/policies", {write}, create_policy},
        {"GET",
         "/identity/conditionalAccess/policies/{id}",
         {read},
         get_policy,
         Effect::by_method,
         Versions::both,
         kObjectOptions},
        {"PATCH", "/identity/conditionalAccess/policies/{id}", {write}, update_policy},
        {"DELETE", "/identity/conditionalAccess/policies/{id}", {write}, delete_policy},
    };
  }();
  return *kRoutes;
}

}  // namespace wardbridge::graph
