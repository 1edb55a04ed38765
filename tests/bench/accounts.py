"""The accounts of a company: u0, u1, ... with passwords that cost what Postrider's cost."""
import concurrent.futures
import ctypes
import ctypes.util
import json
import os
import sqlite3

import benchlib as b

ACCOUNTS = 13000
CLIENTS = 7800          # of them log in, and look for mail once a minute


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
    """Adds them to a directory that has the domain."""
    with sqlite3.connect(path) as directory:
        directory.executemany('INSERT INTO users (domain, local, password) VALUES (?, ?, ?)',
                              [(b.LOCAL_DOMAIN, f'u{i}', h) for i, h in
                               enumerate(passwords() + [''] * (ACCOUNTS - CLIENTS))])
    directory.close()
