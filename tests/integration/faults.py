"""What a server does wrong: each takes the connection, at the place of a reply."""

import socket
import struct

FLOOD = 4 << 20  # octets that a server sends without end; the client gives up long before


class Hangup(OSError):
    """The server is done with the connection."""


def replies(text):
    def say(connection):
        connection.sendall(text)
    return say


def then_hangs_up(text):
    def say(connection):
        connection.sendall(text)
        raise Hangup
    return say


def resets(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    raise Hangup


def closes(_):
    raise Hangup


def closes_one_half(connection):
    """Sends nothing more, and goes on reading."""
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(65536):
        pass
    raise Hangup


def hangs(connection):
    while connection.recv(65536):
        pass
    raise Hangup


def floods(piece):
    def send(connection):
        for _ in range(FLOOD // len(piece)):
            connection.sendall(piece)
        raise Hangup
    return send
