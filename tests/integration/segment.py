"""Where things stand in a segment of the spool, so that a test can damage them. The format is that of
common/spool/record.h."""

import collections
import struct

SEGMENT_HEADER = 32
RECORD_HEADER = 48
DONE_HEADER = 32
DONE_ENTRY = 32
SEAL = 3

Record = collections.namedtuple("Record", "offset envelope content end")  # octets in the file


def records(path):
    """The messages in the segment, as they stand there."""
    octets = path.read_bytes()
    found, at = [], SEGMENT_HEADER
    while at + RECORD_HEADER <= len(octets):
        magic, _, kind, _, envelope, _, content = struct.unpack_from("<4sHBBIIQ", octets, at)
        assert magic == b"PRrc", (path, at)
        if kind == SEAL:
            break
        stored = content if kind == 1 else 0
        begin = at + RECORD_HEADER
        end = begin + envelope + stored
        found.append(Record(at, begin, begin + envelope, end))
        at = end + -end % 8
    return found


def flip(path, offset):
    """Changes one bit."""
    with path.open("r+b") as file:
        file.seek(offset)
        octet = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([octet ^ 0x10]))
