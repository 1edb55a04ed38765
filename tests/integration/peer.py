"""A scripted server of SMTP, or of LMTP: what it says to each command is in the test's hand.

    with Peer() as peer:
        peer.script["RCPT"] = lambda peer, argument: "451 4.3.0 come back later"
        ... suite with a route via f"smtp:[127.0.0.1]:{peer.port}" ...
        wait_for(lambda: peer.messages)

With `peer.handshake`, a function of peer and socket that gives the socket under TLS, or None to hang up, it offers
STARTTLS: with_certificate() makes one. With `peer.implicit` the handshake comes before the greeting.
"""

import collections
import socket
import ssl
import threading

RECEIVE_BUFFER = 1 << 16  # octets; a kernel's own may hold a whole large message that the script has not come to

Received = collections.namedtuple("Received", "sender recipients content")


def with_certificate(certificate, key, **options):
    """A handshake that goes well; `options` are attributes of the ssl.SSLContext."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    for name, value in options.items():
        setattr(context, name, value)
    return lambda peer, connection: context.wrap_socket(connection, server_side=True)


class Peer:
    """`script` maps a command ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "END", ...) to a function of
    peer and argument that gives the reply line, None to say nothing for ever, or "" to hang up. END is the end of a
    message, by LMTP that for each recipient, who is its argument, and has a message of his own in `messages`; CHUNK that of a chunk with more behind it."""

    def __init__(self, port=0, address="127.0.0.1"):
        self.script = {}
        self.handshake = None
        self.implicit = False
        self.keywords = ""  # of EHLO, beside the usual: "CHUNKING"
        self.secured_keywords = ""  # of EHLO under TLS: "REQUIRETLS\nDSN"
        self.lmtp = False
        self.messages = []
        self.commands = []
        self.connections = 0
        self.most_at_once = 0
        self.open = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._sockets = set()
        self._listener = socket.create_server((address, port), backlog=128)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)  # of what it accepts
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

    def hang(self):
        """For a script that says nothing any more: until the test is over."""
        self._stopping.wait()

    @property
    def route(self):
        return f"{'lmtp' if self.lmtp else 'smtp'}:[127.0.0.1]:{self.port}"

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
            self.open += 1
            self.most_at_once = max(self.most_at_once, self.open)
            self._sockets.add(connection)
        try:
            served = self.handshake(self, connection) if self.implicit else connection
            if served is not None:
                self._converse(served, served.makefile("rb"), secured=self.implicit)
        except (OSError, ValueError):
            pass
        finally:
            with self._lock:
                self.open -= 1
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

    def _converse(self, connection, file, secured):
        if not self._say(connection, "CONNECT", "", "220 peer.test ESMTP"):
            return
        sender, recipients, chunks = None, [], []
        while line := file.readline():
            command, _, argument = line.decode("latin-1").strip().partition(" ")
            command = command.upper()
            with self._lock:
                self.commands.append((command, argument))
            needs_sender = "250 2.1.5 ok" if sender is not None else "503 5.5.1 MAIL first"
            offers = ["STARTTLS"] if self.handshake and not secured else self.secured_keywords.split() if secured else []
            offers += self.keywords.split()
            defaults = {"LHLO" if self.lmtp else "EHLO":
                            "".join(f"250-{line}\n" for line in ["peer.test", "PIPELINING", "8BITMIME", *offers]) +
                            "250 SIZE 50000000",
                        "STARTTLS": "220 2.0.0 go" if self.handshake else "502 5.5.1 what?",
                        "HELO": "250 peer.test", "MAIL": "250 2.1.0 ok", "RCPT": needs_sender,
                        "RSET": "250 2.0.0 ok", "QUIT": "221 2.0.0 bye",
                        "DATA": "354 go on" if recipients else "503 5.5.1 no valid recipients"}
            if command == "BDAT" and "CHUNKING" in self.keywords:
                octets, _, last = argument.partition(" ")
                chunks.append(file.read(int(octets)))
                if not last and not self._say(connection, "CHUNK", "", "250 2.0.0 go on"):
                    return
                if last and not self._end(connection, sender, recipients, b"".join(chunks)):
                    return
                if last:
                    sender, recipients, chunks = None, [], []
                continue
            reply = self._say(connection, command, argument, defaults.get(command, "500 5.5.2 what?"))
            if not reply or command == "QUIT":
                return
            if command == "STARTTLS" and reply.startswith("220") and "\n" not in reply:
                connection = self.handshake(self, connection)
                if connection is None:
                    return
                file, secured = connection.makefile("rb"), True
            elif command == "MAIL":
                taken = reply.startswith("250")
                sender, recipients, chunks = argument[5:].split(">")[0].lstrip("<") if taken else None, [], []
            elif command == "RCPT" and reply.startswith("250"):
                recipients.append(argument[3:].split(">")[0].lstrip("<"))
            elif command == "DATA" and reply.startswith("354"):
                lines = []
                while (one := file.readline()) != b".\r\n":
                    if not one:
                        return
                    lines.append(one[1:] if one.startswith(b".") else one)
                if not self._end(connection, sender, recipients, b"".join(lines)):
                    return
                sender, recipients = None, []

    def _end(self, connection, sender, recipients, content):
        """False when the conversation is over."""
        if not recipients:
            return self._say(connection, "END", "", "503 5.5.1 no valid recipients")
        for those in [[one] for one in recipients] if self.lmtp else [recipients]:
            reply = self._say(connection, "END", those[0], "250 2.0.0 taken")
            if not reply:
                return False
            if reply.startswith("250"):
                with self._lock:
                    self.messages.append(Received(sender, those, content))
        return True
