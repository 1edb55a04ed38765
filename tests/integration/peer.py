"""A scripted SMTP server: what it says to each command is in the test's hand.

    with Peer() as peer:
        peer.script["RCPT"] = lambda peer, argument: "451 4.3.0 come back later"
        ... suite with a route via f"smtp:[127.0.0.1]:{peer.port}" ...
        wait_for(lambda: peer.messages)
"""

import collections
import socket
import threading

Received = collections.namedtuple("Received", "sender recipients content")


class Peer:
    """`script` maps a command ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "END", ...) to a function of
    peer and argument that gives the reply line, None to say nothing for ever, or "" to hang up."""

    def __init__(self, port=0):
        self.script = {}
        self.messages = []
        self.commands = []
        self.connections = 0
        self.most_at_once = 0
        self._open = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._sockets = set()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for one in self._sockets:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    @property
    def route(self):
        return f"smtp:[127.0.0.1]:{self.port}"

    def _accept(self):
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self.connections += 1
            self._open += 1
            self.most_at_once = max(self.most_at_once, self._open)
            self._sockets.add(connection)
        try:
            self._converse(connection, connection.makefile("rb"))
        except (OSError, ValueError):
            pass
        finally:
            with self._lock:
                self._open -= 1
                self._sockets.discard(connection)
            connection.close()

    def _say(self, connection, command, argument, default):
        """False when the conversation is over."""
        reply = self.script[command](self, argument) if command in self.script else default
        if reply is None:
            self._stopping.wait()
            return ""
        if reply:
            connection.sendall(reply.replace("\n", "\r\n").encode() + b"\r\n")
        return reply

    def _converse(self, connection, file):
        if not self._say(connection, "CONNECT", "", "220 peer.test ESMTP"):
            return
        sender, recipients = None, []
        while line := file.readline():
            command, _, argument = line.decode("latin-1").strip().partition(" ")
            command = command.upper()
            with self._lock:
                self.commands.append((command, argument))
            needs_sender = "250 2.1.5 ok" if sender is not None else "503 5.5.1 MAIL first"
            defaults = {"EHLO": "250-peer.test\n250-PIPELINING\n250-8BITMIME\n250 SIZE 50000000",
                        "HELO": "250 peer.test", "MAIL": "250 2.1.0 ok", "RCPT": needs_sender,
                        "RSET": "250 2.0.0 ok", "QUIT": "221 2.0.0 bye",
                        "DATA": "354 go on" if recipients else "503 5.5.1 no valid recipients"}
            reply = self._say(connection, command, argument, defaults.get(command, "500 5.5.2 what?"))
            if not reply or command == "QUIT":
                return
            if command == "MAIL":
                taken = reply.startswith("250")
                sender, recipients = argument[5:].split(">")[0].lstrip("<") if taken else None, []
            elif command == "RCPT" and reply.startswith("250"):
                recipients.append(argument[3:].split(">")[0].lstrip("<"))
            elif command == "DATA" and reply.startswith("354"):
                lines = []
                while (one := file.readline()) != b".\r\n":
                    if not one:
                        return
                    lines.append(one[1:] if one.startswith(b".") else one)
                reply = self._say(connection, "END", "", "250 2.0.0 taken")
                if not reply:
                    return
                if reply.startswith("250"):
                    with self._lock:
                        self.messages.append(Received(sender, recipients, b"".join(lines)))
                sender, recipients = None, []
