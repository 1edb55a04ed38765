// entries_csv.h - the directory as a table for spreadsheets and scripts: a row for each domain,
// domain alias, user, and address of an alias.
//
// The first row names the columns, in any order; without `kind` all rows are users. What stands in
// a column that is missing stays as it is for who is there, and is as if empty for who is new. What
// a table has no place for, app passwords and the keys of SCRAM, is in JSON alone (entries_json.h):
// whose password_hash is another than the one that is there logs in without SCRAM until a password
// is set.
#pragma once

#include <string>
#include <string_view>

#include "common/directory/entries.h"
#include "ctl/entries_json.h"

namespace postrider::ctl {

// What read_csv_entries() reads back.
std::string to_csv(const directory::Entries& entries);

// As read_entries(), and within the same limits.
ReadEntries read_csv_entries(std::string_view text);

}  // namespace postrider::ctl
