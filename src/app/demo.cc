#include "app/demo.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "app/fleet.h"
#include "app/signals.h"
#include "app/story.h"
#include "platform/log/log.h"

namespace wardbridge::app {
namespace {

// The demo's folder: fresh, and gone afterwards when the demo chose it.
class DemoFolder {
 public:
  explicit DemoFolder(const std::string& wanted) : path_(wanted), temporary_(wanted.empty()) {
    SystemEntropy entropy;
    if (temporary_)
      path_ = (std::filesystem::temp_directory_path() / ("wardbridge-demo-" + entropy.guid().substr(0, 8))).string();
  }
  ~DemoFolder() {
    std::error_code ignored;
    if (temporary_) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool temporary_;
};

int failed(const Failure& failure) {
  std::fprintf(stderr, "wardbridge demo: %s\n", failure.message.c_str());
  return 1;
}

Result<Story> set_up_and_play(DemoStage& stage, Duration patience) {
  Duration began = monotonic_now();
  int registered = TRY(bring_up_fleet(stage));
  Duration set_up = monotonic_now() - began;
  Story story = TRY(play_story(stage, patience));
  story.fleet = static_cast<int>(stage.macs().size());
  story.registered = registered + 1;
  story.set_up = set_up;
  return story;
}

int run_once(const DemoOptions& options, DemoStage& stage) {
  auto story = set_up_and_play(stage, options.patience);
  if (!story.ok()) return failed(story.failure());
  std::string text = options.json ? json::to_pretty_text(to_json(*story)) + "\n" : tell(*story);
  std::fputs(text.c_str(), stdout);
  return 0;
}

int run_until_stopped(const DemoOptions& options, DemoStage& stage, const std::string& data) {
  auto story = set_up_and_play(stage, options.patience);
  if (!story.ok()) return failed(story.failure());
  std::printf(
      "%s"
      "management API  %s   user admin, password %s (shown once)\n"
      "tenant, Graph   %s   tenant %s\n"
      "CA file         %s\n"
      "*** THIS IS A DEMO: made-up Macs and people, data in %s; not for real use. Ctrl-C stops it. ***\n",
      tell(*story).c_str(), stage.management_url().c_str(), stage.admin_password().c_str(), stage.tenant_url().c_str(),
      kDemoDomain, stage.ca_file().c_str(), data.c_str());
  std::fflush(stdout);
  SystemEntropy entropy;
  Fleet fleet(stage, entropy);
  Stage actors(stage.clock());
  actors.add(fleet);
  wait_for_stop_signal();
  actors.stop();
  std::puts("stopped");
  return 0;
}

}  // namespace

int run_demo(const DemoOptions& options) {
  log::set_level(log::Level::error);
  hold_stop_signals();
  DemoFolder folder(options.data);
  auto stage = DemoStage::set_up(folder.path(), std::max(options.macs, 1), !options.once);
  if (!stage.ok()) return failed(stage.failure());
  return options.once ? run_once(options, **stage) : run_until_stopped(options, **stage, folder.path());
}

}  // namespace wardbridge::app
