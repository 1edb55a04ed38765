// edit.h - changes one parameter in the text of a configuration file, and nothing else in it:
// comments, order, blank lines and line ends stay octet for octet.
//
// An edit is proved before it is given: the text behind it, parsed, differs from the one before in
// that parameter alone. What cannot be edited so, as a value in an inline table or an array with
// comments in it, is refused (invalid) with the line on which a person is to do it.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/config/parameters.h"

namespace postrider::config {

// `length` octets from `offset` on become `text`.
struct Edit {
  std::size_t offset = 0;
  std::size_t length = 0;
  std::string text;
};
std::string applied(std::string_view text, const Edit& edit);

// What somebody wrote as the value of a parameter, on a command line, as TOML: TOML as it is, else
// a word that needs no quotes there. Whether it is right is for assign() to say.
std::string as_toml(const Parameter& parameter, std::string_view written);

// `name` is a parameter's, `value` one value in TOML. Where the section is not there it is made, at
// the end.
Result<Edit> set_value(std::string_view text, std::string_view name, std::string_view value);

// Takes the parameter out, so that it has its default; a comment on its line stays. not_found: the
// text does not set it. What set_value() made where nothing was goes without a trace.
Result<Edit> unset_value(std::string_view text, std::string_view name);

// The line on which the text sets the parameter, or 0.
unsigned line_of(std::string_view text, std::string_view name);

}  // namespace postrider::config
