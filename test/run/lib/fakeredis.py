"""A server for --db_exe that misbehaves (fakeserver.py): srbench starts it, by
the configuration that it gives to a Redis, and it passes for one of its own: it
has the process id that was started, takes every password, counts, forms a
cluster at once, and ends when it is told to.

    #!/bin/sh
    exec python3 fakeredis.py "drop in reply" /path/of/a/mark "$@"

The fault strikes once among all servers that have the mark, also those that are
started after it: the mark is then there.
"""
import os
import re
import socket
import sys

from fakeserver import FakeServer

SLOTS = 16384


class FakeRedis(FakeServer):

    def __init__(self, fault, mark, config):
        super().__init__(fault, forever=True)
        self.mark = mark
        found = dict(re.findall(r"^(\S+) (.*)$", config, re.M))
        self.at = found["bind"], int(found["port"])
        self.shards = 1
        if "cluster-enabled" in found:
            with open("nodes.conf", encoding="utf-8") as nodes:
                self.shards = sum("master" in line for line in nodes)
        self.calls = {b"SET": 0, b"GET": 0}

    def run(self):
        self.socket = socket.create_server(self.at, backlog=64)
        self.accept()

    def strikes(self, name):
        if not super().strikes(name):
            return False
        try:
            os.close(os.open(self.mark, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
        return True

    def said(self):
        """What INFO says, all of it at once."""
        lines = {
            "redis_version": "7.0.15", "redis_mode": "standalone",
            "process_id": os.getpid(), "used_cpu_user": "0.1",
            "used_cpu_sys": "0.1", "total_net_input_bytes": 0,
            "total_net_output_bytes": 0, "cluster_state": "ok",
            "cluster_slots_ok": SLOTS, "cluster_known_nodes": self.shards}
        for name, n in self.calls.items():
            lines[f"cmdstat_{name.decode().lower()}"] = f"calls={n},usec=1"
        return "".join(f"{k}:{v}\r\n" for k, v in lines.items()).encode()

    def answer(self, connection, words):
        name = words[0].upper()
        if name in self.calls:
            with self.lock:
                self.calls[name] += 1
        if name in (b"INFO", b"CLUSTER"):
            text = self.said()
            connection.sendall(b"$%d\r\n%s\r\n" % (len(text), text))
        elif name == b"AUTH":
            connection.sendall(b"+OK\r\n")
        elif name == b"FLUSHALL":
            self.data.clear()
            connection.sendall(b"+OK\r\n")
        elif name == b"CONFIG":
            connection.sendall(b"*0\r\n")
        elif name == b"SHUTDOWN":
            os._exit(0)
        else:
            return super().answer(connection, words)
        return True


def main():
    fault, mark, *args = sys.argv[1:]
    if args == ["--version"]:
        print("Redis server v=7.0.15 sha=0:0 malloc=none bits=64")
        return
    FakeRedis(fault, mark, sys.stdin.read()).run()


if __name__ == "__main__":
    main()
