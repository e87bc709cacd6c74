#include "app/config.h"

#include <yaml-cpp/yaml.h>

#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "base/text.h"
#include "platform/mail/mail.h"
#include "platform/time_zone/time_zone.h"

namespace wardbridge::app {
namespace {

// Reads one mapping against its table of keys. Errors are thrown as Failure inside this file only, because yaml-cpp's
// tree walk is recursive; load_config() turns them into the returned value.
class Reader {
 public:
  using Read = std::function<void(const YAML::Node&, const std::string& path)>;

  explicit Reader(std::string file) : file_(std::move(file)) {}

  [[noreturn]] void fail(const YAML::Node& node, const std::string& message) const {
    int line = node.Mark().line;
    throw invalid("bad_config", file_ + ":" + std::to_string(line + 1) + ": " + message);
  }

  void mapping(const YAML::Node& node, const std::string& path, const std::map<std::string, Read>& keys) const {
    if (node.IsNull()) return;
    if (!node.IsMap()) fail(node, "`" + path + "` must be a mapping of keys");
    for (const auto& entry : node) {
      auto name = entry.first.as<std::string>();
      auto known = keys.find(name);
      std::string full = path.empty() ? name : path + "." + name;
      if (known == keys.end()) fail(entry.first, "`" + full + "` is not a key" + suggestion(name, keys));
      known->second(entry.second, full);
    }
  }

  Read text(std::string& target) const {
    return [&target, this](const YAML::Node& node, const std::string& path) {
      if (!node.IsScalar()) fail(node, "`" + path + "` must be a text");
      target = node.Scalar();
    };
  }
  Read one_of(std::string& target, std::vector<std::string> allowed) const {
    return [&target, allowed, this](const YAML::Node& node, const std::string& path) {
      text(target)(node, path);
      if (std::find(allowed.begin(), allowed.end(), target) == allowed.end()) {
        fail(node, "`" + path + "` must be one of " + text::join(allowed, ", ") + ", not `" + target + "`");
      }
    };
  }
  Read guid(std::string& target) const {
    return [&target, this](const YAML::Node& node, const std::string& path) {
      text(target)(node, path);
      if (!text::is_guid(target)) fail(node, "`" + path + "` must be a GUID, not `" + target + "`");
      target = text::lower(target);
    };
  }
  Read flag(bool& target) const {
    return [&target, this](const YAML::Node& node, const std::string& path) {
      if (!YAML::convert<bool>::decode(node, target)) fail(node, "`" + path + "` must be true or false");
    };
  }
  Read whole_hours(Duration& target, int least, int most) const {
    return [&target, least, most, this](const YAML::Node& node, const std::string& path) {
      int value = 0;
      if (!YAML::convert<int>::decode(node, value) || value < least || value > most) {
        fail(node, "`" + path + "` must be a whole number of hours from " + std::to_string(least) + " to " +
                       std::to_string(most));
      }
      target = hours{value};
    };
  }
  Read whole(int& target, int least, int most) const {
    return [&target, least, most, this](const YAML::Node& node, const std::string& path) {
      if (!YAML::convert<int>::decode(node, target) || target < least || target > most) {
        fail(node,
             "`" + path + "` must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
      }
    };
  }
  Read texts(std::vector<std::string>& target) const {
    return [&target, this](const YAML::Node& node, const std::string& path) {
      if (!node.IsSequence()) fail(node, "`" + path + "` must be a list");
      for (const auto& item : node) {
        if (!item.IsScalar()) fail(item, "`" + path + "` must be a list of texts");
        target.push_back(item.Scalar());
      }
    };
  }
  // What could never be redirected to is told here, and not at somebody's sign-in.
  Read redirect_uris(std::vector<std::string>& target) const {
    return [&target, this](const YAML::Node& node, const std::string& path) {
      texts(target)(node, path);
      for (const std::string& uri : target) {
        bool is_plain = uri.starts_with("http://");
        bool is_local = uri.starts_with("http://localhost") || uri.starts_with("http://127.0.0.1") ||
                        uri.starts_with("http://[::1]");
        if (uri.find(':') == std::string::npos || uri.find_first_of("#* ") != std::string::npos) {
          fail(node, "`" + path + "`: `" + uri + "` is not a whole address without `#` and `*`");
        }
        if (is_plain && !is_local) {
          fail(node, "`" + path + "`: `" + uri + "` must begin with `https://`; `http://` is for loopback addresses");
        }
      }
    };
  }
  Read listen(Listen& target) const {
    return [&target, this](const YAML::Node& node, const std::string& path) {
      std::string value;
      text(value)(node, path);
      auto colon = value.rfind(':');
      auto port = colon == std::string::npos ? std::nullopt : text::parse_integer(value.substr(colon + 1));
      if (!port || *port < 0 || *port > 65535 || colon == 0) {
        fail(node, "`" + path + "` must be an address and a port such as `127.0.0.1:8443`, not `" + value + "`");
      }
      target = {value.substr(0, colon), static_cast<int>(*port)};
    };
  }
  Read port(int& target) const {
    return [&target, this](const YAML::Node& node, const std::string& path) {
      if (!YAML::convert<int>::decode(node, target) || target < 1 || target > 65535) {
        fail(node, "`" + path + "` must be a port from 1 to 65535");
      }
    };
  }
  Read mail_address(std::string& target) const {
    return [&target, this](const YAML::Node& node, const std::string& path) {
      text(target)(node, path);
      Status good = mail::check_address(target);
      if (!good.ok()) fail(node, "`" + path + "`: " + good.failure().message);
    };
  }
  Read mail_addresses(std::vector<std::string>& target) const {
    return [&target, this](const YAML::Node& node, const std::string& path) {
      texts(target)(node, path);
      for (const std::string& address : target) {
        Status good = mail::check_address(address);
        if (!good.ok()) fail(node, "`" + path + "`: " + good.failure().message);
      }
    };
  }
  Read allow_list(http::AllowList& target) const {
    return [&target, this](const YAML::Node& node, const std::string& path) {
      std::vector<std::string> entries;
      texts(entries)(node, path);
      auto list = http::AllowList::parse(entries);
      if (!list.ok()) fail(node, "`" + path + "`: " + list.failure().message);
      target = *list;
    };
  }
  Read url(std::string& target) const {
    return [&target, this](const YAML::Node& node, const std::string& path) {
      text(target)(node, path);
      if (!target.starts_with("https://") || target.ends_with('/')) {
        fail(node, "`" + path + "` must begin with `https://` and have no slash at its end, not `" + target + "`");
      }
    };
  }
  Read time_zone(std::string& target) const {
    return [&target, this](const YAML::Node& node, const std::string& path) {
      text(target)(node, path);
      auto zone = load_time_zone(target);
      if (!zone.ok()) fail(node, "`" + path + "`: " + zone.failure().message);
    };
  }
  template <class Item>
  Read list_of(std::vector<Item>& target, std::function<std::map<std::string, Read>(Item&)> keys) const {
    return [&target, keys, this](const YAML::Node& node, const std::string& path) {
      if (!node.IsSequence()) fail(node, "`" + path + "` must be a list");
      for (const auto& entry : node) {
        Item item;
        mapping(entry, path + "[" + std::to_string(target.size()) + "]", keys(item));
        target.push_back(std::move(item));
      }
    };
  }
  Read section(std::map<std::string, Read> keys) const {
    return
        [keys = std::move(keys), this](const YAML::Node& node, const std::string& path) { mapping(node, path, keys); };
  }

 private:
  // The known key that shares most of its letters' order with what was typed, when that is close enough to help.
  static std::string suggestion(const std::string& typed, const std::map<std::string, Read>& keys) {
    std::string best;
    std::size_t best_distance = 3;
    for (const auto& [name, read] : keys) {
      std::vector<std::size_t> row(name.size() + 1);
      for (std::size_t j = 0; j <= name.size(); ++j) row[j] = j;
      for (std::size_t i = 1; i <= typed.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= name.size(); ++j) {
          std::size_t above = row[j];
          row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (typed[i - 1] == name[j - 1] ? 0 : 1)});
          diagonal = above;
        }
      }
      if (row[name.size()] < best_distance) best_distance = row[name.size()], best = name;
    }
    return best.empty() ? "" : "; did you mean `" + best + "`?";
  }

  std::string file_;
};

using Keys = std::map<std::string, Reader::Read>;

Keys store_keys(const Reader& reader, StoreConfig& store) {
  return {{"kind", reader.one_of(store.kind, {"sqlite", "postgresql"})}, {"connection", reader.text(store.connection)}};
}

Keys outbound_keys(const Reader& reader, OutboundConfig& outbound) {
  return {{"allow", reader.allow_list(outbound.allow)}, {"plain_http", reader.flag(outbound.plain_http)}};
}

Keys cloud_keys(const Reader& reader, partner::Cloud& cloud) {
  return {{"name", reader.text(cloud.name)},
          {"display_name", reader.text(cloud.display_name)},
          {"login_url", reader.url(cloud.endpoints.login_base)},
          {"graph_url", reader.url(cloud.endpoints.graph_base)},
          {"intune_audience", reader.text(cloud.endpoints.audience)}};
}

// Rows of the configuration stand for themselves, and in the place of ours that have their name.
void merge_clouds(const Reader& reader, const YAML::Node& root, std::vector<partner::Cloud> configured,
                  Config& config) {
  for (partner::Cloud& cloud : configured) {
    if (cloud.name.empty() || cloud.name == partner::kCustomCloud) {
      reader.fail(root, "every entry of `management.clouds` needs a `name`, and it can't be `custom`");
    }
    if (cloud.display_name.empty()) cloud.display_name = cloud.name;
    std::erase_if(config.management.clouds, [&](const partner::Cloud& known) { return known.name == cloud.name; });
    config.management.clouds.push_back(std::move(cloud));
  }
}

Keys mail_keys(const Reader& reader, MailConfig& mail) {
  return {{"server", reader.text(mail.server)},
          {"port", reader.port(mail.port)},
          {"security", reader.one_of(mail.security, {"starttls", "tls", "none"})},
          {"username", reader.text(mail.username)},
          {"password_file", reader.text(mail.password_file)},
          {"from", reader.mail_address(mail.from)}};
}

Keys with_recipients(const Reader& reader, MailConfig& mail) {
  Keys keys = mail_keys(reader, mail);
  keys.emplace("to", reader.mail_addresses(mail.to));
  return keys;
}

Keys application_keys(const Reader& reader, ApplicationConfig& application) {
  return {{"name", reader.text(application.name)},
          {"client_id", reader.guid(application.client_id)},
          {"redirect_uris", reader.redirect_uris(application.redirect_uris)},
          {"single_page_redirect_uris", reader.redirect_uris(application.single_page_redirect_uris)},
          {"public_client", reader.flag(application.public_client)},
          {"identifier_uris", reader.texts(application.identifier_uris)},
          {"client_secret_file", reader.text(application.client_secret_file)},
          {"certificate_file", reader.text(application.certificate_file)},
          {"delegated_permissions", reader.texts(application.delegated_permissions)},
          {"device_code", reader.flag(application.device_code)},
          {"assertion_audience", reader.one_of(application.assertion_audience, {"issuer", "token_endpoint"})},
          {"multitenant", reader.flag(application.multitenant)},
          {"application_permissions", reader.texts(application.application_permissions)}};
}

Keys tenant_keys(const Reader& reader, TenantConfig& tenant) {
  return {{"id", reader.guid(tenant.id)},
          {"name", reader.text(tenant.name)},
          {"domains", reader.texts(tenant.domains)},
          {"users", reader.list_of<UserConfig>(tenant.users,
                                               [&reader](UserConfig& user) -> Keys {
                                                 return {{"user_principal_name", reader.text(user.user_principal_name)},
                                                         {"display_name", reader.text(user.display_name)},
                                                         {"password_file", reader.text(user.password_file)},
                                                         {"administrator", reader.flag(user.administrator)}};
                                               })},
          {"groups", reader.list_of<GroupConfig>(
                         tenant.groups,
                         [&reader](GroupConfig& group) -> Keys {
                           return {{"name", reader.text(group.name)}, {"members", reader.texts(group.members)}};
                         })},
          {"applications",
           reader.list_of<ApplicationConfig>(tenant.applications, [&reader](ApplicationConfig& application) {
             return application_keys(reader, application);
           })}};
}

Keys cloud_keys(const Reader& reader, CloudConfig& cloud) {
  return {{"name", reader.text(cloud.name)},
          {"integration", reader.one_of(cloud.integration, {"conditional_access", "device_compliance"})},
          {"login_url", reader.url(cloud.login_url)},
          {"graph_url", reader.url(cloud.graph_url)},
          {"audience", reader.text(cloud.audience)},
          {"client_id", reader.guid(cloud.client_id)},
          {"user_registration_client_id", reader.guid(cloud.user_registration_client_id)},
          {"client_secret_file", reader.text(cloud.client_secret_file)}};
}

Keys connector_keys(const Reader& reader, ConnectorConfig& connector) {
  return {{"enabled", reader.flag(connector.enabled)},
          {"listen", reader.listen(connector.listen)},
          {"public_url", reader.url(connector.public_url)},
          {"store", reader.section(store_keys(reader, connector.store))},
          {"outbound", reader.section({{"allow", reader.allow_list(connector.outbound.allow)}})},
          {"further_instances", reader.one_of(connector.further_instances, {"approved", "trusted"})},
          {"revoked_instances", reader.texts(connector.revoked_instances)},
          {"route_silence_hours", reader.whole_hours(connector.route_silence, 1, 2880)},
          {"heartbeat_minutes", reader.whole(connector.heartbeat_minutes, 1, 60)},
          {"requests_per_second", reader.whole(connector.requests_per_second, 1, 1000)},
          {"request_burst", reader.whole(connector.request_burst, 12, 10'000)},
          {"clouds", reader.list_of<CloudConfig>(connector.clouds,
                                                 [&reader](CloudConfig& cloud) { return cloud_keys(reader, cloud); })}};
}

void read_config(const Reader& reader, const YAML::Node& root, Config& config) {
  std::vector<partner::Cloud> clouds;
  reader.mapping(
      root, "",
      {{"data", reader.text(config.data)},
       {"log_level", reader.one_of(config.log_level, {"debug", "info", "warning", "error"})},
       {"certificate_file", reader.text(config.certificate_file)},
       {"private_key_file", reader.text(config.private_key_file)},
       {"management",
        reader.section({{"enabled", reader.flag(config.management.enabled)},
                        {"listen", reader.listen(config.management.listen)},
                        {"public_url", reader.url(config.management.public_url)},
                        {"store", reader.section(store_keys(reader, config.management.store))},
                        {"outbound", reader.section(outbound_keys(reader, config.management.outbound))},
                        {"clouds", reader.list_of<partner::Cloud>(
                                       clouds, [&reader](partner::Cloud& cloud) { return cloud_keys(reader, cloud); })},
                        {"mail", reader.section(with_recipients(reader, config.management.mail))},
                        {"change_log", reader.text(config.management.change_log)},
                        {"time_zone", reader.time_zone(config.management.time_zone)},
                        {"groups", reader.section({{"mixed_and_or", reader.one_of(config.management.mixed_and_or,
                                                                                  {"and_first", "left_fold"})}})}})},
       {"connector", reader.section(connector_keys(reader, config.connector))},
       {"tenant", reader.section(
                      {{"enabled", reader.flag(config.tenant.enabled)},
                       {"listen", reader.listen(config.tenant.listen)},
                       {"public_url", reader.url(config.tenant.public_url)},
                       {"store", reader.section(store_keys(reader, config.tenant.store))},
                       {"mail", reader.section(mail_keys(reader, config.tenant.mail))},
                       {"compliance_validity_hours", reader.whole_hours(config.tenant.compliance_validity, 1, 2880)},
                       {"devices_per_user", reader.whole(config.tenant.devices_per_user, 1, 1000)},
                       {"signing_key_days", reader.whole(config.tenant.signing_key_days, 2, 3650)},
                       {"tenants", reader.list_of<TenantConfig>(config.tenant.tenants, [&reader](TenantConfig& tenant) {
                          return tenant_keys(reader, tenant);
                        })}})}});
  merge_clouds(reader, root, std::move(clouds), config);
}

void check_mail(const Reader& reader, const YAML::Node& root, const std::string& part, const MailConfig& mail) {
  const std::string at = "`" + part + ".mail.";
  bool anything = !mail.from.empty() || !mail.to.empty() || !mail.username.empty() || mail.port != 0;
  if (mail.server.empty() && anything) reader.fail(root, at + "server` is required to send mail");
  if (mail.server.empty()) return;
  bool numeric_or_name = mail.server.find_first_of("/@?# []") == std::string::npos;
  if (!numeric_or_name) reader.fail(root, at + "server` must be a host name or an address");
  if (mail.from.empty()) reader.fail(root, at + "from` is required with " + at + "server`");
  if (mail.username.empty() != mail.password_file.empty())
    reader.fail(root, at + "username` and " + at + "password_file` go together");
  if (!mail.username.empty() && mail.security == "none")
    reader.fail(root, at + "username` needs `security: starttls` or `tls`: a password is not sent in the clear");
}

// What no single key can say.
void check_whole(const Reader& reader, const YAML::Node& root, const Config& config) {
  if (config.certificate_file.empty() != config.private_key_file.empty()) {
    reader.fail(root, "`certificate_file` and `private_key_file` go together");
  }
  if (!config.management.enabled && !config.connector.enabled && !config.tenant.enabled) {
    reader.fail(root,
                "`management.enabled`, `connector.enabled` and `tenant.enabled` are all false: there is nothing to do");
  }
  for (const auto& [part, store] : {std::pair{"management", &config.management.store},
                                    {"connector", &config.connector.store},
                                    {"tenant", &config.tenant.store}}) {
    if (store->kind == "postgresql" && store->connection.empty()) {
      reader.fail(root, "`" + std::string(part) + ".store.connection` is required with `postgresql`");
    }
  }
  check_mail(reader, root, "management", config.management.mail);
  check_mail(reader, root, "tenant", config.tenant.mail);
  if (config.connector.enabled && config.connector.clouds.empty()) {
    reader.fail(root, "`connector.enabled` needs at least one of `connector.clouds`");
  }
  for (const CloudConfig& cloud : config.connector.clouds) {
    if (cloud.client_id.empty()) reader.fail(root, "every entry of `connector.clouds` needs a `client_id`");
  }
  for (const TenantConfig& tenant : config.tenant.tenants) {
    if (tenant.domains.empty()) reader.fail(root, "every entry of `tenant.tenants` needs at least one of `domains`");
  }
}

}  // namespace

Result<Config> parse_config(const std::string& text, const std::string& name) {
  Reader reader(name);
  try {
    YAML::Node root = YAML::Load(text);
    Config config;
    read_config(reader, root, config);
    check_whole(reader, root, config);
    return config;
  } catch (const Failure& failure) {
    return failure;
  } catch (const YAML::Exception& exception) {
    return invalid("bad_config",
                   name + ":" + std::to_string(exception.mark.line + 1) + ": not valid YAML: " + exception.msg);
  }
}

Result<Config> load_config(const std::string& path) {
  std::ifstream file(path);
  if (!file) return invalid("bad_config", path + ":1: the file can't be read");
  std::ostringstream text;
  text << file.rdbuf();
  return parse_config(text.str(), path);
}

}  // namespace wardbridge::app
