"""A change of the directory of users that is cut off in its middle, as by a power cut."""

import subprocess

# With hardly a cache, the change stands in the file, and its journal beside it, before the commit.
CODE = """
import os, signal, sqlite3, sys
directory = sqlite3.connect(sys.argv[1], isolation_level=None)
directory.execute("PRAGMA cache_size = 1")
directory.execute("BEGIN IMMEDIATE")
directory.executemany("INSERT INTO domains (name) VALUES (?)", ((f"half-{i}.test",) for i in range(3000)))
os.kill(os.getpid(), signal.SIGKILL)
"""


def cut_off_a_change(data):
    """In the folder of paths.data."""
    done = subprocess.run(["/usr/bin/python3", "-c", CODE, data / "directory.db"])
    assert done.returncode == -9
    assert (data / "directory.db-journal").stat().st_size > 0
