#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`mapitail status`: counts that always add up, from outside, whatever happens to the agent."""
import json
import os
import threading

import exports
from exports import events
from harness import (ON_WINDOWS, Agent, config, contains, equal, file_output, free_port, holds, main, mapitail, read_records,
                     wait_for)

PARTS = ("delivered", "dead_lettered", "deduplicated", "in_flight", "abandoned")


def two_sources(directory, **more):
    return [{"name": n, "paths": [str(directory / f"{n}.*")], "poll_interval": "100ms", **more} for n in ("a", "b")]


def read_status(directory):
    """The status as the agent wrote it, without asking the program."""
    path = directory / "state" / "status.json"
    return json.loads(path.read_text()) if path.exists() else None


def sources(status):
    return [s for o in status["outputs"] for s in o.get("sources", [])]


def adds_up(status):
    for s in sources(status):
        equal(s["selected"], sum(s[p] for p in PARTS), f"source {s['name']} adds up: {s}")


def source(status, name, output=0):
    return next(s for s in status["outputs"][output]["sources"] if s["name"] == name)


def shown(directory, *arguments, code=0):
    got = mapitail("status", "--state", directory / "state", "--json", *arguments)
    equal(got.code, code, got.err)
    return json.loads(got.out), got


def test_a_running_agent_shows_what_it_did_per_source(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file(events(1, 30)))
    (directory / "b.xml").write_text(exports.wevtutil_file(events(21, 30)))
    path = config(directory, two_sources(directory), [file_output(directory)])
    with Agent(path):
        wait_for(lambda: (s := read_status(directory)) and sum(x["selected"] for x in sources(s)) == 60
                 and not any(x["in_flight"] for x in sources(s)), what="60 records in the status")
        status, _ = shown(directory)
        adds_up(status)
        equal(status["running"], True)
        equal([s["selected"] for s in sources(status)], [30, 30])
        equal(sum(s["delivered"] for s in sources(status)), 50)
        equal(sum(s["deduplicated"] for s in sources(status)), 10)
        equal([s["unread_bytes"] for s in sources(status)], [0, 0])
        equal(source(status, "a")["last_event"], "2026-02-18T10:00:30.123Z")
        table = mapitail("status", "-c", path)
        equal(table.code, 0, table.err)
        contains(table.out, "running as process")
        contains(table.out, "=DELIVERED")


def test_every_status_of_a_busy_agent_adds_up(directory):
    """Overlapping exports into a destination that takes its time, read as often as the file changes."""
    for name in ("a", "b"):
        for part in range(4):
            (directory / f"{name}.{part}.xml").write_text(exports.wevtutil_file(exports.mixed(4000, 0.5, part * 2000 + 1)))
    path = config(directory, two_sources(directory), [file_output(directory, fsync="always"), file_output(directory, "two")])
    seen, stop = [], threading.Event()

    def watch():
        while not stop.is_set():
            status = read_status(directory)
            if status and (not seen or status != seen[-1]):
                seen.append(status)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with Agent(path, "--once") as agent:
            equal(agent.wait(), 0, agent.log())
    finally:
        stop.set()
        watcher.join()
    seen.append(read_status(directory))
    for status in seen:
        adds_up(status)
    for i, name in enumerate(("out", "two")):
        delivered = sum(s["delivered"] for s in seen[-1]["outputs"][i]["sources"])
        equal(delivered, len(read_records(directory / f"{name}.ndjson")), "delivered is what the destination has")
        equal(sum(s["in_flight"] for s in seen[-1]["outputs"][i]["sources"]), 0)


def test_what_a_dead_output_leaves_is_in_flight_then_abandoned(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file(events(1, 20)))
    dead = {"name": "dead", "type": "syslog_tcp", "address": f"127.0.0.1:{free_port()}"}
    path = config(directory, two_sources(directory), [dead, file_output(directory)])
    with Agent(path) as agent:
        wait_for(lambda: (s := read_status(directory)) and s["outputs"][0]["in_trouble"]
                 and source(s, "a", 1)["delivered"] == 20, what="a status that tells of the dead output")
        status, got = shown(directory, code=1)
        adds_up(status)
        equal(source(status, "a")["in_flight"], 20)
        contains(got.err, "output dead is failing")
        holds("output out is failing" not in got.err, got.err)
        agent.stop()
    status, got = shown(directory, code=1)
    adds_up(status)
    equal(status["running"], False)
    equal((source(status, "a")["in_flight"], source(status, "a")["abandoned"]), (0, 20))
    contains(got.err, "no agent is running")


def test_dead_letters_damage_and_lost_bytes_are_counted_where_they_belong(directory):
    big = exports.Event(2, ["/o=x/ou=" + "y" * 3000 + "/cn=z", "32", "session"])
    (directory / "a.xml").write_text(exports.wevtutil_file([exports.limit_event(1), big]))
    (directory / "b.bin").write_bytes(b"\x00\x01nothing that is an export\xff" * 200)
    path = config(directory, two_sources(directory), [file_output(directory, max_bytes="3KiB")])
    with Agent(path, "--once") as agent:
        equal(agent.wait(), 1, agent.log())
    status = read_status(directory)
    adds_up(status)
    a, b = source(status, "a"), source(status, "b")
    equal((a["selected"], a["delivered"], a["dead_lettered"]), (2, 1, 1))
    equal((a["unknown_files"], b["unknown_files"]), (0, 1))


def test_an_idle_agent_does_not_write_its_status_again(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file(events(1, 3)))
    path = config(directory, two_sources(directory), [file_output(directory)])
    with Agent(path) as agent:
        file = directory / "state" / "status.json"
        wait_for(lambda: file.exists() and source(read_status(directory), "a")["delivered"] == 3, what="the status")
        # The log of a poll is the clock here: files are looked at ten times a second.
        before = os.stat(file)
        with open(directory / "a.xml", "ab") as f:
            f.write(exports.wevtutil_file(events(4, 1)).encode())
        wait_for(lambda: source(read_status(directory), "a")["delivered"] == 4, what="the news")
        after = os.stat(file)
        holds(after.st_ino != before.st_ino, "replaced, not rewritten")
        first = read_status(directory)
        equal(first["process"] == agent.process.pid, not ON_WINDOWS, "only Wine numbers processes in its own way")
        wait_for(lambda: voluntary_switches(agent.process.pid) > 60, 30, "the pipeline has looked around many times")
        equal(read_status(directory)["written"], first["written"], "nothing has changed")


def voluntary_switches(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        text = open(f"/proc/{pid}/task/{task}/status", encoding="ascii").read()
        total += int(text.split("\nvoluntary_ctxt_switches:")[1].split()[0])
    return total


def test_a_state_directory_without_an_agent_is_told(directory):
    got = mapitail("status", "--state", directory / "state")
    equal(got.code, 1)
    contains(got.err, "no agent has run")
    for wrong in ([], ["--state", "a", "-c", "b"], ["--state", "a", "more"], ["--state"]):
        equal(mapitail("status", *wrong).code, 64)


def test_a_status_that_cannot_be_read_is_told(directory):
    (directory / "a.xml").write_text("")
    path = config(directory, two_sources(directory), [file_output(directory)])
    with Agent(path, "--once") as agent:
        equal(agent.wait(), 0, agent.log())
    (directory / "state" / "status.json").write_text("{half of")
    got = mapitail("status", "-c", path)
    equal(got.code, 1)
    contains(got.err, "is no status of an agent")


def test_a_killed_agent_is_seen_to_be_gone(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file(events(1, 3)))
    path = config(directory, two_sources(directory), [file_output(directory)])
    with Agent(path) as agent:
        wait_for(lambda: read_status(directory), what="a status")
        shown(directory)
        agent.kill()
        status, got = shown(directory, code=1)
        equal(status["running"], False)
        contains(got.err, "no agent is running")


def test_asking_keeps_no_agent_from_starting(directory):
    (directory / "a.xml").write_text("")
    path = config(directory, two_sources(directory), [file_output(directory)])
    with Agent(path, "--once") as agent:
        agent.wait()
    stop = threading.Event()

    def ask():
        while not stop.is_set():
            mapitail("status", "--state", directory / "state")

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        for _ in range(20):
            with Agent(path, "--once") as agent:
                equal(agent.wait(), 0, agent.log())
    finally:
        stop.set()
        asker.join()


main()
