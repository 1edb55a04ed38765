#include "common/smtp/international_domain.h"

#include <idn2.h>

#include "common/base/handle.h"
#include "common/smtp/address.h"

namespace postrider::smtp {

std::optional<std::string> to_a_labels(std::string_view domain) {
  if (domain.size() > kMaxDomain || domain.find('\0') != std::string_view::npos)
    return std::nullopt;
  unsigned char* converted = nullptr;
  const std::string terminated(domain);
  const int status = idn2_lookup_u8(reinterpret_cast<const unsigned char*>(terminated.c_str()),
                                    &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const Handle<unsigned char, &idn2_free> owned(converted);
  if (status != IDN2_OK) return std::nullopt;
  std::string labels(reinterpret_cast<const char*>(converted));
  if (!is_domain(labels)) return std::nullopt;
  return labels;
}

}  // namespace postrider::smtp
