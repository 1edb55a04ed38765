#include "pop3d/words.h"

#include <algorithm>
#include <array>

#include "common/base/ascii.h"

namespace postrider::pop3d {

namespace {

constexpr std::array<LanguageName, kLanguages> kNames{{
    {"en", "English"},
    {"de", "Deutsch"},
    {"zh", "中文"},
}};

struct Row {
  Word word;
  std::string_view code;
  std::array<std::string_view, kLanguages> texts;
};

using enum Word;

// Each in its place: see the assertion below.
constexpr std::array<Row, kWords> kRows{{
    {ready, "", {"{} POP3 ready", "{} POP3 bereit", "{} POP3 就绪"}},
    {send_pass, "", {"send PASS", "weiter mit PASS", "请发送 PASS"}},
    {maildrop,
     "",
     {"{} messages ({} octets)", "{} Nachrichten ({} Oktette)", "{} 封邮件（{} 字节）"}},
    {capabilities_follow, "", {"capabilities follow", "Fähigkeiten folgen", "功能列表如下"}},
    {mechanisms_follow, "", {"mechanisms follow", "Verfahren folgen", "认证机制如下"}},
    {languages_follow, "", {"languages follow", "Sprachen folgen", "语言列表如下"}},
    {language_changed, "", {"{} English from now on", "{} ab jetzt Deutsch", "{} 现在使用中文"}},
    {utf8_on, "", {"UTF-8 from now on", "ab jetzt UTF-8", "现在使用 UTF-8"}},
    {begin_tls, "", {"begin TLS", "TLS kann beginnen", "请开始 TLS"}},
    {list_follows, "", {"{} messages", "{} Nachrichten", "{} 封邮件"}},
    {message_follows, "", {"{} octets", "{} Oktette", "{} 字节"}},
    {top_follows, "", {"top of message follows", "Anfang der Nachricht folgt", "邮件开头如下"}},
    {marked,
     "",
     {"message {} is marked as deleted", "Nachricht {} ist zum Löschen vorgemerkt",
      "邮件 {} 已标记为删除"}},
    {done, "", {"done", "erledigt", "完成"}},
    {bye, "", {"bye", "auf Wiedersehen", "再见"}},
    {removed,
     "",
     {"{} messages removed, bye", "{} Nachrichten entfernt, auf Wiedersehen",
      "已删除 {} 封邮件，再见"}},
    {unknown_command, "", {"unknown command", "unbekannter Befehl", "未知命令"}},
    {wrong_state, "", {"not in this state", "nicht in diesem Zustand", "当前状态下不可用"}},
    {argument_missing, "", {"an argument is missing", "es fehlt ein Argument", "缺少参数"}},
    {argument_unexpected,
     "",
     {"this command takes no argument", "dieser Befehl hat kein Argument", "此命令不带参数"}},
    {too_many, "", {"too many bad commands", "zu viele falsche Befehle", "错误命令过多"}},
    {line_too_long,
     "",
     {"the command line is too long", "die Befehlszeile ist zu lang", "命令行过长"}},
    {bare_lf,
     "",
     {"a line ends with CRLF, not with a bare LF", "eine Zeile endet mit CRLF, nicht mit LF allein",
      "行必须以 CRLF 结尾，不能只有 LF"}},
    {bare_cr,
     "",
     {"a bare CR in a command", "ein CR allein in einem Befehl", "命令中含有单独的 CR"}},
    {nul, "", {"a NUL in a command", "ein NUL in einem Befehl", "命令中含有 NUL"}},
    {bad_number,
     "",
     {"a message-number is 1 or more, in digits",
      "eine Nachrichtennummer ist mindestens 1, in Ziffern", "邮件编号须为不小于 1 的数字"}},
    {bad_top,
     "",
     {"TOP takes a message-number and a number of lines",
      "TOP hat eine Nachrichtennummer und eine Anzahl von Zeilen", "TOP 需要邮件编号和行数"}},
    {no_message, "", {"no such message", "diese Nachricht gibt es nicht", "没有这封邮件"}},
    {not_read,
     "[SYS/TEMP]",
     {"the message cannot be read now", "die Nachricht kann jetzt nicht gelesen werden",
      "暂时无法读取该邮件"}},
    {not_removed,
     "[SYS/TEMP]",
     {"{} deleted messages could not be removed",
      "{} gelöschte Nachrichten konnten nicht entfernt werden", "有 {} 封已删除的邮件未能移除"}},
    {plaintext_refused,
     "[SYS/PERM]",
     {"a password may not be sent in the clear here",
      "ein Passwort darf hier nicht unverschlüsselt gesendet werden", "此处不允许明文发送密码"}},
    {not_utf8, "", {"that is not UTF-8", "das ist kein UTF-8", "不是有效的 UTF-8"}},
    {no_tls, "", {"TLS is not available here", "TLS gibt es hier nicht", "此处不提供 TLS"}},
    {tls_active, "", {"TLS is active already", "TLS ist schon aktiv", "TLS 已启用"}},
    {behind_stls,
     "",
     {"nothing may follow STLS before the handshake",
      "auf STLS darf vor dem Handshake nichts folgen", "STLS 之后、握手之前不得发送任何内容"}},
    {no_apop, "", {"APOP is not offered here", "APOP gibt es hier nicht", "此处不提供 APOP"}},
    {bad_apop,
     "",
     {"APOP takes a name and a digest of 32 digits",
      "APOP hat einen Namen und einen Digest von 32 Ziffern", "APOP 需要用户名和 32 位摘要"}},
    {unknown_mechanism,
     "",
     {"unknown authentication mechanism", "unbekanntes Anmeldeverfahren", "未知的认证机制"}},
    {not_base64,
     "",
     {"the response is not base64", "die Antwort ist kein base64", "响应不是 base64"}},
    {cancelled, "", {"authentication cancelled", "Anmeldung abgebrochen", "认证已取消"}},
    {bad_response,
     "",
     {"the response is none of this mechanism", "die Antwort gehört nicht zu diesem Verfahren",
      "响应不符合此认证机制"}},
    {unknown_language,
     "",
     {"that language is not known here", "diese Sprache ist hier nicht bekannt",
      "此处不支持该语言"}},
    {wrong_credentials,
     "[AUTH]",
     {"wrong user or password", "Benutzer oder Passwort falsch", "用户名或密码错误"}},
    {banned,
     "[SYS/TEMP]",
     {"too many wrong passwords, try again later",
      "zu viele falsche Passwörter, bitte später noch einmal", "密码错误次数过多，请稍后再试"}},
    {too_soon,
     "[LOGIN-DELAY]",
     {"the last login was just now, try again later",
      "die letzte Anmeldung war eben erst, bitte später noch einmal", "登录过于频繁，请稍后再试"}},
    {in_use,
     "[IN-USE]",
     {"another session has this mailbox open", "eine andere Sitzung hat dieses Postfach offen",
      "该邮箱正被另一会话使用"}},
    {not_now,
     "[SYS/TEMP]",
     {"the mailbox cannot be opened now", "das Postfach kann jetzt nicht geöffnet werden",
      "暂时无法打开邮箱"}},
    {not_openable,
     "[SYS/PERM]",
     {"the mailbox cannot be opened", "das Postfach kann nicht geöffnet werden", "无法打开邮箱"}},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (static_cast<std::size_t>(kRows[i].word) != i) return false;
  return true;
}
static_assert(in_order());

const Row& row_of(Word word) noexcept { return kRows[static_cast<std::size_t>(word)]; }

}  // namespace

std::span<const LanguageName, kLanguages> languages() noexcept { return kNames; }

std::optional<Language> find_language(std::string_view range) noexcept {
  if (range == "*") return Language::english;
  while (!range.empty()) {
    for (std::size_t i = 0; i < kNames.size(); ++i)
      if (equals_ignoring_case(kNames[i].tag, range)) return static_cast<Language>(i);
    const std::size_t hyphen = range.rfind('-');
    range = range.substr(0, hyphen == std::string_view::npos ? 0 : hyphen);
  }
  return std::nullopt;
}

std::string_view code_of(Word word) noexcept { return row_of(word).code; }

std::string_view text_of(Word word, Language language) noexcept {
  return row_of(word).texts[static_cast<std::size_t>(language)];
}

}  // namespace postrider::pop3d
