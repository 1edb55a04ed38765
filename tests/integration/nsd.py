"""nsd, a real DNS server, for tests that ask one."""

import contextlib
import subprocess

import name_server
from harness import free_port, peer, wait_for

NSD = peer("nsd")


@contextlib.contextmanager
def serve(folder, zones):
    """Serves `zones`, records by the name of the zone, from `folder`; gives the server's address."""
    address = f"127.0.0.1:{free_port()}"
    server = subprocess.Popen([NSD, "-d", "-c", name_server.configure(folder, address, zones)])
    try:
        wait_for(lambda: name_server.serves(folder), what="nsd's start")
        yield address
    finally:
        server.terminate()
        server.wait()
