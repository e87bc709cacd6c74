// The mail server that a part of the program sends by.
#pragma once

#include <memory>

#include "app/config.h"
#include "app/world.h"
#include "platform/mail/mail.h"

namespace wardbridge::app {

// Nothing when no mail server is configured.
Result<std::unique_ptr<mail::SmtpTransport>> open_mail(const MailConfig& config, const World& world);

}  // namespace wardbridge::app
