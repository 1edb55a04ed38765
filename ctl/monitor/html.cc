#include "ctl/monitor/html.h"

#include "ctl/terminal.h"

namespace postrider::ctl {

void Html::add_text(std::string_view text) {
  for (const char c : printable(text)) {
    switch (c) {
      case '&': markup_ += "&amp;"; break;
      case '<': markup_ += "&lt;"; break;
      case '>': markup_ += "&gt;"; break;
      case '"': markup_ += "&quot;"; break;
      case '\'': markup_ += "&#39;"; break;
      default: markup_ += c;
    }
  }
}

}  // namespace postrider::ctl
