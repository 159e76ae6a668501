"""A wire to a server that breaks after so many bytes."""

import socket
import threading
from contextlib import suppress


class Wire(threading.Thread):
    """A wire to the server that breaks after so many bytes."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.target = port
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.left = 10**12
        self.broken = 0

    def run(self) -> None:
        while True:
            ours, _ = self.server.accept()
            theirs = socket.create_connection(("127.0.0.1", self.target))
            for one, other in ((ours, theirs), (theirs, ours)):
                threading.Thread(target=self.pump, args=(one, other), daemon=True).start()

    def pump(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(8192):
                self.left -= len(data)
                if self.left < 0:
                    self.broken += 1
                    self.left = 10**12
                    break
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
