// subject.h - whose events these are: a message's or a session's, as a number; and the names by
// which a person asks for them. Pure.
//
// Ids of both are MessageIds, which begin with the time: so what is younger has the larger number,
// and what comes together stands together in the index.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"

namespace postrider::trace {

// 48 bits of milliseconds, then 16 of a hash: two ids may have the same, and whoever reads looks at
// the ids as well. Never negative.
using Subject = std::int64_t;

// Nothing where `id` is none.
std::optional<Subject> subject_of(std::string_view id) noexcept;

// The least subject of that time.
Subject first_subject(WallTime time) noexcept;
WallTime time_of(Subject subject) noexcept;

// Subjects of an hour are named together.
using Hour = std::int64_t;
Hour hour_of(Subject subject) noexcept;

// An address or a Message-ID as it is looked for: without <> and the spaces around, in lower case.
// Empty: it is none.
std::string plain_name(std::string_view text);
// Of plain_name(), for the index. Two names may have the same, once in 10^19.
std::int64_t name_key(std::string_view plain) noexcept;

}  // namespace postrider::trace
