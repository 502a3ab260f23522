# SPDX-License-Identifier: Apache-2.0
"""What the agent is measured against: rsyslog and syslog-ng as senders of the same export, one line an event.

syslog-ng-core cannot be installed beside rsyslog: without it on the PATH it is unpacked from its Debian packages into a
cache (`anchors.py fetch`, which the long form does). Both are set up as their documentation advises for reliable
forwarding over TCP.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

from harness import Skip
from rsyslog_peer import find_rsyslogd

COMPLETE = re.compile(rb"<EventRecordID>(\d+)</EventRecordID>[^\n]*</Event>[^\n]*\n")
PACKAGES = ("syslog-ng-core", "libivykis0", "libnet1", "libpcre3", "libwrap0", "libjson-c5")


def numbers(streams):
    """The numbers of all events whose line came completely, over several connections' bytes."""
    return {int(n) for stream in streams for n in COMPLETE.findall(stream)}


def cache():
    base = os.environ.get("XDG_CACHE_HOME")
    return (pathlib.Path(base) if base else pathlib.Path.home() / ".cache") / "mapitail-anchors"


def fetch():
    """Unpacks syslog-ng into the cache, once."""
    if find_syslog_ng() or not shutil.which("apt-get"):
        return
    cache().mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", *PACKAGES], cwd=cache(), check=False, capture_output=True)
    for package in cache().glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, cache() / "root"], check=True)


def find_syslog_ng():
    """(program, further arguments, environment), or None."""
    program = shutil.which("syslog-ng", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if program:
        return program, [], os.environ
    root = cache() / "root"
    modules = next(root.glob("usr/lib/syslog-ng/*/libaffile.so"), None)
    if not modules:
        return None
    folders = sorted({str(p.parent) for p in root.rglob("*.so*")})
    return (root / "usr/sbin/syslog-ng", [f"--module-path={modules.parent}"],
            {**os.environ, "LD_LIBRARY_PATH": ":".join(folders)})


class Sender:
    """Ships the lines of `export` to the receiver until it is ended."""

    def __init__(self, directory, export, receiver):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        self.export, self.host, self.port, self.process = export, receiver.host, receiver.port, None

    def __enter__(self):
        command, environment = self.command()
        with open(self.directory / "log", "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                                            cwd=self.directory)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Rsyslog(Sender):
    name = "rsyslog"

    def command(self):
        program = find_rsyslogd()
        if not program:
            raise Skip("rsyslogd is not installed")
        path = self.directory / "rsyslog.conf"
        path.write_text(f'''global(workDirectory="{self.directory}" maxMessageSize="64k")
module(load="imfile")
template(name="line" type="string" string="%msg%\\n")
input(type="imfile" file="{self.export}" tag="export" ruleset="forward" persistStateInterval="100")
ruleset(name="forward") {{
  action(type="omfwd" target="{self.host}" port="{self.port}" protocol="tcp" template="line"
    queue.type="linkedList" queue.filename="forward" queue.saveOnShutdown="on"
    action.resumeRetryCount="-1" action.resumeInterval="1")
}}
''')
        return [program, "-n", "-f", path, "-i", self.directory / "pid"], os.environ


class SyslogNg(Sender):
    name = "syslog-ng"

    def command(self):
        found = find_syslog_ng()
        if not found:
            raise Skip("syslog-ng is neither installed nor fetched (tests/torture/anchors.py fetch)")
        program, arguments, environment = found
        path = self.directory / "syslog-ng.conf"
        path.write_text(f'''@version: 3.35
options {{ time-reopen(1); stats-freq(0); }};
source s {{ file("{self.export}" follow-freq(0.1) flags(no-parse) log-msg-size(65536)); }};
destination d {{ network("{self.host}" port({self.port}) transport("tcp") template("${{MESSAGE}}\\n")); }};
log {{ source(s); destination(d); flags(flow-control); }};
''')
        files = [f"--{name}={self.directory}/{name}" for name in ("persist-file", "pidfile", "control")]
        return [program, "-F", "--no-caps", "-f", path, *files, *arguments], environment


ALL = (Rsyslog, SyslogNg)

if __name__ == "__main__":
    if sys.argv[1:] == ["fetch"]:
        fetch()
    print(find_syslog_ng())
