# SPDX-License-Identifier: Apache-2.0
"""The machine fails: memory, disk, the state's bytes, the clock, a second agent."""
import concurrent.futures
import contextlib
import os
import shutil
import signal
import struct
import subprocess
import time

import ledger
from harness import PROGRAM, Agent, Skip, config, holds
from peers import wait_still
from rows import bounded, fault, unbounded
from scene import Scene

SHIM = PROGRAM.parent / "tests" / "torture_shim.so"
SMALL_LOAD = 20
WORKERS = 4
DOCUMENTED_EXITS = (0, 1, 70, 73, 78)


def shim():
    if not SHIM.exists():
        raise Skip("the shim is not built: ninja -C build torture")
    return str(SHIM)


# ---- the n-th call fails, n from 1 on until there are no more calls ----

class Try:
    """A small load in a directory of its own: shipped while one call fails, then to its end by a healthy agent."""

    def __init__(self, directory, output, first):
        self.directory = directory
        directory.mkdir()
        if output["type"] == "file":
            output = {**output, "path": str(directory / "out.ndjson")}
        self.out = directory / "out.ndjson"
        (directory / "events.xml").write_bytes(ledger.text(first, SMALL_LOAD))
        self.config = config(directory, [directory / "events.xml"], [output])

    def fail(self, spec, error):
        """Runs it with the shim: (exit code, seconds that a stop took or 0, calls that were counted or None)."""
        report = self.directory / "report"
        environment = {**os.environ, "LD_PRELOAD": shim(), "SHIM_FAIL": spec, "SHIM_ERROR": str(error),
                       "SHIM_PATH": str(self.directory), "SHIM_REPORT": str(report)}
        with Agent(self.config, "--once", environment=environment) as agent:
            try:
                code, stop = agent.wait(6), 0
            except subprocess.TimeoutExpired:
                code, stop = agent.stop()
        return code, stop, int(report.read_text() or 0) if report.exists() else None

    def recover(self):
        with Agent(self.config, "--once") as agent:
            return agent.wait(60)

    def messages(self):
        """Of an output to a file, whose directory is then removed."""
        messages = self.out.read_bytes().splitlines() if self.out.exists() else []
        shutil.rmtree(self.directory)
        return messages


class Sweep:
    """Fails the calls numbered start, start + step, … one at a time, until a run has fewer calls."""

    def __init__(self, directory, outlet, call, step, error, persistent=False):
        self.directory, self.outlet, self.call, self.step, self.error = directory, outlet, call, step, error
        self.suffix = "+" if persistent else ""
        self.written, self.messages, self.bad, self.slowest, self.tried = 0, [], [], 0, 0

    def one(self, number, first):
        attempt = Try(self.directory / f"{self.call}{self.suffix}-{number}", self.outlet.settings(), first)
        code, stop, counted = attempt.fail(f"{self.call}:{number}{self.suffix}", self.error)
        after = attempt.recover()
        bad = [] if code in DOCUMENTED_EXITS else [f"{self.call} {number}: exit {code}"]
        bad += [] if after == 0 else [f"{self.call} {number}: exit {after} of the healthy run after it"]
        messages = attempt.messages()
        if self.outlet.key == "file":
            got = ledger.tally(range(first, first + SMALL_LOAD), messages)
            bad += [f"{self.call} {number}: {got}"] if got.lost or got.damaged or got.invented else []
        return messages, bad, stop, counted is not None and counted < number

    def run(self, start, most=1 << 30):
        """At most so many calls; the numbers of events go on from what was written before."""
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            number, past_the_end = start, False
            while not past_the_end and self.tried < most:
                group = [number + i * self.step for i in range(min(2 * WORKERS, most - self.tried))]
                firsts = [self.written + 1 + i * SMALL_LOAD for i in range(len(group))]
                for messages, bad, stop, past in pool.map(self.one, group, firsts):
                    self.messages += messages
                    self.bad += bad
                    self.slowest = max(self.slowest, stop)
                    past_the_end = past_the_end or past
                number += len(group) * self.step
                self.written += len(group) * SMALL_LOAD
                self.tried += len(group)
        return self


def report_sweeps(outlet, sweeps, figures, most_crashes=0):
    bad = [line for sweep in sweeps for line in sweep.bad]
    for line in bad[:100]:
        print("#", line)
    for sweep in sweeps:
        messages = sweep.messages
        if outlet.key != "file":
            wait_still(outlet.received, 0.5)
            messages = outlet.messages()
        figures.add(ledger.tally(range(1, sweep.written + 1), messages))
    figures.faults = sum(sweep.tried for sweep in sweeps)
    figures.measure("crashes", len(bad), at_most=most_crashes)
    figures.measure("slowest stop", max(sweep.slowest for sweep in sweeps), " s", at_most=5)


@fault("failing-allocations", "the n-th allocation fails, for every n", ("file", "syslog_tcp", "syslog_tls"), short=40,
       long=1800, repeated=bounded, spare=("syslog_tcp",))
def failing_allocations(bench, outlet, times, figures):
    """About 9,000 allocations are made: fewer tries take every so many-th of them."""
    step = max(1, 9000 // times)
    outlet.start()
    sweep = Sweep(outlet.directory, outlet, "malloc", step, 12).run(bench.random.randint(1, step), times)
    report_sweeps(outlet, [sweep], figures)


@fault("failing-allocations", "the n-th allocation fails, for every n; librdkafka ends the process for some of its own",
       ("kafka",), short=0, long=300, repeated=bounded)
def failing_allocations_of_librdkafka(bench, outlet, times, figures):
    """What a library that cannot go on does is not ours to bar; that nothing is lost by it is."""
    outlet.start()
    sweep = Sweep(outlet.directory, outlet, "malloc", max(1, 20000 // times), 12).run(bench.random.randint(1, 60), times)
    report_sweeps(outlet, [sweep], figures, most_crashes=None)


@fault("failing-files", "the n-th open, read, write, truncation or sync fails, for every n", ("file",), short=40, long=400,
       repeated=bounded)
def failing_files(bench, outlet, times, figures):
    sweeps = [Sweep(outlet.directory, outlet, call, max(1, most * 5 // times), error).run(1, times)
              for call, most, error in (("open", 20, 5), ("read", 50, 5), ("write", 100, 28), ("truncate", 10, 5),
                                        ("sync", 20, 5))]
    report_sweeps(outlet, sweeps, figures)


@fault("disk-gone", "from the n-th write or sync on, every one fails", ("file",), short=4, long=100, repeated=bounded)
def disk_gone(bench, outlet, times, figures):
    sweeps = [Sweep(outlet.directory, outlet, call, max(1, most * 2 // times), error, True).run(1, times // 2)
              for call, most, error in (("write", 100, 28), ("sync", 20, 5))]
    report_sweeps(outlet, sweeps, figures)


# ---- a full disk ----

@contextlib.contextmanager
def small_disk(directory):
    directory.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", directory], capture_output=True, check=False)
    if done.returncode:
        raise Skip("a small file system cannot be mounted: " + done.stderr.decode().strip())
    try:
        yield directory
    finally:
        subprocess.run(["umount", directory], check=False)


def fill(path):
    with open(path, "wb", buffering=0) as f, contextlib.suppress(OSError):
        while True:
            f.write(bytes(4096))


@fault("disk-full", "the state's disk is full, then has room again", ("file", "syslog_tcp", "kafka", "kafka_once"), short=1,
       long=20, spare=("syslog_tcp",))
def disk_full(bench, outlet, times, figures):
    with small_disk(outlet.directory / "state"):
        scene = Scene(outlet.directory, outlet)
        slowest = 0
        for _ in range(times):
            with scene.agent() as agent:
                scene.write(200)
                scene.wait_received(scene.written)
                fill(scene.state / "ballast")
                begun = time.monotonic()
                scene.write(500)
                scene.wait_received(scene.written)
                slowest = max(slowest, time.monotonic() - begun)
                (scene.state / "ballast").unlink()
                scene.write(100)
                scene.wait_received(scene.written)
                time.sleep(1)  # the save after the delivery; nothing outside the agent tells of it
                agent.kill()
        figures.faults = times
        figures.add(scene.settle())
        figures.measure("delivered on a full disk after", slowest, " s", at_most=10)


# ---- damage to the state ----

class Damaged:
    """Half of the events delivered, and then a state that is not what it was."""

    def __init__(self, directory):
        self.directory = directory
        self.export = directory / "events.xml"
        self.export.write_bytes(ledger.text(1, 300))
        self.path = config(directory, [self.export], [{"name": "out", "type": "file", "path": str(directory / "out.ndjson")}])
        with Agent(self.path, "--once") as agent:
            holds(agent.wait() == 0, agent.log())
        self.before = (directory / "out.ndjson").read_bytes().splitlines()
        self.state = (directory / "state" / "state.db").read_bytes()
        with open(self.export, "ab") as f:
            f.write(ledger.text(301, 300))

    def start_with(self, number, state):
        """(exit code, messages over both runs) of an agent that finds this state."""
        place = self.directory / f"try-{number}"
        (place / "state").mkdir(parents=True)
        (place / "state" / "state.db").write_bytes(state)
        path = config(place, [self.export], [{"name": "out", "type": "file", "path": str(place / "out.ndjson")}])
        with Agent(path, "--once") as agent:
            code = agent.wait(60)
        out = place / "out.ndjson"
        messages = self.before + (out.read_bytes().splitlines() if out.exists() else [])
        shutil.rmtree(place)
        return code, messages


def try_states(damaged, states, figures):
    refused = 0
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for code, messages in pool.map(damaged.start_with, range(len(states)), states):
            refused += code != 0
            figures.faults += 1
            figures.add(ledger.tally(range(1, 601), messages))
    figures.measure("not started", refused, at_most=0)


@fault("state-flipped", "one byte of the state is another", ("file",), short=60, long=4000, repeated=unbounded)
def state_flipped(bench, outlet, times, figures):
    damaged = Damaged(outlet.directory)
    size = len(damaged.state)
    places = bench.random.sample(range(size), min(times, size))
    # The bytes that say something are few: half of the tries fall on them.
    told = [i for i, byte in enumerate(damaged.state) if byte]
    places[::2] = [bench.random.choice(told) for _ in places[::2]]
    states = []
    for place in places:
        flipped = bytearray(damaged.state)
        flipped[place] ^= 1 << bench.random.randrange(8)
        states.append(bytes(flipped))
    try_states(damaged, states, figures)


@fault("state-truncated", "the state is cut off, or filled with NULs", ("file",), short=30, long=1000, repeated=unbounded)
def state_truncated(bench, outlet, times, figures):
    damaged = Damaged(outlet.directory)
    size = len(damaged.state)
    lengths = [0, 1, 100, size - 1] + [bench.random.randrange(size) for _ in range(times - 4)]
    states = [damaged.state[:n] + (bytes(size - n) if i % 3 == 2 else b"") for i, n in enumerate(lengths)]
    try_states(damaged, states, figures)


def short_of_memory(damaged, number, nth):
    """An agent whose nth allocation fails finds a sound state: (what was wrong, messages over all runs)."""
    place = damaged.directory / f"try-{number}"
    (place / "state").mkdir(parents=True)
    (place / "state" / "state.db").write_bytes(damaged.state)
    path = config(place, [damaged.export], [{"name": "out", "type": "file", "path": str(place / "out.ndjson")}])
    environment = {**os.environ, "LD_PRELOAD": shim(), "SHIM_FAIL": f"malloc:{nth}"}
    with Agent(path, "--once", environment=environment) as agent:
        code = agent.wait(20)
    with Agent(path, "--once") as agent:
        agent.wait(60)
    bad = [] if code in DOCUMENTED_EXITS else [f"malloc {nth}: exit {code}"]
    bad += [f"malloc {nth}: {p.name}" for p in (place / "state").glob("*damaged*")]
    out = place / "out.ndjson"
    messages = damaged.before + (out.read_bytes().splitlines() if out.exists() else [])
    shutil.rmtree(place)
    return bad, messages


@fault("failing-allocations-resumed", "the n-th allocation fails in an agent that goes on from its state", ("file",), short=24,
       long=1500)
def failing_allocations_resumed(bench, outlet, times, figures):
    damaged = Damaged(outlet.directory)
    step = max(1, 9000 // times)
    numbers = range(bench.random.randint(1, step), 9000, step)
    wrong = []
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for bad, messages in pool.map(lambda pair: short_of_memory(damaged, *pair), enumerate(numbers)):
            wrong += bad
            figures.faults += 1
            figures.add(ledger.tally(range(1, 601), messages))
    for line in wrong[:20]:
        print("#", line)
    figures.measure("crashes and states set aside", len(wrong), at_most=0)


# ---- others ----

@fault("second-agent", "two agents are started on one state", ("file",), short=5, long=100)
def second_agent(_bench, outlet, times, figures):
    scene = Scene(outlet.directory, outlet)
    refused = 0
    for _ in range(times):
        scene.write(50)
        with scene.agent() as one, scene.agent() as two:
            until = time.monotonic() + 5
            while one.process.poll() is None and two.process.poll() is None and time.monotonic() < until:
                time.sleep(0.01)
            codes = sorted(a.process.poll() or 0 for a in (one, two))
            refused += codes == [0, 73] and None in (one.process.poll(), two.process.poll())
            scene.wait_received(scene.written)
            for agent in (one, two):
                if agent.process.poll() is None:
                    agent.stop()
    figures.faults = times
    figures.add(scene.settle())
    figures.measure("refused", refused, at_least=times)


HOUR, TEN_YEARS = 3600, 315360000
JUMPS = (HOUR, -HOUR, TEN_YEARS, -TEN_YEARS, 0, 60, -60, 0)


@fault("clock-jumps", "the clock of the day jumps by an hour and by ten years, both ways", ("file", "syslog_tcp", "kafka"),
       short=8, long=80)
def clock_jumps(_bench, outlet, times, figures):
    scene = Scene(outlet.directory, outlet)
    clock = scene.directory / "clock"
    clock.write_bytes(bytes(8))
    longest = 0
    with scene.agent(LD_PRELOAD=shim(), SHIM_CLOCK=str(clock)) as agent:
        scene.write(100)
        scene.wait_received(scene.written)
        for i in range(times):
            with open(clock, "r+b") as f:
                f.write(struct.pack("q", JUMPS[i % len(JUMPS)]))
            begun = time.monotonic()
            scene.write(100)
            scene.wait_received(scene.written)
            longest = max(longest, time.monotonic() - begun)
        agent.stop(signal.SIGTERM)
    figures.faults = times
    figures.add(scene.settle())
    figures.measure("longest stall", longest, " s", at_most=5)
