"""The sizing of a company of 13,000 accounts on one small machine: see README.md."""
import json
import os
import subprocess
import time

import benchlib as b
from accounts import ACCOUNTS, CLIENTS
from adapters.ours import SUBMISSION
from workloads import Watch, fill

KEPT = 5                # messages that each mailbox holds before
ARRIVALS, SUBMITTED = 50, 15    # messages a second
SECONDS = float(os.environ.get('BENCH_COMPANY_SECONDS', 120))


def company(a, out, rep):
    """POP3 sessions, mail that arrives and mail that is submitted, each at its time."""
    a.reset()
    boxes = [f'u{i}' for i in range(ACCOUNTS)]
    b.make_boxes(a.mail, boxes)
    for box in boxes:
        fill(a.maildir(box), KEPT, 4096, True)
    os.sync()
    a.start('company')
    try:
        tool = subprocess.Popen([str(v) for v in (
            b.BIN / 'companyload', '-h', a.pop3[0], '-p', a.pop3[1], '-s', a.smtp[1], '-b', SUBMISSION[1], '-n', CLIENTS,
            '-k', ACCOUNTS, '-D', b.LOCAL_DOMAIN, '-w', b.PASSWORD, '-a', ARRIVALS, '-u', SUBMITTED, '-T', SECONDS)],
            stdout=subprocess.PIPE, text=True)
        first = tool.stdout.readline()
        if first != 'warm\n':
            raise RuntimeError(first)
        begun = time.monotonic()
        with Watch(a) as w:
            record = json.loads(tool.stdout.read())
        secs = time.monotonic() - begun
        rc = tool.wait()
        u, s = (w.c1[i] - w.c0[i] for i in (0, 1))
        b.emit(out, {'workload': 'company', 'peer': a.name, 'case': f'{ACCOUNTS} accounts', 'rep': rep, 'rc': rc,
                     **record, 'cpu_share': round((u + s) / secs / os.cpu_count(), 3),
                     'peak_pss_mib': round(w.s.pss / 1024, 1)})
    finally:
        a.stop()
