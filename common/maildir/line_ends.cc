#include "common/maildir/line_ends.h"

#include <algorithm>
#include <cstring>

namespace postrider::maildir {

void ToLf::append(std::string_view crlf_text, std::string& lf_text) {
  if (crlf_text.empty()) return;
  if (held_cr_ && crlf_text.front() != '\n') lf_text += '\r';
  held_cr_ = crlf_text.back() == '\r';
  if (held_cr_) crlf_text.remove_suffix(1);
  while (!crlf_text.empty()) {
    const std::size_t cr = crlf_text.find('\r');
    if (cr == std::string_view::npos) break;
    lf_text.append(crlf_text.substr(0, cr));
    if (cr + 1 == crlf_text.size() || crlf_text[cr + 1] != '\n') lf_text += '\r';
    crlf_text.remove_prefix(cr + 1);
  }
  lf_text.append(crlf_text);
}

void ToLf::finish(std::string& lf_text) {
  if (held_cr_) lf_text += '\r';
  held_cr_ = false;
}

void WireSize::append(std::string_view lf_text) noexcept {
  if (lf_text.empty()) return;
  octets_ += lf_text.size();
  for (std::size_t lf = 0; (lf = lf_text.find('\n', lf)) != std::string_view::npos; ++lf)
    if ((lf == 0 ? last_ : lf_text[lf - 1]) != '\r') ++octets_;
  last_ = lf_text.back();
  empty_ = false;
}

// Octets are written into room that is made in advance: a call of the string for each line costs
// more than its octets.
void ToWire::append(std::string_view lf_text, std::string& wire) {
  std::size_t used = wire.size();
  const auto make_room = [&](std::size_t octets) {
    if (wire.size() - used < octets) wire.resize(used + octets + octets / 4);
  };
  // Lines of mail are some 70 octets long: room for their CRs and for a few dots.
  make_room(lf_text.size() + lf_text.size() / 32 + 16);
  while (!lf_text.empty() && !complete_) {
    const std::size_t lf = lf_text.find('\n');
    const std::string_view line = lf_text.substr(0, lf);
    make_room(lf_text.size() + 3);
    if (last_ == '\n' && lf_text.front() == '.') wire[used++] = '.';
    std::memcpy(wire.data() + used, line.data(), line.size());
    used += line.size();
    if (!line.empty()) last_ = line.back();
    line_octets_ += line.size();
    if (lf == std::string_view::npos) break;
    const bool has_cr = last_ == '\r';
    if (!has_cr) wire[used++] = '\r';
    wire[used++] = '\n';
    end_line(line_octets_ - (has_cr ? 1 : 0));
    lf_text.remove_prefix(lf + 1);
  }
  wire.resize(used);
}

void ToWire::end_line(std::size_t octets) {
  last_ = '\n';
  line_octets_ = 0;
  if (!body_lines_) return;
  if (in_body_) {
    --*body_lines_;
  } else {
    in_body_ = octets == 0;
  }
  complete_ = in_body_ && *body_lines_ == 0;
}

void ToWire::finish(std::string& wire) {
  if (!complete_ && last_ != '\n') wire += "\r\n";
  last_ = '\n';
}

}  // namespace postrider::maildir
