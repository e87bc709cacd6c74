#include "app/outgoing_mail.h"

#include "app/local_authority.h"
#include "base/text.h"

namespace wardbridge::app {

Result<std::unique_ptr<mail::SmtpTransport>> open_mail(const MailConfig& config, const World& world) {
  if (config.server.empty()) return std::unique_ptr<mail::SmtpTransport>();
  mail::SmtpOptions options{.server = config.server, .username = config.username};
  options.ca_file = world.ca_file;
  options.security = config.security == "tls"    ? mail::Security::tls
                     : config.security == "none" ? mail::Security::none
                                                 : mail::Security::starttls;
  options.port = config.port != 0 ? config.port : options.security == mail::Security::tls ? 465 : 587;
  if (!config.password_file.empty()) {
    std::string content = TRY(read_file(config.password_file));
    options.password = std::string(text::trim(content));
  }
  return std::make_unique<mail::SmtpTransport>(std::move(options));
}

}  // namespace wardbridge::app
