"""What the workloads and the adapters share: processes, accounting, files."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import destinations

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent.parent
ROOT = pathlib.Path(os.environ.get('BENCH_ROOT') or CHECKOUT / 'build/bench')
BIN_OURS = pathlib.Path(os.environ.get('POSTRIDER_BIN') or CHECKOUT / 'build/bin')
OLD = ROOT / 'old'          # what runs left behind
KEPT_SIZE = 1 << 20         # what is larger is deleted at once: few files, much space
PEERS = ROOT / 'peers'
BIN = ROOT / 'bin'         # the load tools
RUN = ROOT / 'run'          # a folder per adapter: configuration, spool, log
MAIL = ROOT / 'mail'        # a folder per adapter: boxN/Maildir
POSTFIX_SBIN = PEERS / 'postfix/usr/sbin'

BOXES = 100                 # box0@bench.test .. box99@bench.test are local
LOCAL_DOMAIN = 'bench.test'
RELAY_DOMAIN = 'relay.test'  # everything else is relayed to SINK
SINK = ('127.0.0.2', 2600)
# What three hosts bear, connections and messages a second, behind so many domains.
LIMITED_HOSTS = destinations.hosts(SINK[1], (4, 8000), (2, 4000), (1, 2000))
DOMAINS = 1000
PASSWORD = 'pass'
MAX_MESSAGE = 100 * 1024 * 1024
PAGE = os.sysconf('SC_PAGESIZE')


def cgroup_root():
    for p in ('/sys/fs/cgroup/unified', '/sys/fs/cgroup'):
        if os.path.exists(p + '/cgroup.procs') and os.access(p, os.W_OK):
            return pathlib.Path(p)
    return None


# Names are looked up in /etc/hosts only: a peer that asks for the name of its
# client would else wait for a name server that is not there. The server gets a
# mount namespace of its own with its own resolv.conf.
NAMESPACE = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c',
             'mount --bind "$0" /etc/resolv.conf && exec "$@"', str(ROOT / 'resolv.conf')]


class Group:
    """The processes of one server, in a cgroup (v2) of their own: so that those
    that leave their parent are still known, are counted after they have gone,
    and nothing but them is ever signalled."""

    def __init__(self, name):
        root = cgroup_root()
        if not root:
            raise SystemExit('no writable cgroup v2 hierarchy: cannot account or end the peers safely')
        self.dir = root / f'mailbench-{os.getpid()}-{name}'
        self.children = []

    def open(self):
        self.dir.mkdir(exist_ok=True)
        # 'lookup file' is for OpenSMTPD's resolver; the others are refused at once
        (ROOT / 'resolv.conf').write_text('lookup file\nnameserver 127.0.0.1\noptions timeout:1 attempts:1\n')

    def spawn(self, argv, log=None, cwd=None, env=None, wait=False):
        self.open()
        procs = str(self.dir / 'cgroup.procs')

        def enter():
            with open(procs, 'w') as f:
                f.write('0')
        out = open(log, 'ab') if log else subprocess.DEVNULL
        p = subprocess.Popen(NAMESPACE + [str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                             preexec_fn=enter, cwd=cwd, env=env, start_new_session=True)
        if log:
            out.close()
        if wait:
            rc = p.wait(60)
            if rc:
                raise RuntimeError(f'{argv[0]}: exit {rc}, see {log}')
        else:
            self.children.append(p)
        return p

    def pids(self):
        try:
            return [int(x) for x in (self.dir / 'cgroup.procs').read_text().split()]
        except OSError:
            return []

    def cpu(self):
        """(user, system) seconds so far, processes that have ended included."""
        d = dict(l.split() for l in (self.dir / 'cpu.stat').read_text().splitlines())
        return int(d['user_usec']) / 1e6, int(d['system_usec']) / 1e6

    def rss(self):
        """KiB, shared pages counted once for every process."""
        n = 0
        for p in self.pids():
            try:
                n += int(open(f'/proc/{p}/statm').read().split()[1])
            except OSError:
                pass
        return n * PAGE // 1024

    def pss(self):
        """KiB, shared pages divided among the processes that share them."""
        n = 0
        for p in self.pids():
            try:
                for l in open(f'/proc/{p}/smaps_rollup'):
                    if l.startswith('Pss:'):
                        n += int(l.split()[1])
                        break
            except OSError:
                pass
        return n

    def close(self, grace=5.0):
        """Waits for the processes to end, then ends those that have not."""
        end = time.monotonic() + grace
        while self.pids() and time.monotonic() < end:
            for c in self.children:
                c.poll()
            time.sleep(0.02)
        if self.pids():
            (self.dir / 'cgroup.kill').write_text('1')
            while self.pids() and time.monotonic() < end + 10:
                for c in self.children:
                    c.poll()
                time.sleep(0.02)
        for c in self.children:
            try:
                c.wait(2)
            except subprocess.TimeoutExpired:
                pass
        self.children = []
        for _ in range(50):
            try:
                self.dir.rmdir()
                return
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.05)


def end_leftovers():
    """Ends the servers of an earlier run of this harness that was killed itself."""
    for d in cgroup_root().glob('mailbench-*-*'):
        if not os.path.exists(f'/proc/{d.name.split("-")[1]}'):
            (d / 'cgroup.kill').write_text('1')
            for _ in range(100):
                try:
                    d.rmdir()
                    break
                except OSError:
                    time.sleep(0.05)


class Sampler(threading.Thread):
    """Peak of the memory of a group while it runs; with `each`, also of every process by that measure."""

    def __init__(self, group, period=0.5, each=None):
        super().__init__(daemon=True)
        self.group, self.period, self.rss, self.pss, self.procs = group, period, 0, 0, 0
        self.each, self.peak = each, {}
        self.halt = threading.Event()

    def run(self):
        while True:
            self.procs = max(self.procs, len(self.group.pids()))
            self.rss = max(self.rss, self.group.rss())
            self.pss = max(self.pss, self.group.pss())
            for pid, kib in (self.each(self.group) if self.each else {}).items():
                self.peak[pid] = max(self.peak.get(pid, 0), kib)
            if self.halt.wait(self.period):
                return

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *a):
        self.halt.set()
        self.join()


def anonymous_kib(group):
    """Of each process: memory that is its own and no file's."""
    found = {}
    for pid in group.pids():
        try:
            with open(f'/proc/{pid}/smaps_rollup') as f:
                found[pid] = next(int(line.split()[1]) for line in f if line.startswith('Anonymous:'))
        except (OSError, StopIteration):
            pass
    return found


class Adapter:
    """One mail server. See README.md: what each adapter has to give."""
    name = ''
    smtp = None     # (address, port) when it speaks SMTP
    pop3 = None     # (address, port) when it speaks POP3
    starttls = False  # whether it offers STARTTLS there
    conf_note = ''

    def __init__(self):
        self.dir = RUN / self.name
        self.mail = MAIL / self.name
        self.group = Group(self.name)
        self.log = self.dir / 'log'

    # -- to be written for each server
    def version(self):
        return '?'

    def configure(self, mode):
        """Writes the configuration for one of the modes:
        hold     accept and store durably, deliver nothing
        deferred as hold, but as messages that failed for now, in the retry queue
        local    deliver box{0..99}@bench.test to maildir(box)
        relay    everything to SINK by SMTP
        relay_tls  the same, under TLS only
        destinations  hold mail for DOMAINS until deliver(), then to LIMITED_HOSTS within their limits
        idle     as hold, 1100 connections at the same time allowed
        pop3     POP3 service, users with the password PASSWORD
        """
        raise NotImplementedError

    def launch(self):
        raise NotImplementedError

    def ask_to_stop(self):
        for p in self.group.children:
            if p.poll() is None:
                p.send_signal(signal.SIGTERM)

    def after_start(self, mode):
        pass

    def settle(self):
        """Waits until nothing is under way: what is delivered is durable, what is deferred is stored."""

    def listing(self):
        """argv of what an operator would call to list the queue, or None."""
        return None

    def maildir(self, user):
        return self.mail / user / 'Maildir'

    # -- common
    def reset(self):
        """An empty spool and empty mailboxes. Only while stopped."""
        assert not self.group.pids()
        wipe(self.dir)
        wipe(self.mail)
        self.dir.mkdir(parents=True)
        make_boxes(self.mail)

    def start(self, mode):
        self.mode = mode
        self.configure(mode)
        t = time.monotonic()
        self.group.open()
        self.launch()
        for a, word in ((self.smtp, b'220'), (self.pop3, b'+OK')):
            if a and ((a is self.pop3) == (mode == 'pop3')):
                wait_banner(a, word)
        self.start_secs = time.monotonic() - t
        self.after_start(mode)

    def stop(self):
        self.ask_to_stop()
        self.group.close()


def make_certificate(folder, name):
    """(certificate, key): self-signed, of a kind that most hosts have today (ECDSA with P-256)."""
    files = folder / 'certificate.pem', folder / 'key.pem'
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                    '-days', '30', '-subj', f'/CN={name}', '-out', files[0], '-keyout', files[1]],
                   check=True, capture_output=True)
    return files


def vmail():
    import pwd
    p = pwd.getpwnam('vmail')
    return p.pw_uid, p.pw_gid


def make_boxes(base, names=None):
    uid, gid = vmail()
    base.mkdir(parents=True, exist_ok=True)
    os.chmod(base, 0o755)
    for n in names or [f'box{i}' for i in range(BOXES)]:
        for d in (base / n, base / n / 'Maildir', *(base / n / 'Maildir' / s for s in ('tmp', 'new', 'cur'))):
            d.mkdir(exist_ok=True)
            os.chmod(d, 0o700)
            os.chown(d, uid, gid)


def count_new(base):
    n = 0
    for i in range(BOXES):
        try:
            n += len(os.listdir(base / f'box{i}' / 'Maildir' / 'new'))
        except FileNotFoundError:
            pass
    return n


def wipe(p):
    """Takes a folder away. Its small files are only moved aside, until clear_old(): for minutes ext4 without a
    journal passes over the inodes that were deleted, one by one, whenever it creates a file, so that deleting
    what one run made would slow down the next: by half, for those who deliver 10,000 files a second."""
    if not (p.resolve().is_relative_to(ROOT.resolve()) and p != ROOT):
        raise RuntimeError(f'not mine: {p}')
    if not p.exists():
        return
    for folder, _, names in os.walk(p):
        for name in names:
            f = os.path.join(folder, name)
            if os.lstat(f).st_size > KEPT_SIZE:
                os.unlink(f)
    OLD.mkdir(exist_ok=True)
    os.rename(p, tempfile.mkdtemp(dir=OLD) + '/' + p.name)


def clear_old():
    shutil.rmtree(OLD, ignore_errors=True)


def wait_banner(addr, word, limit=60):
    end = time.monotonic() + limit
    while True:
        try:
            with socket.create_connection(addr, 5) as s:
                s.settimeout(10)
                b = s.recv(512)
                if b.startswith(word):
                    s.sendall(b'QUIT\r\n')
                    return
        except OSError:
            pass
        if time.monotonic() > end:
            raise RuntimeError(f'no service at {addr}')
        time.sleep(0.01)


def load(argv, limit):
    """Runs a load tool; (seconds, exit status, output, its own cpu seconds)."""
    t = time.monotonic()
    p = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    timer = threading.Timer(limit, p.kill)
    timer.start()
    out = p.stdout.read()
    _, st, ru = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(st)
    timer.cancel()
    return time.monotonic() - t, p.returncode, out.decode(errors='replace'), ru.ru_utime + ru.ru_stime


def emit(path, rec):
    rec['at'] = round(time.time(), 1)
    rec['load1'] = float(open('/proc/loadavg').read().split()[0])
    with open(path, 'a') as f:
        f.write(json.dumps(rec) + '\n')
    print(json.dumps(rec), flush=True)


def machine_cpu():
    """(busy, total) jiffies of the whole machine."""
    v = [int(x) for x in open('/proc/stat').readline().split()[1:9]]
    return sum(v) - v[3] - v[4], sum(v)
