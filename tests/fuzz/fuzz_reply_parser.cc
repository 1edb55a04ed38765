// Replies of a server in two portions: parsing ends in complete or malformed, within its budget.
#include <cstdint>

#include "common/base/check.h"
#include "common/smtp/reply_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using postrider::smtp::ReplyParser;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  ReplyParser parser;
  for (std::string_view portion : {input.substr(0, size / 2), input.substr(size / 2)}) {
    while (!portion.empty()) {
      const auto status = parser.parse(portion);
      if (status == ReplyParser::Status::malformed) return 0;
      if (status == ReplyParser::Status::complete)
        POSTRIDER_CHECK(to_line(parser.take()).size() <= ReplyParser::kMaxOctets);
    }
  }
  return 0;
}
