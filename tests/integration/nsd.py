"""nsd, a real DNS server, for tests that ask one."""

import contextlib
import subprocess

from harness import free_port, peer, wait_for

NSD = peer("nsd")


@contextlib.contextmanager
def serve(folder, zones):
    """Serves `zones`, records by the name of the zone, from `folder`; gives the server's address."""
    port = free_port()
    listed = ""
    for name, records in zones.items():
        (folder / name).write_text(f"$ORIGIN {name}.\n$TTL 60\n{records}")
        listed += f"zone:\n  name: {name}\n  zonefile: {name}\n"
    (folder / "nsd.conf").write_text(f"""
server:
  ip-address: 127.0.0.1@{port}
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: ""
  xfrdfile: "{folder}/xfrd.state"
  zonelistfile: "{folder}/zone.list"
  logfile: "{folder}/log"
remote-control:
  control-enable: no
{listed}""")
    log = folder / "log"
    server = subprocess.Popen([NSD, "-d", "-c", folder / "nsd.conf"])
    try:
        wait_for(lambda: log.exists() and "nsd started" in log.read_text(), what="nsd's start")
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()
