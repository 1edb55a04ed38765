"""The rules of the house that a machine can hold: includes, sizes, promises for later."""

import ast
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_SOURCE = 400
# C libraries that are seen in one place alone.
ONLY_IN = {
    "sqlite3.h": {"common/sqlite/sqlite.cc"},
    "ares.h": {"common/net/cares_resolver.cc"},
    "gsasl.h": {"common/sasl/scram.cc", "common/sasl/library_session.h"},
    "idn2.h": {"common/smtp/international_domain.cc"},
    "seccomp.h": {"common/sandbox/system_calls.cc"},
    "linux/landlock.h": {"common/sandbox/landlock.cc"},
    "toml++": {"common/config/document.cc"},
    "prometheus/": {"ctl/monitor/exposition.cc"},
}
EVENT_FOLDERS = ("common/event/", "common/net/")


def sources(*endings):
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True).stdout.split("\n")
    found = [name for name in listed if name.endswith(endings) and (ROOT / name).exists()]
    assert found
    return found


def arrows():
    """Folder -> the folders that it may include, from what CMakeLists.txt links, all the way down."""
    text = (ROOT / "CMakeLists.txt").read_text()
    folder_of, links = {}, {}
    for name, folder, depends in re.findall(r"^postrider_library\((\S+)\s+(\S+)([^)]*)\)", text, re.M):
        folder_of[name] = folder
        links[name] = [d for d in depends.split() if "::" not in d]

    def reachable(name):
        found = {name}
        for one in links[name]:
            found |= reachable(one)
        return found

    return {folder_of[name]: {folder_of[one] for one in reachable(name)} for name in links}


def test_includes_follow_the_arrows():
    allowed = arrows()
    assert "common/base" in allowed and "queued" in allowed
    wrong = []
    for name in sources(".h", ".cc"):
        if name.startswith("tests/"):
            continue
        folder = next((f for f in sorted(allowed, key=len, reverse=True) if name.startswith(f + "/")), None)
        assert folder, f"{name} belongs to no library"
        for include in re.findall(r'^#include "([^"]+)"', (ROOT / name).read_text(), re.M):
            target = next((f for f in sorted(allowed, key=len, reverse=True) if include.startswith(f + "/")), None)
            if target not in allowed[folder]:
                wrong.append(f"{name} includes {include}")
    assert not wrong, "\n".join(wrong)


def test_c_libraries_are_seen_in_one_place():
    wrong = []
    for name in sources(".h", ".cc"):
        for include in re.findall(r"^#include <([^>]+)>", (ROOT / name).read_text(), re.M):
            for library, places in ONLY_IN.items():
                if include.startswith(library) and name not in places:
                    wrong.append(f"{name} includes <{include}>")
            if include.startswith("event2/") and not name.startswith(EVENT_FOLDERS):
                wrong.append(f"{name} includes <{include}>")
    assert not wrong, "\n".join(wrong)


def test_no_source_is_too_long_to_be_read_in_a_sitting():
    long = {name: lines for name in sources(".h", ".cc") if not name.startswith("tests/")
            and (lines := len((ROOT / name).read_text().splitlines())) > MAX_SOURCE}
    assert not long, long


def test_no_test_in_python_hides_another_of_its_name():
    hidden = []
    for name in sources(".py"):
        defined = [one.name for one in ast.parse((ROOT / name).read_text()).body if isinstance(one, ast.FunctionDef)]
        hidden += [f"{name}: {one} is defined twice" for one in set(defined) if defined.count(one) > 1]
    assert not hidden, "\n".join(hidden)


def test_nothing_is_promised_for_later():
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [name for name in sources(".h", ".cc", ".py", "dev")
             if not name.startswith("tests/lint/") and words.search((ROOT / name).read_text())]
    assert not found, found


def rfc_table():
    """The status of each RFC, by its number."""
    table = dict(re.findall(r"^\| (\d+) \|[^|]*\| ([^|]*) \|", (ROOT / "common/RFCS.md").read_text(), re.M))
    assert len(table) > 20
    return table


def test_every_rfc_of_the_code_stands_in_the_table_and_the_reverse():
    table = rfc_table()
    named = set()
    for name in sources(".h", ".cc", ".proto"):
        if not name.startswith("tests/"):
            for run in re.findall(r"RFC (\d+(?:(?:, | and )\d{3,5})*)", (ROOT / name).read_text()):
                named |= set(re.findall(r"\d{3,5}", run))
    later = {rfc for rfc, status in table.items() if status.strip() == "later"}
    assert named <= table.keys(), f"without a row: {sorted(named - table.keys())}"
    assert table.keys() - later <= named, f"without a word in the code: {sorted(table.keys() - later - named)}"


def test_what_the_code_deviates_from_is_not_called_whole():
    table = rfc_table()
    deviations = {rfc: name for name in sources(".h", ".cc") if not name.startswith("tests/")
                  for rfc in re.findall(r"Deviation: RFC (\d+)", (ROOT / name).read_text())}
    assert deviations
    wrong = {rfc: name for rfc, name in deviations.items() if table[rfc].strip() == "whole"}
    assert not wrong, wrong


def known_metrics():
    """Every series that /metrics may tell, from the manual page, which a unit test holds against the tables."""
    page = (ROOT / "man/postrider-metrics.5").read_text()
    found = re.findall(r"^\.B (postrider_\w+)\n\((\w+)", page, re.M)
    assert len(found) > 60
    series = set()
    for name, kind in found:
        series |= {name + end for end in ("", "_bucket", "_sum", "_count")} if kind == "histogram" else {name}
    return series


def test_dashboard_and_alerts_use_metrics_that_exist():
    for name in ("etc/grafana/postrider.json", "etc/prometheus/postrider.rules.yml"):
        used = set(re.findall(r"\bpostrider_[a-z0-9_]+", (ROOT / name).read_text()))
        assert len(used) > 15, name
        assert used <= known_metrics(), (name, sorted(used - known_metrics()))


def test_the_dashboard_is_one_that_grafana_takes():
    dashboard = json.loads((ROOT / "etc/grafana/postrider.json").read_text())
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["targets"] for panel in panels if panel["type"] != "row")


def test_prometheus_takes_the_alerts():
    promtool = shutil.which("promtool", path=f"{os.environ.get('POSTRIDER_PEERS', '')}/usr/bin:{os.environ['PATH']}")
    if promtool is None:
        pytest.skip("promtool is not there; ./dev test --long installs it")
    done = subprocess.run([promtool, "check", "rules", ROOT / "etc/prometheus/postrider.rules.yml"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
