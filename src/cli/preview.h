// `wardbridge preview group FILE`: who would be in a group, before it is saved.
#pragma once

#include <string>

#include "cli/api_client.h"

namespace wardbridge::cli {

struct PreviewOptions {
  std::string file;  // JSON as for creating a smart group; with `id`, an edit of that one
  int size = 20;     // how many computers to list
  bool json = false;
};

// 0: told; 1: the server refused or is away, or still reads its computers; 2: the file can't be read or is no JSON
// object.
int preview_group(ApiClient& management, const PreviewOptions& options);

}  // namespace wardbridge::cli
