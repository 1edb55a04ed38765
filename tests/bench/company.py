"""The sizing of a company of 13,000 accounts on one small machine: see README.md."""
import concurrent.futures
import ctypes
import ctypes.util
import json
import os
import sqlite3
import subprocess
import time

import benchlib as b
from adapters.ours import SUBMISSION
from workloads import Watch, fill

ACCOUNTS = 13000
CLIENTS = 7800          # of them look for mail once a minute, and send some
KEPT = 5                # messages that each mailbox holds before
ARRIVALS, SUBMITTED = 50, 15    # messages a second
SECONDS = float(os.environ.get('BENCH_COMPANY_SECONDS', 120))


def hashes(n):
    """argon2id hashes of PASSWORD at the cost that Postrider has, each with a salt of its own."""
    sodium = ctypes.CDLL(ctypes.util.find_library('sodium'))
    assert sodium.sodium_init() >= 0
    found = []
    for _ in range(n):
        out = ctypes.create_string_buffer(128)
        password = b.PASSWORD.encode()
        assert sodium.crypto_pwhash_str_alg(out, password, ctypes.c_ulonglong(len(password)), ctypes.c_ulonglong(2),
                                            ctypes.c_size_t(19 << 20), 2) == 0
        found.append(out.value.decode())
    return found


def passwords():
    """A hash for each client; made once, as they cost what they are meant to cost."""
    kept = b.ROOT / 'company-hashes.json'
    if not kept.exists():
        with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
            parts = pool.map(hashes, [CLIENTS // 60] * 60)
        kept.write_text(json.dumps([one for part in parts for one in part]))
    return json.loads(kept.read_text())


def fill_directory(path):
    with sqlite3.connect(path) as directory:
        directory.executemany('INSERT INTO users (domain, local, password) VALUES (?, ?, ?)',
                              [(b.LOCAL_DOMAIN, f'u{i}', h) for i, h in
                               enumerate(passwords() + [''] * (ACCOUNTS - CLIENTS))])
    directory.close()


def company(a, out, rep):
    """POP3 sessions, mail that arrives and mail that is submitted, each at its time."""
    a.reset()
    boxes = [f'u{i}' for i in range(ACCOUNTS)]
    b.make_boxes(a.mail, boxes)
    for box in boxes:
        fill(a.maildir(box), KEPT, 4096, True)
    os.sync()
    a.company = lambda: fill_directory(a.dir / 'data/directory.db')
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
