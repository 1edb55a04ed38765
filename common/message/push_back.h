// push_back.h - temporary refusals by which a server asks for less mail. Pure.
#pragma once

#include <string_view>

namespace postrider::message {

// Whether a server that defers a recipient with `reply`, one line with its code, and the enhanced
// `status` wants less for a while: 421, 4.7.x, words of rates and lists; not where it is about one
// address, or a sender that it does not know yet.
bool asks_for_less(std::string_view status, std::string_view reply);

}  // namespace postrider::message
