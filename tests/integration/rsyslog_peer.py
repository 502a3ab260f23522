#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A real rsyslogd on loopback as the receiver of a test.

    with RsyslogPeer(directory, transports=("tcp", "tls")) as peer:
        …"address": peer.address("tcp")…
        wait_for(lambda: len(peer.messages()) >= 100)
        peer.kill(); peer.start()          # the same ports, the same file

Each message is one line of peer.file, raw as it came in (%rawmsg%, without the frame). rsyslogd runs in the foreground
with a configuration, certificates and a work directory of its own below `directory`, and is ended by its pid.
From the command line it runs until interrupted: rsyslog_peer.py DIRECTORY [udp|tcp|tls|relp|relp_tls …].
"""
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time

TRANSPORTS = ("udp", "tcp", "tls")
OVER_TLS = ("tls", "relp_tls")
OVER_RELP = ("relp", "relp_tls")


def find_rsyslogd():
    """The path of rsyslogd, or None."""
    return shutil.which("rsyslogd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def has_relp():
    """Whether rsyslogd can take RELP."""
    return any(pathlib.Path(d, "imrelp.so").exists() for d in
               ("/usr/lib/x86_64-linux-gnu/rsyslog", "/usr/lib/aarch64-linux-gnu/rsyslog", "/usr/lib/rsyslog", "/usr/lib64/rsyslog"))


def _free_port(kind):
    with socket.socket(type=kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Certificates:
    """An authority, a server certificate for 127.0.0.1 and localhost, and a client certificate, made with openssl."""

    def __init__(self, directory):
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.ca = directory / "ca.pem"
        self.server = directory / "server.pem"
        self.server_key = directory / "server.key"
        self.client = directory / "client.pem"
        self.client_key = directory / "client.key"
        if not self.ca.exists():
            self._make()

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    def _make(self):
        ca_key = self.directory / "ca.key"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                      "-subj", "/CN=mapitail test authority", "-keyout", ca_key, "-out", self.ca,
                      "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self._sign("server", "subjectAltName=IP:127.0.0.1,DNS:localhost", "serverAuth", self.server, self.server_key)
        self._sign("client", "subjectAltName=DNS:client.test", "clientAuth", self.client, self.client_key)

    def _sign(self, name, alternative, usage, certificate, key):
        request = self.directory / f"{name}.csr"
        extensions = self.directory / f"{name}.ext"
        extensions.write_text(f"{alternative}\nextendedKeyUsage={usage}\nbasicConstraints=CA:FALSE\n")
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", f"/CN=mapitail test {name}", "-keyout", key, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.directory / "ca.key",
                      "-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", certificate)


class RsyslogPeer:
    """rsyslogd with the given transports; client_certificate: TLS clients must show a certificate of our authority."""

    def __init__(self, directory, transports=TRANSPORTS, client_certificate=False, max_message="64k"):
        self.directory = pathlib.Path(directory) / "rsyslog"
        self.directory.mkdir(parents=True, exist_ok=True)
        self.transports = tuple(transports)
        self.client_certificate = client_certificate
        self.max_message = max_message
        self.file = self.directory / "received.log"
        self.log = self.directory / "rsyslogd.log"
        self.config = self.directory / "rsyslog.conf"
        self.ports = {t: _free_port(socket.SOCK_DGRAM if t == "udp" else socket.SOCK_STREAM) for t in self.transports}
        self.certificates = Certificates(self.directory / "certificates") if self._has(OVER_TLS) else None
        self.process = None

    def _has(self, transports):
        return any(t in transports for t in self.transports)

    def address(self, transport):
        return f"127.0.0.1:{self.ports[transport]}"

    def messages(self):
        """The messages received so far, as bytes, over every start of this peer."""
        if not self.file.exists():
            return []
        whole_lines = self.file.read_bytes().split(b"\n")[:-1]
        return [m for m in whole_lines if m]

    # ---- configuration ----

    def _input(self, transport):
        port = f'address="127.0.0.1" port="{self.ports[transport]}" ruleset="receive"'
        if transport == "udp":
            return f'module(load="imudp")\ninput(type="imudp" {port} rcvbufSize="4m")\n'
        if transport == "tcp":
            return f'input(type="imtcp" {port})\n'
        if transport == "relp":
            return f'input(type="imrelp" {port})\n'
        if transport == "relp_tls":
            return f'input(type="imrelp" {port} {self._relp_tls()})\n'
        mode = "x509/certvalid" if self.client_certificate else "anon"
        return (f'input(type="imtcp" {port} StreamDriver.Name="ossl" StreamDriver.Mode="1" '
                f'StreamDriver.AuthMode="{mode}")\n')

    def _relp_tls(self):
        c = self.certificates
        own = f'tls="on" tls.caCert="{c.ca}" tls.myCert="{c.server}" tls.myPrivKey="{c.server_key}"'
        return own + (' tls.authMode="certvalid"' if self.client_certificate else "")

    def _write_config(self):
        c = self.certificates
        # One queue entry at a time and no asynchronous writer: what the file holds is what rsyslogd has read.
        text = (f'global(workDirectory="{self.directory}" maxMessageSize="{self.max_message}" '
                'parser.escapeControlCharactersOnReceive="off"')
        if c:
            text += (f'\n  defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="{c.ca}"'
                     f'\n  defaultNetstreamDriverCertFile="{c.server}" defaultNetstreamDriverKeyFile="{c.server_key}"')
        text += ')\ntemplate(name="raw" type="string" string="%rawmsg%\\n")\n'
        text += ('ruleset(name="receive" queue.type="direct") {\n'
                 f'  action(type="omfile" file="{self.file}" template="raw" asyncWriting="off" flushOnTXEnd="on")\n}}\n')
        text += f'syslog.* action(type="omfile" file="{self.directory}/own.log")\n'
        if "tcp" in self.transports or "tls" in self.transports:
            text += 'module(load="imtcp")\n'
        if self._has(OVER_RELP):
            text += 'module(load="imrelp" tls.tlslib="openssl")\n'
        self.config.write_text(text + "".join(self._input(t) for t in self.transports))

    # ---- life ----

    def start(self):
        """Starts it and waits until every port answers."""
        program = find_rsyslogd()
        if not program:
            raise RuntimeError("rsyslogd is not installed")
        self._write_config()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([program, "-n", "-f", self.config, "-i", self.directory / "pid"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for transport in self.transports:
            self._wait_ready(transport)
        return self

    def _answers(self, transport):
        port = self.ports[transport]
        if transport == "udp":
            with socket.socket(type=socket.SOCK_DGRAM) as s:
                try:
                    s.bind(("127.0.0.1", port))
                except OSError:
                    return True  # somebody has it, and it was free before
                return False
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return True
        except OSError:
            return False

    def _wait_ready(self, transport):
        until = time.monotonic() + 15
        while not self._answers(transport):
            if self.process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise RuntimeError(f"rsyslogd does not answer on {transport}: {self.log.read_text(errors='replace')}")
            time.sleep(0.02)

    def stop(self):
        """Asks it to end and waits: what it has read is in the file then."""
        self._end(signal.SIGTERM)

    def kill(self):
        """kill -9"""
        self._end(signal.SIGKILL)

    def pause(self):
        """It hangs: it keeps its connections and reads nothing, until resume."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def _end(self, number):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()

    # ---- a sender for tests of this module ----

    def connect(self, transport):
        """A connected socket; for TLS verified and with the client certificate."""
        raw = socket.create_connection(("127.0.0.1", self.ports[transport]), timeout=10)
        if transport not in OVER_TLS:
            return raw
        context = ssl.create_default_context(cafile=str(self.certificates.ca))
        context.load_cert_chain(self.certificates.client, self.certificates.client_key)
        return context.wrap_socket(raw, server_hostname="127.0.0.1")


def main():
    peer = RsyslogPeer(sys.argv[1], sys.argv[2:] or TRANSPORTS)
    with peer:
        for transport in peer.transports:
            print(f"{transport} {peer.address(transport)}")
        print(f"messages in {peer.file}", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
