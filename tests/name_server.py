"""nsd, a real DNS server, for tests and benchmarks that ask one: its files, and how to know that it serves."""


def configure(folder, address, zones):
    """Writes what nsd needs to serve `zones`, records by the name of the zone, at ADDRESS:PORT; gives nsd.conf."""
    listed = ""
    for name, records in zones.items():
        (folder / name).write_text(f"$ORIGIN {name}.\n$TTL 3600\n{records}")
        listed += f"zone:\n  name: {name}\n  zonefile: {name}\n"
    configuration = folder / "nsd.conf"
    configuration.write_text(f"""\
server:
  ip-address: {address.replace(":", "@")}
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
    return configuration


def serves(folder):
    log = folder / "log"
    return log.exists() and "nsd started" in log.read_text()
