"""What others see of the suite: /metrics, the status page, `postrider status` and `postrider top`."""

import concurrent.futures
import contextlib
import http.client
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest
from harness import PEERS, Instance, wait_for

ANNA = "anna@example.test"
MESSAGE = "Subject: x\r\n\r\nbody\r\n"
PROMTOOL = shutil.which("promtool", path=f"{PEERS}/usr/bin:{os.environ['PATH']}")


@pytest.fixture(scope="module")
def suite():
    with Instance() as running:
        running.add_user(ANNA)
        yield running


def port_of(suite):
    return suite.port_base + 90


def get(suite, path, method="GET", host=None, headers=None):
    """The answer and its body."""
    client = http.client.HTTPConnection("127.0.0.1", port_of(suite), timeout=30)
    client.putrequest(method, path, skip_host=True)
    client.putheader("Host", host or f"127.0.0.1:{port_of(suite)}")
    for name, value in (headers or {}).items():
        client.putheader(name, value)
    client.endheaders()
    answer = client.getresponse()
    body = answer.read().decode()
    client.close()
    return answer, body


def metrics(suite):
    """Series -> value."""
    answer, body = get(suite, "/metrics")
    assert answer.status == 200 and answer.getheader("Content-Type").startswith("text/plain; version=0.0.4")
    lines = [line for line in body.splitlines() if not line.startswith("#")]
    return {series: float(value) for series, value in (line.rsplit(" ", 1) for line in lines)}


def send(suite, count, recipient=ANNA):
    with suite.smtp() as client:
        for _ in range(count):
            client.sendmail("ada@example.org", [recipient], MESSAGE)


def test_counts_are_exact(suite):
    before = metrics(suite)
    send(suite, 20)
    wait_for(lambda: metrics(suite)["postrider_queue_recipients_delivered_total"] ==
             before["postrider_queue_recipients_delivered_total"] + 20, what="20 deliveries")
    client = suite.pop3(ANNA)
    fetched = len(client.list()[1])
    for i in range(fetched):
        client.retr(i + 1)
    client.quit()
    wait_for(lambda: metrics(suite)['postrider_pop3_session_seconds_count'] >
             before['postrider_pop3_session_seconds_count'])
    after = metrics(suite)

    def grown(series):
        return after[series] - before[series]

    assert grown("postrider_smtp_messages_accepted_total") == 20
    assert grown("postrider_smtp_accepted_bytes_total") >= 20 * len(MESSAGE)
    assert grown("postrider_smtp_commit_seconds_count") == 20
    assert grown('postrider_smtp_commit_seconds_bucket{le="+Inf"}') == 20
    assert grown("postrider_queue_delivery_seconds_count") == 20
    assert grown('postrider_delivery_outcomes_total{kind="local",outcome="delivered"}') == 20
    assert grown('postrider_delivery_attempt_seconds_count{kind="local"}') == 20
    assert grown("postrider_smtp_connections_total") == 1
    assert grown("postrider_pop3_logins_total") == 1
    assert grown("postrider_pop3_login_seconds_count") == 1
    assert grown('postrider_password_check_seconds_count{process="pop3d"}') == 1
    assert grown("postrider_pop3_messages_retrieved_total") == fetched
    assert grown("postrider_authentication_failures_total") == 0


def test_what_checks_find_is_counted_by_check_and_consequence(suite):
    series = 'postrider_checks_findings_total{check="recipient",action="refuse"}'
    before = metrics(suite)[series]
    with suite.smtp() as client:
        client.helo("client.test")
        client.mail("ada@example.org")
        assert client.rcpt("nobody@example.test")[0] == 550
    assert metrics(suite)[series] == before + 1


def test_gauges_follow_what_is_so_now(suite):
    series = 'postrider_connections{process="smtpd"}'
    wait_for(lambda: metrics(suite)[series] == 0)
    with suite.smtp() as one, suite.smtp() as two:
        one.noop(), two.noop()
        assert metrics(suite)[series] == 2
        one.starttls()
        wait_for(lambda: metrics(suite)['postrider_connections_tls{process="smtpd"}'] == 1)
        one.close()
        wait_for(lambda: metrics(suite)[series] == 1)
        wait_for(lambda: metrics(suite)['postrider_connections_tls{process="smtpd"}'] == 0)
    wait_for(lambda: metrics(suite)[series] == 0)
    assert metrics(suite)['postrider_tls_sessions_total{service="smtp",version="1.3"}'] >= 1


def test_every_daemon_is_up_with_its_time_and_certificate(suite):
    found = metrics(suite)
    for daemon in ("smtpd", "queued", "deliverd@local", "deliverd@remote", "pop3d"):
        assert found[f'postrider_up{{process="{daemon}"}}'] == 1
        started = found[f'postrider_process_start_time_seconds{{process="{daemon}",worker="0"}}']
        assert time.time() - 600 < started <= time.time()
        assert found[f'postrider_process_resident_memory_bytes{{process="{daemon}",worker="0"}}'] > 1e6
    assert found['postrider_workers{process="smtpd"}'] == 2
    assert found["postrider_queue_up"] == 1
    days = (found['postrider_certificate_expiry_timestamp_seconds{process="smtpd"}'] - time.time()) / 86400
    assert 3640 < days <= 3650
    assert found["postrider_spool_free_bytes"] > 0


def test_every_series_is_in_the_manual_page(suite):
    page = suite.command("monitor", "--manual", with_config=False).stdout
    names = {name for name, _ in re.findall(r"^\.B (postrider_\w+)\n\((\w+)", page, re.M)}
    shown = set(re.findall(r"^# TYPE (\S+)", get(suite, "/metrics")[1], re.M))
    assert shown <= names
    assert names - shown <= set(), "what the page has and nobody tells"


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not there; ./dev test --long unpacks it")
def test_prometheus_own_tool_finds_nothing_wrong_with_the_text(suite):
    done = subprocess.run([PROMTOOL, "check", "metrics"], input=get(suite, "/metrics")[1],
                          capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_only_what_is_there_is_answered(suite):
    assert get(suite, "/healthz")[1] == "ok\n"
    for path in ("/nothing", "/metrics/", "/../etc/passwd", "/trace/"):
        assert get(suite, path)[0].status == 404, path
    assert "Nothing is known of “x”" in get(suite, "/trace?q=x")[1]
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        answer, _ = get(suite, "/", method)
        assert (answer.status, answer.getheader("Allow")) == (405, "GET, HEAD")
    answer, body = get(suite, "/metrics", "HEAD")
    assert answer.status == 200 and body == "" and int(answer.getheader("Content-Length")) > 1000


def test_a_page_of_somebody_else_reads_nothing(suite):
    for host in ("evil.example", f"evil.example:{port_of(suite)}", "127.0.0.1.evil.example"):
        for path in ("/", "/metrics", "/healthz"):
            assert get(suite, path, host=host)[0].status == 421
    for host in ("localhost", "mx.example.test", "[::1]:90", "127.0.0.1"):
        assert get(suite, "/healthz", host=host)[0].status == 200
    answer, _ = get(suite, "/")
    policy = answer.getheader("Content-Security-Policy")
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "unsafe" not in policy
    assert answer.getheader("Access-Control-Allow-Origin") is None


def test_a_request_has_limits(suite):
    assert get(suite, "/", headers={"X": "y" * 9000})[0].status == 431
    assert get(suite, "/", headers={"Content-Length": "5"})[0].status == 413
    assert get(suite, "/?" + "a=b&" * 50)[0].status == 400


def test_clients_that_wait_keep_nobody_out_for_long():
    with Instance({"metrics": {"connection_limit": 5, "timeout": "1s"}}) as suite:
        with contextlib.ExitStack() as held:
            for _ in range(5):
                client = held.enter_context(socket.create_connection(("127.0.0.1", port_of(suite))))
                client.sendall(b"GET / HTTP/1.1\r\n")
            time.sleep(0.2)
            with contextlib.suppress(ConnectionError, http.client.HTTPException):
                answer, body = get(suite, "/healthz")
                assert answer.status == 503 and "too many connections" in body

            def answered():
                with contextlib.suppress(ConnectionError, http.client.HTTPException):
                    return get(suite, "/healthz")[1] == "ok\n"

            wait_for(answered, 10)


def test_the_page_tells_the_queue_its_trouble_and_what_came_back():
    routes = [{"match": "down.test", "via": "smtp:[127.0.0.1]:1"}]
    with Instance({"route": routes}) as suite:
        suite.add_user(ANNA)
        with suite.smtp() as client:
            client.sendmail(ANNA, ["bob@down.test"], MESSAGE)
            client.sendmail(ANNA, ['"<b>x</b>"@down.test'], MESSAGE)
            client.sendmail(ANNA, ["carol@down.test"], MESSAGE)
        wait_for(lambda: suite.json("status")["deferred"] == 3)
        for recipient in ("bob@down.test", "*<b>*"):
            suite.command("queue", "expire", "--recipient", recipient)
        wait_for(lambda: suite.json("status")["deferred"] == 1)

        def page():
            text = get(suite, "/?refresh=off")[1]
            return text if text.count("Given up") == 2 else None

        text = wait_for(page, 20, "a page that knows of it")
        assert "bob@down.test" in text and "Connection refused" in text
        assert "carol" not in text and "&lt;b&gt;x&lt;/b&gt;" in text.split("Returned lately")[1]
        assert "<b>x</b>" not in text and "<script" not in text
        assert "http-equiv" not in text and 'http-equiv="refresh"' in get(suite, "/")[1]
        found = metrics(suite)
        assert found['postrider_queue_messages{state="deferred"}'] == 1
        assert found['postrider_queue_messages_by_age{state="deferred",age="5m"}'] == 1
        assert found["postrider_queue_recipients_expired_total"] == 2
        assert 0 < found["postrider_queue_oldest_message_age_seconds"] < 300
        wait_for(lambda: metrics(suite)["postrider_queue_destinations_down"] == 1, 30)


@contextlib.contextmanager
def without_a_worker(suite, process):
    """Its parent is stopped, which would start another."""
    [pid] = [w["pid"] for w in suite.json("status")["workers"] if w["process"] == process]
    parent = int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1])
    os.kill(parent, signal.SIGSTOP)
    try:
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: metrics(suite)[f'postrider_up{{process="{process}"}}'] == 0)
        yield
    finally:
        os.kill(parent, signal.SIGCONT)


def test_a_daemon_that_is_gone_is_told_and_the_rest_goes_on():
    with Instance() as suite:
        with without_a_worker(suite, "pop3d"):
            assert metrics(suite)['postrider_up{process="smtpd"}'] == 1
            assert "pop3d does not run. Nobody can read mail over POP3." in get(suite, "/")[1]
            status = suite.json("status")
            assert [one["name"] for one in status["warnings"]] == ["daemon_down"]
            assert suite.command("status").stdout.startswith("! pop3d does not run.")
        wait_for(lambda: metrics(suite)['postrider_up{process="pop3d"}'] == 1, 40)


@pytest.mark.parametrize("process", ["queued", "deliverd@remote"])
def test_a_daemon_that_has_no_worker_for_a_moment_as_in_a_reload_is_not_called_down(process):
    with Instance() as suite, concurrent.futures.ThreadPoolExecutor() as beside:
        with without_a_worker(suite, process):
            status = beside.submit(suite.json, "status")
            time.sleep(0.5)  # it has looked, and not answered
            assert not status.done()
        assert status.result()["warnings"] == []


def test_what_was_counted_outlives_a_restart(suite):
    send(suite, 1)
    before = metrics(suite)["postrider_smtp_messages_accepted_total"]
    assert before > 0
    suite.restart()
    assert metrics(suite)["postrider_smtp_messages_accepted_total"] == before
    assert metrics(suite)['postrider_connections{process="smtpd"}'] == 0
    assert not [f for f in (suite.directory / "run").iterdir() if f.name.endswith(".new")]


def test_status_tells_what_runs_rates_and_that_nothing_is_wrong(suite):
    status = suite.json("status")
    names = [worker["process"] for worker in status["workers"]]
    assert sorted(names) == ["deliverd@local", "deliverd@remote", "monitor", "pop3d", "queued", "smtpd", "smtpd"]
    assert all(worker["version"] and worker["pid"] > 1 for worker in status["workers"])
    assert status["warnings"] == [] and "accepted" in status["rates"]
    text = suite.command("status").stdout
    assert text.startswith("queue: ") and "deliverd@remote" in text and "last minute: " in text


def test_a_reload_goes_on_with_the_new_settings(suite):
    suite.configure({"metrics": {"connection_limit": 7}})
    suite.process.send_signal(signal.SIGHUP)
    wait_for(lambda: any("process=monitor" in line for line in suite.events("reloaded")))
    assert wait_for(lambda: get(suite, "/healthz")[1]) == "ok\n"
    suite.configure({"metrics": {"listen": "198.51.100.1:9"}})
    suite.process.send_signal(signal.SIGHUP)
    wait_for(lambda: [line for line in suite.events("not_reloaded") if "process=monitor" in line])
    assert get(suite, "/healthz")[1] == "ok\n"
    suite.configure({"metrics": {"listen": f"127.0.0.1:{port_of(suite)}"}})


def test_an_address_beyond_loopback_is_refused_until_it_is_meant(suite):
    with Instance({"metrics": {"listen": "0.0.0.0:9"}}, start=False) as made:
        done = made.command("config", "check", check=False)
        assert done.returncode == 78 and "metrics.beyond_loopback" in done.stderr
        made.configure({"metrics": {"beyond_loopback": "on"}})
        assert made.command("config", "check").returncode == 0


def test_without_an_address_nothing_is_served_and_rates_are_known_all_the_same():
    with Instance({"metrics": {"listen": ""}}) as suite:
        assert "monitor" in [worker["process"] for worker in suite.json("status")["workers"]]
        with pytest.raises(ConnectionRefusedError):
            get(suite, "/healthz")
        rates = suite.directory / "run/rates"
        wait_for(lambda: rates.exists() and rates.stat().st_size > 0, what="the first sample")
        suite.configure({"metrics": {"listen": f"127.0.0.1:{port_of(suite)}"}})
        suite.process.send_signal(signal.SIGHUP)
        wait_for(lambda: [line for line in suite.events("reloaded") if "process=monitor" in line])
        assert get(suite, "/healthz")[1] == "ok\n"


def test_an_address_that_is_taken_leaves_the_page_where_it_is(suite):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        suite.configure({"metrics": {"listen": f"127.0.0.1:{taken.getsockname()[1]}"}})
        before = len(suite.events("not_reloaded"))
        suite.process.send_signal(signal.SIGHUP)
        wait_for(lambda: len(suite.events("not_reloaded")) > before)
        assert get(suite, "/healthz")[1] == "ok\n"
    suite.configure({"metrics": {"listen": f"127.0.0.1:{port_of(suite)}"}})


def test_top_shows_a_screen_and_ends(suite):
    screen = suite.command("top", "--once").stdout
    assert "mx.example.test" in screen and "A SECOND" in screen and "\x1b" not in screen
    assert json.loads(suite.command("--json", "top").stdout)["workers"]


def test_top_is_live_until_q(suite):
    child, terminal = pty.fork()
    if child == 0:
        os.execv(suite.programs / "postrider", ["postrider", "--config", str(suite.config), "top"])
    shown = b""
    with contextlib.suppress(OSError):  # a pseudo-terminal whose other end is closed
        while shown.count(b"\x1b[H") < 2:
            shown += os.read(terminal, 65536)
        os.write(terminal, b"q")
        while True:
            shown += os.read(terminal, 65536)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    os.close(terminal)
    assert b"A SECOND" in shown and shown.rstrip().endswith(b"\x1b[?1049l")
