// Whether a redirect URI is one of those that an application registered. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wardbridge::oauth {

enum class RedirectKind { web, native, single_page };
const char* name_of(RedirectKind kind);
RedirectKind redirect_kind_from(std::string_view name);

struct RegisteredUris {
  const std::vector<std::string>& web;
  const std::vector<std::string>& single_page;
  const std::vector<std::string>& native;
};

// INVARIANT: TH-13: the whole string must be registered; only a native loopback address may differ, in its port.
// SPEC: RFC 9700 section 2.6: plain http is for this machine alone, whatever is registered.
// Nothing when it is not: nobody may be sent to such an address, not even with an error.
std::optional<RedirectKind> match_redirect_uri(const RegisteredUris& registered, std::string_view redirect_uri);

}  // namespace wardbridge::oauth
