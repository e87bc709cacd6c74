// `wardbridge import computers FILE|DIR`: records of another server into a running management side.
#pragma once

#include <string>
#include <vector>

#include "cli/api_client.h"

namespace wardbridge::cli {

struct ImportOptions {
  std::vector<std::string> paths;  // files, or folders whose *.json and *.xml are taken
  bool json = false;               // the summary as JSON
  bool progress = true;            // a bar on standard error, when that is a terminal
};

// 0: everything was taken; 1: some records or files were refused (the summary says which and why); 2: nothing to
// import.
int import_computers(ApiClient& management, const ImportOptions& options);

}  // namespace wardbridge::cli
