"""A server that speaks enough of RESP for srbench, and misbehaves as it is told:
for tests of what srbench does then. It runs in threads of the test.

    with FakeServer("drop", after=5) as server:
        job = self.srbench(2, f"--db_address=127.0.0.1:{server.port}", ...)

The fault strikes once: the `after`-th operation (SET or GET, counted over all
connections) of the kind that has it; `forever=True`: and every later one. Faults
of connections strike at the first ones of clients, which send SET as their first
command. See FAULTS.

With tensors=True it is a stand-in for a server with RedisAI: AI.TENSORSET and
AI.TENSORGET count as SET and GET and are answered as RedisAI answers them.
"""
import socket
import threading
import time

# What a fault answers, and to which command.
ERRORS = {
    "loading": (b"SET", b"-LOADING Redis is loading the dataset in memory\r\n"),
    "moved": (b"GET", b"-MOVED 866 127.0.0.1:9\r\n"),
    "clusterdown": (b"SET", b"-CLUSTERDOWN The cluster is down\r\n"),
    "oom": (b"SET", b"-OOM command not allowed when used memory > "
                    b"'maxmemory'.\r\n"),
    "readonly": (b"SET", b"-READONLY You can't write against a read only "
                         b"replica.\r\n"),
    "foreign bytes": (b"SET", b"-ERR \x1b[31mred\x1b[0m r\xe9dis \xff "
                              b"caf\xc3\xa9\r\n"),
    "garbage": (b"GET", b"?what is this\r\n\r\n"),
    "nonsense": (b"SET", b"\x00\xff\x00\xff\r\n"),
    "not a status": (b"SET", b":42\r\n"),
    "nothing there": (b"GET", b"$-1\r\n"),
    "not a string": (b"GET", b"*2\r\n:1\r\n:2\r\n"),
}
FAULTS = (*ERRORS, "shorter", "longer", "huge length", "negative length",
          "wrong data", "drop", "drop in reply", "hang", "slow")


class FakeServer:

    def __init__(self, fault="", after=7, forever=False, delay=0.3,
                 tensors=False):
        assert fault in ("", "refuse", "too many clients", *FAULTS), fault
        self.fault, self.after, self.forever = fault, after, forever
        self.delay, self.tensors, self.asked = delay, tensors, []
        self.lock = threading.Lock()
        self.operations = self.struck = self.served = 0
        self.data = {}
        self.ending = threading.Event()
        self.connections = []

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.thread.join(5)

    def accept(self):
        while not self.ending.is_set():
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,),
                             daemon=True).start()

    # --- the protocol ----------------------------------------------------------

    def serve(self, connection):
        with connection, connection.makefile("rb") as lines:
            try:
                while not self.ending.is_set():
                    words = self.command(lines)
                    if not words or not self.answer(connection, words):
                        return
            except (OSError, ValueError):
                pass

    @staticmethod
    def command(lines):
        head = lines.readline()
        if not head:
            return None
        words = []
        for _ in range(int(head[1:])):
            n = int(lines.readline()[1:])
            words.append(lines.read(n + 2)[:n])
        return words

    def strikes(self, name):
        """Whether this operation has the fault."""
        with self.lock:
            self.operations += 1
            due = self.operations >= self.after and (self.forever
                                                     or not self.struck)
            wanted = ERRORS[self.fault][0] if self.fault in ERRORS else (
                b"" if self.fault in ("drop", "hang", "slow") else b"GET")
            if not self.fault or not due or wanted not in (b"", name):
                return False
            self.struck += 1
            return True

    def answer(self, connection, words):
        """Answer a command; False: the connection is to be closed."""
        name = words[0].upper()
        if self.tensors and name.startswith(b"AI."):
            return self.tensor(connection, name, words)
        if name in (b"SET", b"GET"):
            if self.fault in ("refuse", "too many clients"):
                self.struck += 1
                if self.fault == "too many clients":
                    connection.sendall(
                        b"-ERR max number of clients reached\r\n")
                return False
            return self.operate(connection, name, words)
        if name == b"INFO":
            text = b"redis_version:7.0.15\r\nredis_mode:standalone\r\n"
            connection.sendall(b"$%d\r\n%s\r\n" % (len(text), text))
        elif name == b"PING":
            connection.sendall(b"+PONG\r\n")
        elif name == b"DEL":
            self.data.pop(words[1], None)
            connection.sendall(b":1\r\n")
        else:
            connection.sendall(b"-ERR unknown command\r\n")
        return True

    def tensor(self, connection, name, words):
        """A command of RedisAI's, of which only one shape is known."""
        if len(words) == 1:  # whoever only asks whether it is there
            connection.sendall(b"-ERR wrong number of arguments for '%s' "
                               b"command\r\n" % name.lower())
            return True
        self.asked.append(words[:1] + words[2:-1 if len(words) > 4 else None])
        if name == b"AI.TENSORSET":
            return self.operate(connection, b"SET",
                                [name, words[1], words[-1]])
        return self.operate(connection, b"GET", words)

    def operate(self, connection, name, words):
        # what is tried before the study is no operation of its
        struck = not words[1].endswith(b":check") and self.strikes(name)
        if struck and self.fault in ERRORS:
            connection.sendall(ERRORS[self.fault][1])
            return True
        if struck and self.fault == "hang":
            self.ending.wait(60)
            return False
        if struck and self.fault == "drop":
            return False
        if struck and self.fault == "slow":
            time.sleep(self.delay)
        if name == b"SET":
            self.data[words[1]] = words[2]
            connection.sendall(b"+OK\r\n")
            return True
        value = self.data[words[1]]
        if name != words[0]:  # of RedisAI's
            connection.sendall(
                b"*6\r\n$5\r\ndtype\r\n$5\r\nFLOAT\r\n$5\r\nshape\r\n*2\r\n:1\r\n"
                b":%d\r\n$4\r\nblob\r\n" % (len(value) // 4))
        return self.give(connection, value, self.fault if struck else "")

    @staticmethod
    def give(connection, value, fault):
        """The reply to GET."""
        n = len(value)
        if fault == "shorter":
            n, value = n - 4, value[:-4]
        elif fault == "longer":
            n, value = n + 4, value + b"more"
        elif fault == "wrong data":
            value = bytes(value[:-1]) + bytes([value[-1] ^ 1])
        elif fault == "huge length":
            n = 2 ** 62
        elif fault == "negative length":
            n = -7
        reply = b"$%d\r\n%s\r\n" % (n, value)
        if fault == "drop in reply":
            connection.sendall(reply[:len(reply) // 2])
            return False
        connection.sendall(reply)
        return True
