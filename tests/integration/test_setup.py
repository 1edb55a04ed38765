"""postrider setup: it makes what is missing, leaves alone what is there, and goes on where it was cut off. And what
certbot runs after a renewal."""

import json
import os
import pathlib
import subprocess

import certificates
import pytest
from cut_off import cut_off_a_change
from harness import BIN

ADDRESS = "anna@example.test"
PASSWORD = "correct horse battery staple"
HOOK = pathlib.Path(__file__).resolve().parents[2] / "etc/certbot/postrider"


class Host:
    """A host's folders: the configuration says where they are, unless it is made by setup itself."""

    def __init__(self, folder, configured=True):
        self.folder = folder
        self.config = folder / "etc/postrider.toml"
        self.prefix = []
        (folder / "data").mkdir()
        (folder / "etc").mkdir()
        if configured:
            self.config.write_text(f"""# Ours.
hostname = "mx.example.test"   # as DNS has it
[paths]
spool = "{folder}/spool"
mail = "{folder}/mail"
data = "{folder}/data"
run = "{folder}/run"
[tls]
certificate = "tls/certificate.pem"
key = "tls/key.pem"
""")

    certificate = property(lambda self: self.config.parent / "tls/certificate.pem")
    key = property(lambda self: self.config.parent / "tls/key.pem")

    def run(self, *arguments, program="setup", input=None):
        return subprocess.run([*self.prefix, BIN / "postrider", "--config", self.config, "--json", program, *arguments],
                              capture_output=True, text=True, timeout=60, input=input)

    def setup(self, *arguments, address=ADDRESS, input=None):
        return self.run(address, "--no-start", *arguments, input=input)

    def answer(self, *arguments):
        done = self.setup(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def files(self):
        return {path: (path.stat().st_mode, path.stat().st_mtime_ns, path.read_bytes())
                for path in self.config.parent.rglob("*") if path.is_file()}


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


@pytest.fixture
def bare_host(tmp_path):
    """Without a configuration: paths.data is the one of an installed suite, in a mount namespace of its own."""
    host = Host(tmp_path, configured=False)
    host.prefix = ["unshare", "--mount", "--propagation", "private", "sh", "-c",
                   'mount -t tmpfs tmpfs /var/lib && mkdir /var/lib/postrider && '
                   'mount --bind "$1" /var/lib/postrider && shift && exec "$@"', "sh", str(tmp_path / "data")]
    if subprocess.run([*host.prefix, "true"], capture_output=True).returncode != 0:
        pytest.skip("a file system cannot be mounted here")
    return host


def changed(answer):
    return {step["name"] for step in answer["steps"] if step["changed"]}


def public_key(path, kind):
    options = ["x509", "-pubkey", "-noout"] if kind == "certificate" else ["pkey", "-pubout"]
    return certificates.openssl(*options, "-in", path).stdout


def test_a_bare_host_gets_all_and_a_second_time_nothing(bare_host):
    answer = bare_host.answer("--hostname", "mx.example.test")
    assert changed(answer) == {"configuration", "certificate", "domain", "user", "postmaster", "root"}
    assert len(answer["password"]) >= 16 and answer["hostname"] == "mx.example.test"
    assert {record["type"] for record in answer["records"]} >= {"A", "MX", "TXT", "SRV"}
    assert bare_host.run("show", program="config").returncode == 0
    assert bare_host.key.stat().st_mode & 0o777 == 0o640
    assert bare_host.certificate.stat().st_mode & 0o777 == 0o644
    assert bare_host.key.parent.stat().st_mode & 0o777 == 0o750
    before = bare_host.files()
    again = bare_host.answer()
    assert changed(again) == set() and again["password"] is None
    assert bare_host.files() == before


def test_a_configuration_that_is_there_is_kept(host):
    before = host.config.read_bytes()
    assert changed(host.answer()) == {"certificate", "domain", "user", "postmaster", "root"}
    assert host.config.read_bytes() == before
    done = host.setup("--hostname", "other.example.test")
    assert done.returncode == 1 and "hostname" in done.stderr
    assert host.config.read_bytes() == before


def test_a_configuration_that_is_wrong_is_kept_too(host):
    host.config.write_text("hostname = 7\n")
    done = host.setup()
    assert done.returncode == 1 and "nothing was changed" in done.stderr
    assert host.config.read_text() == "hostname = 7\n"
    assert not host.certificate.exists() and not list((host.folder / "data").iterdir())


def test_what_was_cut_off_is_finished(host):
    host.answer()
    host.certificate.unlink()
    (host.certificate.parent / "certificate.pem.new").write_text("half of one")
    key = host.key.read_bytes()
    assert changed(host.answer()) == {"certificate"}
    assert host.key.read_bytes() == key
    assert public_key(host.certificate, "certificate") == public_key(host.key, "key")
    assert not (host.certificate.parent / "certificate.pem.new").exists()
    host.run("remove", "postmaster@example.test", program="alias")
    assert changed(host.answer()) == {"postmaster"}


def test_a_change_of_the_directory_that_was_cut_off_is_taken_back(host):
    host.answer()
    cut_off_a_change(host.folder / "data")
    assert changed(host.answer()) == set()
    cut_off_a_change(host.folder / "data")
    for recovered in (True, False):
        done = host.run("recover", program="directory")
        assert done.returncode == 0 and json.loads(done.stdout) == {"recovered": recovered}
    assert "half" not in host.run("list", program="domain").stdout


def test_a_certificate_without_its_key_is_not_touched(host):
    host.answer()
    host.key.unlink()
    before = host.certificate.read_bytes()
    done = host.setup()
    assert done.returncode == 1
    assert str(host.certificate) in done.stderr and str(host.key) in done.stderr
    assert host.certificate.read_bytes() == before and not host.key.exists()


@pytest.mark.parametrize("address", ["anna", "anna@", "@example.test", "anna@localhost", "a b@example.test"])
def test_an_address_that_cannot_be_changes_nothing(host, address):
    before = host.files()
    done = host.setup(address=address)
    assert done.returncode == 1 and done.stdout == ""
    assert host.files() == before and not list((host.folder / "data").iterdir())


def test_a_password_may_be_given_and_another_user_added(host):
    done = host.setup("--password-stdin", input=PASSWORD + "\n")
    assert done.returncode == 0 and json.loads(done.stdout)["password"] is None
    second = json.loads(host.setup(address="bert@example.test").stdout)
    assert changed(second) == {"user"} and second["password"]


def test_a_password_for_a_user_who_is_there_is_not_taken_and_how_it_is_changed_is_told(host):
    host.answer()
    done = host.setup("--password-stdin", input=PASSWORD + "\n")
    [user] = [step for step in json.loads(done.stdout)["steps"] if step["name"] == "user"]
    assert not user["changed"] and f"postrider user passwd {ADDRESS}" in user["text"]


def test_what_programs_of_the_host_send_to_root_goes_to_the_first_user(host):
    host.answer()
    aliases = json.loads(host.run("list", program="alias").stdout)["aliases"]
    assert {"root@mx.example.test", "postmaster@mx.example.test", "postmaster@example.test"} <= \
        {alias["address"] for alias in aliases}
    assert changed(json.loads(host.setup(address="bert@example.test").stdout)) == {"user"}


def test_a_hostname_may_be_written_in_capitals(host):
    host.config.write_text(host.config.read_text().replace("mx.example.test", "MX.Example.test"))
    assert host.answer("--hostname", "mx.EXAMPLE.test")["hostname"] == "mx.example.test"
    assert changed(host.answer()) == set()


def test_the_units_of_the_host_are_left_alone_by_a_configuration_of_another_place(host):
    done = host.run(ADDRESS)
    assert done.returncode == 0, done.stderr
    [units] = [step for step in json.loads(done.stdout)["steps"] if step["name"] == "units"]
    assert not units["changed"] and f"postrider --config {host.config} run" in units["text"]


def test_a_password_that_was_made_is_told_though_a_later_step_fails(host):
    obstacle = host.folder / "data/srs.key.new"
    obstacle.mkdir()
    done = host.setup()
    answer = json.loads(done.stdout)
    assert done.returncode == 75 and str(obstacle) in done.stderr and str(obstacle) in answer["reason"]
    assert answer["password"] and "user" in changed(answer)
    done = subprocess.run([BIN / "postrider", "--config", host.config, "setup", "bert@example.test", "--no-start"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 75 and "The password of bert@example.test" in done.stdout
    obstacle.rmdir()
    assert changed(host.answer()) == set()


def test_a_domain_that_is_an_alias_is_refused_with_the_one_to_name(host):
    host.answer()
    assert host.run("alias", "add", "example.net", "example.test", program="domain").returncode == 0
    done = host.setup(address="bert@example.net")
    assert done.returncode == 1 and "postrider setup bert@example.test" in done.stderr
    answer = json.loads(done.stdout)
    assert answer["password"] is None and changed(answer) == set() and "alias" in answer["reason"]


def test_a_user_who_cannot_be_made_gets_no_password(host):
    host.answer()
    host.run("add", "info@example.test", ADDRESS, program="alias")
    done = host.setup(address="info@example.test")
    assert done.returncode == 1 and json.loads(done.stdout)["password"] is None


def test_people_are_told_records_and_settings(host):
    done = subprocess.run([BIN / "postrider", "--config", host.config, "setup", ADDRESS, "--no-start"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    for text in ("MX    10 mx.example.test.", '"v=spf1 mx -all"', "port 995", "port 465", "PTR", "not shown again",
                 "postrider selftest", "postrider doctor"):
        assert text in done.stdout, text


# ---- certbot ----

def renew(host, domains, lineage):
    tls = host.config.parent / "tls"
    tls.mkdir(exist_ok=True)
    return subprocess.run(["sh", HOOK], capture_output=True, text=True, timeout=30,
                          env={**os.environ, "RENEWED_DOMAINS": domains, "RENEWED_LINEAGE": str(lineage),
                               "POSTRIDER": str(BIN / "postrider"), "POSTRIDER_CONFIG": str(host.config),
                               "POSTRIDER_TLS_GROUP": str(os.getgid())}), tls


def lineage_of(folder):
    live = folder / "live"
    live.mkdir()
    certificate, key = certificates.self_signed(live, "mx.example.test")
    certificate.rename(live / "fullchain.pem")
    key.rename(live / "privkey.pem")
    return live


def test_a_renewed_certificate_of_this_host_is_taken(host):
    live = lineage_of(host.folder)
    done, tls = renew(host, "www.example.test mx.example.test", live)
    assert done.returncode == 0, done.stderr
    assert (tls / "certificate.pem").read_bytes() == (live / "fullchain.pem").read_bytes()
    assert (tls / "key.pem").read_bytes() == (live / "privkey.pem").read_bytes()
    assert (tls / "key.pem").stat().st_mode & 0o777 == 0o640
    assert (tls / "certificate.pem").stat().st_mode & 0o777 == 0o644
    assert sorted(path.name for path in tls.iterdir()) == ["certificate.pem", "key.pem"]


def test_it_takes_the_place_of_the_files_that_the_configuration_names(host):
    names = host.config.read_text().replace("tls/certificate.pem", "tls/mx.pem").replace("tls/key.pem", "tls/mx.key")
    host.config.write_text(names)
    live = lineage_of(host.folder)
    done, tls = renew(host, "mx.example.test", live)
    assert done.returncode == 0, done.stderr
    assert (tls / "mx.pem").read_bytes() == (live / "fullchain.pem").read_bytes()
    assert sorted(path.name for path in tls.iterdir()) == ["mx.key", "mx.pem"]


@pytest.mark.parametrize("files", [("", ""), ("fullchain.pem", "privkey.pem")])
def test_without_files_of_its_own_to_replace_it_changes_nothing_and_says_so(host, files):
    live = lineage_of(host.folder)
    certificate, key = (str(live / file) if file else "" for file in files)
    host.config.write_text(f'hostname = "mx.example.test"\n[tls]\ncertificate = "{certificate}"\nkey = "{key}"\n')
    before = {path: path.read_bytes() for path in live.iterdir()}
    done, tls = renew(host, "mx.example.test", live)
    assert done.returncode == 1 and "tls/certificate.pem and tls/key.pem" in done.stderr
    assert not list(tls.iterdir()) and {path: path.read_bytes() for path in live.iterdir()} == before


@pytest.mark.parametrize("domains", ["MX.Example.test", "example.test *.example.test"])
def test_names_are_compared_as_dns_compares_them(host, domains):
    done, tls = renew(host, domains, lineage_of(host.folder))
    assert done.returncode == 0 and done.stderr == ""
    assert sorted(path.name for path in tls.iterdir()) == ["certificate.pem", "key.pem"]


@pytest.mark.parametrize("domains", ["www.example.test amx.example.test", "*.test", "*.mx.example.test"])
def test_that_of_another_host_is_left_alone_and_named(host, domains):
    done, tls = renew(host, domains, lineage_of(host.folder))
    assert done.returncode == 0 and not list(tls.iterdir())
    assert domains in done.stderr and "mx.example.test" in done.stderr


@pytest.mark.parametrize("missing", ["privkey.pem", "fullchain.pem"])
def test_a_renewal_without_a_file_changes_nothing_and_says_so(host, missing):
    live = lineage_of(host.folder)
    done, tls = renew(host, "mx.example.test", live)
    before = {path.name: path.read_bytes() for path in tls.iterdir()}
    (live / "privkey.pem").write_text("another\n")
    (live / missing).unlink()
    done, tls = renew(host, "mx.example.test", live)
    assert done.returncode != 0 and missing in done.stderr
    assert {path.name: path.read_bytes() for path in tls.iterdir()} == before


def test_a_host_that_was_not_set_up_takes_no_certificate_and_says_so(host):
    host.config.write_text("# nothing\n")
    done, tls = renew(host, "mx.example.test", lineage_of(host.folder))
    assert done.returncode == 1 and "postrider setup" in done.stderr and not list(tls.iterdir())
