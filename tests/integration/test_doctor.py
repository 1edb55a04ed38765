"""postrider doctor: each thing that may be wrong with a mail server, with its mend; what is well is not called wrong."""

import json
import poplib
import signal

import certificates
import nsd
import pytest
from cut_off import cut_off_a_change
from harness import Instance, free_port, wait_for
from peer import Peer
from stuck import REASONS, stuck_suite

HOST = "mx.example.test"
RIGHT = f"""@ IN SOA ns hostmaster 1 2 3 4 5
@ IN NS ns
ns IN A 127.0.0.1
mx IN A 192.0.2.5
mx IN TXT "v=spf1 a -all"
@ IN MX 10 mx
@ IN TXT "site-verification=1"
@ IN TXT "v=spf1 mx -all"
_dmarc IN TXT "v=DMARC1; p=none"
_submissions._tcp IN SRV 0 1 465 mx
_submission._tcp IN SRV 0 1 587 mx
_pop3s._tcp IN SRV 0 1 995 mx
_pop3._tcp IN SRV 0 1 110 mx
"""
EMPTY = "@ IN SOA ns hostmaster 1 2 3 4 5\n@ IN NS ns.example.test.\n"
WRONG = EMPTY + """@ IN MX 10 elsewhere
@ IN TXT "v=spf1 ip4:192.0.2.99 -all"
@ IN TXT "v=spf1 -all"
_pop3s._tcp IN SRV 0 1 995 elsewhere
"""
ZONES = {"example.test": RIGHT, "missing.test": EMPTY, "wrong.test": WRONG,
         "2.0.192.in-addr.arpa": EMPTY + f"5 IN PTR {HOST}.\n"}

pytestmark = pytest.mark.skipif(nsd.NSD is None, reason="nsd is not unpacked")


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    with nsd.serve(tmp_path_factory.mktemp("nsd"), ZONES) as dns, Peer() as outside, \
            Instance({"dns": {"servers": [dns]}}) as running:
        running.add_user("anna@example.test")
        running.outside, running.dns = f"127.0.0.1:{outside.port}", dns
        yield running


def doctor(suite, *arguments):
    probe = [] if "--probe" in arguments else ["--probe", suite.outside]
    done = suite.command("doctor", "--json", *probe, *arguments, check=False)
    return done, json.loads(done.stdout)["findings"]


def told(findings, area, health):
    return [finding["text"] for finding in findings if (finding["area"], finding["health"]) == (area, health)]


def test_a_host_that_is_well_has_nothing_wrong(suite):
    done, findings = doctor(suite)
    assert [finding for finding in findings if finding["health"] == "wrong"] == []
    assert done.returncode == 0
    areas = {finding["area"] for finding in findings if finding["health"] == "ok"}
    assert {"suite", "queue", "configuration", "rights", "directory", "certificate", "service", "dns", "way out"} <= areas
    assert len(told(findings, "service", "ok")) == 6
    assert told(findings, "dns", "warning") == []
    assert any("192.0.2.5 is named mx.example.test (PTR)" in text for text in told(findings, "dns", "ok"))
    assert any("signed by itself" in text for text in told(findings, "certificate", "warning"))


def test_what_is_wrong_comes_first_each_with_its_mend(suite):
    suite.command("domain", "add", "missing.test")
    suite.command("domain", "add", "wrong.test")
    try:
        done, findings = doctor(suite)
        assert done.returncode == 1
        order = ["wrong", "warning", "ok"]
        healths = [order.index(finding["health"]) for finding in findings]
        assert healths == sorted(healths)
        assert all(bool(finding["mend"]) == (finding["health"] != "ok") for finding in findings)
        wrong = "\n".join(told(findings, "dns", "wrong"))
        assert "missing.test. MX: there is none" in wrong
        assert "mail for wrong.test is sent elsewhere: 10 elsewhere.wrong.test." in wrong
        assert "2 records of SPF" in wrong
        warned = "\n".join(told(findings, "dns", "warning"))
        assert "missing.test. TXT: no SPF" in warned and "_dmarc.missing.test. TXT: no DMARC" in warned
        assert "_pop3s._tcp.wrong.test. SRV: mail programs are sent elsewhere" in warned
        mends = "\n".join(finding["mend"] for finding in findings)
        assert "missing.test. IN MX 10 mx.example.test." in mends
        text = suite.command("doctor", "--probe", suite.outside, check=False).stdout
        assert text.startswith("wrong ") and " wrong, " in text.splitlines()[-1]
    finally:
        suite.command("domain", "remove", "missing.test")
        suite.command("domain", "remove", "wrong.test")


def test_a_host_whose_only_domain_is_its_own_name_is_looked_up_too(suite):
    with Instance({"dns": {"servers": [suite.dns]}}, start=False) as alone:
        alone.outside = suite.outside
        alone.command("alias", "remove", "postmaster@mx.example.test")
        alone.command("domain", "remove", "mx.example.test")
        alone.configure({"hostname": "example.test"})
        _, findings = doctor(alone)
        wrong = told(findings, "dns", "wrong")
        assert any("mail for example.test is sent elsewhere" in text for text in wrong)
        assert any("example.test. A: there is none" in text for text in wrong)


def test_a_way_out_that_is_closed_is_wrong(suite):
    done = suite.command("doctor", "--probe", f"127.0.0.1:{free_port()}", check=False)
    assert done.returncode == 1
    assert "way out: No other server is reached." in done.stdout and "relay.smarthost" in done.stdout


def test_a_server_that_turns_us_away_is_told_in_its_words(suite):
    with Peer() as peer:
        peer.script["CONNECT"] = lambda *_: "554 5.7.1 You are on a list"
        done = suite.command("doctor", "--probe", f"127.0.0.1:{peer.port}", check=False)
    assert done.returncode == 0 and "554 5.7.1 You are on a list" in done.stdout


@pytest.mark.parametrize("line", ["", "HTTP/1.1 400 Bad Request"])
def test_a_machine_that_answers_in_the_place_of_a_mail_server_is_told(suite, line):
    with Peer() as peer:
        peer.script["CONNECT"] = lambda *_: line
        done, findings = doctor(suite, "--probe", f"127.0.0.1:{peer.port}")
    [text] = told(findings, "way out", "warning")
    assert (line or "says nothing") in text and told(findings, "way out", "ok") == []


def test_a_server_needs_no_port_but_has_to_be_one(suite):
    _, findings = doctor(suite, "--probe", "mx.missing.test")
    assert any("mx.missing.test:25 is not found in DNS" in text for text in told(findings, "way out", "wrong"))
    for wrong in ("mx.example.test:", "mx.example.test:smtp", "mx_example", "[::1", "a b"):
        done = suite.command("doctor", "--probe", wrong, check=False)
        assert (done.returncode, done.stdout) == (2, "") and wrong in done.stderr and "HOST:PORT" in done.stderr


def test_a_key_that_others_read_is_wrong(suite):
    key, folders = suite.directory / "tls/key.pem", [suite.directory / "tls"]
    key.chmod(0o644)
    folders[0].chmod(0o755)
    try:
        done, findings = doctor(suite)
    finally:
        key.chmod(0o600)
        folders[0].chmod(0o700)
    assert done.returncode == 1
    [text] = told(findings, "rights", "wrong")
    assert str(key) in text and "0644" in text


def test_a_change_of_the_directory_that_was_cut_off_is_wrong_until_a_reload_has_taken_it_back(suite):
    cut_off_a_change(suite.directory / "data")
    with pytest.raises(poplib.error_proto, match="TEMP"):
        suite.pop3("anna@example.test")
    done, findings = doctor(suite)
    assert done.returncode == 1
    [finding] = [one for one in findings if (one["area"], one["health"]) == ("directory", "wrong")]
    assert "cut off" in finding["text"] and finding["mend"] == "postrider directory recover"
    suite.process.send_signal(signal.SIGHUP)
    wait_for(lambda: suite.events("directory_recovered"), what="the recovery")
    done, findings = doctor(suite)
    assert [finding for finding in findings if finding["health"] == "wrong"] == []
    suite.pop3("anna@example.test").quit()


def expired(folder):
    """A certificate of a year ago."""
    key, request, made = folder / "key.pem", folder / "request.pem", folder / "certificate.pem"
    certificates.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                         f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-keyout", key, "-out", request)
    (folder / "index").write_text("")
    (folder / "ca.conf").write_text(f"""[ca]
default_ca = this
[this]
database = {folder}/index
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
""")
    certificates.openssl("ca", "-batch", "-selfsign", "-notext", "-config", folder / "ca.conf", "-in", request, "-keyfile", key,
                         "-startdate", "20240101000000Z", "-enddate", "20250101000000Z", "-out", made)
    return made, key


def test_certificates_that_have_expired_or_are_anothers_are_wrong(suite, tmp_path):
    with Instance({"dns": {"servers": [f"127.0.0.1:{free_port()}"]}}, start=False) as other:
        certificate, key = expired(tmp_path)
        other.configure({"tls": {"certificate": str(certificate), "key": str(key)}})
        other.outside = suite.outside
        done, findings = doctor(other)
        assert done.returncode == 1
        assert any("has expired" in text for text in told(findings, "certificate", "wrong"))
        certificate, key = certificates.self_signed(tmp_path, "www.example.test")
        other.configure({"tls": {"certificate": str(certificate), "key": str(key)}})
        _, findings = doctor(other)
        assert any("is not for mx.example.test" in text for text in told(findings, "certificate", "wrong"))
        # Nothing runs, and no DNS answers.
        assert len(told(findings, "service", "wrong")) == 6
        assert any("do not run" in text for text in told(findings, "suite", "wrong"))
        assert told(findings, "dns", "wrong") == []
        assert any("not known now" in text for text in told(findings, "dns", "warning"))


def test_mail_that_waits_for_four_reasons_is_told_group_by_group():
    messages = 100
    with stuck_suite(messages) as stuck:
        done = stuck.command("doctor", "--probe", f"127.0.0.1:{free_port()}", "--json", check=False)
        findings = json.loads(done.stdout)["findings"]
    groups = [finding for finding in findings if finding["area"] == "queue" and finding["health"] == "warning"]
    assert len(groups) == len(REASONS)
    for group, (share, means, domains) in zip(groups, REASONS.values()):
        assert f"{int(share * messages)} messages: {means}" in group["text"]
        assert group["mend"]
