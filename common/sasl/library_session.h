// library_session.h - one exchange of libgsasl, which reads and writes the messages of mechanisms.
//
// For the two sides of an exchange in this folder alone.
#pragma once

#include <gsasl.h>

#include <string>
#include <string_view>

#include "common/base/channel_bindings.h"
#include "common/base/handle.h"
#include "common/base/secret.h"
#include "common/sasl/mechanism.h"

namespace postrider::sasl {

// What the library says to one message.
struct Reaction {
  int code;        // GSASL_OK: it was the last; GSASL_NEEDS_MORE; or what is wrong with it
  Secret message;  // the answer
};

// Cheap to open, and without state beyond it.
class LibrarySession {
 public:
  enum class Side : std::uint8_t { client, server };

  LibrarySession(Side side, Mechanism mechanism, const ChannelBindings& bindings);

  Reaction step(std::string_view message);

  // Octets go to the library in base64.
  void set(Gsasl_property property, std::string_view octets);
  void set_text(Gsasl_property property, const char* text);
  // Empty where there is none.
  std::string_view property(Gsasl_property property) const;

 private:
  Handle<Gsasl, &gsasl_done> library_;
  Handle<Gsasl_session, &gsasl_finish> session_;
};

}  // namespace postrider::sasl
