// editing.h - what each command that changes the directory does around its change.
#pragma once

#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "common/directory/editor.h"
#include "common/directory/schema.h"
#include "ctl/context.h"

namespace postrider::ctl {

// Opens the directory of the configuration and runs `act` on it, which shows its own answer.
template <typename Act>
void with_editor(Context& context, Act act) {
  const auto settings = context.settings();
  if (!settings) return;
  auto editor = directory::DirectoryEditor::open(
      fmt::format("{}/{}", settings->paths.data, directory::kDatabaseName), sqlite::Access::create,
      SystemClock().now());
  if (!editor) return context.refuse(editor.error());
  act(*editor);
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
