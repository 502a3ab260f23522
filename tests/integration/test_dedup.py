#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Overlapping exports: an event is shipped once per output, whatever exports hold it and whenever the agent is killed."""
import collections
import json
import re
import sqlite3
import subprocess
import time
import uuid

import exports
from exports import events, ids
from harness import (TOOLS, Agent, Skip, config, contains, equal, file_output, free_port, holds, main, read_records, shipped,
                     wait_for)


def write(directory, name, group, **options):
    (directory / name).write_text(exports.wevtutil_file(group, **options))


def write_evtx(path, first, count):
    tool = TOOLS / "make_export"
    if not tool.exists():
        raise Skip("make_export was not built")
    subprocess.run([tool, "evtx-export", path, str(first), str(count)], check=True)


def once(directory, *outputs, code=0):
    """Ships what is there; returns the log of this run."""
    path = config(directory, [directory / "in.*"], list(outputs) or [file_output(directory)])
    path.with_suffix(".log").unlink(missing_ok=True)
    with Agent(path, "--once") as agent:
        equal(agent.wait(), code, agent.log())
        return agent.log()


COUNTS = re.compile(r"output (\S+): (\d+) records selected = (\d+) delivered \+ (\d+) dead letters \+ (\d+) de-duplicated"
                    r" \+ (\d+) left")
Counts = collections.namedtuple("Counts", "selected delivered dead_letters deduplicated left")


def counts(log, name="out"):
    """What became of the records of an output, by the log's last word on it."""
    found = [Counts(*map(int, m.groups()[1:])) for m in COUNTS.finditer(log) if m.group(1) == name]
    got = found[-1]
    equal(got.selected, sum(got[1:]), "conservation")
    return got


def remembered(directory):
    """The ids in the state; an agent that was killed very early may have left none."""
    with sqlite3.connect(directory / "state" / "state.db") as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'delivered'").fetchall():
            return []
        blobs = [row[0] for row in db.execute("SELECT ids FROM delivered ORDER BY block")]
    return [str(uuid.UUID(bytes=b[i:i + 16])) for b in blobs for i in range(0, len(b), 16)]


def write_overlapping(directory):
    """The last three hours every hour, an archive of all, and one of the exports again: 4 layouts, 600 events."""
    for hour in range(6):
        first = max(1, (hour - 2) * 100 + 1)
        write(directory, f"in.{hour}.xml", events(first, (hour + 1) * 100 + 1 - first))
    write_evtx(directory / "in.all.evtx", 1, 600)
    (directory / "in.viewer.xml").write_bytes(exports.viewer_file(events(101, 300)).encode("utf-16"))
    write(directory, "in.4.again.xml", events(301, 200), quote='"')
    return ids(events(1, 600)), 100 + 200 + 300 * 4 + 600 + 300 + 200


def test_overlapping_exports_of_all_formats_give_each_event_once_to_each_output(directory):
    want, selected = write_overlapping(directory)
    log = once(directory, file_output(directory, "one"), file_output(directory, "two"))
    for name in ("one", "two"):
        equal(sorted(shipped(directory, name)), sorted(want), name)
        equal(counts(log, name), Counts(selected, 600, 0, selected - 600, 0), name)


def test_an_output_added_later_gets_everything_once_and_the_old_one_nothing(directory):
    want, selected = write_overlapping(directory)
    once(directory)
    log = once(directory, file_output(directory), file_output(directory, "late"))
    equal(sorted(shipped(directory)), sorted(want))
    equal(sorted(shipped(directory, "late")), sorted(want))
    equal(counts(log, "out").selected, 0)
    equal(counts(log, "late").selected, selected)


def test_a_restart_remembers(directory):
    write(directory, "in.1.xml", events(1, 100))
    once(directory)
    write(directory, "in.2.xml", events(51, 100))
    equal(counts(once(directory)), Counts(100, 50, 0, 50, 0))
    write_evtx(directory / "in.3.evtx", 1, 160)
    equal(counts(once(directory)), Counts(160, 10, 0, 150, 0))
    equal(shipped(directory), ids(events(1, 160)))
    equal(remembered(directory), shipped(directory), "the ids in the state")


def test_an_export_written_over_again_and_again_ships_only_what_is_new(directory):
    path = config(directory, [directory / "in.xml"], [file_output(directory)])
    with Agent(path) as agent:
        for hour in range(1, 5):
            write(directory, "new", events(1, hour * 50))
            (directory / "new").replace(directory / "in.xml")
            wait_for(lambda hour=hour: len(shipped(directory)) >= hour * 50, what=f"the events of hour {hour}")
        agent.stop()
    equal(shipped(directory), ids(events(1, 200)))


def test_without_de_duplication_what_is_exported_twice_is_shipped_twice(directory):
    write(directory, "in.1.xml", events(1, 100))
    write(directory, "in.2.xml", events(1, 100))
    log = once(directory, file_output(directory, deduplicate=False))
    equal(sorted(shipped(directory)), sorted(ids(events(1, 100)) * 2))
    equal(counts(log), Counts(200, 200, 0, 0, 0))
    equal(remembered(directory), [])


def test_a_deleted_output_file_is_filled_again_under_a_new_name(directory):
    write(directory, "in.xml", events(1, 20))
    once(directory)
    (directory / "out.ndjson").unlink()
    once(directory)
    equal(shipped(directory), [])
    once(directory, {**file_output(directory), "name": "again"})
    equal(shipped(directory), ids(events(1, 20)))


def test_an_id_is_forgotten_after_its_age(directory):
    output = file_output(directory, deduplicate_age="2s")
    write(directory, "in.1.xml", events(1, 10))
    once(directory, output)
    time.sleep(2.2)
    write(directory, "in.2.xml", events(1, 12))
    once(directory, output)
    equal(sorted(shipped(directory)), sorted(ids(events(1, 10)) + ids(events(1, 12))))
    equal(sorted(remembered(directory)), sorted(ids(events(1, 12))), "only the young ones are kept")


def test_of_more_than_count_ids_the_latest_are_remembered(directory):
    output = file_output(directory, deduplicate_count=30)
    write(directory, "in.1.xml", events(1, 100))
    once(directory, output)
    equal(remembered(directory), ids(events(71, 30)))
    write(directory, "in.2.xml", events(61, 40))
    equal(counts(once(directory, output)), Counts(40, 10, 0, 30, 0))
    equal(shipped(directory), ids(events(1, 100)) + ids(events(61, 10)))


def test_a_copy_of_a_record_in_flight_is_not_settled_before_it(directory):
    write(directory, "in.1.xml", events(1, 300))
    write(directory, "in.2.xml", events(1, 300))
    dead = {"name": "out", "type": "syslog_tcp", "address": f"127.0.0.1:{free_port()}"}
    path = config(directory, [directory / "in.*"], [dead])
    with Agent(path) as agent:
        wait_for(lambda: "127.0.0.1" in agent.log(), what="the first try to connect")
        time.sleep(0.3)
        agent.stop()
        equal(counts(agent.log()), Counts(600, 0, 0, 0, 600))
    equal(remembered(directory), [])
    # The same output, now with a destination that works: nothing may be missing.
    equal(counts(once(directory)), Counts(600, 300, 0, 300, 0))
    equal(shipped(directory), ids(events(1, 300)))


def read_so_far(directory):
    path = directory / "state" / "status.json"
    outputs = json.loads(path.read_text())["outputs"] if path.exists() else []
    return sum(source["selected"] for output in outputs for source in output.get("sources", []))


def test_more_copies_than_can_wait_for_a_dead_output_stop_the_reading_and_lose_nothing(directory):
    for i in range(12):
        write(directory, f"in.{i:02}.xml", events(1, 450))
    dead = {"name": "out", "type": "syslog_tcp", "address": f"127.0.0.1:{free_port()}"}
    path = config(directory, [directory / "in.*"], [dead])
    with Agent(path) as agent:
        wait_for(lambda: read_so_far(directory) >= 4096, what="as many as can wait")
        time.sleep(1)
        code, seconds = agent.stop()
        equal(code, 0, agent.log())
        holds(seconds < 5, f"stopped within 5 s, took {seconds:.1f}")
        got = counts(agent.log())
        equal(got.left, got.selected)
        holds(4096 <= got.selected < 12 * 450, f"reading stopped at a bound, after {got.selected} records")
    once(directory)
    equal(shipped(directory), ids(events(1, 450)))


def test_a_dead_letter_is_written_once(directory):
    big = exports.Event(2, ["/o=x/ou=" + "y" * 3000 + "/cn=z", "32", "session"])
    for name in ("in.1.xml", "in.2.xml"):
        write(directory, name, [exports.limit_event(1), big, exports.limit_event(3)])
    log = once(directory, file_output(directory, max_bytes="3KiB"), code=1)
    equal(counts(log), Counts(6, 2, 1, 3, 0))
    equal([l["event_id"] for l in read_records(directory / "state" / "dead-letter.ndjson")], [big.id])
    write(directory, "in.3.xml", [big])
    equal(counts(once(directory, file_output(directory, max_bytes="3KiB"))), Counts(1, 0, 0, 1, 0))


def test_copies_leave_no_gap_in_the_sequence_of_messages(directory):
    for name in ("in.1.xml", "in.2.xml", "in.3.xml"):
        write(directory, name, events(1, 900))
    once(directory, file_output(directory, format="rfc5424"))
    text = (directory / "out.ndjson").read_text()
    equal([int(n) for n in re.findall(r'sequenceId="(\d+)"', text)], list(range(1, 901)))


def test_a_damaged_copy_does_not_stand_for_the_event(directory):
    damaged = directory / "in.1.evtx"
    write_evtx(damaged, 1, 20)
    image = bytearray(damaged.read_bytes())
    image[4096 + 52] ^= 0xff  # the check sum of the first chunk's records
    damaged.write_bytes(image)
    once(directory)
    first = shipped(directory)
    holds(set(first) <= set(ids(events(1, 20))) and first, "what can be read of a damaged log is shipped")
    write_evtx(directory / "in.2.evtx", 1, 20)
    equal(counts(once(directory)), Counts(20, 20, 0, 0, 0))
    equal(shipped(directory), first + ids(events(1, 20)))
    write(directory, "in.3.xml", events(1, 20))
    equal(counts(once(directory)), Counts(20, 0, 0, 20, 0))


def test_records_without_a_readable_time_are_always_shipped(directory):
    timeless = [exports.Event(i, [exports.dn("a"), "32", "session"], time="SystemTime") for i in range(1, 4)]
    write(directory, "in.1.xml", timeless)
    write(directory, "in.2.xml", timeless)
    equal(counts(once(directory)), Counts(6, 6, 0, 0, 0))


def test_records_without_record_id_are_known_by_content_second_and_place_among_equals(directory):
    text = exports.wevtutil(exports.limit_event(1)).replace("<EventRecordID>1</EventRecordID>", "")
    other = exports.wevtutil(exports.limit_event(2)).replace("<EventRecordID>2</EventRecordID>", "")
    (directory / "in.1.xml").write_text(text * 3 + other)
    once(directory)
    equal(len(set(shipped(directory))), 4)
    (directory / "in.2.xml").write_text(other + text * 4)
    equal(counts(once(directory)), Counts(5, 1, 0, 4, 0))
    equal(len(set(shipped(directory))), 5)


def test_a_forgotten_state_ships_everything_again_with_the_same_ids(directory):
    write(directory, "in.xml", events(1, 5))
    once(directory)
    (directory / "state" / "state.db").write_bytes(b"garbage" * 2000)
    for suffix in ("-wal", "-shm"):
        (directory / "state" / f"state.db{suffix}").unlink(missing_ok=True)
    contains(once(directory), "set aside")
    equal(shipped(directory), ids(events(1, 5)) * 2)


def test_kill_9_loses_nothing_and_repeats_only_what_was_in_flight(directory):
    (directory / "state").mkdir()
    path = config(directory, [directory / "in.*"], [file_output(directory)])
    known, before, repeats = set(), [], 0
    for round_ in range(12):
        write(directory, f"in.{round_}.xml", events(1 + 1500 * round_, 4500))
        with Agent(path) as agent:
            time.sleep(0.012 + 0.004 * (round_ % 4))
            agent.kill()
        after = shipped(directory)
        equal(known & set(after[len(before):]), set(), "ids that were remembered, shipped again")
        repeats += len(after) - len(set(after)) - (len(before) - len(set(before)))
        known, before = set(remembered(directory)), after
        equal(known - set(after), set(), "ids that are remembered and were not shipped")
    once(directory)
    got, want = shipped(directory), ids(events(1, 11 * 1500 + 4500))
    equal(known & set(got[len(before):]), set(), "ids that were remembered, shipped again")
    equal(set(want) - set(got), set(), "lost")
    equal(set(got) - set(want), set(), "invented")
    holds(repeats <= 12 * 4000, f"no more than was in flight at 12 kills, was {repeats}")
    write(directory, "in.all.xml", events(1, 11 * 1500 + 4500))
    equal(counts(once(directory)).delivered, 0)


main()
