// `wardbridge self-service ...`: what Macs are offered, and what became of it.
#include "app/main/verbs.h"
#include "cli/self_service.h"

namespace wardbridge::app {
namespace {

class SelfServiceVerbs {
 public:
  SelfServiceVerbs(CLI::App& program, int& exit_code)
      : verbs_(
            program.add_subcommand("self-service", "what Macs are offered in Self Service: the registration policy")),
        exit_code_(exit_code) {
    verbs_->require_subcommand(1);
    with_json(add("list", "policies and Mac Apps, whom they are for and how often they run",
                  [this](cli::ApiClient& management) { return cli::list_self_service(management, json_); }));
    CLI::App* computer =
        add("computer", "what one Mac is offered, why it is not offered the rest, and what it has run",
            [this](cli::ApiClient& management) { return cli::show_self_service_of(management, subject_, json_); });
    computer->add_option("name", subject_, "name, serial number, UDID or id of the Mac")->required();
    with_json(computer);
    CLI::App* log =
        add("log", "the runs of a policy, newest first, with cause and remedy of those that failed",
            [this](cli::ApiClient& management) { return cli::show_policy_log(management, subject_, json_); });
    log->add_option("policy", subject_, "name or id of the policy")->required();
    with_json(log);
    CLI::App* flush =
        add("flush", "let a policy that ran once per computer run again",
            [this](cli::ApiClient& management) { return cli::flush_policy_log(management, subject_, computer_id_); });
    flush->add_option("policy", subject_, "name or id of the policy")->required();
    flush->add_option("--computer-id", computer_id_, "on this computer alone; without it, on all");
    CLI::App* offer =
        add("offer-registration",
            "make what the documents have: the category Device Compliance, the Mac App for Company Portal, "
            "and the policy that registers",
            [this](cli::ApiClient& management) { return cli::make_registration_offer(management, offer_); });
    offer->add_option("--group", offer_.group, "the applicable group, whose Macs are offered it: name or id")
        ->required();
    offer->add_option("--policy-name", offer_.policy_name, "name of the policy")->capture_default_str();
    offer->add_option("--company-portal-version", offer_.company_portal_version, "version to install")
        ->capture_default_str();
    offer->add_option("--registration-app", offer_.registration_app,
                      "client id of the application that Macs sign their people in with; without it, the vendor's");
  }

 private:
  CLI::App* add(const char* name, const char* help, std::function<int(cli::ApiClient&)> act) {
    CLI::App* verb = verbs_->add_subcommand(name, help);
    add_target(verb, target_);
    verb->callback([this, act] { exit_code_ = with_management(target_, "self-service", act); });
    return verb;
  }
  void with_json(CLI::App* verb) { verb->add_flag("--json", json_, "the answer as JSON"); }

  CLI::App* verbs_;
  int& exit_code_;
  Target target_;
  bool json_ = false;
  std::string subject_;
  std::string computer_id_;
  cli::RegistrationOffer offer_;
};

}  // namespace

std::shared_ptr<void> add_self_service_verbs(CLI::App& program, int& exit_code) {
  return std::make_shared<SelfServiceVerbs>(program, exit_code);
}

}  // namespace wardbridge::app
