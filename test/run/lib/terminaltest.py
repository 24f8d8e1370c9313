"""Programs on a terminal: a pseudo-terminal, and what it shows."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from srbtest import END

SEQUENCE = re.compile(r"\033\[([0-9;]*)([A-Za-z])")


class Screen:
    """What a terminal of some width shows of what it was sent: lines (those that
    scrolled away too); frames, all that the line in place ever was; torn, those
    of them into which something was written. Of its sequences it knows those that
    srbench uses, and complains of others. The line in place ends in a reset of
    colours and a carriage return."""

    def __init__(self, columns):
        self.columns = columns
        self.lines = [""]
        self.frames = []
        self.x = self.y = 0
        self.pending = ""
        self.torn = []
        self.reset = self.parked = False

    def feed(self, text):
        text, self.pending = self.pending + text, ""
        i = 0
        while i < len(text):
            if text[i] == "\033":
                match = SEQUENCE.match(text, i)
                if not match:  # the rest is to come
                    self.pending = text[i:]
                    return
                self.obey(match)
                i = match.end()
            else:
                self.put(text[i])
                i += 1

    def obey(self, match):
        parameter, what = match.groups()
        self.reset = match[0] == "\033[0m"
        if what == "J" and parameter in ("", "0"):
            self.parked = False
            del self.lines[self.y + 1:]
            self.lines[self.y] = self.lines[self.y][:self.x]
        elif what != "m":
            raise AssertionError(f"what is {match[0]!r}?")

    def put(self, c):
        if self.parked and c == "\n":  # a line that ends in a colour's reset
            self.frames.pop()
            self.parked = False
        if self.parked and c != "\r":
            self.torn.append(self.lines[self.y])
            self.parked = False
        if c == "\r":
            if self.reset and self.lines[self.y].startswith("["):
                self.frames.append(self.lines[self.y])
                self.parked = True
            self.x, self.reset = 0, False
        elif c == "\n":
            self.go_down()
        elif c == "\a":
            pass
        else:
            if self.x == self.columns:
                self.go_down()
                self.x = 0
            line = self.lines[self.y].ljust(self.x)
            self.lines[self.y] = line[:self.x] + c + line[self.x + 1:]
            self.x += 1
            self.reset = False

    def go_down(self):
        self.y += 1
        while len(self.lines) <= self.y:
            self.lines.append("")


class OnTerminal:
    """A program whose standard error, and standard output unless another is
    given, is a terminal."""

    def __init__(self, command, columns=80, rows=24, stdout=None, env=None,
                 **how):
        self.ours, theirs = pty.openpty()
        self.size(columns, rows)
        environ = {**os.environ, "TERM": "xterm", **(env or {})}
        if not (env or {}).get("NO_COLOR"):
            environ.pop("NO_COLOR", None)
        self.seen = ""
        self.screen = Screen(columns)
        self.hung_up = False
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=theirs,
            stdout=theirs if stdout is None else stdout, env=environ,
            start_new_session=True, **how)
        os.close(theirs)

    def size(self, columns, rows=24):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns):
        self.size(columns)
        self.screen.columns = columns

    def hang_up(self):
        os.close(self.ours)
        self.hung_up = True

    def read(self, seconds=0.1):
        """What there is now; False: the other side is closed."""
        if not select.select([self.ours], [], [], seconds)[0]:
            return True
        try:
            more = os.read(self.ours, 65536).decode(errors="replace")
        except OSError:
            more = ""
        self.seen += more
        self.screen.feed(more)
        return bool(more)

    def until(self, condition):
        deadline = time.monotonic() + END
        while not condition(self):
            if not self.read():
                raise AssertionError(f"it ended before: {self.seen}")
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {END} s: {self.seen}")

    def finish(self):
        """Its exit status."""
        deadline = time.monotonic() + END
        while not self.hung_up and self.read():
            if time.monotonic() > deadline:
                raise AssertionError(f"no end within {END} s: {self.seen}")
        return self.process.wait(END)

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if not self.hung_up:
            self.hang_up()
