#!/usr/bin/env python3
"""The benchmark of mail servers: see README.md.

  bench.py run --workloads accept,local --reps 3 --out results.jsonl
  bench.py report results.jsonl [more.jsonl ...]      Markdown tables on stdout
"""
import argparse
import importlib
import os
import pathlib
import resource
import signal
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import benchlib as b  # noqa: E402
import company  # noqa: E402
import relays  # noqa: E402
import report  # noqa: E402
import workloads  # noqa: E402

# Each workload with the servers that it compares.
PEERS = {
    'disk': (),
    'accept': ('ours', 'untraced', 'null', 'journal', 'postfix'),
    'latency': ('ours', 'null', 'journal', 'postfix', 'opensmtpd'),
    'tls': ('ours',),
    'strangers': ('ours',),
    'local': ('ours', 'postfix'),
    'relay': ('ours', 'untraced', 'postfix'),
    'relay_tls': ('ours', 'postfix'),
    'destinations': ('ours',),
    'large': ('ours', 'postfix', 'opensmtpd'),
    'idle': ('ours', 'null', 'postfix', 'opensmtpd', 'dovecot'),
    'pop3': ('ours', 'dovecot'),
    'large_mailbox': ('ours', 'postfix'),
    'company': ('ours',),
    'queue': ('ours', 'postfix', 'opensmtpd'),
    'syscalls': ('ours', 'postfix'),
    'memory': ('ours',),
    'scale': ('ours',),
}


def run_one(workload, name, out, rep, raise_errors):
    a = importlib.import_module('adapters.' + name).ADAPTER()
    try:
        load = next(getattr(m, workload) for m in (relays, company, workloads) if hasattr(m, workload))
        load(a, out, rep)
    except Exception as e:  # noqa: BLE001
        if raise_errors:
            raise
        b.emit(out, {'workload': workload, 'peer': name, 'case': 'FAILED', 'rep': rep,
                     'error': f'{type(e).__name__}: {e}'})
    finally:
        if a.group.pids():
            a.group.close(0)
        b.wipe(a.mail)
        b.wipe(a.dir / 'spool')


def cmd_run(o):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))   # so that every finally runs
    b.end_leftovers()
    out = pathlib.Path(o.out)
    out.unlink(missing_ok=True)
    os.makedirs(b.RUN, exist_ok=True)
    wanted = o.peers.split(',') if o.peers else None
    b.clear_old()
    try:
        run_all(o, out, wanted)
    finally:
        b.clear_old()


def run_all(o, out, wanted):
    for workload in o.workloads.split(','):
        for rep in range(1, o.reps + 1):
            if workload == 'disk':
                workloads.disk(out, rep)
            # The peers alternate, and each is first in its turn, so that noise hits all of them.
            names = PEERS[workload]
            first = (rep - 1) % max(1, len(names))
            for name in names[first:] + names[:first]:
                if wanted is None or name in wanted:
                    run_one(workload, name, out, rep, o.raise_errors)


def main():
    ap = argparse.ArgumentParser()
    sub = ap.add_subparsers(required=True)
    r = sub.add_parser('run')
    r.add_argument('--peers', help='only these')
    r.add_argument('--workloads', default=','.join(PEERS))
    r.add_argument('--reps', type=int, default=3)
    r.add_argument('--out', default=str(b.ROOT / 'results.jsonl'))
    r.add_argument('--raise-errors', action='store_true')
    r.set_defaults(f=cmd_run)
    p = sub.add_parser('report')
    p.add_argument('files', nargs='+')
    p.add_argument('--quiet', type=float, help='leave out runs with other_cpu above this, where a calmer one exists')
    p.set_defaults(f=lambda o: report.write(o.files, o.quiet))
    o = ap.parse_args()
    o.f(o)


if __name__ == '__main__':
    main()
