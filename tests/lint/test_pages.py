"""The manual pages against the sources: their form, their references, and every event of the log with its fields."""

import re
import subprocess

import log_events
import manual

PROGRAMS = ("smtpd", "queued", "deliverd", "pop3d", "sendmail", "mailq")
LOG_PAGE = manual.ROOT / "man/postrider-log.5"


def test_the_pages_are_well_formed():
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *map(str, manual.PAGES)], capture_output=True,
                          text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_no_page_points_to_one_that_is_not_there():
    ours = {page.name for page in manual.PAGES}
    wrong = []
    for page in manual.PAGES:
        text = page.read_text()
        pointed = re.findall(r"^\.Xr (\S+) (\d)", text, re.M)
        pointed += [(manual.read(name), number) for name, number in re.findall(r"^\.BR (\S+) \((\d)\)", text, re.M)]
        named = [f"{name}.{number}" for name, number in pointed
                 if name.startswith("postrider") or name in PROGRAMS]
        wrong += [f"{page.name}: {name}" for name in named if name not in ours]
    assert not wrong, wrong


def test_what_a_page_shows_says_what_it_is():
    """Else nobody would try it: see manual.py."""
    wrong = [f"{page.name}: {kind or 'without a mark'}:\n{text}" for page in manual.PAGES
             for kind, text in manual.blocks(page)
             if kind not in manual.EXCERPTS and (kind or not re.search(r"^\$ ", text, re.M))]
    assert not wrong, "\n".join(wrong)


def documented_events():
    """Each item of the page about the log: the events that it names, their levels, and the fields it speaks of."""
    found = []
    for item in re.split(r"^\.It Cm ", LOG_PAGE.read_text(), flags=re.M)[1:]:
        head, _, rest = item.partition("\n")
        rest = re.split(r"^\.(?:El|Sh)", rest, flags=re.M)[0]
        names, levels = re.fullmatch(r"([\w ,]+) Pq ([\w ,]+)", head).groups()
        fields = [word for line in rest.splitlines() for run in re.findall(r"\bVa ((?:[\w.]+[ ,]*)+)", line)
                  for word in re.split(r"\b(?:No|Ns|Cm)\b", run)[0].replace(",", " ").split()]
        found.append((re.findall(r"\w+", names), set(re.findall(r"\w+", levels)), fields))
    return found


def test_every_event_of_the_log_stands_in_its_page_and_the_reverse():
    written = set(log_events.events())
    told = [name for names, _, _ in documented_events() for name in names]
    assert not written - set(told), f"without a word in postrider-log(5): {sorted(written - set(told))}"
    assert not set(told) - written, f"nobody logs these of postrider-log(5): {sorted(set(told) - written)}"
    assert len(told) == len(set(told)), f"twice: {sorted({name for name in told if told.count(name) > 1})}"


def test_every_event_has_the_level_and_the_fields_that_its_page_says():
    written, wrong = log_events.events(), []
    for names, levels, told in documented_events():
        of_item = [written[name] for name in names if name in written]
        logged = set().union(*(event.levels for event in of_item))
        if levels != logged:
            wrong.append(f"{names}: level {sorted(logged)}, the page says {sorted(levels)}")
        fields = set().union(*(event.fields for event in of_item))
        told = {name for name in told if "." not in name}  # with a dot: a parameter
        if fields != told:
            wrong.append(f"{names}: without a word {sorted(fields - told)}, not logged {sorted(told - fields)}")
    assert not wrong, "\n".join(wrong)


def test_a_field_that_many_events_have_is_explained_once():
    explained = {name for head in re.findall(r"^\.It Va (.*)$", LOG_PAGE.read_text(), re.M)
                 for name in re.findall(r"\w+", head)}
    assert log_events.OF_EVERY_LINE <= explained
    uses = [field for event in log_events.events().values() for field in event.fields]
    often = {field for field in uses if uses.count(field) > 4}
    assert often <= explained, sorted(often - explained)
