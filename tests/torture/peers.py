# SPDX-License-Identifier: Apache-2.0
"""Processes at the other end: the receiver of receiver.py, and a follower of what any of them has written."""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

from harness import free_port, wait_for

HERE = pathlib.Path(__file__).resolve().parent


def octet_frames(data):
    """Frames of an RFC 6587 octet-counted stream: (messages, malformed, bytes of the cut last frame)."""
    messages, at = [], 0
    while at < len(data):
        space = data.find(b" ", at, at + 8)
        if space < 0:
            return messages, int(len(data) - at >= 8), len(data) - at
        if not data[at:space].isdigit():
            return messages, 1, 0
        end = space + 1 + int(data[at:space])
        if end > len(data):
            return messages, 0, len(data) - at
        messages.append(data[space + 1:end])
        at = end
    return messages, 0, 0


class Receiver:
    """receiver.py: start, kill with bytes unread, start again on the same port."""

    def __init__(self, directory, *options, host=None, prefix=()):
        self.directory = pathlib.Path(directory) / "receiver"
        self.directory.mkdir(parents=True, exist_ok=True)
        # An address of our own: while it is down, nobody else's sender may come to its port, or take it.
        self.host = host or f"127.{os.getpid() >> 8 & 127}.{os.getpid() & 255}.1"
        self.port, self.prefix = free_port(), list(prefix)
        self.options = list(map(str, options))
        self.process = None

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def start(self, *options):
        """options replace those of the beginning."""
        arguments = list(map(str, options)) if options else self.options
        self.process = subprocess.Popen([*self.prefix, sys.executable, HERE / "receiver.py", str(self.port), self.directory,
                                         "--host", self.host, *arguments])
        wait_for(self._listens, what="the receiver")
        return self

    def _listens(self):
        state = subprocess.run([*self.prefix, "cat", "/proc/net/tcp"], capture_output=True, text=True, check=True).stdout
        return f":{self.port:04X} 00000000:0000 0A" in state

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()
        self.process = None

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def streams(self):
        return [p.read_bytes() for p in sorted(self.directory.iterdir())]

    def size(self):
        return sum(p.stat().st_size for p in self.directory.iterdir())

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()


class Follower:
    """Counts the lines of a growing file without reading it twice."""

    def __init__(self, path):
        self.path, self.offset, self.count = pathlib.Path(path), 0, 0

    def lines(self):
        try:
            with open(self.path, "rb") as f:
                if os.fstat(f.fileno()).st_size < self.offset:
                    self.offset = self.count = 0
                f.seek(self.offset)
                data = f.read()
        except FileNotFoundError:
            return self.count
        self.offset += len(data)
        self.count += data.count(b"\n")
        return self.count


class BlackHole:
    """A port that takes the connections of the system's queue and never reads a byte."""
    RCVBUF = 4096

    def __init__(self):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.RCVBUF)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(1)
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def resident_kib(pid):
    """Resident memory of a process that is the program's own: without pages of mapped files."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        fields = dict(line.split(":", 1) for line in f if ":" in line)
    return int(fields["RssAnon"].split()[0])


def wait_still(number, seconds=1.5, most=60):
    """Waits until number() has not changed for some time; returns it."""
    last, since, until = number(), time.monotonic(), time.monotonic() + most
    while time.monotonic() - since < seconds and time.monotonic() < until:
        time.sleep(0.05)
        now = number()
        if now != last:
            last, since = now, time.monotonic()
    return last
