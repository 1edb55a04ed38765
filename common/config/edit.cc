#include "common/config/edit.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/config/document.h"
#include "common/config/statements.h"
#include "common/config/to_toml.h"

namespace postrider::config {

namespace {

using Path = std::vector<std::string>;

Path path_of(std::string_view name) {
  const std::string_view section = section_of(name);
  Path path;
  if (!section.empty()) path.emplace_back(section);
  path.emplace_back(key_of(name));
  return path;
}

unsigned line_at(std::string_view text, std::size_t offset) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(offset);
  return static_cast<unsigned>(std::count(text.begin(), end, '\n')) + 1;
}

bool same(const Value& one, const Value& other);

// In the order of their keys. A section with nothing in it says nothing.
std::vector<const Member*> members_of(const Value::Table& table) {
  std::vector<const Member*> members;
  for (const Member& one : table) {
    const auto* section = std::get_if<Value::Table>(&one.value.data);
    if (section == nullptr || !section->empty()) members.push_back(&one);
  }
  std::sort(members.begin(), members.end(),
            [](const Member* a, const Member* b) { return a->key < b->key; });
  return members;
}

bool same(const Value::Table& one, const Value::Table& other) {
  const auto these = members_of(one);
  const auto those = members_of(other);
  return std::equal(these.begin(), these.end(), those.begin(), those.end(),
                    [](const Member* a, const Member* b) {
                      return a->key == b->key && same(a->value, b->value);
                    });
}

bool same(const Value& one, const Value& other) {
  if (one.data.index() != other.data.index()) return false;
  if (const auto* table = std::get_if<Value::Table>(&one.data))
    return same(*table, std::get<Value::Table>(other.data));
  if (const auto* array = std::get_if<Value::Array>(&one.data)) {
    const auto& those = std::get<Value::Array>(other.data);
    return std::equal(array->begin(), array->end(), those.begin(), those.end(),
                      [](const Value& a, const Value& b) { return same(a, b); });
  }
  if (const auto* text = std::get_if<std::string>(&one.data))
    return *text == std::get<std::string>(other.data);
  if (const auto* number = std::get_if<std::int64_t>(&one.data))
    return *number == std::get<std::int64_t>(other.data);
  if (const auto* flag = std::get_if<bool>(&one.data)) return *flag == std::get<bool>(other.data);
  return true;
}

// Without the parameter.
Value::Table without(Value::Table document, std::string_view name) {
  Value::Table* table = &document;
  for (Member& member : document)
    if (member.key == section_of(name) && !section_of(name).empty())
      if (auto* found = std::get_if<Value::Table>(&member.value.data)) table = found;
  if (table == &document && !section_of(name).empty()) return document;
  std::erase_if(*table, [&](const Member& member) { return member.key == key_of(name); });
  return document;
}

const Value* find(const Value::Table& document, std::string_view name) {
  const std::string_view section = section_of(name);
  const auto member = [](const Value::Table& table, std::string_view key) -> const Value* {
    for (const Member& one : table)
      if (one.key == key) return &one.value;
    return nullptr;
  };
  if (section.empty()) return member(document, key_of(name));
  const Value* const found = member(document, section);
  const auto* table = found == nullptr ? nullptr : std::get_if<Value::Table>(&found->data);
  return table == nullptr ? nullptr : member(*table, key_of(name));
}

tl::unexpected<Error> by_hand(std::string_view text, std::size_t offset, std::string_view why) {
  return fail(ErrorKind::invalid,
              fmt::format("line {}: {}; edit the file there, then check it with "
                          "`postrider config check`",
                          line_at(text, offset), why));
}

// What an edit changed must be the parameter alone, which is `value` then, or gone where it is
// null.
Result<Edit> proved(std::string_view text, std::string_view name, const Value* value, Edit edit) {
  const auto before = parse_toml(text);
  const auto after = parse_toml(applied(text, edit));
  if (before && after) {
    const Value* const now = find(*after, name);
    const bool is_right = value == nullptr ? now == nullptr : now != nullptr && same(*now, *value);
    if (is_right && same(without(*before, name), without(*after, name))) return edit;
  }
  return by_hand(text, edit.offset, "the way this file is written is beyond this command");
}

// The text with its statements, and where in it a parameter is or would be.
class Editor {
 public:
  explicit Editor(std::string_view text, std::string_view name)
      : text_(text), statements_(statements_of(text)), name_(name), path_(path_of(name)) {}

  const Statement* find() const {
    const auto it = std::find_if(statements_.begin(), statements_.end(), [&](const Statement& one) {
      return one.kind == Statement::Kind::value && !one.in_element && one.path == path_;
    });
    return it == statements_.end() ? nullptr : &*it;
  }

  // That holds the parameter's section as a whole.
  const Statement* find_inline() const {
    const auto it = std::find_if(statements_.begin(), statements_.end(), [&](const Statement& one) {
      return path_.size() > 1 && one.is_inline_table(text_) && !one.in_element &&
             one.path.size() == 1 && one.path.front() == path_.front();
    });
    return it == statements_.end() ? nullptr : &*it;
  }

  Edit insertion(std::string_view value) const {
    const std::string line = fmt::format("{} = {}", path_.back(), value);
    // Behind the last of its section, or of what stands before all sections.
    const Statement* behind = nullptr;
    std::string written = line;
    bool in_own = path_.size() == 1;
    for (const Statement& one : statements_) {
      if (one.kind != Statement::Kind::value) {
        in_own = one.kind == Statement::Kind::table && path_.size() > 1 && !one.in_element &&
                 one.path == Path{path_.front()};
        if (in_own) behind = &one, written = line;
      } else if (in_own) {
        behind = &one, written = line;
      }
      if (path_.size() > 1 && is_dotted(one))
        behind = &one, written = dotted(value), in_own = false;
    }
    if (behind != nullptr) return {behind->line_end, 0, line_break() + written};
    if (path_.size() == 1) {
      return {start(), 0, line + line_break()};
    }
    return section_with(line);
  }

  Edit removal(const Statement& one) const {
    if (one.has_comment) {
      const std::size_t comment = text_.find('#', one.value_end);
      return {one.begin, comment - one.begin, ""};
    }
    if (const auto made = made_section(one)) return *made;
    const std::size_t begin = line_begin(one.begin);
    if (begin == 0) return {start(), next_line(one.line_end) - start(), ""};
    const std::size_t before = begin - (text_.substr(0, begin).ends_with("\r\n") ? 2 : 1);
    return {before, one.line_end - before, ""};
  }

 private:
  // "smtpd.workers = 2" at the top: TOML does not let [smtpd] come after it.
  bool is_dotted(const Statement& one) const {
    return one.kind == Statement::Kind::value && one.path.size() > 1 && !one.in_element &&
           one.path.front() == path_.front() &&
           text_.substr(one.begin, one.key_end - one.begin).find('.') != std::string_view::npos &&
           !has_header(path_.front());
  }
  bool has_header(const std::string& section) const {
    return std::any_of(statements_.begin(), statements_.end(), [&](const Statement& one) {
      return one.kind == Statement::Kind::table && one.path == Path{section};
    });
  }
  std::string dotted(std::string_view value) const { return fmt::format("{} = {}", name_, value); }

  std::string line_break() const {
    const std::size_t end = text_.find('\n');
    return end != std::string_view::npos && end > 0 && text_[end - 1] == '\r' ? "\r\n" : "\n";
  }
  // Behind a byte order mark.
  std::size_t start() const { return text_.starts_with("\xef\xbb\xbf") ? 3 : 0; }
  std::size_t line_begin(std::size_t offset) const {
    const std::size_t end = text_.substr(0, offset).rfind('\n');
    return end == std::string_view::npos ? 0 : end + 1;
  }
  std::size_t next_line(std::size_t line_end) const {
    if (text_.substr(line_end, 2) == "\r\n") return line_end + 2;
    return std::min(line_end + 1, text_.size());
  }

  // At the end, behind a blank line; the text ends with a line break behind it if it did before.
  Edit section_with(const std::string& line) const {
    const std::string end = line_break();
    const std::string lines = fmt::format("{}[{}]{}{}", end, path_.front(), end, line);
    const bool is_whole = text_.empty() || text_.ends_with('\n');
    return {text_.size(), 0, is_whole ? lines + end : end + lines};
  }

  // What section_with() has made, where this is what it would have made.
  std::optional<Edit> made_section(const Statement& one) const {
    if (path_.size() == 1) return std::nullopt;
    const std::string_view line = text_.substr(one.begin, one.value_end - one.begin);
    const std::string end = line_break();
    std::string made = fmt::format("{}[{}]{}{}", end, path_.front(), end, line);
    if (text_.ends_with('\n')) {
      made += end;
    } else {
      made.insert(0, end);
    }
    if (!text_.ends_with(made)) return std::nullopt;
    const std::size_t offset = text_.size() - made.size();
    // A text that did not end with a line break gets none by this.
    if (text_.ends_with('\n') && offset > 0 && text_[offset - 1] != '\n') return std::nullopt;
    return Edit{offset, made.size(), ""};
  }

  std::string_view text_;
  std::vector<Statement> statements_;
  std::string_view name_;
  Path path_;
};

bool stands_in_tables(Type type) {
  return type == Type::routes || type == Type::tls_policies || type == Type::destinations;
}

// What neither of both commands can do.
Result<void> check_name(std::string_view name) {
  const Parameter* const parameter = find_parameter(name);
  if (parameter != nullptr && stands_in_tables(parameter->type))
    return fail(ErrorKind::invalid,
                fmt::format("{0} stands in [[{0}]] tables, of which there may be many; edit the "
                            "file, then check it with `postrider config check`",
                            name));
  return {};
}

}  // namespace

std::string applied(std::string_view text, const Edit& edit) {
  std::string changed(text.substr(0, edit.offset));
  changed += edit.text;
  changed += text.substr(edit.offset + edit.length);
  return changed;
}

std::string as_toml(const Parameter& parameter, std::string_view written) {
  const std::string text = fmt::format("value = {}", written);
  const auto document = parse_toml(text);
  const bool is_one =
      document && document->size() == 1 && statements_of(text).front().value_end == text.size();
  const bool is_word = is_string(parameter);
  if (is_one && (!is_word || std::holds_alternative<std::string>(document->front().value.data)))
    return std::string(written);
  return is_word ? quote(written) : std::string(written);
}

Result<Edit> set_value(std::string_view text, std::string_view name, std::string_view value) {
  if (auto right = check_name(name); !right) return pass_on(right.error());
  const std::string alone = fmt::format("value = {}", value);
  const auto document = parse_toml(alone);
  if (!document || document->size() != 1 || statements_of(alone).front().value_end != alone.size())
    return fail(ErrorKind::invalid, fmt::format("{}: is not one value in TOML{}", name,
                                                document ? "" : ": " + document.error().text));
  const Editor editor(text, name);
  if (const Statement* const one = editor.find_inline())
    return by_hand(text, one->begin, "the section is an inline table");
  Edit edit = editor.insertion(value);
  if (const Statement* const one = editor.find()) {
    if (one->has_inner_comment)
      return by_hand(text, one->begin, "the value has comments in it, which would be lost");
    edit = {one->value_begin, one->value_end - one->value_begin, std::string(value)};
  }
  return proved(text, name, &document->front().value, std::move(edit));
}

Result<Edit> unset_value(std::string_view text, std::string_view name) {
  if (auto right = check_name(name); !right) return pass_on(right.error());
  const Editor editor(text, name);
  if (const Statement* const one = editor.find_inline())
    return by_hand(text, one->begin, "the section is an inline table");
  const Statement* const one = editor.find();
  if (one == nullptr)
    return fail(ErrorKind::not_found, fmt::format("{}: the file does not set it", name));
  if (one->has_inner_comment)
    return by_hand(text, one->begin, "the value has comments in it, which would be lost");
  return proved(text, name, nullptr, editor.removal(*one));
}

unsigned line_of(std::string_view text, std::string_view name) {
  const Editor editor(text, name);
  const Statement* one = editor.find();
  if (one == nullptr) one = editor.find_inline();
  return one == nullptr ? 0 : line_at(text, one->begin);
}

}  // namespace postrider::config
