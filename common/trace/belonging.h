// belonging.h - whose an event is, and by which names it is found. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/trace/line.h"
#include "common/trace/subject.h"

namespace postrider::trace {

// Whose it is: a message's (`id`), else its session's (`session`); what tells of a report (`of`) is
// that of the message which it reports on, too. The second is the id. Empty: it is nobody's.
using Owner = std::pair<Subject, std::string_view>;
std::vector<Owner> owners_of(const Values& values);

// Addresses and Message-IDs by which a person may ask for it, as plain_name() has them.
std::vector<std::string> names_of(std::string_view event, const Values& values);

// "" where there is none.
std::string_view value_of(const Values& values, std::string_view key) noexcept;

}  // namespace postrider::trace
