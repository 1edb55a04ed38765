"""Mail for many domains behind few hosts, of which each bears only so much ([[destination]]): what a test and a
benchmark need to send it, and to hold what came against what was allowed."""

import dataclasses

ZONE = "dest.test"
# How much later than it was sent a message may be seen, in seconds: a process waits for its core, another does not.
JITTER = 0.1


@dataclasses.dataclass
class Host:
    """The domains that it serves have an MX of their own each, a name below the host's."""
    name: str
    address: str    # "ADDRESS:PORT"
    connections: int
    rate: int       # messages a second

    def limits(self):
        """Its [[destination]]."""
        return {"host": f".{self.name}.{ZONE}", "connections": self.connections, "rate": f"{self.rate}/s"}


def hosts(port, *limits):
    """On addresses of their own; `limits` are (connections, messages a second)."""
    return [Host(f"h{i}", f"127.0.0.{11 + i}:{port}", *limit) for i, limit in enumerate(limits)]


def zone(hosts, domains):
    """What is said of d0.dest.test and so on, domains of the hosts in turn."""
    records = "@ SOA @ @ 1 3600 900 86400 60\n@ NS @\n@ A 127.0.0.1\n"
    for i in range(domains):
        host = hosts[i % len(hosts)]
        exchange = f"mx{i}.{host.name}"
        records += f"d{i} MX 10 {exchange}\n{exchange} A {host.address.split(':')[0]}\n"
    return {ZONE: records}


def allowed_seconds(hosts, report):
    """The least that the limits allow: from the first message to the last at the slowest host."""
    return max((report[host.address]["messages"] - 1) / host.rate for host in hosts)


def taken_seconds(report):
    return max(one["last"] for one in report.values()) - min(one["first"] for one in report.values())


def excesses(hosts, report):
    """What is above a limit, in words."""
    found = []
    for host in hosts:
        seen = report[host.address]
        if seen["most_connections"] > host.connections:
            found.append(f"{host.name}: {seen['most_connections']} connections at a time, {host.connections} allowed")
        if seen["most_ahead"] > JITTER:
            found.append(f"{host.name}: a message came {seen['most_ahead']:.3f} s before {host.rate}/s allows it")
    return found
