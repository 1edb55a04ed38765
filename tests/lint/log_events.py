"""What the programs write into the log, read from their sources: each event with its levels and the keys of its
fields. It knows the forms in which the house writes a line; one that it cannot read is an error, not passed over."""

import collections
import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("common", "ctl", "smtpd", "queued", "deliverd", "pop3d")
# Said of every line, and explained once.
OF_EVERY_LINE = {"time", "level", "process", "event"}

_LITERAL_OR_COMMENT = re.compile(r'("(?:\\.|[^"\\\n])*")|//[^\n]*')
_CALL = re.compile(r"(?<=[\w)])(?:\.|->)\s*(debug|info|warning|error)\((?!\))")
_EVENT = re.compile(r'"([a-z][a-z_]*)"')
_FIELD = re.compile(r'\.with\(\s*"([a-z_]+)"|(?:\bentry|\))\s*(\.id)\(')
# log::Condition: the event of its beginning, that of its end, and what it means.
_CONDITION = re.compile(r'(?:Words\s+\w+|clock_?,\s*)\s*\{\s*"([a-z_]+)",\s*"([a-z_]+)",\s*"')
# Events that are handed to the function that writes them: where they are named.
_NAMED_ELSEWHERE = {
    ("queued/queue_attempt.cc", "event"): r'\blog_fate\((?:[^;"]*?)((?:[^;]*?"[a-z_]+")+)\)',
    ("queued/queue_reports.cc", "kEvent"): r'\bkEvent = ("[a-z_]+")',
    ("deliverd/main.cc", "event"): r'\bprepare\(("[a-z_]+")\)',
    ("deliverd/remote/attempt.cc", "event"): r"\bstd::string_view event = ([^;]*);",
}


@dataclasses.dataclass
class Event:
    levels: set = dataclasses.field(default_factory=set)
    fields: set = dataclasses.field(default_factory=set)


def without_comments(text):
    return _LITERAL_OR_COMMENT.sub(lambda match: match[1] or "", text)


def _closing(text, start, opening, closing):
    """Where what is open at `start` is closed; brackets within literals do not count."""
    depth, at = 1, start
    while at < len(text):
        literal = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'').match(text, at)
        if literal:
            at = literal.end()
            continue
        depth += {opening: 1, closing: -1}.get(text[at], 0)
        if depth == 0:
            return at
        at += 1
    return at


def _names(name, argument, sources):
    """The events that the argument of a call may be."""
    if not argument.isidentifier():
        return _EVENT.findall(argument)
    pattern = _NAMED_ELSEWHERE[name, argument]  # a new way to name one? tell where
    folder = name.rsplit("/", 1)[0] + "/"
    return [event for other, text in sources.items() if other.startswith(folder)
            for found in re.findall(pattern, text) for event in _EVENT.findall(found)]


def events():
    """Event -> its levels and fields, of all programs."""
    sources = {str(path.relative_to(ROOT)): without_comments(path.read_text())
               for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")) if path.suffix in (".cc", ".h")}
    found = collections.defaultdict(Event)
    for name, text in sources.items():
        for begins, ends in _CONDITION.findall(text):
            found[begins].levels.add("error")
            found[begins].fields |= {"reason", "effect"}
            found[ends].levels.add("info")
        if name.startswith("common/log/"):
            continue
        calls = list(_CALL.finditer(text))
        for call, following in zip(calls, calls[1:] + [None]):
            end = _closing(text, call.end(), "(", ")")
            block = _closing(text, end, "{", "}")
            fields = _FIELD.findall(text[end:min(block, following.start() if following else block)])
            named = _names(name, text[call.end():end].strip(), sources)
            assert named, f"{name}: {text[call.start():end + 1]} names no event"
            for event in named:
                found[event].levels.add(call[1])
                found[event].fields |= {key or "id" for key, _ in fields}
    return dict(found)


if __name__ == "__main__":
    for event, what in sorted(events().items()):
        print(event, "/".join(sorted(what.levels)), " ".join(sorted(what.fields)))
