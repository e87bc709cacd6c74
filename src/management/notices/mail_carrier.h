// Turns what waits about a group into a mail, and sends it.
#pragma once

#include <string>
#include <vector>

#include "management/notices/notices.h"
#include "management/outbox/outbox_actor.h"
#include "platform/mail/mail.h"

namespace wardbridge::notices {

struct MailSettings {
  std::string from;
  std::vector<std::string> to;  // for groups without recipients of their own
};

class MailCarrier final : public outbox::Carrier {
 public:
  // Without a transport (no mail server is configured) every mail is parked. All must outlive the carrier.
  MailCarrier(store::Store& store, mail::MailTransport* transport, MailSettings settings)
      : store_(store), transport_(transport), settings_(std::move(settings)) {}
  std::string kind() const override { return kMailLane; }
  outbox::Outcome carry(const outbox::Message& message, Time now) override;

 private:
  store::Store& store_;
  mail::MailTransport* transport_;
  MailSettings settings_;
};

}  // namespace wardbridge::notices
