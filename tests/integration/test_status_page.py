"""The status page as Chromium shows it: light and dark, wide and narrow. With POSTRIDER_LONG alone.

Where POSTRIDER_PICTURES names a folder, the pictures are kept there.
"""

import contextlib
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import urllib.request
import zlib

import pytest
from harness import Instance, wait_for
from stuck import stuck_suite

CHROMIUM = shutil.which("chromium")
ANNA = "anna@example.test"
MESSAGE = "Subject: x\r\n\r\nbody\r\n"
OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
           "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
           "--force-device-scale-factor=1"]

pytestmark = [
    pytest.mark.skipif(not os.environ.get("POSTRIDER_LONG"), reason="with ./dev test --long alone"),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not there; ./dev test --long installs it"),
]


def first_look(suite):
    with contextlib.suppress(OSError):
        return urllib.request.urlopen(f"http://127.0.0.1:{suite.port_base + 90}/", timeout=30).status == 200
    return False


@pytest.fixture(scope="module")
def suite():
    """Well, but for seven messages that wait and one that is held."""
    routes = [{"match": "down.test", "via": "smtp:[127.0.0.1]:1"}, {"match": "held.test", "via": "hold:"}]
    with Instance({"route": routes}) as running:
        running.add_user(ANNA)
        wait_for(lambda: first_look(running), what="the monitor's first sample, which what follows is counted from")
        with running.smtp() as client:
            for _ in range(40):
                client.sendmail("ada@example.org", [ANNA], MESSAGE)
            for i in range(7):
                client.sendmail(ANNA, [f"user{i}@down.test"], MESSAGE)
            client.sendmail(ANNA, ["eve@held.test"], MESSAGE)
        wait_for(lambda: running.json("status")["deferred"] == 7)
        running.command("queue", "expire", "--recipient", "user0@down.test")
        wait_for(lambda: running.json("status")["deferred"] == 6)
        yield running


@pytest.fixture(scope="module")
def troubled():
    with stuck_suite(2_000) as running:
        running.command("queue", "hold", "--recipient", "user1@bank.test")
        for i in range(3):
            running.command("queue", "expire", "--recipient", f"user{i}@lost{i}.test")
        yield running


def chromium(suite, *options, path="/?refresh=off"):
    with tempfile.TemporaryDirectory(prefix="postrider-chromium-") as profile:
        done = subprocess.run([CHROMIUM, *OPTIONS, f"--user-data-dir={profile}", *options,
                               f"http://127.0.0.1:{suite.port_base + 90}{path}"],
                              capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def decode(png):
    """Rows of (red, green, blue), from a PNG of 8 bits a sample without interlace."""
    data, at, header, packed = png, 8, None, b""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", data[at + 8:at + 8 + length])
        if kind == b"IDAT":
            packed += data[at + 8:at + 8 + length]
        at += length + 12
    width, height, depth, colour, _, _, interlace = header
    assert depth == 8 and colour in (2, 6) and not interlace
    octets, step = zlib.decompress(packed), 3 if colour == 2 else 4
    rows, before = [], bytes(width * step)
    for y in range(height):
        line = octets[y * (width * step + 1):(y + 1) * (width * step + 1)]
        row = bytearray(line[1:])
        for x in range(len(row)):
            left = row[x - step] if x >= step else 0
            corner = before[x - step] if x >= step else 0
            match line[0]:
                case 1: add = left
                case 2: add = before[x]
                case 3: add = (left + before[x]) // 2
                case 4: add = min((left, before[x], corner), key=lambda v: abs(left + before[x] - corner - v))
                case _: add = 0
            row[x] = (row[x] + add) & 255
        before = bytes(row)
        rows.append([tuple(before[x:x + 3]) for x in range(0, len(before), step)])
    return rows


def picture(suite, name, width, height, dark=False):
    """Rows of pixels of the page."""
    with contextlib.ExitStack() as kept:
        folder = os.environ.get("POSTRIDER_PICTURES") or kept.enter_context(tempfile.TemporaryDirectory())
        file = pathlib.Path(folder) / f"{name}.png"
        scheme = ["--blink-settings=preferredColorScheme=0"] if dark else ["--blink-settings=preferredColorScheme=1"]
        chromium(suite, *scheme, f"--window-size={width},{height}", f"--screenshot={file}")
        rows = decode(file.read_bytes())
    assert len(rows) == height and len(rows[0]) == width
    return rows


def lightness(pixel):
    return (299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2]) // 1000


def test_the_document_has_the_numbers(suite):
    document = chromium(suite, "--dump-dom")
    text = " ".join(document.split("</style>")[1].split())
    assert '<dt>In the queue</dt><dd class="n">7<small>' in text
    assert "40 in the hour" in text
    assert "user0@down.test" in text and "Given up" in text
    assert "127.0.0.1:1" in text and "1 message is held." in text
    assert text.count("<section") >= 4 and "<tr><td class=\"name\">smtpd" in text


def test_the_page_runs_no_script_and_its_style_is_let_through(suite):
    """Were its hash wrong, the page would be black on white, in serifs."""
    document = chromium(suite, "--dump-dom")
    assert "<script" not in document
    rows = picture(suite, "light", 1280, 1800)
    assert rows[2][2] == (0xf4, 0xf5, 0xf8), "the page's own ground"


@pytest.mark.parametrize("state", ["suite", "troubled"])
@pytest.mark.parametrize("name, width, height, dark", [
    ("light", 1280, 2200, False), ("dark", 1280, 2200, True),
    ("phone-light", 500, 4200, False), ("phone-dark", 500, 4200, True),
])
def test_the_picture_is_no_blank_and_follows_the_scheme(request, state, name, width, height, dark):
    rows = picture(request.getfixturevalue(state), f"{state}-{name}", width, height, dark)
    ground = rows[2][2]
    assert lightness(ground) < 40 if dark else lightness(ground) > 230
    colours = {pixel for row in rows[::3] for pixel in row[::3]}
    assert len(colours) > 100
    # Something is written in each quarter of the first half.
    for quarter in range(2):
        part = rows[quarter * height // 4:(quarter + 1) * height // 4]
        others = sum(pixel != ground for row in part[::4] for pixel in row[::4])
        assert others > 0.02 * len(part) // 4 * width // 4, quarter


@pytest.mark.parametrize("state", ["suite", "troubled"])
def test_nothing_runs_out_of_a_narrow_page(request, state):
    """At a phone's width the last columns of pixels are the page's ground, beside all cards."""
    rows = picture(request.getfixturevalue(state), f"{state}-narrow", 500, 4200)
    for x in (1, 3, 496, 498):
        assert {row[x] for row in rows} == {rows[2][2]}, x
