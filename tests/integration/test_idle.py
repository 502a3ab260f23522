#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An agent that has nothing to do: what wakes it, and the memory that it holds.

Wake-ups are the voluntary context switches of its threads, as Linux counts them. Nothing is timed: one agent is compared with
another that polls often, so a slow machine makes fewer of both.
"""
import contextlib
import json
import pathlib
import re
import shutil
import subprocess
import time

import exports
import harness
from dead_peers import DeadPeers
from harness import Agent, ON_WINDOWS, PROGRAM, config, equal, holds, measures_memory, only_if, read_records, wait_for
from wine import DATA, Windows

OFTEN = 100  # ms
ROUNDS = 20
# Under Wine every call of the system is a word with its server, which the thread waits for: a look at a folder takes many.
SWITCHES = ROUNDS * (20 if ON_WINDOWS else 1)
MEMORY_MIB = 12
STATE = {}


def finish():
    if "windows" in STATE:
        STATE["windows"].end()


def wakes(pid):
    """Of each thread: its name, and how often it has waited and gone on."""
    found = {}
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            count = re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", (thread / "status").read_text()).group(1)
            found[thread.name, (thread / "comm").read_text().strip()] = int(count)
    return found


def moved(pid, before):
    return {name: count - before.get(name, 0) for name, count in wakes(pid).items() if count > before.get(name, 0)}


def over_an_export(directory, interval, output=None, events=1):
    """A configuration, with a file as its output where none is given."""
    directory.mkdir()
    (directory / "a.xml").write_text(exports.wevtutil_file(exports.limit_event(i + 1) for i in range(events)))
    output = output or {"name": "out", "type": "file", "path": str(directory / "out.ndjson")}
    source = {"name": "exports", "paths": [str(directory / "*.xml")], "poll_interval": interval}
    return config(directory, [source], [output])


def delivered(directory):
    return len(read_records(directory / "out.ndjson")) == 1


def while_another_polls(directory, pid):
    """Gives what moved in the process while another agent polled ROUNDS times or nearly, again and again."""
    with Agent(over_an_export(directory / "often", f"{OFTEN}ms")) as often:
        wait_for(lambda: delivered(directory / "often"), what="the record")
        while True:
            before, own = wakes(pid), wakes(often.process.pid)
            wait_for(lambda: sum(moved(often.process.pid, own).values()) >= SWITCHES, what="an agent that polls")  # pylint: disable=cell-var-from-loop
            yield moved(pid, before)


def expect_silence(directory, pid, allowed=0):
    """At last at most so many threads move. What the start left to do is done meanwhile."""
    windows = while_another_polls(directory, pid)
    try:
        wait_for(lambda: len(next(windows)) <= allowed, seconds=60, what=f"a window in which {allowed} threads or fewer wake")
    finally:
        windows.close()


def test_nothing_but_the_poll_interval_wakes_an_idle_agent(directory):
    with Agent(over_an_export(directory / "seldom", "1h")) as seldom:
        wait_for(lambda: delivered(directory / "seldom"), what="the record")
        expect_silence(directory, seldom.process.pid)


@only_if(not ON_WINDOWS)
def test_each_poll_is_one_wake_up_of_one_thread(directory):
    with Agent(over_an_export(directory / "often", f"{OFTEN}ms")) as often:
        wait_for(lambda: delivered(directory / "often"), what="the record")

        def is_one_for_one():
            start, before = time.monotonic(), wakes(often.process.pid)
            wait_for(lambda: sum(moved(often.process.pid, before).values()) >= ROUNDS, what="the polls")
            polls = (time.monotonic() - start) * 1000 / OFTEN + 1
            found = moved(often.process.pid, before)
            return len(found) == 1 and sum(found.values()) <= polls + 1
        wait_for(is_one_for_one, seconds=60, what="one wake-up for each poll")


@only_if(not ON_WINDOWS)
def test_of_an_idle_kafka_output_the_librarys_threads_alone_wake_besides(directory):
    with DeadPeers() as peers:
        kafka = {"name": "out", "type": "kafka", "brokers": f"127.0.0.1:{peers.silent}"}
        with Agent(over_an_export(directory / "seldom", "1h", kafka, events=0)) as seldom:
            wait_for(lambda: any("rdk:" in name for _, name in wakes(seldom.process.pid)), what="the library")
            windows = while_another_polls(directory, seldom.process.pid)
            wait_for(lambda: all("rdk:" in name for _, name in next(windows)), seconds=60, what="silence of all others")
            windows.close()


@only_if(ON_WINDOWS)
def test_nothing_but_the_poll_interval_wakes_the_service(directory):
    w = STATE["windows"] = Windows()
    equal(w.service("install").code, 0)
    records = w.drive(DATA + "\\records\\records.ndjson")
    (directory / "a.xml").write_text(exports.wevtutil_file([exports.limit_event(1)]))
    path = w.drive(DATA + "\\mapitail.yaml")
    path.write_text(path.read_text().replace(
        "channel: Application", "poll_interval: 1h\n    paths: ['Z:" + str(directory / "*.xml").replace("/", "\\") + "']"))
    equal(w.service("start").code, 0)
    wait_for(lambda: len(read_records(records)) == 1, what="the record")
    expect_silence(directory, w.process_of_service())
    equal(w.service("stop").code, 0)


@only_if(ON_WINDOWS)
def test_nothing_but_the_double_moves_beside_an_idle_live_channel(directory):
    """The double that serves the channel looks for new events in a thread of its own."""
    own = directory / "live"
    own.mkdir()
    for file in (PROGRAM, PROGRAM.parent / "tests" / "windows" / "wevtapi.dll"):
        shutil.copy(file, own)
    (own / "1.xml").write_text(exports.wevtutil(exports.limit_event(1)))
    (own / "script.txt").write_text("channel Application\noldest 1\nnewest 1\nsize 20971520\ncreated 7\ngeneration 1\n")
    source = {"name": "live", "channel": "Application", "poll_interval": "1h"}
    path = config(own, [source], [{"name": "out", "type": "file", "path": str(own / "out.ndjson")}])
    with Agent(path, command=[*harness.COMMAND[:-1], own / PROGRAM.name]) as agent:
        wait_for(lambda: delivered(own), what="the record")
        expect_silence(directory, agent.process.pid, allowed=1)


def memory_mib(pid):
    """What it holds for itself. Of a native program all that is resident, its libraries included; under Wine, whose own
    libraries are three times as much, what no file stands behind."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+)" if ON_WINDOWS else r"VmRSS:\s+(\d+)", text).group(1)) / 1024


def as_windows_maps_it(directory):
    """Wine copies a program whose sections are not aligned in its file to pages; Windows maps it all the same."""
    if not ON_WINDOWS:
        return list(harness.COMMAND)
    program = directory / PROGRAM.name
    subprocess.run(["x86_64-w64-mingw32-objcopy", "--strip-all", "--file-alignment", "4096", PROGRAM, program], check=True)
    return [*harness.COMMAND[:-1], program]


@measures_memory
def test_an_idle_agent_holds_less_than_twelve_mebibytes(directory):
    command = as_windows_maps_it(directory)
    (directory / "a.xml").write_text(exports.wevtutil_file([exports.limit_event(1)]))
    with DeadPeers() as peers:
        outputs = {"a file": {"type": "file", "path": str(directory / "out.ndjson")},
                   "Kafka": {"type": "kafka", "brokers": f"127.0.0.1:{peers.silent}"},
                   "syslog over TLS": {"type": "syslog_tls", "address": f"127.0.0.1:{peers.silent}"}}
        for name, output in outputs.items():
            path = config(directory, [directory / "a.xml"], [{"name": "out", **output}])
            with Agent(path, command=command) as agent:
                status = directory / "state" / "status.json"
                wait_for(lambda: status.exists() and json.loads(status.read_text())["outputs"][0]["sources"][0]["read"] == 1,
                         what="the reading")
                mib = memory_mib(agent.process.pid)
                agent.stop()
            print(f"# with {name}: {mib:.1f} MiB")
            holds(mib < MEMORY_MIB, f"{mib:.1f} MiB with {name}")
            shutil.rmtree(directory / "state")


harness.main()
