// Has a bug on purpose: a fuzzer that does not find this one finds nothing.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.size() > 3 && text[0] == 'b' && text[1] == 'u' && text[2] == 'g' && text[3] == '!') {
    std::fputs("the planted bug was found\n", stderr);
    std::abort();
  }
  return 0;
}
