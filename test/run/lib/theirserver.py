"""A server that is somebody else's, for tests of studies on such."""
import socket
import subprocess
import time

from srbtest import DATABASE, END, PATIENCE


class Redis:
    """A server of somebody else, with a key of theirs in it."""

    def __init__(self, folder, port, *args):
        self.port = port
        self.login = None  # what AUTH is told first
        self.process = subprocess.Popen(
            [DATABASE, "--port", str(port), "--bind", "127.0.0.1", "--save", "",
             "--dir", str(folder), *args], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + END
        while time.monotonic() < deadline:
            try:
                self.ask("SET", "theirs", "1")
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"no answer of {DATABASE}")

    @staticmethod
    def request(words):
        return (f"*{len(words)}\r\n" + "".join(
            f"${len(w)}\r\n{w}\r\n" for w in words)).encode()

    def ask(self, *words):
        """One command, its raw answer."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as s:
            if self.login:
                s.sendall(self.request(("AUTH", *self.login)))
                s.recv(65536)
            s.sendall(self.request(words))
            return s.recv(65536).decode()

    def stop(self):
        self.process.kill()
        self.process.wait()
