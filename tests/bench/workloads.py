"""The loads: each drives one server and gives one record for each case of it. See README.md."""
import json
import os
import re
import socket
import ssl
import statistics
import subprocess
import time

import benchlib as b

RELAYED = 'x@' + b.RELAY_DOMAIN
TARGET_SECS = 3.0      # a load is sized from a short trial to take about this long
_size = {}             # (peer, workload, case) -> messages


def smtp_source(a, sessions, n, length, keep):
    """smtp-source: the load tool that everybody has."""
    return [b.POSTFIX_SBIN / 'smtp-source', '-s', sessions, '-m', n, '-l', length, '-M', 'load.test',
            '-f', 'load@load.test', '-t', RELAYED] + (['-d'] if keep else []) + ['%s:%d' % a.smtp]


def smtpload(a, sessions, n, length, keep, to, boxes=0, limit=300, extra=()):
    """tools/smtpload.cpp"""
    return [b.BIN / 'smtpload', '-h', a.smtp[0], '-p', a.smtp[1], '-s', sessions, '-m', n, '-l', length, '-t', to,
            '-k', boxes, '-T', limit, *(['-d'] if keep else []), *extra]


def sized(key, sessions, run, most):
    """How many messages: measured once with a few, then kept for all repetitions."""
    if key not in _size:
        n = max(20, 2 * sessions)
        secs = run(n)
        # a short trial tells little: starting processes and a pause at QUIT weigh too much
        while secs < 1 and n < most:
            n = min(most, n * 4)
            secs = run(n)
        _size[key] = max(40, min(most, int(n / max(secs, 0.001) * TARGET_SECS)))
    return _size[key]


class Watch:
    """CPU of the server, of the load tool and of everything else during a run."""

    def __init__(self, a):
        self.a = a

    def __enter__(self):
        self.c0 = self.a.group.cpu()
        self.m0 = b.machine_cpu()
        self.s = b.Sampler(self.a.group)
        self.s.__enter__()
        return self

    def __exit__(self, *x):
        self.m1 = b.machine_cpu()
        self.s.__exit__()
        self.c1 = self.a.group.cpu()

    def result(self, n, tool_cpu):
        u, s = self.c1[0] - self.c0[0], self.c1[1] - self.c0[1]
        hz = os.sysconf('SC_CLK_TCK')
        total = (self.m1[1] - self.m0[1]) / hz
        other = (self.m1[0] - self.m0[0]) / hz - u - s - tool_cpu
        return {'cpu_per_1000': round((u + s) / n * 1000, 3), 'cpu_user_share': round(u / max(u + s, 1e-9), 2),
                'peak_rss_mib': round(self.s.rss / 1024, 1), 'peak_pss_mib': round(self.s.pss / 1024, 1),
                'procs': self.s.procs, 'tool_cpu_per_1000': round(tool_cpu / n * 1000, 3),
                'other_cpu': round(max(0.0, other / total), 3) if total else None}


def accept(a, out, rep):
    """Durable accept only: 4 KiB messages, delivery held. Each case begins with an empty spool."""
    for sessions in (1, 20, 100):
        for keep in (False, True):
            accept_case(a, out, rep, sessions, keep)


def accept_case(a, out, rep, sessions, keep):
    case = f's={sessions} ' + ('reused' if keep else 'one per connection')
    a.reset()
    a.start('hold')
    try:
        def trial(n):
            secs, rc, o, _ = b.load(smtp_source(a, sessions, n, 4096, keep), 60)
            if rc:
                raise RuntimeError(f'{a.name} {case}: {o[-300:]}')
            return secs
        trial(max(20, 2 * sessions))
        n = sized((a.name, 'accept', case), sessions, trial, 40000)
        time.sleep(0.3)
        with Watch(a) as w:
            secs, rc, o, tool = b.load(smtp_source(a, sessions, n, 4096, keep), 60)
        rec = {'workload': 'accept', 'peer': a.name, 'case': case, 'rep': rep, 'n': n, 'rc': rc,
               'secs': round(secs, 3), 'rate': round(n / secs, 1), **w.result(n, tool)}
        if rc:
            rec['error'] = o[-300:]
        b.emit(out, rec)
    finally:
        a.stop()


def latency(a, out, rep):
    """The same accept, driven by smtpload: rate and the time of each message."""
    a.reset()
    a.start('hold')
    try:
        for sessions, keep, extra, word in ((20, False, (), 'one per connection'),
                                            (20, False, ('-Q',), 'one per connection, QUIT not awaited'),
                                            (20, True, (), 'reused'), (20, True, ('-P',), 'reused, pipelined')):
            case = f's={sessions} {word}'

            def trial(n):
                return b.load(smtpload(a, sessions, n, 4096, keep, RELAYED, extra=extra), 60)[0]
            n = sized((a.name, 'latency', case), sessions, trial, 40000)
            with Watch(a) as w:
                _, rc, o, tool = b.load(smtpload(a, sessions, n, 4096, keep, RELAYED, extra=extra, limit=60), 70)
            b.emit(out, {'workload': 'latency', 'peer': a.name, 'case': case, 'rep': rep, 'n': n, 'rc': rc,
                         **json.loads(o), **w.result(n, tool)})
    finally:
        a.stop()


def tls(a, out, rep):
    """The accept of `latency` in the clear and by STARTTLS; who connects anew resumes its last session. And the bound:
    what OpenSSL alone takes for that."""
    for keep, word in ((True, 's=100 reused'), (False, 's=100 one per connection')):
        for case, extra in ((f'{word}, clear', ()), (f'{word}, STARTTLS', ('-E',)),
                            (f'{word}, STARTTLS with TLS 1.2', ('-E', '-2'))):
            a.reset()
            a.start('hold')
            try:
                def run(n):
                    return b.load(smtpload(a, 100, n, 4096, keep, RELAYED, extra=extra, limit=60), 70)
                n = sized((a.name, 'tls', case), 100, lambda n: run(n)[0], 40000)
                with Watch(a) as w:
                    _, rc, o, tool = run(n)
                b.emit(out, {'workload': 'tls', 'peer': a.name, 'case': case, 'rep': rep, 'n': n, 'rc': rc,
                             **json.loads(o), **w.result(n, tool)})
            finally:
                a.stop()
    certificate, key = b.make_certificate(a.dir, f'mx.{b.LOCAL_DOMAIN}')
    for case, extra in (('TLS 1.3', ()), ('TLS 1.2', ('-2',))):
        done = subprocess.run([b.BIN / 'handshake', certificate, key, *extra], capture_output=True, text=True, check=True)
        b.emit(out, {'workload': 'handshake', 'peer': 'openssl', 'case': f'{case}, session resumed', 'rep': rep, 'rc': 0,
                     **json.loads(done.stdout)})


def strangers(a, out, rep):
    """The accept of `latency` from clients that may not relay: with the checks as by default, and without."""
    box = 'box@' + b.LOCAL_DOMAIN
    for keep, word in ((True, 's=100 reused'), (False, 's=100 one per connection')):
        for mode, checks in (('unchecked', 'checks off'), ('strangers', 'default checks')):
            case = f'{word}, {checks}'
            a.reset()
            a.start(mode)
            try:
                def run(n):
                    return b.load(smtpload(a, 100, n, 4096, keep, box, b.BOXES, limit=60), 70)
                n = sized((a.name, 'strangers', case), 100, lambda n: run(n)[0], 40000)
                with Watch(a) as w:
                    _, rc, o, tool = run(n)
                b.emit(out, {'workload': 'strangers', 'peer': a.name, 'case': case, 'rep': rep, 'n': n, 'rc': rc,
                             **json.loads(o), **w.result(n, tool)})
            finally:
                a.stop()


def local(a, out, rep):
    """Accept and deliver to 100 Maildirs; until the last message is in new/, and durable there."""
    for sessions, keep in ((1, True), (20, False), (20, True), (100, True)):
        case = f's={sessions} ' + ('reused' if keep else 'one per connection, QUIT not awaited')
        extra = () if keep else ('-Q',)
        a.reset()
        a.start('local')
        try:
            def once(n, base=0):
                t = time.monotonic()
                _, rc, o, tool = b.load(smtpload(a, sessions, n, 4096, keep, 'box@' + b.LOCAL_DOMAIN, b.BOXES, 60, extra), 70)
                acc = time.monotonic() - t
                while True:
                    got = b.count_new(a.mail) - base
                    el = time.monotonic() - t
                    if got >= n or el > 120:
                        a.settle()
                        return time.monotonic() - t, acc, got, rc, o, tool
                    time.sleep(0.05)
            n = sized((a.name, 'local', case), sessions, lambda n: once(n, b.count_new(a.mail))[0], 100000)
            base = b.count_new(a.mail)
            with Watch(a) as w:
                el, acc, got, rc, o, tool = once(n, base)
                time.sleep(0.2)
            j = json.loads(o)
            b.emit(out, {'workload': 'local', 'peer': a.name, 'case': case, 'rep': rep, 'n': n, 'rc': rc, 'got': got,
                         'secs': round(el, 3), 'rate': round(got / el, 1), 'accept_secs': round(acc, 3),
                         'p50_ms': j['p50_ms'], 'p99_ms': j['p99_ms'], **w.result(n, tool)})
        finally:
            a.stop()


def large(a, out, rep):
    """10 messages of 20 MiB over 4 connections, accept only."""
    a.reset()
    a.start('hold')
    try:
        n, size = 10, 20 * 1024 * 1024
        for tool_name, argv in (('smtp-source', smtp_source(a, 4, n, size, True)),
                                ('smtpload', smtpload(a, 4, n, size, True, RELAYED, limit=60))):
            with Watch(a) as w:
                secs, rc, o, tool = b.load(argv, 90)
            r = w.result(n, tool)
            b.emit(out, {'workload': 'large', 'peer': a.name, 'case': f'10 x 20 MiB, 4 connections, {tool_name}',
                         'rep': rep, 'rc': rc, 'secs': round(secs, 3), 'mib_s': round(n * size / 1048576 / secs, 1),
                         'cpu_per_gib': round(r['cpu_per_1000'] / 1000 * n / (n * size / 2**30), 2),
                         'peak_rss_mib': r['peak_rss_mib'], 'peak_pss_mib': r['peak_pss_mib'],
                         'other_cpu': r['other_cpu'], **({'error': o[-200:]} if rc else {})})
    finally:
        a.stop()


def open_idle(addr, n, talk):
    socks = []
    for i in range(n):
        s = socket.create_connection(addr, 30)
        s.settimeout(60)
        socks.append(talk(s, i) or s)
    return socks


def expect(s, word):
    d = b''
    while True:
        p = s.recv(4096)
        if not p:
            raise RuntimeError('closed: ' + repr(d))
        d += p
        last = d.rstrip(b'\r\n').split(b'\n')[-1]
        if d.endswith(b'\n') and last.startswith(word) and last[3:4] != b'-':
            return


def smtp_hello(s, i):
    expect(s, b'220')
    s.sendall(b'EHLO idle.test\r\n')
    expect(s, b'250')


def smtp_tls(s, i):
    """As smtp_hello, under TLS."""
    smtp_hello(s, i)
    s.sendall(b'STARTTLS\r\n')
    expect(s, b'220')
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    s = context.wrap_socket(s)
    s.sendall(b'EHLO idle.test\r\n')
    expect(s, b'250')
    return s


def pop_login(s, i):
    expect(s, b'+OK')
    s.sendall(f'USER u{i}@{b.LOCAL_DOMAIN}\r\n'.encode())
    expect(s, b'+OK')
    s.sendall(b'PASS %s\r\n' % b.PASSWORD.encode())
    expect(s, b'+OK')


def idle(a, out, rep):
    """Memory of 1000 open connections after EHLO, in the clear and under TLS, or logged in by POP3."""
    n = 1000
    a.reset()
    kinds = []
    if a.smtp:
        kinds.append(('SMTP', 'idle', a.smtp, smtp_hello))
    if a.starttls:
        kinds.append(('SMTP under TLS', 'idle', a.smtp, smtp_tls))
    if a.pop3:
        # Each has a mailbox of its own, as a mailbox has one reader at a time (RFC 1939 section 4).
        kinds.append(('POP3', 'company', a.pop3, pop_login))
    for word, mode, addr, talk in kinds:
        if mode == 'company':
            boxes = [f'u{i}' for i in range(n)]
            b.make_boxes(a.mail, boxes)
            for box in boxes:
                fill(a.maildir(box), 5, 4096)
        a.start(mode)
        socks = []
        try:
            time.sleep(0.5)
            p0, r0 = a.group.pss(), a.group.rss()
            t = time.monotonic()
            err = ''
            try:
                socks = open_idle(addr, n, talk)
            except Exception as e:  # noqa: BLE001
                err = f'{type(e).__name__}: {e}'
            secs = time.monotonic() - t
            time.sleep(1)
            b.emit(out, {'workload': 'idle', 'peer': a.name, 'case': f'{n} {word}',
                         'rep': rep, 'conns': len(socks) or err, 'open_secs': round(secs, 2),
                         'pss_before_mib': round(p0 / 1024, 1), 'pss_mib': round(a.group.pss() / 1024, 1),
                         'rss_before_mib': round(r0 / 1024, 1), 'rss_mib': round(a.group.rss() / 1024, 1),
                         'kib_per_conn': round((a.group.pss() - p0) / n, 1), 'procs': len(a.group.pids())})
        finally:
            for s in socks:
                s.close()
            a.stop()


def queue(a, out, rep, want=int(os.environ.get("BENCH_QUEUE", 50000))):
    """A large queue of messages that failed for now: listing, restart, accept."""
    if rep > 1:
        return       # filled once; listing and restart repeat inside
    a.reset()
    a.start('deferred')
    try:
        t = time.monotonic()
        _, rc, o, tool = b.load(smtpload(a, 20, want, 1024, True, RELAYED, limit=240), 250)
        j = json.loads(o)
        a.settle()
        fill_secs = time.monotonic() - t
        for i in range(3):
            t = time.monotonic()
            p = subprocess.run([str(x) for x in a.listing()], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            listing = time.monotonic() - t
            lines = p.stdout.count(b'\n')
            rss, pss = a.group.rss(), a.group.pss()
            t = time.monotonic()
            a.stop()
            stop = time.monotonic() - t
            c0 = time.monotonic()
            a.start('deferred')
            banner = time.monotonic() - c0
            _, rc, o, _ = b.load(smtpload(a, 1, 1, 1024, False, RELAYED, limit=60), 70)
            first = time.monotonic() - c0
            # and what the accept rate is while the old queue is being read
            _, _, o, _ = b.load(smtpload(a, 20, 2000, 4096, True, RELAYED, limit=30), 40)
            b.emit(out, {'workload': 'queue', 'peer': a.name, 'case': f'{want} deferred', 'rep': i + 1,
                         'queued': j['ok'], 'fill_secs': round(fill_secs, 1), 'list_secs': round(listing, 3),
                         'list_lines': lines, 'rss_mib': round(rss / 1024, 1), 'pss_mib': round(pss / 1024, 1),
                         'stop_secs': round(stop, 2), 'banner_secs': round(banner, 3),
                         'first_accept_secs': round(first, 3), 'accept_rate_after': json.loads(o)['rate']})
    finally:
        a.stop()


def scale(a, out, rep, want=int(os.environ.get('BENCH_SCALE', 1000000))):
    """Messages deferred by the million: start, listing, sums, and delivery of new mail beside them."""
    if rep > 1:
        return       # filled once; each step repeats inside
    empty = [delivered_rate(a) for _ in range(3)]
    a.stop()
    a.fill_queue(want)
    for i in range(3):
        t = time.monotonic()
        a.start('local')
        b.load(smtpload(a, 1, 1, 1024, False, 'box@' + b.LOCAL_DOMAIN, 1), 70)
        record = {'start_secs': time.monotonic() - t, 'pss_mib': a.group.pss() / 1024}
        record['summary_secs'], _ = timed(a.command('queue', 'summary'))
        record['list_secs'], record['list_first_secs'] = timed(a.listing())
        rate = delivered_rate(a, start=False)
        record |= {'rate': rate, 'slowed': rate / empty[i], 'pss_after_mib': a.group.pss() / 1024}
        a.stop()
        b.emit(out, {'workload': 'scale', 'peer': a.name, 'case': f'{want} deferred', 'rep': i + 1,
                     **{k: round(v, 3) for k, v in record.items()}})


def timed(argv):
    """Seconds until a command has ended, and until its first line."""
    t = time.monotonic()
    with subprocess.Popen([str(x) for x in argv], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as p:
        p.stdout.readline()
        first = time.monotonic() - t
        while p.stdout.read(1 << 20):
            pass
    return time.monotonic() - t, first


def delivered_rate(a, start=True, n=20000):
    """Messages a second from SMTP into 100 Maildirs."""
    if start:
        if a.group.pids():
            a.stop()
        a.reset()
        a.start('local')
    before = b.count_new(a.mail)
    t = time.monotonic()
    b.load(smtpload(a, 20, n, 4096, True, 'box@' + b.LOCAL_DOMAIN, b.BOXES, 60), 70)
    while b.count_new(a.mail) - before < n and time.monotonic() - t < 120:
        time.sleep(0.02)
    a.settle()
    return n / (time.monotonic() - t)


def fill(maildir, n, size, sized_names=False):
    uid, gid = b.vmail()
    head = ('Return-Path: <load@load.test>\r\nReceived: from load.test by mx.bench.test; Sat, 21 Nov 2026 12:00:00 +0000\r\n'
            'From: <load@load.test>\r\nTo: <pop@bench.test>\r\nSubject: message {}\r\nMessage-ID: <{}@load.test>\r\n\r\n')
    line = 'The quick brown fox jumps over the lazy dog 0123456789 abcdefghijklmn\r\n'
    body = line * (size // len(line) + 1)
    for i in range(n):
        # as an MTA stores it: lines end with LF
        m = (head.format(i, i) + body)[:size - 2] + '\r\n'
        w = len(m)
        m = m.replace('\r\n', '\n').encode()
        p = maildir / 'new' / (f'1795262400.M{i:06d}P1.mx' + (f',S={len(m)},W={w}' if sized_names else ''))
        p.write_bytes(m)
        os.chown(p, uid, gid)
        os.chmod(p, 0o600)


def pop3(a, out, rep):
    """Login, STAT, UIDL, RETR of all."""
    a.reset()
    b.make_boxes(a.mail, [f'pop{i}' for i in range(20)] + ['big', 'bigs'])
    for i in range(20):
        fill(a.maildir(f'pop{i}'), 2000, 4096)
    fill(a.maildir('big'), 20000, 4096)
    fill(a.maildir('bigs'), 20000, 4096, True)
    os.sync()
    a.start('pop3')

    def go(case, *args):
        with Watch(a) as w:
            _, rc, o, tool = b.load([b.BIN / 'pop3load', '-h', a.pop3[0], '-p', a.pop3[1], '-D', b.LOCAL_DOMAIN, '-w', b.PASSWORD,
                                    *args], 200)
        j = json.loads(o)
        n = max(1, j['sessions'])
        r = w.result(n, tool)
        b.emit(out, {'workload': 'pop3', 'peer': a.name, 'case': case, 'rep': rep, 'rc': rc, **j,
                     'cpu_per_session': round(r['cpu_per_1000'] / 1000, 4), 'peak_pss_mib': r['peak_pss_mib'],
                     'other_cpu': r['other_cpu']})
    try:
        go('20000 messages, first login, STAT+UIDL only', '-u', 'big', '-n', 1, '-R')
        go('20000 messages, second login, STAT+UIDL only', '-u', 'big', '-n', 1, '-R')
        go('20000 messages with S=,W= names, first login, STAT+UIDL only', '-u', 'bigs', '-n', 1, '-R')
        go('20000 messages with S=,W= names, second login, STAT+UIDL only', '-u', 'bigs', '-n', 1, '-R')
        go('20000 messages, RETR all, warm, pipelined', '-u', 'big', '-n', 1, '-W', 32)
        go('2000 messages, 1 client, first sessions (20 mailboxes), pipelined', '-u', 'pop', '-k', 20, '-c', 20, '-n', 20, '-W', 32)
        go('2000 messages, 1 client, warm', '-u', 'pop0', '-c', 1, '-n', 5)
        go('2000 messages, 1 client, warm, pipelined', '-u', 'pop0', '-c', 1, '-n', 10, '-W', 32)
        go('2000 messages, 20 clients, warm', '-u', 'pop', '-k', 20, '-c', 20, '-n', 40)
        go('2000 messages, 20 clients, warm, pipelined', '-u', 'pop', '-k', 20, '-c', 20, '-n', 40, '-W', 32)
        go('2000 messages, 20 clients, warm, STAT+UIDL only', '-u', 'pop', '-k', 20, '-c', 20, '-n', 400, '-R')
        go('2000 messages, 1 client, warm, STAT+UIDL only', '-u', 'pop0', '-c', 1, '-n', 100, '-R')
    finally:
        a.stop()


def large_mailbox(a, out, rep, messages=20000, n=3000, rounds=3):
    """Delivers to a Maildir of many messages, and to one that was empty, in turns; until all is in new/, and durable there."""
    a.reset()
    boxes = {'full': a.maildir('big') / 'new', 'empty': a.maildir('bigs') / 'new'}
    b.make_boxes(a.mail, ['big', 'bigs'])
    fill(a.maildir('big'), messages, 4096, True)
    os.sync()
    a.start('local')
    secs, cpu = {name: [] for name in boxes}, {name: [] for name in boxes}

    def deliver(name, folder):
        want = len(os.listdir(folder)) + n
        with Watch(a) as w:
            t = time.monotonic()
            _, rc, _, tool = b.load(smtpload(a, 20, n, 4096, True, f'{folder.parent.parent.name}@{b.LOCAL_DOMAIN}', 0, 60), 70)
            while rc == 0 and len(os.listdir(folder)) < want and time.monotonic() - t < 60:
                time.sleep(0.02)
            a.settle()
            secs[name].append(time.monotonic() - t)
        cpu[name].append(w.result(n, tool)['cpu_per_1000'])
        if len(os.listdir(folder)) != want:
            raise RuntimeError(f'{name}: {len(os.listdir(folder))} of {want} messages')
    try:
        for turn in range(rounds + 1):
            for name, folder in boxes.items():
                deliver(name, folder)
            if turn == 0:   # the first tells of processes that start
                for kept in (*secs.values(), *cpu.values()):
                    kept.clear()
        fulls, empties = (statistics.median(secs[name]) for name in ('full', 'empty'))
        b.emit(out, {'workload': 'large_mailbox', 'peer': a.name, 'case': f'{messages} messages, and few', 'rep': rep, 'n': n,
                     'rate_full': round(n / fulls, 1), 'rate_empty': round(n / empties, 1), 'ratio': round(empties / fulls, 3),
                     **{f'cpu_{name}': round(statistics.median(cpu[name]), 4) for name in boxes}})
    finally:
        a.stop()


def disk(out, rep):
    d = b.RUN / 'disk'
    b.wipe(d)
    d.mkdir(parents=True)
    p = subprocess.run([b.BIN / 'disklimit', d, '2'], capture_output=True, text=True)
    for l in p.stdout.splitlines():
        j = json.loads(l)
        b.emit(out, {'workload': 'disk', 'peer': f'{j["threads"]} threads', 'case': j['way'], 'rep': rep, 'rate': j['rate']})
    b.wipe(d)


def syscalls(a, out, rep):
    """System calls of all processes of the server for each message, counted by strace."""
    box = 'box@' + b.LOCAL_DOMAIN
    cases = [('hold', 'hold', RELAYED, 0, ()), ('local', 'local', box, b.BOXES, ())]
    if a.starttls:
        cases.append(('hold, STARTTLS', 'hold', RELAYED, 0, ('-E',)))
    for case, mode, to, boxes, extra in cases:
        n = 2000
        a.reset()
        a.start(mode)
        try:
            b.load(smtpload(a, 20, 200, 4096, True, to, boxes, extra=extra), 60)
            time.sleep(1)
            counts = a.dir / f'strace-{mode}'
            trace = subprocess.Popen(['strace', '-f', '-c', '-o', str(counts)]
                                     + [x for pid in a.group.pids() for x in ('-p', str(pid))],
                                     stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(1)
            before = b.count_new(a.mail)
            _, rc, o, _ = b.load(smtpload(a, 20, n, 4096, True, to, boxes, extra=extra), 120)
            end = time.monotonic() + 60
            while mode == 'local' and b.count_new(a.mail) - before < n and time.monotonic() < end:
                time.sleep(0.05)
            time.sleep(1)
            trace.terminate()
            trace.wait()
            rows = re.findall(r'^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$', counts.read_text(), re.M)
            calls = {name: int(count) for count, name in rows if name != 'total'}
            b.emit(out, {'workload': 'syscalls', 'peer': a.name, 'case': case, 'rep': rep, 'n': n, 'rc': rc,
                         'calls_per_message': round(sum(calls.values()) / n, 1),
                         'most': {k: round(v / n, 2) for k, v in sorted(calls.items(), key=lambda i: -i[1])[:12]}})
        finally:
            a.stop()


def memory(a, out, rep):
    """One message of 50 MiB through the whole server: what each process grows by."""
    a.reset()
    a.start('local')
    try:
        b.load(smtpload(a, 4, 400, 4096, True, 'box@' + b.LOCAL_DOMAIN, b.BOXES), 60)
        time.sleep(2)
        before = b.anonymous_kib(a.group)
        with b.Sampler(a.group, 0.02, b.anonymous_kib) as s:
            _, rc, _, _ = b.load(smtpload(a, 1, 1, 50 * 1024 * 1024, False, 'box@' + b.LOCAL_DOMAIN, 1), 60)
            time.sleep(2)
        grown = {pid: s.peak.get(pid, 0) - kib for pid, kib in before.items()}
        b.emit(out, {'workload': 'memory', 'peer': a.name, 'case': 'a message of 50 MiB, sent and delivered',
                     'rep': rep, 'rc': rc, 'most_mib': round(max(grown.values()) / 1024, 2)})
    finally:
        a.stop()
