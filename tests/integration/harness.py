# SPDX-License-Identifier: Apache-2.0
"""What the integration tests share: TAP output, a working directory, the program, and waiting without sleeping long.

A test script defines functions named test_… and ends with harness.main(). Each function is one claim: it passes by
returning, fails by raising, and skips by raising harness.Skip with the reason.
"""
import contextlib
import functools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
PROGRAM = pathlib.Path(os.environ.get("MAPITAIL", ROOT / "build" / "mapitail"))
# What runs the program where the system cannot: packaging/windows/wine for mapitail.exe.
WRAPPER = os.environ.get("MAPITAIL_WRAPPER")
COMMAND = [WRAPPER, PROGRAM] if WRAPPER else [PROGRAM]
ON_WINDOWS = PROGRAM.suffix == ".exe"
# Before COMMAND, for somebody who may read only what is his. packaging/windows/wine takes that right from root.
AS_NOBODY = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 and not ON_WINDOWS else []
# Asks a program to end in good order. Windows knows no SIGTERM; Wine hands SIGINT on as Ctrl-C.
STOP = signal.SIGINT if ON_WINDOWS else signal.SIGTERM
# Wine takes its time over every file that is opened.
PATIENCE = 4 if ON_WINDOWS else 1
# The build folder's helpers; those of the native build where the program is for another system.
TOOLS = pathlib.Path(os.environ.get("MAPITAIL_TOOLS", PROGRAM.parent / "tests"))
# What the system calls these errors.
ACCESS_DENIED, DISK_FULL = (("Access denied", "The disk is full") if ON_WINDOWS else ("Permission denied", "No space left"))


class Skip(Exception):
    """The test cannot run here; the text says why."""


def shared(path):
    """A file of the development data, or Skip."""
    full = SHARED / path
    if not full.exists():
        raise Skip(f"development data {path} is not here")
    return full


def impossible_claims(script):
    """What Wine cannot do of a script's claims: {name of the test: why}, from the list in tests/windows."""
    if not ON_WINDOWS:
        return {}
    lines = (ROOT / "tests" / "windows" / "impossible").read_text().splitlines()
    claims = dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))
    prefix = pathlib.Path(script.__file__).stem.removeprefix("test_") + "/"
    return {"test_" + claim.removeprefix(prefix): why for claim, why in claims.items() if claim.startswith(prefix)}


def explain(failure):
    for line in "".join(traceback.format_exception(failure)).splitlines():
        print("#", line)


def judge(function, why_impossible):
    """Runs a test in a directory of its own; returns whether its claim is kept, and what its TAP line ends with. What is
    impossible has to fail, and is not waited for: a claim that holds does not belong on the list."""
    global PATIENCE  # pylint: disable=global-statement
    PATIENCE = 0.2 if why_impossible else 4 if ON_WINDOWS else 1
    try:
        with workspace() as directory:
            function(directory)
    except Skip as reason:
        return True, f" # SKIP {reason}"
    except Exception as failure:  # pylint: disable=broad-except
        explain(failure)
        return bool(why_impossible), f" # SKIP impossible under Wine: {why_impossible}" if why_impossible else ""
    return (False, ", which tests/windows/impossible denies") if why_impossible else (True, "")


def no_such_test(_):
    raise AssertionError("tests/windows/impossible names it, but there is no such test")


def main():
    """Runs every test_ function of the calling script, in order, as TAP."""
    script = sys.modules["__main__"]
    wanted = sys.argv[1:]
    impossible = impossible_claims(script)
    tests = {n: f for n, f in vars(script).items() if n.startswith("test_") and callable(f)}
    missing = [n for n in impossible if n not in tests]
    tests.update({n: no_such_test for n in missing})
    tests = [(n, f) for n, f in tests.items() if not wanted or any(w in n for w in wanted)]
    if os.environ.get("SANITIZED") == "true":
        tests = [(n, f) for n, f in tests if not hasattr(f, "measures_memory")]
    print(f"1..{len(tests)}", flush=True)
    failures = 0
    for number, (name, function) in enumerate(tests, 1):
        start = time.monotonic()
        kept, rest = judge(function, None if name in missing else impossible.get(name))
        failures += not kept
        claim = name.removeprefix("test_").replace("_", " ")
        print(f"{'' if kept else 'not '}ok {number} - {claim}{rest}", flush=True)
        print(f"# {time.monotonic() - start:.1f} s", flush=True)
    finish = getattr(script, "finish", None)
    if finish:
        finish()
    sys.exit(1 if failures else 0)


@contextlib.contextmanager
def workspace():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="mapitail-test-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def wait_for(condition, seconds=20, what="the condition"):
    """Polls until condition() is true; its value is returned."""
    seconds *= PATIENCE
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come true within {seconds} s")


def equal(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, want {want!r}")


def holds(condition, what):
    if not condition:
        raise AssertionError(what)


def contains(text, part):
    if part not in text:
        raise AssertionError(f"{part!r} is not in {text[-3000:]!r}")


def high_water_kib(pid):
    return int(pathlib.Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0])


@functools.cache
def emulation_kib():
    """What a process under Wine holds before it does anything: that of a command processor waiting for its first word."""
    if not WRAPPER:
        return 0
    with subprocess.Popen([WRAPPER, "cmd"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as idle:
        idle.stdout.read(1)
        held = high_water_kib(idle.pid)
        idle.communicate()
    return held


def peak_kib(pid):
    """The most resident memory that a running process of the program has held."""
    return high_water_kib(pid) - emulation_kib()


def peak_memory_kib(process):
    """Waits for the process and returns the most memory it was seen to hold. Its own rusage would count ours, from before
    it became another program."""
    peak = 0
    emulation_kib()
    while process.poll() is None:
        with contextlib.suppress(OSError, IndexError, ValueError):
            peak = max(peak, peak_kib(process.pid))
        time.sleep(0.01)
    return peak


def measures_memory(test):
    """Marks a test whose figure means nothing under the sanitizers, which take memory of their own: not run there. Nor is
    memory written to as soon as it is allocated (meson's MALLOC_PERTURB_): what the program never touches would count."""
    @functools.wraps(test)
    def measuring(directory):
        perturb = os.environ.pop("MALLOC_PERTURB_", None)
        try:
            test(directory)
        finally:
            if perturb:
                os.environ["MALLOC_PERTURB_"] = perturb
    measuring.measures_memory = True
    return measuring


def only_if(condition):
    """A test that exists where the condition holds, and is no test elsewhere."""
    return lambda test: test if condition else None


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def records(self):
        return [json.loads(line) for line in self.out.splitlines()]


def mapitail(*arguments, stdin=None, seconds=120):
    """Runs the program to its end."""
    done = subprocess.run([*COMMAND, *map(str, arguments)], input=stdin, capture_output=True, timeout=seconds, check=False)
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace"))


class Agent:
    """A running `mapitail run`, ended at the latest by leaving its with block."""

    def __init__(self, config, *arguments, command=None, environment=None):
        self.log_path = config.with_suffix(".log")
        self.log_file = open(self.log_path, "ab")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen([*(command or COMMAND), "run", "-c", config, *arguments], stdin=subprocess.DEVNULL,
                                        stdout=self.log_file, stderr=self.log_file, env=environment)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        self.log_file.close()

    def log(self):
        return self.log_path.read_text(errors="replace")

    def kill(self):
        """kill -9"""
        self.process.kill()
        self.process.wait()

    def stop(self, sig=signal.SIGTERM):
        """Asks it to stop; returns (exit code, seconds that it took)."""
        start = time.monotonic()
        self.process.send_signal(STOP if sig == signal.SIGTERM else sig)
        code = self.process.wait(30)
        return code, time.monotonic() - start

    def wait(self, seconds=60):
        return self.process.wait(seconds)


def config(directory, sources, outputs, **more):
    """Writes a configuration (JSON is YAML) and returns its path. sources: paths, or whole entries."""
    if sources and not isinstance(sources[0], dict):
        sources = [{"name": "exports", "paths": [str(s) for s in sources], "poll_interval": "100ms"}]
    document = {"state": {"directory": str(directory / "state")}, "sources": sources, "outputs": outputs, **more}
    path = directory / "mapitail.yaml"
    path.write_text(json.dumps(document, indent=1))
    return path


def read_records(path):
    """The complete lines of an NDJSON file; none if it does not exist yet."""
    if not path.exists():
        return []
    text = path.read_text()
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def file_output(directory, name="out", **more):
    """An output to NAME.ndjson, which `shipped` reads."""
    return {"name": name, "type": "file", "path": str(directory / f"{name}.ndjson"), **more}


def shipped(directory, name="out"):
    """The ids of the events that stand in NAME.ndjson, in order."""
    return [r["event"]["id"] for r in read_records(directory / f"{name}.ndjson")]


def free_port(kind=None):
    import socket
    with socket.socket(type=kind or socket.SOCK_STREAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
