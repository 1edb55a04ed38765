"""What a client may ask of smtpd: connections, errors, time; and that the slow do not hinder the quick."""

import asyncio
import collections
import contextlib
import os
import pathlib
import poplib
import re
import resource
import smtplib
import socket
import statistics
import time
import typing

import pytest
from certificates import unverified
from harness import Instance, file_system, free_port, wait_for

USER = "anna@example.test"
SENDER = "ada@example.org"
MESSAGE = b"Subject: one\r\n\r\nbody\r\n"
# How many slow clients stand beside how many ordinary ones: all of them with ./dev test --long.
SLOW = 5000 if os.environ.get("POSTRIDER_LONG") else 600
ORDINARY = 100
SLOW_INTERVAL = 10  # seconds between two octets of a slow client
ATTEMPTS = 3  # at a figure that anything else on the machine disturbs
NOISE = 0.05  # seconds by which it may differ where nothing is slow
IDLE = 500


def limited(start=True, **smtpd):
    """Two workers, and loopback as anybody else."""
    settings = {"workers": 2, "unlimited_networks": [], "connection_limit_per_address": 0,
                "connection_limit_per_network": 0, "connection_rate_per_address": 0,
                "connection_rate_per_network": 0, "error_delay": "0s", **smtpd}
    return Instance({"smtpd": settings, "relay": {"networks": []}, "bans": {"exempt_networks": []}}, start)


def greeting(suite, source="127.0.0.1"):
    """The first line, and the connection while it is held."""
    client = socket.create_connection(("127.0.0.1", suite.smtp_port), 20, (source, 0))
    return client, client.recv(512)


# ---- Addresses and networks ----


def test_connections_of_an_address_are_counted_by_all_workers_together():
    with limited(connection_limit_per_address=4) as suite, contextlib.ExitStack() as held:
        heard = []
        for _ in range(12):
            client, line = greeting(suite)
            held.enter_context(client)
            heard.append(line[:3])
        assert heard.count(b"220") == 4
        assert heard.count(b"421") == 8
        held.enter_context(greeting(suite, "127.0.9.1")[0])
        assert greeting(suite, "127.0.9.2")[1].startswith(b"220")


def test_connections_of_a_network_come_so_often_and_no_more():
    with limited(connection_rate_per_network=10) as suite:
        heard = []
        for i in range(15):
            client, line = greeting(suite, f"127.0.5.{i + 1}")
            client.close()
            heard.append(line[:3])
        assert heard[:10] == [b"220"] * 10
        assert b"421" in heard[10:12] and heard[-1] == b"421"
        wait_for(lambda: "connections too often from your network" in suite.log_text())


def test_errors_cost_time_in_the_next_connection_as_well():
    with limited(error_limit=2, error_delay="1s", error_delay_max="1s") as suite:
        def refused():
            with suite.smtp() as client:
                begin = time.monotonic()
                assert client.docmd("FOO")[0] == 500
                return time.monotonic() - begin
        times = [refused() for _ in range(4)]
        assert max(times[:2]) < 0.9 <= min(times[2:])


def test_errors_that_come_in_one_packet_cost_the_time_of_each():
    with limited(error_limit=2, error_delay="1s", error_delay_max="1s") as suite, greeting(suite)[0] as client:
        begin = time.monotonic()
        client.sendall(b"EHLO a\r\nMAIL FROM:<a@b.test>\r\n" + b"RCPT TO:<nobody@example.test>\r\n" * 5 + b"QUIT\r\n")
        client.settimeout(20)
        heard = b"".join(iter(lambda: client.recv(4096), b""))
        assert heard.count(b"550 ") == 5 and b"221 " in heard
        assert time.monotonic() - begin > 2.8


# ---- Bans ----


def test_an_operator_bans_and_lifts():
    with limited() as suite:
        assert suite.command("bans", "list").stdout.strip() == "nobody"
        suite.command("bans", "add", "127.0.0.1", "--for", "1h")
        suite.command("bans", "add", "Anna@example.test")
        for nobody in ("0.0.0.0", "::"):
            assert "nobody's address" in suite.command("bans", "add", nobody, check=False).stderr
        unknown = "x" * 60 + "@" + ("y" * 60 + ".") * 2 + "test"
        assert "There is no such user" in suite.command("bans", "add", unknown).stdout
        assert max(map(len, suite.command("bans", "list").stdout.splitlines())) < 140
        suite.command("bans", "lift", unknown)
        rows = suite.json("bans", "list")
        assert [(row["kind"], row["name"]) for row in rows] == [("address", "127.0.0.1"), ("account", USER)]
        with pytest.raises(smtplib.SMTPConnectError, match="too many wrong passwords"):
            suite.smtp()
        suite.command("bans", "lift", "127.0.0.1")
        suite.smtp().quit()
        assert suite.command("bans", "lift", "127.0.0.1", check=False).returncode == 1


@pytest.mark.parametrize("arguments, complaint", [
    (("10.0.0.0/8",), "10.0.0.0/8: a ban is of one IPv4 address, or of the /64 of an IPv6 address"),
    (("anna",), "anna: neither an IP address nor the address of a user"),
    (("192.0.2.1", "--for", "0s"), "'0s' is not a time to ban for, as 12h is"),
])
def test_what_cannot_be_banned_is_said(arguments, complaint):
    with Instance(start=False) as suite:
        done = suite.command("bans", "add", *arguments, check=False)
        assert done.returncode == 2 and complaint in done.stderr


def test_a_ban_that_nothing_would_heed_is_refused():
    with Instance({"bans": {"exempt_networks": ["127.0.0.0/8", "2001:db8::/32"]}}) as suite:
        for address in ("127.0.0.1", "127.0.0.1/32", "2001:db8::1", "2001:db8::/64"):
            done = suite.command("bans", "add", address, check=False)
            assert done.returncode == 1 and f"{address} is in bans.exempt_networks" in done.stderr
        assert suite.command("bans", "list").stdout.strip() == "nobody"
        suite.command("bans", "add", "192.0.2.1")


def test_the_command_makes_no_bans_of_its_own():
    with Instance(start=False) as suite:
        assert suite.command("bans", "list").stdout.strip() == "nobody"
        added = suite.command("bans", "add", "192.0.2.1", check=False)
        assert added.returncode == 69 and "start Postrider first" in added.stderr
        assert suite.command("bans", "lift", "192.0.2.1", check=False).returncode == 1
        assert not (suite.directory / "run/bans").exists()


def test_a_full_run_directory_costs_the_sharing_and_nothing_else():
    with Instance({"smtpd": {"workers": 2}, "pop3d": {"workers": 2}}, start=False) as suite:
        run = suite.directory / "run"
        run.mkdir(exist_ok=True)
        with file_system(run, 128 * 1024):
            try:
                suite.start()
                suite.add_user(USER)
                for _ in range(20):
                    with suite.smtp() as client:
                        assert client.docmd("FOO")[0] == 500
                        client.sendmail(SENDER, [USER], MESSAGE)
                with contextlib.suppress(poplib.error_proto):
                    suite.pop3(USER, "wrong")
                wait_for(lambda: len(suite.mailbox(USER)) == 20)
                assert len(suite.events("clients_not_shared")) == 4  # workers of smtpd and pop3d
                assert suite.events("bans_not_shared")
                assert not suite.events("worker_died")
            finally:
                suite.stop()


def test_connections_of_an_address_to_pop3_are_counted_by_all_workers_together():
    with Instance({"pop3d": {"workers": 2, "connection_limit_per_address": 4, "unlimited_networks": []}}) as suite, \
            contextlib.ExitStack() as held:
        heard = []
        for _ in range(8):
            client = held.enter_context(socket.create_connection(("127.0.0.1", suite.pop3_port), 20))
            heard.append(client.recv(512))
        assert [line[:3] for line in heard].count(b"+OK") == 4
        assert heard.count(b"-ERR [SYS/TEMP] too many connections from your address, try again later\r\n") == 4
        wait_for(lambda: len(suite.events("connection_refused")) == 4)


def test_wrong_passwords_ban_an_address_from_all_protocols():
    with Instance(start=False) as suite:
        port = suite.port_base + 587
        suite.configure({"smtpd": {"listen": [{"address": f"127.0.0.1:{port}", "mode": "submission"}],
                                   "plaintext_auth": "loopback"},
                         "bans": {"address_failures": 3, "delay": "1s", "exempt_networks": []}})
        suite.start()
        suite.add_user(USER, "secret")
        times = []
        for guess in ("one", "two"):
            with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
                begin = time.monotonic()
                with pytest.raises(smtplib.SMTPAuthenticationError):
                    client.login(USER, guess)
                times.append(time.monotonic() - begin)
        assert 0.9 < times[0] < times[1]  # smtplib tries more than one mechanism
        for _ in range(4):
            with contextlib.suppress(poplib.error_proto):
                suite.pop3(USER, "three")
        with pytest.raises(poplib.error_proto, match="too many wrong passwords from your address"):
            suite.pop3(USER, "secret")
        with pytest.raises(smtplib.SMTPConnectError, match="too many wrong passwords from your address"):
            smtplib.SMTP("127.0.0.1", port, timeout=30)
        [banned] = [row for row in suite.json("bans", "list") if row["banned_until"]]
        assert (banned["kind"], banned["name"]) == ("address", "127.0.0.1")
        assert "event=banned kind=address name=127.0.0.1 until=" in suite.log_text()
        suite.command("bans", "lift", "127.0.0.1")
        suite.pop3(USER, "secret").quit()
        with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
            assert client.login(USER, "secret")[0] == 235


# ---- Time ----


def test_a_command_has_to_come_in_time_however_slowly_it_trickles():
    with limited(command_timeout="3s") as suite, greeting(suite)[0] as client:
        heard = b""
        client.settimeout(0.5)
        for _ in range(40):
            with contextlib.suppress(OSError):
                client.send(b"N")
            try:
                heard = client.recv(512)
                break
            except TimeoutError:
                pass
        assert heard.startswith(b"421 4.4.2 ")


class State(typing.NamedTuple):
    """Where a slow client stands once each of `commands` has got its reply and `begun` is sent."""
    commands: tuple = ()
    begun: bytes = b""
    listener: str = "mx"
    tls: bool = False

    def is_greeted(self):
        return self.tls or self.listener in ("mx", "submission")


EHLO = (b"EHLO a\r\n",)
MAIL = (*EHLO, b"MAIL FROM:<a@b.test>\r\n")
RCPT = (*MAIL, b"RCPT TO:<%s>\r\n" % USER.encode())
# Of 512 octets.
CLIENT_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
STATES = {
    "greeted": State(),
    "after EHLO": State(EHLO),
    "after MAIL": State(MAIL),
    "after RCPT": State(RCPT),
    "within DATA": State((*RCPT, b"DATA\r\n")),
    "within a chunk": State(RCPT, b"BDAT 9999\r\n"),
    "between chunks": State((*RCPT, b"BDAT 3\r\nx\r\n")),
    "AUTH under way": State((*EHLO, b"AUTH LOGIN\r\n"), listener="submission"),
    "TLS handshake after STARTTLS": State((*EHLO, b"STARTTLS\r\n"), CLIENT_HELLO),
    "TLS handshake at once": State(begun=CLIENT_HELLO, listener="submissions"),
    "within a TLS session": State(EHLO, listener="submissions", tls=True),
    "PROXY header awaited": State(begun=b"PROXY TCP4 ", listener="proxied"),
}


@contextlib.contextmanager
def open_to_all_states():
    """A listener of each kind, and more time for each state than a test takes."""
    with limited(start=False) as suite:
        suite.ports = {"mx": suite.smtp_port, "submission": suite.port_base + 587,
                       "submissions": suite.port_base + 465, "proxied": free_port()}
        listen = [{"address": f"127.0.0.1:{port}", "mode": "mx" if name == "proxied" else name,
                   "proxy": name == "proxied"} for name, port in suite.ports.items()]
        suite.configure({"smtpd": {"listen": listen, "proxy_networks": ["127.0.0.0/8"], "proxy_timeout": "1m",
                                   "plaintext_auth": "loopback"}, "tls": {"handshake_timeout": "1m"}})
        suite.start()
        suite.add_user(USER)
        yield suite


async def reply_to(command, reader, writer):
    """The last line of the reply; of the greeting, where nothing is said."""
    writer.write(command)
    line = b"-" * 4
    while line[3:4] == b"-":
        line = await reader.readline()
    return line


class SlowClient:
    """Comes to its state, and sends an octet now and then."""

    def __init__(self, suite, number):
        self.name = list(STATES)[number % len(STATES)]
        self.state = STATES[self.name]
        self.port = suite.ports[self.state.listener]
        self.address = f"127.1.{number // 200}.{number % 200 + 1}"
        self.interval = SLOW_INTERVAL * (0.5 + number % 100 / 100)
        self.held = False  # it is in its state

    async def run(self):
        context = unverified() if self.state.tls else None
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(self.address, 0), ssl=context)
        try:
            for command in (b"",) * self.state.is_greeted() + self.state.commands:
                line = await reply_to(command, reader, writer)
                assert line[:1] in (b"2", b"3"), (self.name, command, line)
            writer.write(self.state.begun)
            self.held = True
            await self.trickle(reader, writer)
        finally:
            writer.close()

    async def trickle(self, reader, writer):
        with contextlib.suppress(OSError):
            while True:
                with contextlib.suppress(asyncio.TimeoutError):
                    if not await asyncio.wait_for(reader.read(4096), self.interval):
                        break
                writer.write(b"X")
        self.held = False


async def send_some(suite, seconds):
    """Times of messages, each over a connection of its own; any failure is an error."""
    times = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", suite.smtp_port)
        for command, code in ((b"", b"220"), (b"HELO a\r\n", b"250"), (b"MAIL FROM:<a@b.test>\r\n", b"250"),
                              (b"RCPT TO:<%s>\r\n" % USER.encode(), b"250"), (b"DATA\r\n", b"354"),
                              (MESSAGE + b".\r\n", b"250"), (b"QUIT\r\n", b"221")):
            line = await reply_to(command, reader, writer)
            assert line.startswith(code), line
        writer.close()
        times.append(time.monotonic() - begin)
        await asyncio.sleep(0.5)
    return times


async def ordinary(suite, seconds):
    groups = await asyncio.gather(*(send_some(suite, seconds) for _ in range(ORDINARY)))
    return [t for group in groups for t in group]


async def beside_slow_ones(suite):
    """The times alone and beside slow clients, and how many of these were ended in which state."""
    alone = await ordinary(suite, 5)
    slow = [SlowClient(suite, number) for number in range(SLOW)]
    tasks = [asyncio.create_task(one.run()) for one in slow]
    while not all(one.held or task.done() for one, task in zip(slow, tasks)):
        await asyncio.sleep(0.1)
    beside = await ordinary(suite, 15)
    ended = collections.Counter(one.name for one in slow if not one.held)
    for task in tasks:
        task.cancel()
    failures = [end for end in await asyncio.gather(*tasks, return_exceptions=True) if isinstance(end, Exception)]
    assert not failures, failures[:5]
    return alone, beside, ended


def p99(times):
    return statistics.quantiles(times, n=100)[98]


def test_slow_clients_do_not_hinder_ordinary_ones():
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    sent = 0
    with open_to_all_states() as suite:
        for attempt in range(ATTEMPTS):
            alone, beside, ended = asyncio.run(beside_slow_ones(suite))
            sent += len(alone) + len(beside)
            print(f"{SLOW} slow: p99 {p99(alone) * 1e3:.1f} ms alone, {p99(beside) * 1e3:.1f} ms beside them, "
                  f"medians {statistics.median(alone) * 1e3:.1f} and {statistics.median(beside) * 1e3:.1f} ms")
            assert not ended, ended
            if p99(beside) <= 2 * p99(alone) + NOISE:
                break
        else:
            pytest.fail(f"beside slow clients p99 was more than twice as long, {ATTEMPTS} times")
        wait_for(lambda: len(suite.mailbox(USER)) == sent, 60)


def resident(suite):
    """The memory of the processes that serve SMTP, in KiB."""
    statuses = [pathlib.Path(f"/proc/{pid}/status").read_text() for pid in suite.pids()]
    return sum(int(re.search(r"^VmRSS:\s+(\d+) kB$", status, re.M)[1]) for status in statuses
               if status.startswith("Name:\tsmtpd\n"))


def idle_client(suite, listener):
    """A connection on which the client has introduced itself."""
    client = socket.create_connection(("127.0.0.1", suite.ports[listener]), 20)
    if listener == "submissions":
        client = unverified().wrap_socket(client)
    assert client.recv(512).startswith(b"220")
    client.sendall(*EHLO)
    assert client.recv(4096).startswith(b"250")
    return client


@pytest.mark.parametrize("listener, kib", [("mx", 12), ("submissions", 60)])
def test_an_idle_connection_needs_little_memory(listener, kib):
    with open_to_all_states() as suite, contextlib.ExitStack() as held:
        def connect(count):
            for _ in range(count):
                held.enter_context(idle_client(suite, listener))
            return resident(suite)
        before = connect(50)  # by then both workers have what they need besides
        each = (connect(IDLE) - before) / IDLE
        print(f"{each:.1f} KiB")
        assert 0 < each <= kib


def is_sent(suite):
    """Whether there was a slot for it. (Whoever only looks for one may still have it when the next comes.)"""
    try:
        with suite.smtp() as client:
            return client.sendmail(SENDER, [USER], MESSAGE) == {}
    except smtplib.SMTPConnectError as refused:
        assert refused.smtp_code == 421
        return False


def test_while_slots_are_scarce_the_slow_lose_theirs():
    with limited(workers=1, connection_limit=20, busy_timeout="2s") as suite:
        suite.add_user(USER)
        with contextlib.ExitStack() as held:
            states = [state for state in STATES.values() if state.listener == "mx"]
            for state in (states * 3)[:20]:
                client, line = greeting(suite)
                assert line.startswith(b"220")
                client.sendall(b"".join(state.commands) + state.begun)
                held.enter_context(client)
            assert greeting(suite)[1].startswith(b"421")
            wait_for(lambda: is_sent(suite), what="a slot")
        assert "event=connection_too_slow" in suite.log_text()


def test_while_slots_are_scarce_noise_keeps_none():
    with limited(workers=1, connection_limit=10, busy_percent=0, busy_timeout="3s") as suite, \
            greeting(suite)[0] as client:
        client.settimeout(30)
        client.sendall(b"EHLO a\r\n")
        began = time.monotonic()
        heard = b""
        while b"421 4.4.2 " not in heard and time.monotonic() - began < 20:
            client.sendall(b"NOOP\r\nRSET\r\nMAIL FROM:<a@b.test>\r\nRSET\r\n")
            time.sleep(0.5)
            heard += client.recv(4096)
        assert b"421 4.4.2 " in heard and time.monotonic() - began < 12
