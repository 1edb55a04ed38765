#include "queued/promoted.h"

namespace postrider::queued {

Result<Promoted> Promoted::open(const spool::Paths& paths) {
  auto database = sqlite::Database::open(paths.queue_db(), sqlite::Access::read);
  if (!database) return pass_on(std::move(database.error()));
  auto find = database->prepare("SELECT 1 FROM message WHERE id = ?1");
  if (!find) return pass_on(std::move(find.error()));
  return Promoted(std::move(*database), std::move(*find));
}

Result<bool> Promoted::contains(const MessageId& id) {
  auto row = find_.bind(id.view()).step();
  find_.reset();
  return row;
}

}  // namespace postrider::queued
