// docs/reference/graph.md, made from the tables that the routes are registered from.
#include <algorithm>

#include "base/text.h"
#include "tenant/graph/routes.h"

namespace wardbridge::graph {
namespace {

std::string permissions_of(const Route& route) {
  std::vector<std::string> sets;
  for (const AnyOf& any : route.permissions) {
    std::vector<std::string> names;
    for (const std::string_view name : any) names.push_back("`" + std::string(name) + "`");
    sets.push_back(text::join(names, " or "));
  }
  return sets.size() == 1 ? sets.front() : "(" + text::join(sets, ") and (") + ")";
}

std::string options_of(const Route& route) {
  std::vector<std::string> names;
  for (const std::string_view name : text::split(route.options, ' '))
    if (!name.empty()) names.push_back("`" + std::string(name) + "`");
  return text::join(names, " ");
}

std::string line_of(const Route& route) {
  return "| `" + std::string(route.method) + " " + std::string(route.pattern) + "`" +
         (route.versions == Versions::beta ? " (`/beta` only)" : "") + " | " + options_of(route) + " | " +
         permissions_of(route) + " | " + (route.changes_something() ? "yes" : "") + " |\n";
}

constexpr std::string_view kIntroduction = R"(# Microsoft Graph

Made from the program's own table by `wardbridge reference graph`; don't edit.

The tenant answers these requests below `/v1.0` and `/beta` in Microsoft Graph's own shapes. A permission is a role of an
application or a scope of a person's token; any one of those listed is enough. A person who changes something ("changes")
must also hold a directory role for it: User Administrator (users, groups), Intune Administrator (devices, groups),
Application Administrator (applications, service principals), Conditional Access Administrator (policies), or Global
Administrator (all of it, and alone roles and what applications are granted). See `administrator` in the
[configuration](configuration.md) and `POST /directoryRoles/{id}/members/$ref`. The account of somebody who holds a role
(password, name, phone numbers, whether it is enabled, its end) is changed by Global Administrators alone, not by applications.

- **Lists** hold 100 items a page unless `$top` says otherwise (1 to 999), and `@odata.nextLink` while there are more. Its
  `$skiptoken` names the place after the last item, so a page neither repeats nor leaves out items when others come and go.
- **`$filter`** knows `eq ne gt ge lt le in`, `startswith endswith contains`, `any` with `eq` or `startswith` over
  collections of texts, `and or not` and parentheses. A mistake is answered with 400 and the character where it stands.
  Conditions on `id`, `displayName`, `userPrincipalName`, `mail`, `deviceId`, `operatingSystem`, `accountEnabled`,
  `isCompliant`, `isManaged`, `securityEnabled` and on the dates of sign-in, registration, creation and expiry are answered
  by an index; others look at every object.
- **`$search`**: `"displayName:ann" OR "mail:ann"`; a clause holds where a word starts with the text.
- **Eventual consistency**: `$count`, `$search`, `ne`, `not`, `endswith` and `$orderby` together with `$filter` need the
  header `ConsistencyLevel: eventual`, and all but `$search` also `$count=true`. Without: 400 `Request_UnsupportedQuery`.
- **`$orderby`** takes one property at a time of users, groups and devices: those that an index answers.
- **`$expand`** takes one relation at a time and shows at most 20 objects of it.
- **Delta queries**: the first round tells everything, `@odata.deltaLink` what has changed since; `$deltatoken=latest`
  starts now. What was removed has `@removed`, members that came or went stand in `members@delta`; a group with more than
  a thousand members stands on several pages, with some of them on each. A change may be told twice, never not at all.
  Sign-ins of a device alone are no change: `approximateLastSignInDateTime` is approximate, and moves with every use.
  Tokens live 30 days: then 410, and `Location` says where to start again.
- **Batches**: `POST /$batch` with at most 20 requests, which may wait for each other with `dependsOn`.
- **Throttling**: each application has, per tenant, 3,500, 5,000 or 8,000 resource units in ten seconds (less than 50, up to
  500, more users) and 3,000 changes in 150 seconds. Then 429 and `Retry-After`. `x-ms-resource-unit` tells what a request
  cost.
- **ETags**: none of these resources has one in Graph, so `If-Match` is not looked at; of two who change one object, the
  later counts.
- **Limits**: bodies of 1 MiB (413), filters of 4 KiB and 200 terms.

The compliance of a device (`isCompliant`, `isManaged`, `mdmAppId`, `managementType`, `complianceExpirationDateTime`) is
written by its compliance partner alone: a PATCH that names one is answered with 403.

## Dynamic membership

A group with `"groupTypes": ["DynamicMembership"]` has the members that its `membershipRule` names, of users or of devices:

    user.department -eq "Sales" -and user.accountEnabled -eq true
    user.employeeHireDate -le system.now -plus P14D
    device.deviceOSType -eq "macOS" -and device.deviceOSVersion -startsWith "15."
    user.otherMails -any (_ -endsWith "@contoso.com")
    Direct Reports for "62e19b97-8b3d-4d4a-a106-4ce66896a863"
    user.memberOf -any (group.objectId -in ['62e19b97-8b3d-4d4a-a106-4ce66896a863'])

Operators, with or without the hyphen: `-eq -ne -startsWith -notStartsWith -endsWith -notEndsWith -contains -notContains
-match -notMatch -in -notIn`, for dates `-le -ge`, for collections `-any -all`; `-not`, then `-and`, then `-or`. Texts are
compared without case; what an object doesn't have is equal to `null` alone, so every negative operator holds for it; `-match`
is a regular expression found anywhere. A rule that can't be read is refused with the character where it goes wrong.

A changed object moves at once. A new or changed rule is judged over the whole directory in the background;
`membershipRuleProcessingStatus` (by `$select`) tells how far that is. A rule that reads `system.now` moves members when their
time comes. `membershipRuleProcessingState` `Paused` leaves the members as they are. Nobody edits them by hand. The tables in
`tests/cases/dynamic_rules` show every operator at work.

## Routes

| request | query options | permission | changes |
| --- | --- | --- | --- |
)";

}  // namespace

std::string reference_page() {
  std::vector<std::string> lines;
  for (const Route& route : all_routes()) lines.push_back(line_of(route));
  // By path, then by method: as somebody looks for one.
  const auto key = [](const std::string& line) {
    const std::size_t space = line.find(' ', 3);
    return line.substr(space, line.find('`', space) - space) + line.substr(3, space - 3);
  };
  std::sort(lines.begin(), lines.end(), [&](const std::string& a, const std::string& b) { return key(a) < key(b); });
  std::string page(kIntroduction);
  page += "| `POST /$batch` | | those of its requests | |\n";
  for (const std::string& line : lines) page += line;
  return page;
}

}  // namespace wardbridge::graph
