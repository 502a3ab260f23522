#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One real Apache Kafka broker on loopback, for tests.

As a program:

    broker.py start --dir D [--topic NAME:PARTITIONS …]   prints the listeners, one `name=host:port` a line
    broker.py stop --dir D [--kill]                       ends it; its data stay in D for the next start
    broker.py topic --dir D NAME:PARTITIONS …             creates topics

As a module: `with Broker(directory) as b: b.create_topic("t", 3); b.bootstrap`.

It is a combined broker and controller (KRaft) with four listeners: `plain` (no security), `ssl` (TLS;
certificates are made in D/tls), `sasl` (SCRAM without TLS) and `sasl_ssl` (PLAIN and SCRAM over TLS). Users:
`agent` may do everything, `stranger` nothing; both have the password `<name>-secret`. Clients of `plain`,
and of `ssl` without a certificate or with D/tls/client.pem, may do everything.

The server's archives come from the local Maven and are kept in $MAPITAIL_KAFKA_CACHE, or
$XDG_CACHE_HOME/mapitail-kafka, or ~/.cache/mapitail-kafka. Only the standard library is needed.
"""
import argparse
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LISTENERS = ("plain", "ssl", "sasl", "sasl_ssl", "controller")
PROTOCOLS = {"plain": "PLAINTEXT", "ssl": "SSL", "sasl": "SASL_PLAINTEXT", "sasl_ssl": "SASL_SSL",
             "controller": "PLAINTEXT"}
USERS = ("agent", "stranger")
# A short life on a small machine: start-up time and memory count, peak speed does not.
JVM = ("-Xmx384m", "-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
       "-Djava.net.preferIPv4Stack=true", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
CLUSTER_ID = "bWFwaXRhaWwtdGVzdHMtMQ"


class Unavailable(Exception):
    """The broker cannot be had here: no Java, no Maven, nothing to fetch from. Tests skip with the text."""


def cache_directory():
    named = os.environ.get("MAPITAIL_KAFKA_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "mapitail-kafka"


def archives():
    """The directory with the server's archives; fetched once per pom, however many ask at once."""
    pom = HERE / "pom.xml"
    directory = cache_directory() / hashlib.sha256(pom.read_bytes()).hexdigest()[:16]
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (directory / "complete").exists():
            return directory
        for tool in ("java", "mvn"):
            if not shutil.which(tool):
                raise Unavailable(f"{tool} is not installed")
        shutil.copy(pom, directory / "pom.xml")
        done = subprocess.run(
            ["mvn", "-q", "-B", "-f", str(directory / "pom.xml"), "dependency:copy-dependencies",
             "-DincludeScope=runtime", f"-DoutputDirectory={directory}"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            lines = [line for line in done.stdout.splitlines() if "ERROR" in line]
            why = lines[0] if lines else "no reason given"
            raise Unavailable("Maven cannot fetch the server: " + why[:200])
        (directory / "complete").touch()
    return directory


def free_ports(count):
    """Ports that were free a moment ago; all are held until the last is known, so that they differ."""
    sockets = []
    for _ in range(count):
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        sockets.append(s)
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def openssl(directory, *arguments):
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def make_certificates(directory):
    """ca.pem; server.pem and client.pem with their .key; server-store.pem is key and certificate."""
    directory.mkdir()
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(directory, "req", "-x509", *new_key, "-days", "30", "-subj", "/CN=mapitail test CA",
            "-keyout", "ca.key", "-out", "ca.pem")
    for name, extensions in (("server", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
                             ("client", "extendedKeyUsage=clientAuth")):
        (directory / f"{name}.ext").write_text(extensions + "\n")
        openssl(directory, "req", *new_key, "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                "-out", f"{name}.csr")
        openssl(directory, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", "30", "-extfile", f"{name}.ext", "-out", f"{name}.pem")
    store = (directory / "server.key").read_text() + (directory / "server.pem").read_text()
    (directory / "server-store.pem").write_text(store)


# --- as much of the Kafka protocol as asking for topics takes (protocol guide; all integers big-endian) ---

def short_string(text):
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def request(address, key, version, body, timeout=5.0):
    """One request to host:port, and the bytes of its answer behind the correlation id."""
    host, port = address.rsplit(":", 1)
    message = struct.pack(">hhi", key, version, 1) + short_string("broker.py") + body
    with socket.create_connection((host, int(port)), timeout) as s:
        s.sendall(struct.pack(">i", len(message)) + message)
        with s.makefile("rb") as answer:
            size = struct.unpack(">i", answer.read(4))[0]
            return answer.read(size)[4:]


def create_topic_request(name, partitions, settings, replicas=1):
    """CreateTopics version 2."""
    body = struct.pack(">i", 1) + short_string(name) + struct.pack(">ihi", partitions, replicas, 0)
    body += struct.pack(">i", len(settings))
    for key, value in settings.items():
        body += short_string(key) + short_string(str(value))
    return body + struct.pack(">i?", 10000, False)


class Broker:
    """A broker whose files are all in `directory`; data and ports stay over stop and start."""

    expected_brokers = 1

    def __init__(self, directory, settings=None):
        self.directory = Path(directory).resolve()
        self.settings = settings or {}
        self.pid = None
        self.ports = {}
        if self._state().exists():
            state = json.loads(self._state().read_text())
            self.pid, self.ports = state["pid"], state["ports"]

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def _state(self):
        return self.directory / "broker.json"

    def address(self, listener):
        return f"127.0.0.1:{self.ports[listener]}"

    @property
    def bootstrap(self):
        return self.address("plain")

    @property
    def ca_file(self):
        return self.directory / "tls" / "ca.pem"

    def _properties(self):
        tls = self.directory / "tls"
        listeners = ",".join(f"{n.upper()}://127.0.0.1:{self.ports[n]}" for n in LISTENERS)
        plain_users = " ".join(f'user_{u}="{u}-secret"' for u in USERS)
        properties = {
            "process.roles": "broker,controller", "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self.ports['controller']}",
            "controller.listener.names": "CONTROLLER", "inter.broker.listener.name": "PLAIN",
            "listeners": listeners, "advertised.listeners": listeners.rsplit(",", 1)[0],
            "listener.security.protocol.map": ",".join(f"{n.upper()}:{PROTOCOLS[n]}" for n in LISTENERS),
            "log.dirs": self.directory / "data", "num.partitions": 1, "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": 1, "offsets.topic.num.partitions": 1,
            "transaction.state.log.replication.factor": 1, "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 1, "group.initial.rebalance.delay.ms": 0,
            "num.network.threads": 2, "num.io.threads": 2, "log.cleaner.dedupe.buffer.size": 4 << 20,
            "log.cleaner.io.buffer.size": 65536,
            # Records carry the time of their event, which retention by time would find long overdue.
            "log.retention.ms": -1,
            # After a kill the controller takes the broker back when its old session has ended.
            "broker.session.timeout.ms": 2000, "broker.heartbeat.interval.ms": 250,
            "ssl.keystore.type": "PEM", "ssl.keystore.location": tls / "server-store.pem",
            "ssl.truststore.type": "PEM", "ssl.truststore.location": tls / "ca.pem",
            "listener.name.ssl.ssl.client.auth": "requested",
            "listener.name.sasl.sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512",
            "listener.name.sasl_ssl.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            "listener.name.sasl_ssl.plain.sasl.jaas.config":
                f"org.apache.kafka.common.security.plain.PlainLoginModule required {plain_users};",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS;User:agent;User:CN=client",
        }
        for scram in ("sasl.scram-sha-256", "sasl.scram-sha-512", "sasl_ssl.scram-sha-512"):
            properties[f"listener.name.{scram}.sasl.jaas.config"] = \
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        properties.update(self.settings)
        return properties

    def _java(self, *arguments):
        return ["java", *JVM, "-cp", f"{archives()}/*", *arguments]

    def _prepare(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        if not self.ports:
            self.ports = dict(zip(LISTENERS, free_ports(len(LISTENERS))))
        if not (self.directory / "tls").exists():
            make_certificates(self.directory / "tls")
        text = "".join(f"{key}={value}\n" for key, value in self._properties().items())
        (self.directory / "server.properties").write_text(text)
        if (self.directory / "data" / "meta.properties").exists():
            return
        scram = []
        for user in USERS:
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
                scram += ["--add-scram", f"{mechanism}=[name={user},password={user}-secret]"]
        done = subprocess.run(
            self._java("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c",
                       str(self.directory / "server.properties"), *scram),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise Unavailable("the storage cannot be formatted: " + done.stdout[-400:])

    def start(self, patience=60.0):
        if self.running():
            return self
        self._prepare()
        with open(self.directory / "server.log", "ab") as log:
            process = subprocess.Popen(self._java("kafka.Kafka", str(self.directory / "server.properties")),
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       start_new_session=True)
        self.pid = process.pid
        self._process = process
        self._state().write_text(json.dumps({"pid": self.pid, "ports": self.ports}))
        self._wait_until_it_answers(process, time.monotonic() + patience)
        return self

    def _wait_until_it_answers(self, process, until):
        while time.monotonic() < until:
            if process.poll() is not None:
                raise Unavailable("the broker ended: " + (self.directory / "server.log").read_text()[-400:])
            try:
                if self.broker_count() == self.expected_brokers:
                    return
            except (OSError, struct.error):
                pass
            time.sleep(0.05)
        self.stop(kill=True)
        raise Unavailable("the broker does not answer")

    def broker_count(self):
        """Brokers that a Metadata answer (version 1) names: a broker names itself once it is unfenced."""
        return struct.unpack(">i", request(self.bootstrap, 3, 1, struct.pack(">i", 0))[:4])[0]

    def create_topic(self, name, partitions=1, **settings):
        """Dots in a setting's name are written as two underscores."""
        settings = {key.replace("__", "."): value for key, value in settings.items()}
        body = create_topic_request(name, partitions, settings)
        answer = request(self.bootstrap, 19, 2, body, timeout=15.0)
        code = struct.unpack(">h", answer[8 + 2 + len(name):][:2])[0]
        if code not in (0, 36):  # 36: exists
            raise RuntimeError(f"topic {name} cannot be created: error {code}")

    def running(self):
        """True while our pid is the server of this directory, and not one that got the number later."""
        try:
            command = Path(f"/proc/{self.pid}/cmdline").read_bytes() if self.pid else b""
            status = Path(f"/proc/{self.pid}/stat").read_text() if self.pid else ""
        except OSError:
            return False
        return str(self.directory).encode() in command and ") Z " not in status

    def stop(self, kill=False, patience=20.0):
        """Ends the process: orderly (SIGTERM), or as a crash would."""
        until = time.monotonic() + patience
        if self.running():
            os.kill(self.pid, signal.SIGKILL if kill else signal.SIGTERM)
        while self.running():
            if time.monotonic() > until:
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(0.02)
        if getattr(self, "_process", None):
            self._process.wait()
            self._process = None
        self.pid = None
        if self._state().exists():
            self._state().write_text(json.dumps({"pid": None, "ports": self.ports}))


def parse_topic(text):
    name, _, partitions = text.partition(":")
    return name, int(partitions or 1)


def main():
    parser = argparse.ArgumentParser(description="One real Kafka broker on loopback, for tests.")
    parser.add_argument("command", choices=("fetch", "start", "stop", "topic"))
    parser.add_argument("topics", nargs="*", metavar="NAME:PARTITIONS")
    parser.add_argument("--dir", type=Path, help="everything that the broker writes is in there")
    parser.add_argument("--kill", action="store_true", help="stop as a crash would")
    arguments = parser.parse_intermixed_args()
    if arguments.command != "fetch" and not arguments.dir:
        parser.error("--dir is needed")
    try:
        if arguments.command == "fetch":
            print(archives())
            return 0
        broker = Broker(arguments.dir)
        if arguments.command == "stop":
            broker.stop(arguments.kill)
            return 0
        if arguments.command == "start":
            broker.start()
        for topic in arguments.topics:
            broker.create_topic(*parse_topic(topic))
        for listener in LISTENERS[:-1]:
            print(f"{listener}={broker.address(listener)}")
        return 0
    except Unavailable as why:
        print(f"broker.py: {why}", file=sys.stderr)
        return 77  # what test runners take as skipped


if __name__ == "__main__":
    sys.exit(main())
