# SPDX-License-Identifier: Apache-2.0
"""A Windows of Wine's for one test script: its own files, registry and service control manager."""
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from harness import PROGRAM, ROOT, Result

WINE = ROOT / "packaging" / "windows" / "wine"
CACHE = pathlib.Path(os.environ.get("WINEPREFIX") or
                     pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "mapitail-wine")
TELLS_EVENTS = "-all,warn+eventlog,trace+eventlog,err+eventlog"
DATA = "C:\\ProgramData\\mapitail"


class Windows:
    """A copy of Wine's files, with a server that stays; its event log is the debug channel, in a file."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mapitail-windows-"))
        self.prefix = self.folder / "prefix"
        self.events_path = self.folder / "events"
        if not (CACHE / "ready").exists():
            subprocess.run([WINE, "cmd", "/c", "exit"], check=True, stdin=subprocess.DEVNULL,
                           env={**os.environ, "WINEPREFIX": str(CACHE)})
        shutil.copytree(CACHE, self.prefix, symlinks=True)
        shutil.copy(PROGRAM, self.drive("C:\\mapitail.exe"))
        self.environment = {**os.environ, "WINEPREFIX": str(self.prefix), "WINE_SERVES": str(self.prefix),
                            "WINEDEBUG": "-all"}
        self.server("-p")
        # The services are started by the first program, and inherit where its words go.
        with open(self.events_path, "wb") as events:
            subprocess.run(["wine", "cmd", "/c", "exit"], stdin=subprocess.DEVNULL, stdout=events, stderr=events, check=True,
                           env={**self.environment, "WINEDEBUG": TELLS_EVENTS,
                                "DISPLAY": ""})

    def server(self, *words):
        subprocess.run(["wineserver", *words], env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)

    def end(self):
        self.server("-k")
        shutil.rmtree(self.folder, ignore_errors=True)

    def drive(self, path):
        return self.prefix / "drive_c" / path.removeprefix("C:\\").replace("\\", "/")

    def run(self, *words, stdin=None, seconds=120):
        done = subprocess.run([WINE, *words], input=stdin, capture_output=True, timeout=seconds, check=False,
                              env=self.environment)
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace"))

    @contextlib.contextmanager
    def events_of_programs(self):
        """Within, what programs that are run write to the event log stands in their standard error, as Wine tells it."""
        before = dict(self.environment)
        self.environment["WINEDEBUG"] = TELLS_EVENTS
        try:
            yield
        finally:
            self.environment = before

    def service(self, *words):
        return self.run("C:\\mapitail.exe", "service", *words)

    def process_of_service(self):
        """The number of the running service's process, as Linux sees it, or None."""
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if b"service\0run\0" in (entry / "cmdline").read_bytes() and str(self.prefix).encode() in (
                        entry / "environ").read_bytes():
                    return int(entry.name)
            except OSError:
                continue
        return None

    def state(self):
        out = self.service("status").out
        return re.search(r"^service: +(.*?)\r?$", out, re.M).group(1)

    def events(self):
        return self.events_path.read_text(errors="replace")

    def log(self):
        path = self.drive(DATA + "\\log\\mapitail.log")
        return path.read_text(errors="replace") if path.exists() else ""
