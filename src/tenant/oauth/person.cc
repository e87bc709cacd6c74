#include "tenant/oauth/person.h"

#include <algorithm>

namespace wardbridge::oauth {

bool Person::has_second_factor() const { return std::ranges::find(methods, kSecondFactorMethod) != methods.end(); }

json::Object to_json(const Person& person) {
  return {{"user", person.user.value},
          {"credential_mark", person.credential_mark},
          {"authenticated", to_unix_milliseconds(person.authenticated)},
          {"methods", json::to_array(person.methods)},
          {"session", person.session},
          {"platform", person.platform},
          {"device", person.device ? person.device->value : ""}};
}

Person person_from(std::string_view text) {
  auto value = json::parse(text);
  CHECK(value.ok() && value->is_object(), "what this room stored is readable");
  const json::Object& object = value->get_object();
  auto member = [&](std::string_view key) { return std::string(json::text_at(object, key).value_or("")); };
  Person person{.user = {member("user")},
                .credential_mark = member("credential_mark"),
                .authenticated = from_unix_milliseconds(json::integer_at(object, "authenticated").value_or(0)),
                .methods = json::optional_texts(object, "methods").value_or({}),
                .session = member("session"),
                .platform = member("platform")};
  if (std::string device = member("device"); !device.empty()) person.device = directory::DeviceId{device};
  return person;
}

}  // namespace wardbridge::oauth
