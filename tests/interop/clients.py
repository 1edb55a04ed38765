"""What tests with real client programs share."""

import contextlib
import shutil
import subprocess

import pytest
from certificates import authority, issue
from harness import HOSTNAME, Instance


def required(program):
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


def run(*command, input=None, timeout=60):
    return subprocess.run(list(map(str, command)), input=input, capture_output=True, timeout=timeout)


@contextlib.contextmanager
def serving_under_tls(**sections):
    """With a certificate that clients can verify by `authority`; ports are port_base + 25, 465 and 587."""
    with Instance(start=False) as instance:
        listen = [{"address": f"127.0.0.1:{instance.port_base + port}", "mode": mode}
                  for port, mode in {25: "mx", 465: "submissions", 587: "submission"}.items()]
        instance.configure({"smtpd": {"listen": listen}, **sections})
        tls = instance.directory / "tls"
        instance.authority = authority(tls)
        issue(tls, HOSTNAME, tls / "certificate.pem", tls / "key.pem")
        instance.start()
        yield instance
