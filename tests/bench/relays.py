"""The loads of mail that is passed on to other servers. See README.md."""
import os
import pathlib
import subprocess
import tempfile
import time

import benchlib as b
import destinations as limits
from smtp_sink import Sink
from workloads import RELAYED, Watch, sized, smtpload

GRACE = 90      # seconds in which the last message has to arrive


class PostfixSink:
    """smtp-sink, which everybody has; in the clear."""

    def __init__(self, n):
        self.report = None
        self.process = subprocess.Popen([str(b.POSTFIX_SBIN / 'smtp-sink'), '-u', 'postfix', '-M', str(n),
                                         '%s:%d' % b.SINK, '1000'], stdin=subprocess.DEVNULL)
        b.wait_banner(b.SINK, b'220')

    def has_ended(self, seconds):
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def relay(a, out, rep):
    """Accept and pass on to smtp-sink; until the sink has counted the last message."""
    passed_on(a, out, rep, 'relay', PostfixSink)


def relay_tls(a, out, rep):
    """The same under TLS, to a sink that has session tickets."""
    with tempfile.TemporaryDirectory(dir=b.RUN) as folder:
        certificate = b.make_certificate(pathlib.Path(folder), 'sink.test')
        passed_on(a, out, rep, 'relay_tls', lambda n: Sink(b.BIN_OURS / 'smtp_sink', {'%s:%d' % b.SINK: None}, n, certificate))


def passed_on(a, out, rep, workload, make_sink):
    for sessions in (20, 100):
        case = f's={sessions} reused'

        def start():
            a.reset()
            a.start(workload)

        def once(n):
            sink = make_sink(n)
            t = time.monotonic()
            try:
                _, rc, o, tool = b.load(smtpload(a, sessions, n, 4096, True, RELAYED, 0, 60), 70)
                accepted = time.monotonic() - t
                done = sink.has_ended(max(1, GRACE - accepted))
                return time.monotonic() - t, accepted, done, rc, tool, sink.report
            finally:
                sink.stop()
        start()
        try:
            n = sized((a.name, workload, case), sessions, lambda n: once(n)[0], 60000)
            if rep == 1:   # the trial left connections behind
                a.stop()
                start()
            with Watch(a) as w:
                secs, accepted, done, rc, tool, told = once(n)
            seen = told['%s:%d' % b.SINK] if told else {}
            b.emit(out, {'workload': workload, 'peer': a.name, 'case': case, 'rep': rep, 'n': n, 'rc': rc, 'done': done,
                         'secs': round(secs, 3), 'rate': round(n / secs, 1) if done else None,
                         'accept_secs': round(accepted, 3), **w.result(n, tool),
                         **{k: seen[k] for k in ('connections', 'most_connections', 'secured', 'resumed') if k in seen}})
        finally:
            a.stop()


def destinations(a, out, rep, n=int(os.environ.get('BENCH_DESTINATIONS', 100000))):
    """Mail that waits for many domains behind three hosts, each with limits of its own: how long it takes beside the
    time that they allow, and whether one was exceeded."""
    a.reset()
    a.start('destinations')
    try:
        load = smtpload(a, 100, n, 4096, True, 'x@' + limits.ZONE, extra=('-K', b.DOMAINS), limit=100)
        _, rc, _, tool = b.load(load, 110)
        with Sink(b.BIN_OURS / 'smtp_sink', {host.address: host.rate for host in b.LIMITED_HOSTS}, n) as sink:
            with Watch(a) as w:
                a.deliver()
                done = sink.has_ended(GRACE)
            report = sink.stop()
        allowed = limits.allowed_seconds(b.LIMITED_HOSTS, report)
        secs = limits.taken_seconds(report)
        excesses = limits.excesses(b.LIMITED_HOSTS, report)
        b.emit(out, {'workload': 'destinations', 'peer': a.name, 'rep': rep, 'n': n, 'rc': rc, 'done': done,
                     'case': f'{n} messages, {b.DOMAINS} domains, {len(b.LIMITED_HOSTS)} hosts',
                     'secs': round(secs, 3), 'allowed_secs': round(allowed, 3), 'ratio': round(secs / allowed, 3),
                     'exceeded': len(excesses), 'excesses': excesses,
                     'ahead_ms': round(max(one['most_ahead'] for one in report.values()) * 1000, 1),
                     **w.result(n, tool)})
    finally:
        a.stop()
