#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A TCP receiver that behaves badly on purpose, as a process of its own so that it can be killed with bytes unread.

    receiver.py PORT DIRECTORY [--host H] [--rate BYTES_PER_SECOND] [--rcvbuf BYTES] [--reset-after MIN:MAX] [--seed N]

Every connection's bytes go to a new file in DIRECTORY, written before more is read: what a file holds is exactly what
this process has read. --rate reads slowly; --reset-after ends each connection by a reset after a random number of
bytes, in the middle of a frame; --rcvbuf bounds what the system may acknowledge unread.
"""
import argparse
import itertools
import os
import random
import selectors
import socket
import struct
import time

PIECE = 16384


def listen(options):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if options.rcvbuf:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options.rcvbuf)
    listener.bind((options.host, options.port))
    listener.listen(16)
    return listener


class Connection:
    """One connection, its file, and how many bytes it may still live for."""

    def __init__(self, sock, path, options):
        self.sock, self.options = sock, options
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        low, high = options.reset_after or (0, 0)
        self.left = random.randint(low, high) if high else None

    def read(self):
        """False when the connection is over."""
        try:
            data = self.sock.recv(PIECE if self.left is None else min(PIECE, self.left))
        except OSError:
            data = b""
        os.write(self.file, data)
        if self.options.rate and data:
            time.sleep(len(data) / self.options.rate)
        if self.left is not None:
            self.left -= len(data)
            if self.left <= 0 and data:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                data = b""
        if not data:
            self.sock.close()
            os.close(self.file)
        return bool(data)


def serve(options):
    listener = listen(options)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    names = (f"{options.directory}/{os.getpid()}-{n:06}" for n in itertools.count())
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                sock, _ = listener.accept()
                selector.register(sock, selectors.EVENT_READ, Connection(sock, next(names), options))
                continue
            selector.unregister(key.fileobj)
            if key.data.read():
                selector.register(key.fileobj, selectors.EVENT_READ, key.data)


def span(text):
    low, _, high = text.partition(":")
    return int(low), int(high)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("directory")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--rate", type=int, default=0)
    parser.add_argument("--rcvbuf", type=int, default=0)
    parser.add_argument("--reset-after", type=span)
    parser.add_argument("--seed", type=int)
    options = parser.parse_args()
    random.seed(options.seed)
    serve(options)


if __name__ == "__main__":
    main()
