"""smtp_sink, a mail server that counts what comes to each of its addresses (tests/sink), for tests and benchmarks."""

import json
import subprocess


class Sink:
    """Takes mail at `hosts`, each "ADDRESS:PORT", with the rate in messages a second against which it holds their pace,
    or None; ends by itself after so many `messages`, if any. `tls` is the paths of a certificate and its key."""

    def __init__(self, program, hosts, messages=0, tls=None):
        self.report = None
        self._process = subprocess.Popen(
            [str(program), "-n", str(messages), *(["-c", tls[0], "-k", tls[1]] if tls else []),
             *(f"{host}={rate}" if rate else host for host, rate in hosts.items())],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if self._process.stdout.readline() != "ready\n":
            self.stop()
            raise RuntimeError(f"{program} did not start")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()

    def has_ended(self, seconds):
        """Waits so long for the last of the messages; `report` has then what each host can tell (tests/sink/host.h)."""
        try:
            text, _ = self._process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        self.report = self.report or json.loads(text or "null")
        return True

    def stop(self):
        if self._process.poll() is None:
            self._process.terminate()
        if self.report is None:
            self.has_ended(None)
        return self.report
