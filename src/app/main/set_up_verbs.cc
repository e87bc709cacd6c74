// `wardbridge connect manual | device-compliance | cloud-connector | ...`: setting connections up.
#include <cstdio>

#include "app/main/verbs.h"
#include "cli/set_up.h"

namespace wardbridge::app {
namespace {

constexpr const char* kSecretHelp = "file with the client secret, or PEM: private key and certificate";

class SetUpVerbs {
 public:
  SetUpVerbs(CLI::App& connect, int& exit_code) : connect_(connect), exit_code_(exit_code) {
    CLI::App* manual = add("manual", "set up, or change, Conditional Access's manual connection; saves and tests",
                           [this](cli::ApiClient& management) { return cli::set_up_manual(management, said_, json_); });
    tenant(manual);
    application(manual);
    cloud(manual);
    addresses(manual);
    manual->add_option("--secret-expires", said_.secret_expires, "when the secret ends: 2027-11-30T12:00:00Z");
    landing_page(manual);

    CLI::App* compliance = add("device-compliance", "set up, or change, a Device Compliance connection",
                               [this](cli::ApiClient& to) { return cli::set_up_device_compliance(to, said_, json_); });
    name(compliance);
    tenant(compliance);
    application(compliance);
    addresses(compliance);
    pages(compliance);
    compliance->add_option("--group-id", said_.group_ids,
                           "object id of a group of the tenant whose people's Macs this connection answers for");

    CLI::App* broker =
        add("cloud-connector", "set up, or change, a connection through a Cloud Connector, and Connect",
            [this](cli::ApiClient& management) { return cli::set_up_cloud_connector(management, said_, json_); });
    name(broker);
    tenant(broker);
    cloud(broker);
    landing_page(broker);
    pages(broker);
    broker->add_option("--connector-url", said_.connector_url, "address of the Cloud Connector");
    broker->add_option("--credential-file", credential_file_,
                       "file with this server's credential, from `wardbridge connector add-instance`; only once");

    with_connection(add("confirm", "Confirm: the Application ID was entered in the tenant; tests step by step",
                        [this](cli::ApiClient& to) { return cli::confirm_connection(to, use_.connection, json_); }));
    CLI::App* use = add("use", "let verdicts travel by a connection, from the groups that are named",
                        [this](cli::ApiClient& to) { return cli::use_connection(to, use_, json_); });
    with_connection(use);
    use->add_option("--compliance-group", use_.compliance_group, "its members are compliant: name or id");
    use->add_option("--applicable-group", use_.applicable_group, "whom this applies to at all: name or id");
    use->add_option("--validity-hours", use_.validity_hours, "how long a verdict outlives the last check-in");
    CLI::App* domains = add("domains", "whose users' Macs are told to a connection when there are several tenants",
                            [this](cli::ApiClient& to) { return cli::set_domains(to, use_.connection, domains_); });
    with_connection(domains);
    domains->add_option("domains", domains_, "of the users' names; none: nobody's");
    with_connection(add("routes", "the Macs that the Cloud Connector routes to this server",
                        [this](cli::ApiClient& to) { return cli::list_routes_of(to, use_.connection, json_); }));
    with_connection(add("conflicts", "the Macs of this server that another instance reported first",
                        [this](cli::ApiClient& to) { return cli::list_conflicts_of(to, use_.connection, json_); }));
    with_connection(add("remove", "forget a connection that is terminated",
                        [this](cli::ApiClient& to) { return cli::remove_connection(to, use_.connection); }));
  }

 private:
  CLI::App* add(const char* name, const char* help, std::function<int(cli::ApiClient&)> act) {
    CLI::App* verb = connect_.add_subcommand(name, help);
    add_target(verb, target_);
    verb->add_flag("--json", json_, "the answer as JSON");
    verb->callback([this, act = std::move(act)] {
      for (const auto& [file, text] :
           {std::pair{&secret_file_, &said_.secret}, {&credential_file_, &said_.credential}}) {
        if (file->empty()) continue;
        auto secret = read_secret_file(*file);
        if (!secret || secret->empty()) {
          std::fprintf(stderr, "wardbridge connect: `%s` can't be read, or is empty\n", file->c_str());
          exit_code_ = 2;
          return;
        }
        *text = *secret;
      }
      exit_code_ = with_management(target_, "connect", act);
    });
    return verb;
  }
  void name(CLI::App* verb) {
    verb->add_option("name", said_.name, "what people call it; one that is there is changed")->required();
  }
  void with_connection(CLI::App* verb) { verb->add_option("connection", use_.connection, "name or id")->required(); }
  void tenant(CLI::App* verb) { verb->add_option("--tenant", said_.tenant, "the tenant's id, or one of its domains"); }
  void application(CLI::App* verb) {
    verb->add_option("--application-id", said_.application_id, "client id of the application in the tenant");
    verb->add_option("--secret-file", secret_file_, kSecretHelp);
  }
  void cloud(CLI::App* verb) {
    verb->add_option("--cloud", said_.cloud,
                     "sovereign cloud: global, usGovGccHigh, usGovDod, china, or a configured one");
  }
  void addresses(CLI::App* verb) {
    verb->add_option("--login-url", said_.login_url, "of a tenant in no known cloud: its sign-in");
    verb->add_option("--graph-url", said_.graph_url, "its Microsoft Graph");
    verb->add_option("--intune-url", said_.audience, "its Intune API, as the audience of tokens");
  }
  void landing_page(CLI::App* verb) {
    verb->add_option("--landing-page", said_.landing_page,
                     "for people with an unknown computer: registration, access-denied, or a URL");
  }
  void pages(CLI::App* verb) {
    verb->add_option("--enrollment-url", said_.enrollment_url, "page for people with an unknown computer");
    verb->add_option("--remediation-url", said_.remediation_url,
                     "page for people with a computer that is not compliant");
  }

  CLI::App& connect_;
  int& exit_code_;
  Target target_;
  bool json_ = false;
  cli::ConnectionSettings said_;
  cli::Use use_;
  std::string secret_file_;
  std::string credential_file_;
  std::vector<std::string> domains_;
};

}  // namespace

std::shared_ptr<void> add_set_up_verbs(CLI::App& connect_verb, int& exit_code) {
  return std::make_shared<SetUpVerbs>(connect_verb, exit_code);
}

}  // namespace wardbridge::app
