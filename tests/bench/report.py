"""Tables of what was measured: first the targets with their ratios, then every case. See README.md."""
import collections
import dataclasses
import json
import operator
import statistics

SHOW = {
    'accept': ['rate', 'cpu_per_1000', 'peak_pss_mib', 'peak_rss_mib', 'procs', 'tool_cpu_per_1000', 'other_cpu'],
    'latency': ['rate', 'p50_ms', 'p99_ms', 'max_ms', 'cpu_per_1000', 'other_cpu'],
    'tls': ['rate', 'p50_ms', 'p99_ms', 'handshakes', 'resumed', 'cpu_per_1000', 'tool_cpu_per_1000', 'other_cpu'],
    'handshake': ['client_ms', 'server_ms'],
    'strangers': ['rate', 'p50_ms', 'p99_ms', 'cpu_per_1000', 'tool_cpu_per_1000', 'other_cpu'],
    'local': ['rate', 'accept_secs', 'secs', 'p50_ms', 'p99_ms', 'cpu_per_1000', 'peak_pss_mib', 'other_cpu'],
    'relay': ['rate', 'accept_secs', 'secs', 'cpu_per_1000', 'peak_pss_mib', 'other_cpu'],
    'relay_tls': ['rate', 'accept_secs', 'secs', 'connections', 'resumed', 'cpu_per_1000', 'peak_pss_mib', 'other_cpu'],
    'destinations': ['ratio', 'exceeded', 'ahead_ms', 'secs', 'allowed_secs', 'cpu_per_1000', 'peak_pss_mib', 'other_cpu'],
    'large': ['mib_s', 'cpu_per_gib', 'peak_pss_mib', 'other_cpu'],
    'idle': ['pss_before_mib', 'pss_mib', 'rss_mib', 'kib_per_conn', 'procs', 'open_secs'],
    'pop3': ['sess_rate', 'msg_rate', 'mib_s', 'login_ms', 'stat_ms', 'uidl_ms', 'session_ms', 'cpu_per_session',
             'other_cpu'],
    'large_mailbox': ['rate_full', 'rate_empty', 'ratio', 'cpu_full', 'cpu_empty'],
    'company': ['sessions', 'bad', 'p50_ms', 'p99_ms', 'max_ms', 'fetched', 'arrived_p99_ms', 'submitted_p99_ms', 'cpu_share',
                'peak_pss_mib'],
    'queue': ['fill_secs', 'list_secs', 'pss_mib', 'stop_secs', 'banner_secs', 'first_accept_secs', 'accept_rate_after'],
    'syscalls': ['calls_per_message'],
    'memory': ['most_mib'],
    'scale': ['start_secs', 'accept_rate', 'pss_mib', 'summary_secs', 'list_first_secs', 'list_secs'],
    'disk': ['rate'],
}


@dataclasses.dataclass
class Target:
    """`measure` of ours in this case, at least or at most `factor` times a peer's (or, without a peer, `factor`)."""
    workload: str
    case: str
    measure: str
    bound: str          # '>=' or '<='
    factor: float
    peer: str = None
    peer_place: tuple = None   # workload and case of the peer's figure, where they are others


DESTINATIONS = '100000 messages, 1000 domains, 3 hosts'
DISK_RATE = ('disk', 'file: tmp, fsync, rename, fsync(dir)')
COMPANY = '13000 accounts'
LARGE = '10 x 20 MiB, 4 connections, smtp-source'
TARGETS = [
    Target('accept', 's=100 reused', 'rate', '>=', 10, 'postfix'),
    Target('accept', 's=100 reused', 'rate', '>=', 0.7, 'null'),
    Target('accept', 's=100 one per connection', 'rate', '>=', 5, 'postfix'),
    Target('accept', 's=100 one per connection', 'rate', '>=', 0.75, 'null'),
    Target('accept', 's=1 reused', 'rate', '>=', 2.5, 'postfix'),
    Target('accept', 's=1 reused', 'rate', '>=', 0.7, 'journal'),
    Target('accept', 's=100 reused', 'cpu_per_1000', '<=', 0.08),
    Target('accept', 's=100 reused', 'rate', '>=', 0.9, 'untraced'),
    Target('accept', 's=100 one per connection', 'rate', '>=', 0.9, 'untraced'),
    Target('local', 's=20 reused', 'rate', '>=', 10, 'postfix'),
    Target('local', 's=20 reused', 'rate', '>=', 1.5, '64 threads', DISK_RATE),
    Target('relay', 's=100 reused', 'rate', '>=', 10, 'postfix'),
    Target('relay', 's=100 reused', 'rate', '>=', 0.9, 'untraced'),
    Target('relay_tls', 's=100 reused', 'rate', '>=', 3, 'postfix'),
    Target('destinations', DESTINATIONS, 'ratio', '<=', 1.2),
    Target('destinations', DESTINATIONS, 'exceeded', '<=', 0),
    Target('large', LARGE, 'mib_s', '>=', 1.3, 'opensmtpd'),
    Target('idle', '1000 SMTP', 'kib_per_conn', '<=', 12),
    Target('idle', '1000 SMTP under TLS', 'kib_per_conn', '<=', 60),
    Target('tls', 's=100 reused, STARTTLS', 'rate', '>=', 0.5, 'ours', ('tls', 's=100 reused, clear')),
    Target('tls', 's=100 one per connection, STARTTLS', 'rate', '>=', 0.5, 'ours',
           ('tls', 's=100 one per connection, clear')),
    Target('strangers', 's=100 reused, default checks', 'rate', '>=', 0.9, 'ours',
           ('strangers', 's=100 reused, checks off')),
    Target('strangers', 's=100 one per connection, default checks', 'rate', '>=', 0.9, 'ours',
           ('strangers', 's=100 one per connection, checks off')),
    Target('idle', '1000 POP3', 'kib_per_conn', '<=', 16),
    Target('pop3', '2000 messages, 20 clients, warm, pipelined', 'msg_rate', '>=', 1.5, 'dovecot'),
    Target('pop3', '2000 messages, 1 client, warm, pipelined', 'msg_rate', '>=', 1.5, 'dovecot'),
    Target('pop3', '20000 messages with S=,W= names, first login, STAT+UIDL only', 'session_ms', '<=', 0.2, 'dovecot'),
    Target('pop3', '20000 messages with S=,W= names, second login, STAT+UIDL only', 'session_ms', '<=', 0.5, 'dovecot'),
    Target('pop3', '2000 messages, 20 clients, warm, STAT+UIDL only', 'sess_rate', '>=', 5, 'dovecot'),
    Target('large_mailbox', '20000 messages, and few', 'ratio', '>=', 0.95),
    Target('company', COMPANY, 'bad', '<=', 0),
    Target('company', COMPANY, 'p99_ms', '<=', 250),
    Target('company', COMPANY, 'cpu_share', '<=', 0.5),
    Target('queue', '50000 deferred', 'first_accept_secs', '<=', 0.3),
    Target('syscalls', 'hold', 'calls_per_message', '<=', 12),
    Target('syscalls', 'hold, STARTTLS', 'calls_per_message', '<=', 13),
    Target('syscalls', 'local', 'calls_per_message', '<=', 40),
    Target('memory', 'a message of 50 MiB, sent and delivered', 'most_mib', '<=', 4),
    Target('scale', '1000000 deferred', 'start_secs', '<=', 0.3),
    Target('scale', '1000000 deferred', 'pss_mib', '<=', 300),
    Target('scale', '1000000 deferred', 'summary_secs', '<=', 1),
    Target('scale', '1000000 deferred', 'slowed', '>=', 0.9),
]


def fmt(v):
    return f'{v:.0f}' if abs(v) >= 100 else f'{v:.3g}'


def read(files, quiet):
    recs = [json.loads(line) for f in files for line in open(f)]
    if quiet is None:
        return recs
    # leave out what was disturbed, where something undisturbed exists
    def calm(r):
        return (r.get('other_cpu') or 0) <= quiet

    def place(r):
        return r['workload'], r['case'], r['peer']
    undisturbed = {place(r) for r in recs if calm(r)}
    return [r for r in recs if calm(r) or place(r) not in undisturbed]


def failed(r):
    short = 'got' in r and r['got'] < r['n']
    return bool(r.get('error') or r.get('rc') or r.get('done') is False or short)


def median(recs, workload, case, peer, measure):
    values = [r[measure] for r in recs if (r['workload'], r['case'], r['peer']) == (workload, case, peer)
              and isinstance(r.get(measure), (int, float)) and not failed(r)]
    return statistics.median(values) if values else None


def write_targets(recs):
    print('| workload | measure | ours | beside | its figure | ratio | target | |')
    print('|---|---|---|---|---|---|---|---|')
    for t in TARGETS:
        mine = median(recs, t.workload, t.case, 'ours', t.measure)
        theirs = median(recs, *(t.peer_place or (t.workload, t.case)), t.peer, t.measure) if t.peer else None
        tried = any(r['workload'] == t.workload and r['peer'] == 'ours' for r in recs)
        if tried and mine is None:
            print(f'| {t.workload}: {t.case} | {t.measure} | - | | | | {t.bound} {fmt(t.factor)} | **not measured** |')
        if mine is None or (t.peer and not theirs):
            continue
        figure = mine / theirs if t.peer else mine
        holds = (operator.ge if t.bound == '>=' else operator.le)(figure, t.factor)
        beside = (t.peer, fmt(theirs), fmt(figure)) if t.peer else ('', '', '')
        print(f'| {t.workload}: {t.case} | {t.measure} | {fmt(mine)} | ' + ' | '.join(beside)
              + f' | {t.bound} {fmt(t.factor)} | {"holds" if holds else "**falls short**"} |')


def write_cases(recs):
    for workload, columns in SHOW.items():
        rows = collections.OrderedDict()
        for r in recs:
            if r['workload'] == workload:
                rows.setdefault((r['case'], r['peer']), []).append(r)
        if not rows:
            continue
        print(f'\n### {workload}\n')
        print('| case | peer | runs | ' + ' | '.join(columns) + ' |')
        print('|---|---|---|' + '---|' * len(columns))
        for case in collections.OrderedDict.fromkeys(c for c, _ in rows):
            for (c, peer), runs in rows.items():
                if c == case:
                    write_row(case, peer, runs, columns)


def write_row(case, peer, runs, columns):
    cells = []
    for column in columns:
        v = [r[column] for r in runs if isinstance(r.get(column), (int, float))]
        if not v:
            cells.append('-')
        elif len(v) == 1 or min(v) == max(v):
            cells.append(fmt(statistics.median(v)))
        else:
            cells.append(f'**{fmt(statistics.median(v))}** ({fmt(min(v))}–{fmt(max(v))})')
    bad = sum(1 for r in runs if failed(r))
    print(f'| {case} | {peer} | {len(runs)}{f", {bad} failed" if bad else ""} | ' + ' | '.join(cells) + ' |')


def write(files, quiet=None):
    recs = read(files, quiet)
    write_targets(recs)
    write_cases(recs)
