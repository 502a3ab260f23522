#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Coverage records: what was read is told beside what was found, and silence is told from health."""
import json
import re
import socket
import subprocess

import exports
from harness import (ROOT, SHARED, TOOLS, Agent, Skip, config, contains, equal, file_output, free_port, holds, main, mapitail,
                     read_records, wait_for)


def write(directory, *outputs, interval="1h", names=("a", "b")):
    sources = [{"name": n, "paths": [str(directory / f"{n}.*")], "poll_interval": "100ms"} for n in names]
    return config(directory, sources, list(outputs) or [file_output(directory)], coverage={"interval": interval})


def records(directory, name="out"):
    """(events, coverage records) of an output."""
    all_records = read_records(directory / f"{name}.ndjson")
    return ([r for r in all_records if r["event"]["kind"] != "metric"], [r for r in all_records if r["event"]["kind"] == "metric"])


def covered(record):
    return record["microsoft"]["exchange"]["mapi"]["coverage"]


def once(path, code=0):
    with Agent(path, "--once") as agent:
        equal(agent.wait(), code, agent.log())


def status(directory):
    return json.loads(mapitail("status", "--state", directory / "state", "--json").out)


def test_a_run_tells_of_each_file_and_of_each_silent_source(directory):
    (directory / "a.1.xml").write_text(exports.wevtutil_file(exports.mixed(200, 0.2)))
    (directory / "a.2.xml").write_text(exports.wevtutil_file([exports.decoy(i) for i in range(201, 221)]))
    once(write(directory))
    found, told = records(directory)
    want = exports.wanted_ids(exports.mixed(200, 0.2))
    equal([r["event"]["id"] for r in found], want, "events are what they are without coverage")
    by_file = {r.get("log", {}).get("file", {}).get("path"): r for r in told}
    equal(set(by_file), {str(directory / "a.1.xml"), str(directory / "a.2.xml"), None})
    one, two, silent = (covered(by_file[k]) for k in (str(directory / "a.1.xml"), str(directory / "a.2.xml"), None))
    equal((one["source"], one["format"], one["matched"], one["silent"]), ("a", "xml", len(want), False))
    equal((one["from_offset"], one["to_offset"]), (0, (directory / "a.1.xml").stat().st_size))
    matched = [e.record_id for e in exports.mixed(200, 0.2) if e.wanted]
    equal((one["first_record_id"], one["last_record_id"], one["record_ids_of"]), (matched[0], matched[-1], "matched"))
    equal((one["provider"], one["channel"]), ("MSExchangeIS", "Application"))
    equal((two["matched"], two["to_offset"]), (0, (directory / "a.2.xml").stat().st_size))
    equal((silent["source"], silent["silent"], silent["read"], silent["files"]), ("b", True, 0, 0))
    record = by_file[str(directory / "a.1.xml")]
    equal((record["event"]["action"], record["event"]["dataset"], record["host"]["name"]),
          ("mapi-coverage", "msexchange.mapi_coverage", "exch01.contoso.com"))
    equal(record["@timestamp"], record["event"]["end"])
    holds(record["event"]["start"] <= record["event"]["end"], "a period")


def test_an_event_log_tells_the_ids_of_all_that_was_read(directory):
    tool = TOOLS / "make_export"
    if not tool.exists():
        raise Skip("make_export was not built")
    path = write(directory, names=("a",))
    subprocess.run([tool, "evtx-export", directory / "a.evtx", "1", "300"], check=True)
    once(path)
    c = covered(records(directory)[1][0])
    equal((c["last_record_id"], c["read"], c["read_is_least"]), (300, 300, False))


def test_counts_positions_and_the_exit_code_know_nothing_of_coverage(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file(exports.mixed(100, 0.5)))
    path = write(directory)
    once(path)
    s = status(directory)["outputs"][0]
    found, told = records(directory)
    equal(sum(x["delivered"] for x in s["sources"]), len(found))
    equal(sum(x["selected"] for x in s["sources"]), len(found))
    equal((s["coverage_delivered"], s["coverage_refused"]), (len(told), 0))
    once(path)
    found_again, told_again = records(directory)
    equal(len(found_again), len(found), "no event is shipped again")
    equal([covered(r)["silent"] for r in told_again[len(told):]], [True, True], "a run without news is silent")


def test_periods_follow_each_other_and_nothing_is_told_twice(directory):
    path = write(directory, interval="1s", names=("a",))
    file = directory / "a.xml"
    with Agent(path) as agent:
        for turn in range(3):
            with open(file, "ab") as f:
                f.write(exports.wevtutil_file([exports.limit_event(turn * 10 + i + 1) for i in range(10)]).encode())
            wait_for(lambda t=turn: sum(covered(r)["matched"] for r in records(directory)[1]) == (t + 1) * 10,
                     what="what was read in this period")
        wait_for(lambda: covered(records(directory)[1][-1])["silent"], what="a sign of life when there is nothing to read")
        agent.stop()
    told = records(directory)[1]
    active = [r for r in told if not covered(r)["silent"]]
    place = 0
    for r in active:
        equal(covered(r)["from_offset"], place, "begins where the one before ended")
        place = covered(r)["to_offset"]
    equal(place, file.stat().st_size)
    equal(len({r["event"]["id"] for r in told}), len(told), "ids are unique")


def test_an_output_may_do_without(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file(exports.mixed(20, 0.5)))
    once(write(directory, file_output(directory), file_output(directory, "plain", coverage=False)))
    holds(records(directory)[1], "one output is told")
    equal(records(directory, "plain")[1], [])


def test_damage_is_told(directory):
    text = exports.wevtutil_file([exports.limit_event(i) for i in range(1, 6)])
    middle = text.index("<EventRecordID>3<")
    (directory / "a.xml").write_text(text[:middle] + "<" + "\0" * 50 + text[middle:])
    path = write(directory, names=("a",))
    with Agent(path, "--once") as agent:
        agent.wait()
    s = status(directory)["outputs"][0]["sources"][0]
    told = [covered(r) for r in records(directory)[1]]
    equal(sum(c["damaged_bytes"] for c in told), s["damaged_bytes"])
    equal(sum(c["damaged_parts"] for c in told), s["damaged_parts"])


def test_two_outputs_tell_the_same_with_ids_of_their_own(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file(exports.mixed(20, 0.5)))
    once(write(directory, file_output(directory), file_output(directory, "two"), names=("a",)))
    one, two = covered(records(directory)[1][0]), covered(records(directory, "two")[1][0])
    equal(one, two)
    holds(records(directory)[1][0]["event"]["id"] != records(directory, "two")[1][0]["event"]["id"], "ids")


def test_syslog_receivers_are_told_too(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file(exports.mixed(50, 0.5)))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        output = {"name": "siem", "type": "syslog_tcp", "address": f"127.0.0.1:{listener.getsockname()[1]}", "framing": "lf"}
        with Agent(write(directory, output, names=("a",)), "--once") as agent:
            peer, _ = listener.accept()
            data = b""
            with peer:
                while chunk := peer.recv(65536):
                    data += chunk
            equal(agent.wait(), 0, agent.log())
    line = [l for l in data.decode().split("\n") if " COVERAGE " in l][0]
    contains(line, " exch01.contoso.com mapitail - COVERAGE [")
    facts = dict(re.findall(r' (\w+)="([^"]*)"', re.search(r"\[coverage@32473[^]]*\]", line).group(0)))
    equal((facts["output"], facts["source"], facts["channel"], facts["silent"]), ("siem", "a", "Application", "false"))
    equal(int(facts["matched"]), len(exports.wanted_ids(exports.mixed(50, 0.5))))


def test_a_dead_output_is_told_later_what_was_read_meanwhile(directory):
    port = free_port()
    output = {"name": "siem", "type": "syslog_tcp", "address": f"127.0.0.1:{port}", "framing": "lf", "format": "ecs"}
    (directory / "a.xml").write_text(exports.wevtutil_file([exports.limit_event(i) for i in range(1, 31)]))
    with Agent(write(directory, output, interval="1s", names=("a",))) as agent:
        wait_for(lambda: "refused" in agent.log(), what="an output that is down")
        with socket.create_server(("127.0.0.1", port)) as listener:
            peer, _ = listener.accept()
            data = b""
            peer.settimeout(20)
            with peer:
                while data.count(b'"mapi-limit-exceeded"') < 30 or b'"mapi-coverage"' not in data:
                    data += peer.recv(65536)
    told = [json.loads(l) for l in data.decode().split("\n")[:-1]]
    told = [covered(r) for r in told if r["event"]["kind"] == "metric"]
    equal(sum(c["matched"] for c in told), 30)


def test_coverage_records_are_valid(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file(exports.mixed(60, 0.3)))
    once(write(directory))
    check = ROOT / "tests" / "integration" / "check_records.py"
    ecs = ["--ecs", str(SHARED / "facts" / "ecs")] if (SHARED / "facts" / "ecs").exists() else []
    done = subprocess.run(["/usr/bin/python3", check, *ecs, "--unique"], input=(directory / "out.ndjson").read_text(),
                          capture_output=True, text=True, check=False)
    if done.returncode == 77:
        raise Skip(done.stderr.strip())
    equal(done.returncode, 0, done.stdout + done.stderr)


main()
