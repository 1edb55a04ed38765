"""The units of systemd: that it understands them, that they name what there is, and how exposed a service is."""

import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNITS = ROOT / "etc/systemd"
# As `systemd-analyze security` counts: 0 nothing, 10 all.
MAX_EXPOSURE = 1.5

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")


def units(ending):
    found = sorted(UNITS.glob(f"*.{ending}"))
    assert found
    return found


class Unit(dict):
    """Section.Key -> values: a key may stand more than once."""

    def __init__(self, path):
        super().__init__()
        section = ""
        for line in path.read_text().splitlines():
            if line.startswith("["):
                section = line.strip("[]")
            elif "=" in line and not line.startswith(("#", ";")):
                key, value = line.split("=", 1)
                self.setdefault(f"{section}.{key}", []).append(value)


@needs_systemd
def test_systemd_understands_every_unit(tmp_path):
    folder = tmp_path / "usr/lib/systemd/system"
    shutil.copytree(UNITS, folder)
    for service in units("service"):
        program = Unit(service)["Service.ExecStart"][0].split()[0]
        path = tmp_path / program.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    shell = tmp_path / "bin/kill"
    shell.parent.mkdir(parents=True, exist_ok=True)
    shell.write_text("#!/bin/sh\n")
    shell.chmod(0o755)
    # Of the host's own: what ours come after.
    for name in ("network.target", "local-fs.target", "sysinit.target", "basic.target", "shutdown.target",
                 "sockets.target", "multi-user.target", "paths.target", "timers.target", "slices.target"):
        host = next(p for p in (pathlib.Path("/usr/lib/systemd/system") / name,
                                pathlib.Path("/lib/systemd/system") / name) if p.exists())
        if not (folder / name).exists():
            shutil.copy(host, folder / name)
    done = subprocess.run(["systemd-analyze", f"--root={tmp_path}", "--man=no", "--recursive-errors=no", "verify",
                           *(p.name for p in units("*"))], capture_output=True, text=True)
    told = [line for line in (done.stderr + done.stdout).splitlines() if "postrider" in line]
    assert told == [] and done.returncode == 0, done.stderr


@needs_systemd
@pytest.mark.parametrize("service", units("service"), ids=lambda p: p.stem)
def test_a_service_is_hardly_exposed(service):
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", str(service)],
                          capture_output=True, text=True)
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert exposure, done.stdout + done.stderr
    assert float(exposure[1]) <= MAX_EXPOSURE, done.stdout


def test_each_user_of_a_service_is_made_and_owns_what_it_writes():
    users = set(re.findall(r"^u (\S+)", (ROOT / "etc/sysusers.d/postrider.conf").read_text(), re.M))
    folders = set(re.findall(r"^d (\S+)", (ROOT / "etc/tmpfiles.d/postrider.conf").read_text(), re.M))
    for path in units("service"):
        unit = Unit(path)
        assert set(unit["Service.User"]) <= users, path.name
        for line in unit["Service.ReadWritePaths"]:
            assert set(line.split()) <= folders, f"{path.name}: {line}"


def test_each_socket_is_the_service_it_says():
    taken = {}
    for path in units("service"):
        for line in Unit(path).get("Service.Sockets", []):
            taken.update({socket: path.name for socket in line.split()})
    said = {path.name: Unit(path)["Socket.Service"][0] for path in units("socket")}
    assert taken == said
    target = Unit(UNITS / "postrider.target")
    wanted = {name for line in target["Unit.Wants"] for name in line.split()}
    assert wanted == {p.name for p in units("s*") if p.suffix in (".service", ".socket")}


def test_what_lets_others_see_speaks_to_this_host_alone_and_reads_no_mail():
    unit = Unit(UNITS / "postrider-monitor.service")
    assert unit["Service.User"] == ["pr-monitor"]
    assert (unit["Service.IPAddressDeny"], unit["Service.IPAddressAllow"]) == (["any"], ["localhost"])
    hidden = set(unit["Service.InaccessiblePaths"][0].split())
    assert {"-/var/mail", "-/var/spool/postrider/incoming"} <= hidden


def test_what_hinders_a_start_is_tried_again_for_as_long_as_it_takes():
    for path in units("service"):
        unit = Unit(path)
        assert unit["Unit.StartLimitIntervalSec"] == ["0"], path.name
        assert (unit["Service.Restart"], unit["Service.RestartSec"]) == (["always"], ["1"]), path.name


def test_the_directory_of_users_is_hidden_from_who_does_not_ask_it():
    # The monitor reads quotas of it.
    asks = {"postrider-smtpd", "postrider-pop3d", "postrider-queued", "postrider-monitor"}
    for path in units("service"):
        hidden = {name for line in Unit(path)["Service.InaccessiblePaths"] for name in line.split()}
        assert ("-/var/lib/postrider/directory.db" in hidden) == (path.stem not in asks), path.name


def test_who_may_only_read_the_directory_has_half_a_change_taken_back_first():
    recover = "-+/usr/bin/postrider directory recover"
    for name in ("smtpd", "pop3d", "queued"):
        unit = Unit(UNITS / f"postrider-{name}.service")
        assert unit["Service.ExecStartPre"] == [recover], name
        assert unit["Service.ExecReload"][0] == recover and "HUP" in unit["Service.ExecReload"][-1], name


def test_the_doctor_knows_what_each_socket_holds():
    source = (ROOT / "ctl/doctor/held_sockets.cc").read_text()
    known = dict(re.findall(r'HeldSocket\{"([\w.-]+)", \w+, (\d+)\}', source))
    streams = {path.name: Unit(path)["Socket.ListenStream"][0] for path in units("socket")}
    assert known == {name: stream if stream.isdigit() else "0" for name, stream in streams.items()}
    assert f'"unix:{streams["postrider-local-submission.socket"]}"' in source
