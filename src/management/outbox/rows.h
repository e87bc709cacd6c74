// Rows of the outbox, for this room's own sources.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "management/outbox/outbox.h"

namespace wardbridge::outbox {

// `tail` begins with WHERE. With their changes.
std::vector<Message> select_messages(store::Transaction& tx, std::string_view tail,
                                     std::span<const store::Value> parameters);
void forget_message(store::Transaction& tx, MessageId id);

}  // namespace wardbridge::outbox
