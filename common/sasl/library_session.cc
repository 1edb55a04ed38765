#include "common/sasl/library_session.h"

#include "common/base/base64.h"
#include "common/base/check.h"

namespace postrider::sasl {

namespace {

// The library may take any password of PLAIN and LOGIN: it is verified when the exchange is over.
int on_question(Gsasl* /*library*/, Gsasl_session* /*session*/, Gsasl_property property) noexcept {
  return property == GSASL_VALIDATE_SIMPLE ? GSASL_OK : GSASL_NO_CALLBACK;
}

}  // namespace

LibrarySession::LibrarySession(Side side, Mechanism mechanism, const ChannelBindings& bindings) {
  Gsasl* library = nullptr;
  POSTRIDER_CHECK(::gsasl_init(&library) == GSASL_OK);
  library_.reset(library);
  ::gsasl_callback_set(library, &on_question);
  const auto start = side == Side::client ? &::gsasl_client_start : &::gsasl_server_start;
  Gsasl_session* session = nullptr;
  POSTRIDER_CHECK(start(library, std::string(name_of(mechanism)).c_str(), &session) == GSASL_OK);
  session_.reset(session);
  if (!bindings.tls_exporter.empty()) set(GSASL_CB_TLS_EXPORTER, bindings.tls_exporter);
  if (!bindings.tls_unique.empty()) set(GSASL_CB_TLS_UNIQUE, bindings.tls_unique);
}

Reaction LibrarySession::step(std::string_view message) {
  char* made = nullptr;
  std::size_t size = 0;
  const int code = ::gsasl_step(session_.get(), message.data(), message.size(), &made, &size);
  Reaction reaction{code, Secret(std::string(made != nullptr ? made : "", size))};
  ::gsasl_free(made);
  return reaction;
}

void LibrarySession::set(Gsasl_property property, std::string_view octets) {
  set_text(property, to_base64(octets).c_str());
}

void LibrarySession::set_text(Gsasl_property property, const char* text) {
  POSTRIDER_CHECK(::gsasl_property_set(session_.get(), property, text) == GSASL_OK);
}

std::string_view LibrarySession::property(Gsasl_property property) const {
  const char* const text = ::gsasl_property_fast(session_.get(), property);
  return text != nullptr ? text : "";
}

}  // namespace postrider::sasl
