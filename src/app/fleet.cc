#include "app/fleet.h"

#include <algorithm>

#include "platform/log/log.h"

namespace wardbridge::app {
namespace {

// Every Mac speaks once in this time; a real fleet takes a quarter of an hour.
constexpr Duration kRound = minutes{1};

}  // namespace

std::string known_fault(int number) {
  switch (number % 10) {
    case 3:
      return "no FileVault";
    case 5:
      return "not registered";
    case 7:
      return "no Company Portal";
    default:
      return "";
  }
}

// Somebody threw Company Portal away after the registration.
Status remove_company_portal(DemoStage& stage, mac::SimulatedMac& mac) {
  std::erase_if(mac.profile().applications,
                [](const auto& application) { return application.bundle_id == mac::kCompanyPortalBundleId; });
  TRY(mac.check_in(stage.clock().now()));
  return done();
}

Result<int> bring_up_fleet(DemoStage& stage) {
  int registered = 0;
  for (std::size_t number = 1; number < stage.macs().size(); ++number) {
    mac::SimulatedMac& mac = *stage.macs()[number];
    std::string fault = known_fault(static_cast<int>(number));
    bool registers = fault != "not registered";
    if (fault == "no FileVault") mac.profile().filevault_on = false;
    TRY(stage.bring_up(mac, registers));
    if (fault == "no Company Portal") TRY(remove_company_portal(stage, mac));
    if (registers) ++registered;
  }
  return registered;
}

Time Fleet::run_once(Time now) {
  auto& macs = stage_.macs();
  mac::SimulatedMac& mac = *macs[next_];
  next_ = (next_ + 1) % macs.size();
  // One Mac in forty is neglected or repaired, so that verdicts move.
  if (entropy_.below(40) == 0) mac.profile().filevault_on = !mac.profile().filevault_on;
  bool whole = entropy_.below(4) == 0;
  auto answer = mac.check_in(now, whole ? mac::SimulatedMac::Report::whole : mac::SimulatedMac::Report::security);
  if (!answer.ok())
    log::warning("demo_check_in_failed", {{"mac", mac.profile().computer_name}, {"message", answer.failure().message}});
  if (!mac.device_id().empty() && entropy_.below(3) == 0) {
    auto attempt = mac.sign_in(stage_.payroll());
    if (!attempt.ok())
      log::warning("demo_sign_in_failed",
                   {{"mac", mac.profile().computer_name}, {"message", attempt.failure().message}});
  }
  return now + std::max<Duration>(kRound / static_cast<int>(macs.size()), milliseconds{50});
}

}  // namespace wardbridge::app
