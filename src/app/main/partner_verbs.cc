// `wardbridge partner ...`: Partner device management and Partner compliance management of a tenant.
#include "app/main/verbs.h"
#include "cli/partner.h"

namespace wardbridge::app {
namespace {

class PartnerVerbs {
 public:
  PartnerVerbs(CLI::App& program, int& exit_code)
      : verbs_(program.add_subcommand("partner", "who may say which Macs of a tenant are compliant")),
        exit_code_(exit_code) {
    verbs_->require_subcommand(1);
    with_json(add("show", "Partner device management: application, groups, state, dates",
                  [this](cli::ApiClient& graph) { return cli::show_device_partner(graph, json_); }));
    CLI::App* save = add("save", "Save in Partner device management; what is not named stays",
                         [this](cli::ApiClient& graph) { return save_device_partner(graph); });
    save->add_option("--application-id", application_, "the partner's application; \"\" takes it away");
    assignments(save);
    with_json(save);
    CLI::App* evaluate =
        add("evaluate", "Evaluate: how many Macs these groups would concern; changes nothing",
            [this](cli::ApiClient& graph) { return cli::evaluate_device_partner(graph, groups_, json_); });
    assignments(evaluate);
    with_json(evaluate);
    add("terminate", "Terminate in Partner device management",
        [](cli::ApiClient& graph) { return cli::terminate_device_partner(graph); });
    CLI::App* rank = add("rank", "which of several partners for macOS comes first",
                         [this](cli::ApiClient& graph) { return cli::rank_partner(graph, partner_, priority_); });
    rank->add_option("partner", partner_,
                     "name or id of a compliance partner; without it, the device management partner");
    rank->add_option("--priority", priority_, "1 comes first; without it, in no order");

    compliance_ = verbs_->add_subcommand("compliance", "Partner compliance management");
    compliance_->require_subcommand(1);
    with_json(add_compliance("list", "the compliance partners for macOS",
                             [this](cli::ApiClient& graph) { return cli::list_compliance_partners(graph, json_); }));
    CLI::App* added = add_compliance("add", "Add compliance partner, platform macOS", [this](cli::ApiClient& graph) {
      return cli::add_compliance_partner(graph, partner_, groups_.include, json_);
    });
    added->add_option("application", partner_, "name or client id of its enterprise application")->required();
    included(added);
    with_json(added);
    CLI::App* assign = add_compliance(
        "assign", "whose Macs a compliance partner answers for",
        [this](cli::ApiClient& graph) { return cli::assign_compliance_partner(graph, partner_, groups_.include); });
    partner(assign);
    included(assign);
    partner(add_compliance("remove", "remove a compliance partner that has disconnected",
                           [this](cli::ApiClient& graph) { return cli::remove_compliance_partner(graph, partner_); }));
  }

 private:
  using Verb = std::function<int(cli::ApiClient&)>;

  CLI::App* add_to(CLI::App* family, const char* name, const char* help, Verb act) {
    CLI::App* verb = family->add_subcommand(name, help);
    add_target(verb, target_);
    verb->callback([this, act = std::move(act)] { exit_code_ = with_graph(target_, "partner", act); });
    return verb;
  }
  CLI::App* add(const char* name, const char* help, Verb act) { return add_to(verbs_, name, help, std::move(act)); }
  CLI::App* add_compliance(const char* name, const char* help, Verb act) {
    return add_to(compliance_, name, help, std::move(act));
  }
  void with_json(CLI::App* verb) { verb->add_flag("--json", json_, "the answer as JSON"); }
  void partner(CLI::App* verb) { verb->add_option("partner", partner_, "name or id of the partner")->required(); }
  void included(CLI::App* verb) {
    verb->add_option("--include", groups_.include, "groups of people, by name or object id");
  }
  void assignments(CLI::App* verb) {
    verb->add_flag("--everyone", groups_.everyone, "include all licensed users");
    included(verb);
    verb->add_option("--exclude", groups_.exclude, "groups of people; exclude overrides include");
  }
  int save_device_partner(cli::ApiClient& graph) {
    bool has_groups = groups_.everyone || !groups_.include.empty() || !groups_.exclude.empty();
    return cli::save_device_partner(graph, application_, has_groups ? std::optional(groups_) : std::nullopt, json_);
  }

  CLI::App* verbs_;
  CLI::App* compliance_ = nullptr;
  int& exit_code_;
  TenantTarget target_;
  bool json_ = false;
  std::optional<std::string> application_;
  std::string partner_;
  std::optional<int> priority_;
  cli::PartnerGroups groups_;
};

}  // namespace

std::shared_ptr<void> add_partner_verbs(CLI::App& program, int& exit_code) {
  return std::make_shared<PartnerVerbs>(program, exit_code);
}

}  // namespace wardbridge::app
