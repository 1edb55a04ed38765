"""The manual pages as data: their sources, what they look like, and what they show to be typed or written into a file.

How a page marks what it shows:

  .Dl $ COMMAND                 a command line
  .Bd -literal ... .Ed          commands, each after "$ "; lines that are indented go on with it
  .\\" KIND before such a .Bd    what else it shows: `postrider.toml`, an excerpt of the configuration; `log`, lines
                                of the log; `picture`; or the file of another program, as `haproxy.cfg`
"""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "man").glob("*.[1-8]"))
EXCERPTS = ("postrider.toml", "log", "picture", "haproxy.cfg", "dovecot.conf", "users.csv",
            "backup.sh")

_ESCAPES = {r"\e": "\\", r"\-": "-", r"\&": "", r"\(dq": '"', r"\(aq": "'", r"\ ": " "}
_BLOCK = re.compile(r'(?:^\.\\" ([\w.]+)\n)?^\.Bd -literal[^\n]*\n(.*?)^\.Ed', re.M | re.S)
_LINE = re.compile(r"^\.Dl ([^\n]*)$", re.M)


def read(text):
    """What is typed, without roff's escapes."""
    return re.sub("|".join(map(re.escape, _ESCAPES)), lambda found: _ESCAPES[found[0]], text)


def blocks(page):
    """Each literal block: its kind, or nothing, and what it shows."""
    return [(kind, read(text)) for kind, text in _BLOCK.findall(page.read_text())]


def commands(page):
    """Every command line, in the order of the page."""
    found = []
    for match in re.finditer(f"{_BLOCK.pattern}|{_LINE.pattern}", page.read_text(), re.M | re.S):
        kind, block, line = match.groups()
        if kind:
            continue
        shown = read(block if block is not None else line)
        found += re.findall(r"^\$ (.*(?:\n  .*)*)", shown, re.M)
    return found


def excerpts(page, kind):
    return [text for name, text in blocks(page) if name == kind]
