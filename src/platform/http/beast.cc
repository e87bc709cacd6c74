// What the first header defines, the second must see; so the order is not the formatter's.
// clang-format off
#include "platform/http/boost_network.h"
#include <boost/beast/src.hpp>
