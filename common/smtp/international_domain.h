// international_domain.h - domains beyond ASCII, as DNS and the directory know them.
//
// RFC 5890 and RFC 5891 (U-labels, A-labels), RFC 6531 section 3.2.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider::smtp {

// `domain` with its U-labels as A-labels: "b\xc3\xbc.test" gives "xn--b-eha.test". Nothing where it
// is no domain name. UTS 46 maps what people write otherwise: capitals, wide forms, other dots.
std::optional<std::string> to_a_labels(std::string_view domain);

}  // namespace postrider::smtp
