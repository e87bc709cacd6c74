// What the first header defines, the others must see; so the order is not the formatter's.
// clang-format off
#include "platform/http/boost_network.h"
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
