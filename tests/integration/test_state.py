#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What is kept over restarts: shown, changed by hand, damaged, on a disk that is full or broken, and locked."""
import contextlib
import os
import re
import sqlite3
import subprocess

import exports
from exports import events, ids
from harness import (ON_WINDOWS, TOOLS, Agent, Skip, config, contains, equal, file_output, holds, main, mapitail, shipped,
                     wait_for)


def write(path, group):
    path.write_text(exports.wevtutil_file(group))


def append(path, group):
    with open(path, "ab") as f:
        f.write(exports.wevtutil_file(group).encode())


def once(path, code=0):
    with Agent(path, "--once") as agent:
        equal(agent.wait(), code, agent.log())
        return agent.log()


def state(directory, *words, code=0):
    got = mapitail("state", *words[:1], "--state", directory / "state", *words[1:])
    equal(got.code, code, got.err)
    return got


def one_file(directory, count=10, **more):
    write(directory / "a.xml", events(1, count))
    path = config(directory, [directory / "*.xml"], [file_output(directory)], **more)
    once(path)
    return path


def test_the_list_shows_where_each_file_stands(directory):
    path = one_file(directory)
    size = (directory / "a.xml").stat().st_size
    lines = state(directory, "list").out.splitlines()
    equal(lines[0].split(), ["OUTPUT", "FORMAT", "OFFSET", "SIZE", "RECORD", "SAVED", "FILE"])
    row = lines[1].split()
    equal((row[0], row[1], row[2], row[3], row[6]), ("out", "xml", str(size), str(size), str(directory / "a.xml")))
    contains(state(directory, "list", "out").out, "10 delivered ids are remembered")
    os.unlink(directory / "a.xml")
    contains(mapitail("state", "list", "-c", path).out, "gone")


def open_state(directory):
    """The state's tables, with the sum that its rows carry."""
    def row_sum(*values):
        h = 0xcbf29ce484222325
        for v in values:
            text = v.encode() if isinstance(v, str) else v.to_bytes(8, "little", signed=True)
            for byte in [*(bytes([3]) + text + bytes([len(text) & 255]) if isinstance(v, str) else bytes([1]) + text)]:
                h = (h ^ byte) * 0x100000001b3 & 0xffffffffffffffff
        return h - (1 << 64) if h >> 63 else h
    db = sqlite3.connect(directory / "state" / "state.db", isolation_level=None)
    db.create_function("row_sum", -1, row_sum, deterministic=True)
    return db


def test_a_file_that_is_gone_for_long_is_forgotten(directory):
    path = one_file(directory)
    write(directory / "b.xml", events(20, 1))
    once(path)
    os.unlink(directory / "a.xml")
    once(path)
    contains(state(directory, "list").out, "gone")
    with contextlib.closing(open_state(directory)) as db:
        note = db.execute("SELECT value FROM meta WHERE key GLOB 'gone/*' AND sum = row_sum(key, value)").fetchone()[0]
        gone_for_long = f"{note.split()[0]} {30 * 24 * 3600 * 1000}"
        db.execute("UPDATE meta SET value = ?1, sum = row_sum(key, ?1) WHERE key GLOB 'gone/*'", (gone_for_long,))
    contains(once(path), "gone for 30 days")
    listed = state(directory, "list").out
    holds("a.xml" not in listed and "b.xml" in listed, listed)


def test_an_output_whose_destination_keeps_the_positions_is_not_set_back(directory):
    path = one_file(directory)
    write(directory / "b.xml", events(20, 1))
    once(path)
    with contextlib.closing(open_state(directory)) as db:
        db.execute("INSERT INTO meta VALUES('seen/out/*carried*', '1', row_sum('seen/out/*carried*', '1'))")
    before = state(directory, "list", "out").out
    contains(state(directory, "rewind", "out", code=1).err, "the destination of output out keeps its positions")
    equal(state(directory, "list", "out").out, before)
    contains(state(directory, "forget", "out", directory / "a.xml").out, "goes on where its destination stands")
    contains(state(directory, "forget", "out").out, "but for the positions that its destination keeps")


def test_a_file_set_back_is_shipped_again_with_the_same_ids(directory):
    path = one_file(directory)
    got = state(directory, "rewind", "out", directory / "a.xml")
    contains(got.out, "10 delivered ids of output out are forgotten")
    once(path)
    equal(shipped(directory), ids(events(1, 10)) * 2)
    once(path)
    equal(len(shipped(directory)), 20, "set back once")


def test_a_file_set_to_its_end_or_to_a_place_is_read_on_from_there(directory):
    path = one_file(directory)
    place = len(exports.wevtutil_file(events(1, 7)))
    state(directory, "rewind", "--to", place, "out", directory / "a.xml")
    once(path)
    equal(shipped(directory)[10:], ids(events(8, 3)))
    append(directory / "a.xml", events(11, 5))
    got = state(directory, "rewind", "--to", "end", "out", directory / "a.xml")
    holds("forgotten" not in got.out, got.out)
    append(directory / "a.xml", events(16, 1))
    once(path)
    equal(shipped(directory)[13:], ids(events(16, 1)))


def test_a_file_is_found_by_what_it_is_too(directory):
    one_file(directory)
    (directory / "other-name.xml").hardlink_to(directory / "a.xml")
    contains(state(directory, "rewind", "out", directory / "other-name.xml").out, "a.xml")


def test_other_outputs_keep_their_positions_and_ids(directory):
    write(directory / "a.xml", events(1, 5))
    path = config(directory, [directory / "*.xml"], [file_output(directory), file_output(directory, "two")])
    once(path)
    state(directory, "rewind", "two")
    once(path)
    equal((len(shipped(directory)), len(shipped(directory, "two"))), (5, 10))


def test_a_forgotten_output_is_new_and_a_forgotten_file_keeps_what_was_delivered(directory):
    path = one_file(directory)
    state(directory, "forget", "out", directory / "a.xml")
    equal(len(state(directory, "list").out.splitlines()), 1)
    once(path)
    equal(len(shipped(directory)), 10, "read again, and known")
    state(directory, "forget", "out")
    once(path)
    equal(len(shipped(directory)), 20)


def test_mistakes_change_nothing_and_are_told(directory):
    one_file(directory)
    before = state(directory, "list").out
    contains(state(directory, "rewind", "uot", code=1).err, "output uot has no saved position")
    contains(state(directory, "rewind", "out", "/none.xml", code=1).err, "no saved position of /none.xml")
    contains(state(directory, "rewind", "out", "--to", "middle", code=1).err, "not middle")
    contains(state(directory, "rewind", "out", "--to", "99999999", code=1).err, "bytes only")
    state(directory, "forget", code=64)
    state(directory, "lose", "out", code=64)
    state(directory, "forget", "out", "--to", "end", code=64)
    equal(state(directory, "list").out, before)
    got = mapitail("state", "list", "--state", directory / "none")
    equal(got.code, 1)
    holds(not (directory / "none").exists(), "no state is made by looking")


def test_an_event_log_has_no_place_in_bytes(directory):
    tool = TOOLS / "make_export"
    if not tool.exists():
        raise Skip("make_export was not built")
    subprocess.run([tool, "evtx-export", directory / "a.evtx", "1", "20"], check=True)
    path = config(directory, [directory / "*.evtx"], [file_output(directory)])
    once(path)
    contains(state(directory, "rewind", "out", "--to", "4096", code=1).err, "has no place in bytes")
    state(directory, "rewind", "out")
    once(path)
    equal(len(shipped(directory)), 40)
    state(directory, "rewind", "out")
    state(directory, "rewind", "out", "--to", "end")
    once(path)
    equal(len(shipped(directory)), 40)


def test_nothing_is_changed_under_a_running_agent_and_its_process_is_named(directory):
    path = one_file(directory)
    lock = directory / "state" / "lock"
    before = lock.read_text()
    with Agent(path) as agent:
        wait_for(lambda: lock.read_text() not in ("", before), what="the lock")
        process = re.match(r"process (\d+) since 20", lock.read_text())[1]
        equal(process == str(agent.process.pid), not ON_WINDOWS, "only Wine numbers processes in its own way")
        for words in (["rewind", "out"], ["forget", "out"]):
            got = state(directory, *words, code=73)
            contains(got.err, f"process {process} since 20")
        contains(state(directory, "list").out, "a.xml")
        second = mapitail("run", "-c", path)
        equal(second.code, 73)
        contains(second.err, f"in use by another mapitail, process {process} since 20")
        agent.kill()
    state(directory, "rewind", "out")


def test_a_file_truncated_while_nobody_looked_is_read_from_its_beginning(directory):
    path = one_file(directory, 20)
    keep = len(exports.wevtutil_file(events(1, 5)))
    os.truncate(directory / "a.xml", keep)
    append(directory / "a.xml", events(101, 2))
    contains(once(path), "is behind its end")
    equal(shipped(directory), ids(events(1, 20), events(101, 2)))


def test_a_damaged_state_skips_nothing_although_new_outputs_begin_at_the_end(directory):
    sources = [{"name": "s", "paths": [str(directory / "*.xml")], "from": "end"}]
    write(directory / "a.xml", events(1, 3))
    path = config(directory, sources, [file_output(directory)])
    once(path)
    equal(shipped(directory), [])
    append(directory / "a.xml", events(4, 3))
    once(path)
    equal(shipped(directory), ids(events(4, 3)))
    append(directory / "a.xml", events(7, 3))
    (directory / "state" / "state.db").write_bytes(bytes(4096))
    contains(once(path), "set aside as")
    equal(sorted(set(shipped(directory))), sorted(ids(events(1, 9))), "what came meanwhile is not skipped")
    holds(list((directory / "state").glob("state.db.damaged-*")), "the damaged file is kept")


def test_an_empty_state_file_is_no_silent_new_beginning(directory):
    path = one_file(directory)
    (directory / "state" / "state.db").write_bytes(b"")
    contains(once(path), "set aside as")
    equal(shipped(directory), ids(events(1, 10)) * 2)


def alarms(log):
    return len(re.findall(r"ERROR .*delivering on, a restart would repeat", log))


def test_a_full_disk_under_the_state_is_one_alarm_and_one_recovery(directory):
    disk = directory / "state"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=240k", "tmpfs", disk], capture_output=True, check=False)
    if done.returncode != 0:
        raise Skip("a small file system cannot be mounted here: " + done.stderr.decode().strip())
    try:
        write(directory / "a.xml", events(1, 5))
        path = config(directory, [{"name": "s", "paths": [str(directory / "*.xml")], "poll_interval": "100ms"}],
                      [file_output(directory)])
        with Agent(path) as agent:
            wait_for(lambda: len(shipped(directory)) == 5, what="5 records")
            fill_disk(disk / "ballast")
            count = 5
            while "delivering on" not in agent.log() and count < 400:
                append(directory / "a.xml", events(count + 1, 1))
                count += 1
                wait_for(lambda n=count: len(shipped(directory)) == n, what="delivery without a state")
            contains(agent.log(), "delivering on")
            for _ in range(5):
                append(directory / "a.xml", events(count + 1, 1))
                count += 1
                wait_for(lambda n=count: len(shipped(directory)) == n, what="delivery without a state")
            equal(alarms(agent.log()), 1)
            (disk / "ballast").unlink()
            wait_for(lambda: "can be written again" in agent.log(), what="the recovery, with nothing to deliver")
            agent.kill()
        once(path)
        equal(shipped(directory), ids(events(1, count)), "nothing is repeated once positions were saved")
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def locked_state(directory):
    """Somebody else writes to the state, and does not end."""
    other = sqlite3.connect(directory / "state" / "state.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other


def test_a_file_met_while_the_state_cannot_be_written_is_saved_when_it_can(directory):
    write(directory / "a.xml", events(1, 2))
    path = config(directory, [directory / "*.xml"], [file_output(directory)])
    with Agent(path) as agent:
        wait_for(lambda: len(shipped(directory)) == 2, what="the first file")
        other = locked_state(directory)
        write(directory / "b.xml", events(3, 2))
        wait_for(lambda: "its position is not kept over a restart until this works" in agent.log(), what="the alarm")
        wait_for(lambda: len(shipped(directory)) == 4, what="delivery without a state")
        other.execute("ROLLBACK")
        size = str((directory / "b.xml").stat().st_size)
        wait_for(lambda: [row for row in state(directory, "list").out.splitlines() if "b.xml" in row and size in row],
                 what="the position of what was met meanwhile")
        agent.kill()
    once(path)
    equal(shipped(directory), ids(events(1, 4)))


def test_a_file_written_anew_while_the_state_cannot_be_written_is_read_from_its_beginning(directory):
    first, a, b = events(1, 3), events(10, 3), events(20, 30)
    write(directory / "a.xml", first + a)
    path = config(directory, [directory / "*.xml"], [file_output(directory)])
    with Agent(path) as agent:
        wait_for(lambda: len(shipped(directory)) == 6, what="the first content")
        wait_for(lambda: str((directory / "a.xml").stat().st_size) in state(directory, "list").out, what="its position")
        other = locked_state(directory)
        with open(directory / "a.xml", "r+b") as f:
            f.write(exports.wevtutil_file(first + b).encode())
        wait_for(lambda: "written anew" in agent.log(), what="the other content")
        wait_for(lambda: set(ids(b)) <= set(shipped(directory)), what="all of it")
        other.execute("ROLLBACK")
        equal(agent.stop()[0], 0)
    equal(shipped(directory), ids(first, a, b), "what was delivered before is known")


def fill_disk(path):
    with open(path, "wb", buffering=0) as f:
        for size in (65536, 4096):
            try:
                while f.write(bytes(size)):
                    pass
            except OSError:
                pass


def test_a_disk_that_cannot_sync_is_one_alarm_and_one_recovery(directory):
    shim = TOOLS / "libbroken_disk.so"
    if not shim.exists():
        raise Skip("libbroken_disk.so was not built")
    write(directory / "a.xml", events(1, 5))
    path = config(directory, [{"name": "s", "paths": [str(directory / "*.xml")], "poll_interval": "100ms"}],
                  [file_output(directory, fsync="never")], state={"directory": str(directory / "state"), "sync_interval": "50ms"})
    flag = directory / "broken"
    with environment(LD_PRELOAD=str(shim), FAIL_SYNC=str(flag),
                     ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"):
        agent_of_broken_disk = Agent(path)
    with agent_of_broken_disk as agent:
        wait_for(lambda: len(shipped(directory)) == 5, what="5 records")
        flag.touch()
        append(directory / "a.xml", events(6, 1))
        wait_for(lambda: alarms(agent.log()) == 1, what="the alarm")
        append(directory / "a.xml", events(7, 3))
        wait_for(lambda: len(shipped(directory)) == 9, what="delivery on a broken disk")
        wait_for(lambda: mapitail("status", "-c", path).code == 1, what="a status that tells of it")
        flag.unlink()
        wait_for(lambda: "can be written again" in agent.log(), what="the recovery")
        equal(alarms(agent.log()), 1)
        wait_for(lambda: mapitail("status", "-c", path).code == 0, what="a healthy status")
        agent.kill()
    once(path)
    equal(shipped(directory), ids(events(1, 9)))


class environment:
    """Variables that a program started inside sees."""

    def __init__(self, **variables):
        self.variables, self.before = variables, {}

    def __enter__(self):
        self.before = {k: os.environ.get(k) for k in self.variables}
        os.environ.update(self.variables)

    def __exit__(self, *_):
        for name, value in self.before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


main()
