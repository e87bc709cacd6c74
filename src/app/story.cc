#include "app/story.h"

#include "app/wiring.h"
#include "base/text.h"

namespace wardbridge::app {
namespace {

// What management and tenant hold about one device, as an administrator would look it up.
class Observer {
 public:
  Observer(DemoStage& stage, const mac::SimulatedMac& mac, Duration patience)
      : stage_(stage), mac_(mac), patience_(patience) {}

  // Waits until a verdict that was reached at `since` or later has been delivered, and tells when each hop was.
  Result<std::vector<Hop>> delivered(bool compliant, Time since) {
    std::vector<Hop> hops;
    TRY(wait_for("the delivery of the verdict", patience_, [&]() -> Result<bool> {
      json::Object found = TRY(stage_.management().get("/api/v1/wardbridge/deliveries/" + mac_.device_id()));
      for (const json::Value& value : found.at("results").as_array()) {
        const json::Object& delivery = value.as_object();
        if (TRY(json::required_text(delivery, "state")) == "parked") {
          return Failure{Code::conflict, "parked",
                         "the tenant refused the verdict: " + TRY(json::optional_text(delivery, "failureMessage"))};
        }
        if (TRY(json::required_bool(delivery, "compliant")) != compliant) continue;
        if (TRY(json::required_text(delivery, "state")) != "delivered") continue;
        hops = TRY(hops_of(delivery.at("hops").as_object(), since));
        return true;
      }
      return false;
    }));
    return hops;
  }

  Result<Duration> visible_in_graph(bool compliant, Time since) {
    std::string path = "/v1.0/devices?$filter=" + text::percent_encode("deviceId eq '" + mac_.device_id() + "'") +
                       "&$select=id,deviceId,isCompliant";
    TRY(wait_for("the verdict's appearance in Graph", patience_, [&]() -> Result<bool> {
      json::Object devices = TRY(stage_.graph().get(path));
      const json::Array* value = json::array_at(devices, "value");
      return value && !value->empty() && json::bool_at(value->front().as_object(), "isCompliant") == compliant;
    }));
    return stage_.clock().now() - since;
  }

  Result<std::string> reason() {
    json::Array records = TRY(stage_.management().get_array(
        "/api/v1/conditional-access/device-compliance-information/computer/" + std::to_string(mac_.computer_id())));
    if (records.empty()) return Failure{Code::not_found, "no_verdict", "management has no verdict for the Mac"};
    const json::Array& accounts = records.front().as_object().at("wardbridge").as_object().at("accounts").as_array();
    return json::required_text(accounts.front().as_object(), "reason");
  }

 private:
  static Result<std::vector<Hop>> hops_of(const json::Object& times, Time since) {
    std::vector<Hop> hops;
    for (auto [member, name] :
         {std::pair{"checkIn", "check-in"}, {"verdict", "verdict"}, {"sent", "sent"}, {"accepted", "accepted"}}) {
      std::string text = TRY(json::optional_text(times, member));
      if (text.empty()) return Failure{Code::timeout, "hop_missing", "the hop `" + std::string(name) + "` has no time"};
      hops.push_back({name, TRY(parse_iso8601(text)) - since});
    }
    return hops;
  }

  DemoStage& stage_;
  const mac::SimulatedMac& mac_;
  Duration patience_;
};

std::string told_hops(const std::vector<Hop>& hops) {
  std::string out = "   ";
  for (const Hop& hop : hops) out += " " + hop.name + " +" + for_people(hop.after) + (&hop == &hops.back() ? "" : " >");
  return out + "\n";
}

json::Array hops_json(const std::vector<Hop>& hops) {
  json::Array array;
  for (const Hop& hop : hops) array.push_back(json::Object{{"hop", hop.name}, {"milliseconds", hop.after.count()}});
  return array;
}

}  // namespace

Result<Story> play_story(DemoStage& stage, Duration patience) {
  mac::SimulatedMac& mac = *stage.macs().front();
  Observer observer(stage, mac, patience);
  Story story{.computer = mac.profile().computer_name, .user = mac.profile().full_name};

  // A Mac that its person registered in Self Service: known, managed, trusted. Then FileVault is off, and it is kept
  // out.
  TRY(stage.bring_up(mac, /*registers=*/true));
  TRY(observer.delivered(true, stage.clock().now()));
  mac.profile().filevault_on = false;
  Time began = stage.clock().now();
  TRY(mac.check_in(began));
  story.hops_to_block = TRY(observer.delivered(false, began));
  story.hops_to_block.push_back({"visible", TRY(observer.visible_in_graph(false, began))});
  mac::SignInAttempt blocked = TRY(mac.sign_in(stage.payroll()));
  if (blocked.granted)
    return Failure{Code::internal, "not_blocked", "the sign-in of a Mac without FileVault was granted"};
  story.hops_to_block.push_back({"decided", stage.clock().now() - began});
  story.blocked_code = blocked.error_code;
  story.blocked_message = blocked.message;
  story.blocked_reason = TRY(observer.reason());

  // FileVault is turned on, the Mac checks in, the door opens.
  mac.profile().filevault_on = true;
  began = stage.clock().now();
  TRY(mac.check_in(began));
  story.hops_to_open = TRY(observer.delivered(true, began));
  story.hops_to_open.push_back({"visible", TRY(observer.visible_in_graph(true, began))});
  mac::SignInAttempt granted = TRY(mac.sign_in(stage.payroll()));
  if (!granted.granted)
    return Failure{Code::forbidden, "not_granted", "the sign-in of the repaired Mac was refused: " + granted.message};
  story.hops_to_open.push_back({"decided", stage.clock().now() - began});
  return story;
}

std::string tell(const Story& story) {
  return "fleet: " + std::to_string(story.fleet) + " Macs enrolled and reported, " + std::to_string(story.registered) +
         " registered with " + kDemoDomain + " (" + for_people(story.set_up) + ")\n" + "1. " + story.user +
         " works on " + story.computer + ", registered in Self Service. FileVault is off.\n" +
         told_hops(story.hops_to_block) + "   Payroll stays shut: AADSTS" + std::to_string(story.blocked_code) + " " +
         story.blocked_message + "\n" + "2. FileVault is turned on; the Mac checks in.\n" +
         told_hops(story.hops_to_open) + "   Payroll opens, " + for_people(story.hops_to_open.back().after) +
         " after the check-in began.\n";
}

json::Object to_json(const Story& story) {
  return {{"computer", story.computer},
          {"user", story.user},
          {"fleet",
           json::Object{
               {"macs", story.fleet}, {"registered", story.registered}, {"setUpMilliseconds", story.set_up.count()}}},
          {"blocked", json::Object{{"errorCode", story.blocked_code},
                                   {"message", story.blocked_message},
                                   {"reason", story.blocked_reason},
                                   {"hops", hops_json(story.hops_to_block)}}},
          {"granted", json::Object{{"hops", hops_json(story.hops_to_open)}}}};
}

}  // namespace wardbridge::app
