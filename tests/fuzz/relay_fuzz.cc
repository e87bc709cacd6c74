// What instances and the Cloud Connector say to each other, read from anybody: refused with a reason, or a value that
// says the same of itself when it is written and read again, and that keeps its promises on the way to a tenant.
#include "connector/relay/relay.h"

namespace {

using namespace wardbridge;

template <class Value>
void check(Result<Value> (*read)(const json::Object&), const json::Object& object) {
  auto value = read(object);
  if (!value.ok()) {
    CHECK(!value.failure().reason.empty() && !value.failure().message.empty());
    return;
  }
  const json::Object written = relay::to_json(*value);
  auto again = read(written);
  CHECK(again.ok(), "what was written can't be read");
  CHECK(relay::to_json(*again) == written, "it says something else when it is read again");
}

void check_upload(const json::Object& object) {
  auto message = relay::report_message_from_json(object);
  if (!message.ok()) return;
  const ledger::DeviceReport& report = message->report;
  for (Time now : {kEpoch, report.valid_until - milliseconds{1}, report.valid_until, kNever}) {
    partner::Upload upload = relay::upload_of(report, message->version, now);
    CHECK(!upload.is_compliant || now < report.valid_until, "an expired verdict went out as compliant");
    CHECK(!upload.is_compliant || report.verdict == ledger::DeviceReport::Verdict::compliant);
    CHECK(upload.epoch == message->version.epoch && upload.sequence == message->version.sequence);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto value = json::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!value.ok() || !value->is_object()) return 0;
  const json::Object& object = value->get_object();
  check(relay::report_message_from_json, object);
  check(relay::outcome_from_json, object);
  check(relay::attachment_from_json, object);
  check(relay::conflict_from_json, object);
  check(relay::wishes_from_json, object);
  check(relay::status_from_json, object);
  check(relay::step_from_json, object);
  check_upload(object);
  return 0;
}
