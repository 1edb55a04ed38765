"""The loads of mail that is passed on to other servers. See README.md."""
import pathlib
import subprocess
import tempfile
import time

import benchlib as b
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
