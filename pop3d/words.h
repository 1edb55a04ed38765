// words.h - every text that a session says to a person, in the languages that it can say it in.
//
// What a program reads stands beside it: the response code (RFC 2449 section 8, RFC 3206
// section 4). Until the client has asked for another language (LANG, RFC 6856 section 3) it gets
// English, which is ASCII; what follows LANG is UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace postrider::pop3d {

enum class Language : std::uint8_t { english, german, chinese };
inline constexpr std::size_t kLanguages = 3;

// The tag of a language (RFC 5646), and its name in itself.
struct LanguageName {
  std::string_view tag;
  std::string_view name;
};
// In the order of the enumeration.
std::span<const LanguageName, kLanguages> languages() noexcept;

// The language for a range as in "de" or "zh-Hans-CN", in any case, by lookup (RFC 4647
// section 3.4); "*" is English.
std::optional<Language> find_language(std::string_view range) noexcept;

enum class Word : std::uint8_t {
  ready,
  send_pass,
  maildrop,
  capabilities_follow,
  mechanisms_follow,
  languages_follow,
  language_changed,
  utf8_on,
  begin_tls,
  list_follows,
  message_follows,
  top_follows,
  marked,
  done,
  bye,
  removed,
  // Errors.
  unknown_command,
  wrong_state,
  argument_missing,
  argument_unexpected,
  too_many,
  line_too_long,
  bare_lf,
  bare_cr,
  nul,
  bad_number,
  bad_top,
  no_message,
  not_read,
  not_removed,
  plaintext_refused,
  not_utf8,
  no_tls,
  tls_active,
  behind_stls,
  no_apop,
  bad_apop,
  unknown_mechanism,
  not_base64,
  cancelled,
  bad_response,
  unknown_language,
  wrong_credentials,
  banned,
  too_soon,
  in_use,
  not_now,
  not_openable,
};
inline constexpr std::size_t kWords = 48;

// "[AUTH]", or nothing.
std::string_view code_of(Word word) noexcept;
// In the form of fmt, with a "{}" for each argument.
std::string_view text_of(Word word, Language language) noexcept;

}  // namespace postrider::pop3d
