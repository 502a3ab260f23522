# SPDX-License-Identifier: Apache-2.0
"""Receivers that are dead, each in its own way, and the outputs that try to reach them."""
import contextlib
import socket

from harness import free_port


class DeadPeers:
    """Ports of loopback: `refused` has no listener, `hole` answers no connection, `silent` takes connections, reads
    little and never answers. They last as long as the with block."""

    def __init__(self):
        self.held = contextlib.ExitStack()
        self.refused = free_port()
        self.hole = self.listen(0)
        for _ in range(3):  # its queue is full from then on
            c = self.held.enter_context(socket.socket())
            c.setblocking(False)
            c.connect_ex(("127.0.0.1", self.hole))
        self.silent = self.listen(64)

    def listen(self, backlog):
        s = self.held.enter_context(socket.socket())
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.bind(("127.0.0.1", 0))
        s.listen(backlog)
        return s.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.held.close()

    def outputs(self):
        """One output for each way."""
        def output(name, kind, port, **more):
            key = "brokers" if kind == "kafka" else "address"
            return {"name": name, "type": kind, key: f"127.0.0.1:{port}", **more}
        return [output("kafka_refused", "kafka", self.refused),
                output("kafka_hole", "kafka", self.hole),
                output("kafka_silent", "kafka", self.silent),
                output("kafka_transactions", "kafka", self.silent, delivery="exactly_once"),
                output("tcp_refused", "syslog_tcp", self.refused),
                output("tcp_hole", "syslog_tcp", self.hole),
                output("tcp_unread", "syslog_tcp", self.silent),
                output("tls_silent", "syslog_tls", self.silent),
                output("relp_silent", "relp", self.silent)]
