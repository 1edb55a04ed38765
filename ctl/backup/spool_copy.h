// spool_copy.h - the spool of an instance into a backup, in use or at rest.
//
// What was acknowledged before it begins is in the copy, unless it was finished before the copy was
// made; what was finished before it begins is so in the copy. Of what comes or ends meanwhile it
// has what it meets: a message that ended may be delivered again after a restore. The orders that
// make it so stand in young_copy.h and old_copy.h. Blocks; memory is bounded however much waits.
#pragma once

#include "common/spool/disk.h"
#include "common/spool/paths.h"
#include "ctl/backup/draft.h"

namespace postrider::ctl::backup {

Result<void> copy_spool(spool::Disk& disk, const spool::Paths& from, Draft& draft);

}  // namespace postrider::ctl::backup
