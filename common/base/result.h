// result.h - the value of an operation that may fail, or why it failed.
//
// For outcomes that a correct program meets in normal running. A broken invariant is not an
// Error: see check.h.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace postrider {

// What the caller can do about it; the text is for the log and for people.
enum class ErrorKind {
  not_found,  // the thing asked for does not exist
  invalid,    // the input is wrong: trying again is of no use
  temporary,  // trying again later may help
  corrupt,    // stored data breaks its own format
};

struct Error {
  ErrorKind kind;
  std::string text;
};

inline tl::unexpected<Error> fail(ErrorKind kind, std::string text) {
  return tl::unexpected<Error>(Error{kind, std::move(text)});
}

// What went wrong below, for the caller's caller.
inline tl::unexpected<Error> pass_on(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

// "<what>: <strerror(error)>", temporary unless `error` is ENOENT (not_found).
tl::unexpected<Error> fail_errno(std::string_view what, int error);

// tl::expected itself is not [[nodiscard]] (Debian's libexpected-dev 1.0.0).
template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(tl::expected<T, Error> other) : tl::expected<T, Error>(std::move(other)) {}  // NOLINT
};

}  // namespace postrider
