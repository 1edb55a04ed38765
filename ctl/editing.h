// editing.h - what each command that changes the directory does around its change.
#pragma once

#include <string>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "common/directory/editor.h"
#include "common/directory/schema.h"
#include "ctl/context.h"

namespace postrider::ctl {

// Opens the directory of `settings` and runs `act` on it, which shows its own answer.
template <typename Act>
void with_editor(Context& context, const config::Settings& settings, Act act) {
  auto editor = directory::DirectoryEditor::open(
      fmt::format("{}/{}", settings.paths.data, directory::kDatabaseName), sqlite::Access::create,
      SystemClock().now());
  if (!editor) return context.refuse(editor.error());
  act(*editor);
}

// The same with the directory of the configuration.
template <typename Act>
void with_editor(Context& context, Act act) {
  if (const auto settings = context.settings()) with_editor(context, *settings, std::move(act));
}

// Makes one change; shows `what` was done, or why not.
template <typename Change>
void change(Context& context, const std::string& what, const nlohmann::json& document, Change act) {
  with_editor(context, [&](directory::DirectoryEditor& editor) {
    const Result<void> done = act(editor);
    if (!done) return context.refuse(done.error());
    context.answer(document, what + "\n");
  });
}

}  // namespace postrider::ctl
