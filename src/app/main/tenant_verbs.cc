// `wardbridge tenant ...`, for the operator of a tenant.
#include "app/main/verbs.h"
#include "cli/tenant.h"

namespace wardbridge::app {
namespace {

class TenantVerbs {
 public:
  TenantVerbs(CLI::App& program, int& exit_code)
      : verbs_(program.add_subcommand("tenant", "operate a tenant: signing keys, ending secrets, leftover devices")),
        exit_code_(exit_code) {
    verbs_->require_subcommand(1);
    add_key_verbs(family(verbs_, "keys", "the keys that sign tokens"));
    CLI::App* secrets = family(verbs_, "secrets", "the secrets and certificates of applications");
    add(secrets, "expiring", "those that end soon; exit code 1 when some have ended",
        [this](const cli::TenantDesk& desk) { return cli::list_expiring_secrets(desk, days_); })
        ->add_option("--days", days_, "how soon")
        ->capture_default_str()
        ->check(CLI::Range(0, 3650));
    add(verbs_, "duplicates", "Macs that are in the directory more than once", cli::list_duplicate_devices);
    CLI::App* factor = family(verbs_, "second-factor", "people's second factors");
    add(factor, "reset", "take away a second factor that was lost; the next sign-in sets up a new one",
        [this](const cli::TenantDesk& desk) { return cli::reset_second_factor(desk, subject_); })
        ->add_option("user", subject_, "the person's user principal name or id")
        ->required();
  }

 private:
  using Verb = std::function<int(const cli::TenantDesk&)>;

  void add_key_verbs(CLI::App* keys) {
    add(keys, "list", "every key and where it is in its life", cli::list_keys);
    CLI::App* rotate = add(keys, "rotate", "publish the next key; it signs after the lead, and the one before retires",
                           [this](const cli::TenantDesk& desk) { return cli::rotate_key(desk, rotation_); });
    rotate->add_option("--lead-hours", rotation_.lead_hours, "how long it is published before it signs; 0: at once")
        ->capture_default_str()
        ->check(CLI::Range(0, 720));
    add_algorithm(rotate);
    add_algorithm(add(keys, "withdraw",
                      "for keys that others may have: a new one signs at once, and what the old ones signed is refused",
                      [this](const cli::TenantDesk& desk) { return cli::withdraw_keys(desk, rotation_.algorithm); }));
    add_retention(keys, "retain", "keep a key in the key set, whatever its times say", cli::Retention::retain);
    add_retention(keys, "release", "let a retained key go when it is retired", cli::Retention::release);
  }
  void add_retention(CLI::App* keys, const char* name, const char* help, cli::Retention retention) {
    add(keys, name, help,
        [this, retention](const cli::TenantDesk& desk) { return cli::change_retention(desk, subject_, retention); })
        ->add_option("kid", subject_, "the key's id, as `keys list` shows it")
        ->required();
  }
  void add_algorithm(CLI::App* verb) {
    verb->add_option("--algorithm", rotation_.algorithm, "RS256 or ES256; as before without it")
        ->check(CLI::IsMember({"RS256", "ES256"}));
  }

  static CLI::App* family(CLI::App* parent, const char* name, const char* help) {
    return parent->add_subcommand(name, help)->require_subcommand(1);
  }
  CLI::App* add(CLI::App* parent, const char* name, const char* help, Verb act) {
    CLI::App* verb = parent->add_subcommand(name, help);
    verb->add_flag("--json", json_, "the answer as JSON");
    add_target(verb, target_);
    verb->callback([this, act = std::move(act)] {
      exit_code_ = with_graph(target_, "tenant", [&](cli::ApiClient& client) {
        return act({client, target_.tenant, json_});
      });
    });
    return verb;
  }

  CLI::App* verbs_;
  int& exit_code_;
  TenantTarget target_;
  bool json_ = false;
  std::string subject_;
  int days_ = 60;
  cli::KeyRotation rotation_;
};

}  // namespace

std::shared_ptr<void> add_tenant_verbs(CLI::App& program, int& exit_code) {
  return std::make_shared<TenantVerbs>(program, exit_code);
}

}  // namespace wardbridge::app
