"""A configuration that cannot be: each program says what is wrong, where, and how to mend it; nothing is
started and nothing is changed."""

import os
import shutil
import socket
import subprocess

import pytest
from harness import BIN, Instance

PROGRAMS = [("postrider", "run"), ("smtpd",), ("queued",), ("deliverd", "--role", "local"),
            ("deliverd", "--role", "remote"), ("pop3d",)]
EXIT_CONFIGURATION = 78


@pytest.fixture
def instance():
    with Instance(start=False) as made:
        yield made


def run(instance, program, *arguments, user=None):
    """The exit status and what was said; a program that runs on fails the test."""
    programs = BIN
    if user is not None:
        # Another user may not be able to enter the folder of the build.
        programs = instance.root / "bin"
        shutil.copytree(BIN, programs, symlinks=True)
        instance.root.chmod(0o755)
    command = [str(programs / program), "--config", str(instance.config), *arguments]
    if user is not None:
        command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout + done.stderr


def line_of(instance, text):
    lines = instance.config.read_text().splitlines()
    [number] = [n for n, line in enumerate(lines, 1) if line == text]
    return number


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: "-".join(p))
@pytest.mark.parametrize("line, key, mends", [
    ("wokers = 2", "smtpd.wokers", "workers"),
    ("workers = \"two\"", "smtpd.workers", "whole number"),
    ("workers = -1", "smtpd.workers", "0..256"),
    ("command_timeout = \"5 parsecs\"", "smtpd.command_timeout", "duration"),
    ("vrfy = \"perhaps\"", "smtpd.vrfy", "off"),
    ("workers = 2\nworkers = 3", "workers", ""),
    ("workers =", "", ""),
])
def test_a_mistake_in_the_file_names_file_line_key_and_what_would_be_right(instance, program, line, key, mends):
    text = "\n".join(one for one in instance.config.read_text().splitlines() if not one.startswith("workers"))
    instance.config.write_text(text.replace("[smtpd]\n", f"[smtpd]\n{line}\n"))
    status, said = run(instance, *program)
    assert status == EXIT_CONFIGURATION, said
    assert f"{instance.config}:{line_of(instance, line.splitlines()[-1])}: " in said, said
    assert key in said and mends in said, said
    assert "ready" not in said and not list((instance.spool / "incoming").glob("*.seg"))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: "-".join(p))
def test_a_file_that_is_not_there_is_said_so(instance, program):
    instance.config.unlink()
    status, said = run(instance, *program)
    assert status == EXIT_CONFIGURATION and str(instance.config) in said and "No such file" in said


@pytest.mark.parametrize("port, program", [(25, "smtpd"), (110, "pop3d")])
def test_a_port_in_use_ends_the_start_of_all(instance, port, program):
    address = f"127.0.0.1:{instance.port_base + port}"
    with socket.create_server(("127.0.0.1", instance.port_base + port)):
        for command in ((program,), ("postrider", "run")):
            status, said = run(instance, *command)
            assert status not in (0, None)
            assert address in said and "in use" in said, said
            assert "Traceback" not in said and "ready\n" not in said
            # One program says it; the others just end.
            assert sum(address in line for line in said.splitlines()) <= 2, said


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another user")
@pytest.mark.parametrize("program, folder", [("smtpd", "spool"), ("queued", "spool"), ("deliverd", "mail"),
                                             ("postrider", "spool"), ("postrider", "run")])
def test_a_folder_that_may_not_be_written_is_named(instance, program, folder):
    nobody = 65534
    for path in [instance.root, *instance.root.rglob("*")]:
        os.chown(path, nobody, nobody)
    top = instance.directory / folder
    for path in [top, *top.rglob("*")]:
        os.chown(path, 0, 0)
        path.chmod(0o755 if path.is_dir() else 0o644)
    arguments = {"postrider": ["run"], "deliverd": ["--role", "local"]}.get(program, [])
    status, said = run(instance, program, *arguments, user=nobody)
    assert status not in (0, None)
    assert str(top) in said and "ermission denied" in said, said


@pytest.mark.parametrize("program", [("smtpd",), ("queued",)], ids=lambda p: p[0])
def test_a_spool_that_is_a_file_is_named(instance, program):
    instance.spool.rename(instance.root / "away")
    instance.spool.write_text("")
    status, said = run(instance, *program)
    assert status not in (0, None)
    assert str(instance.spool) in said and "Not a directory" in said, said
