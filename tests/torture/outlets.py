# SPDX-License-Identifier: Apache-2.0
"""The outputs that are tortured, each with its real peer: what goes into the configuration, and what came out.

An outlet is made anew for each row, below the row's directory. All have the same members:

    settings()          the output's entry in the configuration
    received()          how many messages the peer has so far; cheap, for waiting
    messages()          all of them, complete, as bytes; slow, for the verdict
    stop() kill() start() pause() resume()     the peer's life
"""
import os
import shutil
import signal
import subprocess
import sys

from harness import ROOT, Skip, mapitail
from peers import Follower
from rsyslog_peer import RsyslogPeer, find_rsyslogd

sys.path.insert(0, str(ROOT / "tests" / "kafka"))
from broker import Broker, Unavailable  # noqa: E402

# What may be in flight when a process dies: 8 batches of 500 records.
WINDOW = 4000


class File:
    """A file on the same machine: it has no peer that could die."""
    key, title, repeats_per_death = "file", "file", WINDOW

    def __init__(self, directory, _):
        self.directory = directory
        self.path = directory / "out.ndjson"
        self.follower = Follower(self.path)

    def settings(self):
        return {"name": self.key, "type": "file", "path": str(self.path), "fsync": "always", "max_size": "10GiB"}

    def received(self):
        return self.follower.lines()

    def messages(self):
        return self.path.read_bytes().splitlines() if self.path.exists() else []

    def start(self):
        return self

    def close(self):
        pass


class Syslog:
    """rsyslog as the receiver."""
    transport = None

    def __init__(self, directory, _):
        self.directory = directory
        if not find_rsyslogd():
            raise Skip("rsyslogd is not installed")
        self.peer = RsyslogPeer(directory, (self.transport,))
        self.follower = Follower(self.peer.file)
        self.stop, self.kill, self.pause, self.resume = self.peer.stop, self.peer.kill, self.peer.pause, self.peer.resume

    def settings(self):
        return {"name": self.key, "type": self.key, "address": self.peer.address(self.transport)}

    def received(self):
        return self.follower.lines()

    def messages(self):
        return self.peer.messages()

    def start(self):
        self.peer.start()
        return self

    def close(self):
        self.peer.kill()


class SyslogTcp(Syslog):
    key, title, transport, repeats_per_death = "syslog_tcp", "syslog over TCP", "tcp", WINDOW


class SyslogTls(Syslog):
    key, title, transport, repeats_per_death = "syslog_tls", "syslog over TLS", "tls", WINDOW

    def settings(self):
        return {**super().settings(), "ca_file": str(self.peer.certificates.ca)}


class Relp(Syslog):
    key, title, transport, repeats_per_death = "relp", "RELP", "relp", WINDOW


class RealBroker:
    """One Kafka broker for the whole run, started when the first row wants it."""

    def __init__(self, directory):
        self.directory, self.broker, self.why, self.topics = directory, None, None, 0

    def get(self):
        if self.why is None and self.broker is None:
            self._start()
        if self.why:
            raise Skip(self.why)
        if not self.broker.running():
            self.broker.start()
        return self.broker

    def _start(self):
        if not shutil.which("kcat"):
            self.why = "kcat is not installed"
            return
        try:
            self.broker = Broker(self.directory / "kafka").start()
        except Unavailable as why:
            self.why = str(why)

    def topic(self, name):
        self.topics += 1
        # Records carry the time of their event: a topic that keeps a week deletes what happened before it.
        self.get().create_topic(f"{name}-{self.topics}", 3, retention__ms=-1)
        return f"{name}-{self.topics}"

    def close(self):
        if self.broker:
            self.broker.stop(kill=True)


class Kafka:
    """A real Apache Kafka broker; kcat reads what it holds, committed transactions only."""
    key, title, repeats_per_death = "kafka", "Kafka", WINDOW
    extra = {}

    def __init__(self, directory, bench):
        self.directory, self.real = directory, bench.real_broker
        self.broker = self.real.get()
        self.topic = self.real.topic(self.key)
        self.bootstrap = self.broker.bootstrap
        self.path = directory / "consumed.ndjson"
        self.follower = Follower(self.path)
        self.consumer = None

    def settings(self):
        return {"name": self.key, "type": "kafka", "brokers": self.bootstrap, "topic": self.topic, **self.extra}

    def _kcat(self, *options):
        return ["kcat", "-C", "-q", "-E", "-b", self.bootstrap, "-t", self.topic, "-o", "beginning",
                "-X", "isolation.level=read_committed", "-X", "reconnect.backoff.max.ms=200", "-f", r"%s\n", *options]

    def start(self):
        """Also begins to follow the topic. A broker that is down is started again."""
        if not self.broker.running():
            self.broker.start()
        if not self.consumer:
            with open(self.path, "wb") as out:
                self.consumer = subprocess.Popen(self._kcat("-u"), stdin=subprocess.DEVNULL, stdout=out,
                                                 stderr=subprocess.DEVNULL)
        return self

    def received(self):
        return self.follower.lines()

    def messages(self):
        done = subprocess.run(self._kcat("-e"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=300, check=True)
        return done.stdout.splitlines()

    def stop(self):
        self.broker.stop()

    def kill(self):
        self.broker.stop(kill=True)

    def pause(self):
        os.kill(self.broker.pid, signal.SIGSTOP)

    def resume(self):
        os.kill(self.broker.pid, signal.SIGCONT)

    def close(self):
        if self.consumer:
            self.consumer.kill()
            self.consumer.wait()


class KafkaOnce(Kafka):
    key, title, repeats_per_death = "kafka_once", "Kafka, exactly once", 0
    extra = {"delivery": "exactly_once"}


ALL = {outlet.key: outlet for outlet in (File, SyslogTcp, SyslogTls, Relp, Kafka, KafkaOnce)}
PLAIN_TCP = ("syslog_tcp", "syslog_tls")
WITH_PEER = ("syslog_tcp", "syslog_tls", "relp", "kafka", "kafka_once")
EVERY = tuple(ALL)

# An entry with which `mapitail check` tells whether this program has the output.
SAMPLES = {"relp": {"type": "relp", "address": "127.0.0.1:1"},
           "kafka_once": {"type": "kafka", "brokers": "127.0.0.1:1", "delivery": "exactly_once"}}


def is_known(key, directory):
    """Whether the program has this output."""
    if key not in SAMPLES:
        return True
    from harness import config
    path = config(directory, [directory / "none.xml"], [{"name": "x", **SAMPLES[key]}])
    return mapitail("check", "-c", path).code == 0
