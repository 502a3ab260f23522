#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`mapitail run`: files are followed through everything that happens to them, nothing is lost, stops are quick."""
import contextlib
import os
import resource
import signal
import socket
import subprocess
import time

import exports
from exports import events, ids
from harness import (ACCESS_DENIED, AS_NOBODY, COMMAND, DISK_FULL, ON_WINDOWS, STOP, TOOLS, Agent, Skip, config, contains,
                     equal, file_output, free_port, holds, main, mapitail, measures_memory, only_if, peak_kib, read_records,
                     shipped, wait_for)


def append(path, text, encoding="utf-8"):
    with open(path, "ab") as f:
        f.write(text.encode(encoding))


def start(directory, paths, *arguments, output=None, **more):
    return Agent(config(directory, paths, [output or file_output(directory)], **more), *arguments)


def until_shipped(directory, want, name="out"):
    """Waits until as many records have come as are wanted, then a little for what must not come; they must be equal."""
    wait_for(lambda: len(shipped(directory, name)) >= len(want), what=f"{len(want)} records")
    time.sleep(0.2)
    equal(shipped(directory, name), want, "records")


def test_once_ships_what_is_there_and_a_second_run_nothing(directory):
    a = exports.mixed(1000)
    (directory / "a.xml").write_text(exports.wevtutil_file(a))
    for _ in range(2):
        with start(directory, [directory / "*.xml"], "--once") as agent:
            equal(agent.wait(), 0, agent.log())
        equal(shipped(directory), exports.wanted_ids(a))


def test_growth_is_followed_also_in_the_middle_of_a_record(directory):
    path = directory / "a.xml"
    a, b = events(1, 3), events(4, 2)
    path.write_text(exports.wevtutil_file(a))
    with start(directory, [path]):
        until_shipped(directory, ids(a))
        text = exports.wevtutil_file(b)
        for at in range(0, len(text), 97):
            append(path, text[at:at + 97])
            time.sleep(0.005)
        until_shipped(directory, ids(a, b))


def test_an_appended_record_arrives_without_waiting_for_the_poll(directory):
    path = directory / "a.xml"
    path.write_text(exports.wevtutil_file(events(1, 1)))
    sources = [{"name": "s", "paths": [str(path)], "poll_interval": "60s"}]
    with start(directory, sources):
        until_shipped(directory, ids(events(1, 1)))
        append(path, exports.wevtutil_file(events(2, 1)))
        wait_for(lambda: len(shipped(directory)) == 2, 10, "the record, by notification alone")


def test_utf16_is_read_on_correctly_after_the_first_read_and_after_a_restart(directory):
    path = directory / "a.xml"
    a, b, c = events(1, 2), events(3, 2), events(5, 2)
    append(path, "\ufeff" + exports.wevtutil_file(a), "utf-16-le")
    with start(directory, [path]) as agent:
        until_shipped(directory, ids(a))
        append(path, exports.wevtutil_file(b), "utf-16-le")
        until_shipped(directory, ids(a, b))
        agent.stop()
    append(path, exports.wevtutil_file(c), "utf-16-le")
    with start(directory, [path]):
        until_shipped(directory, ids(a, b, c))


def test_rename_rotation_loses_nothing_and_repeats_nothing(directory):
    path = directory / "app.xml"
    groups = [events(100 * i + 1, 20) for i in range(6)]
    path.write_text(exports.wevtutil_file(groups[0]))
    with start(directory, [directory / "app.xml*"]):
        until_shipped(directory, ids(groups[0]))
        for i, group in enumerate(groups[1:], 1):
            half = exports.wevtutil_file(group[:10])
            append(path, half)
            os.rename(path, directory / f"app.xml.{i}")
            append(directory / f"app.xml.{i}", exports.wevtutil_file(group[10:15]))
            path.write_text(exports.wevtutil_file(group[15:]))
            time.sleep(0.05)
        wait_for(lambda: len(shipped(directory)) >= 120, what="120 records")
        time.sleep(0.3)
        equal(sorted(shipped(directory)), sorted(ids(*groups)), "records")


def test_a_file_renamed_out_of_the_pattern_is_finished(directory):
    path = directory / "app.xml"
    a, b, c = events(1, 5), events(6, 5), events(11, 5)
    path.write_text(exports.wevtutil_file(a))
    with start(directory, [path]):
        until_shipped(directory, ids(a))
        os.rename(path, directory / "old.xml")
        append(directory / "old.xml", exports.wevtutil_file(b))
        path.write_text(exports.wevtutil_file(c))
        wait_for(lambda: len(shipped(directory)) >= 15, what="15 records")
        equal(sorted(shipped(directory)), sorted(ids(a, b, c)))


def test_truncation_starts_again_at_the_beginning(directory):
    path = directory / "a.xml"
    a, b = events(1, 20), events(100, 3)
    path.write_text(exports.wevtutil_file(a))
    with start(directory, [path]) as agent:
        until_shipped(directory, ids(a))
        with open(path, "r+b") as f:
            f.truncate(0)
        time.sleep(0.3)
        append(path, exports.wevtutil_file(b))
        until_shipped(directory, ids(a, b))
        contains(agent.log(), "truncated")


def test_writing_anew_in_place_is_noticed_even_when_the_file_is_longer(directory):
    path = directory / "a.xml"
    a, b = events(1, 5), events(100, 30)
    path.write_text(exports.wevtutil_file(a))
    with start(directory, [path]):
        until_shipped(directory, ids(a))
        path.write_text(exports.wevtutil_file(b))
        until_shipped(directory, ids(a, b))


def test_replacement_by_another_file_of_the_same_name_is_noticed(directory):
    path = directory / "a.xml"
    a, b = events(1, 5), events(50, 5)
    path.write_text(exports.wevtutil_file(a))
    with start(directory, [path]):
        until_shipped(directory, ids(a))
        (directory / "new").write_text(exports.wevtutil_file(b))
        os.replace(directory / "new", path)
        until_shipped(directory, ids(a, b))


def test_a_deleted_file_is_read_to_its_end_and_a_new_one_from_its_beginning(directory):
    path = directory / "a.xml"
    a, b = events(1, 5), events(50, 5)
    path.write_text(exports.wevtutil_file(a))
    with start(directory, [path]):
        until_shipped(directory, ids(a))
        path.unlink()
        time.sleep(0.4)
        path.write_text(exports.wevtutil_file(b))
        until_shipped(directory, ids(a, b))


def test_a_file_and_a_directory_that_come_late_are_found(directory):
    with start(directory, [directory / "in" / "*" / "*.xml"]):
        time.sleep(0.3)
        (directory / "in" / "day1").mkdir(parents=True)
        (directory / "in" / "day1" / "a.xml").write_text(exports.wevtutil_file(events(1, 2)))
        until_shipped(directory, ids(events(1, 2)))


def test_from_end_skips_what_was_there_and_nothing_that_comes(directory):
    path = directory / "a.xml"
    path.write_text(exports.wevtutil_file(events(1, 5)))
    sources = [{"name": "s", "paths": [str(directory / "*.xml")], "from": "end", "poll_interval": "100ms"}]
    with start(directory, sources) as agent:
        wait_for(lambda: (directory / "state" / "state.db").exists())
        time.sleep(0.5)
        append(path, exports.wevtutil_file(events(6, 2)))
        (directory / "late.xml").write_text(exports.wevtutil_file(events(20, 2)))
        wait_for(lambda: len(shipped(directory)) >= 4, what="4 records")
        agent.stop()
    append(path, exports.wevtutil_file(events(8, 1)))
    (directory / "later.xml").write_text(exports.wevtutil_file(events(30, 1)))
    with start(directory, sources):
        want = ids(events(6, 2), events(20, 2), events(8, 1), events(30, 1))
        wait_for(lambda: len(shipped(directory)) >= len(want), what="6 records")
        time.sleep(0.2)
        equal(sorted(shipped(directory)), sorted(want))


def test_a_live_evtx_that_grows_in_place_is_followed(directory):
    tool = TOOLS / "make_export"
    if not tool.exists():
        raise Skip("make_export was not built")
    path = directory / "live.evtx"
    subprocess.run([tool, "evtx", path, "1", "40"], check=True)
    with start(directory, [path]):
        wait_for(lambda: len(shipped(directory)) == 40, what="40 records")
        for count in (45, 90, 400):
            subprocess.run([tool, "evtx-in-place", path, "1", str(count)], check=True)
            wait_for(lambda count=count: len(shipped(directory)) >= count, what=f"{count} records")
        time.sleep(0.2)
        got = [r["event"]["sequence"] for r in read_records(directory / "out.ndjson")]
        equal(got, list(range(1, 401)))


def test_kill_9_at_any_moment_loses_nothing(directory):
    a = exports.mixed(20000, share=0.3)
    (directory / "a.xml").write_text(exports.wevtutil_file(a))
    for round_ in range(12):
        with start(directory, [directory / "a.xml"]) as agent:
            time.sleep(0.004 * round_)
            agent.kill()
    with start(directory, [directory / "a.xml"], "--once") as agent:
        equal(agent.wait(), 0, agent.log())
    got, want = shipped(directory), exports.wanted_ids(a)
    equal(set(want) - set(got), set(), "lost")
    equal(set(got) - set(want), set(), "invented")


def test_outputs_have_positions_of_their_own(directory):
    a, b = events(1, 5), events(6, 5)
    path = directory / "a.xml"
    path.write_text(exports.wevtutil_file(a))
    with Agent(config(directory, [path], [file_output(directory, "one")]), "--once") as agent:
        equal(agent.wait(), 0, agent.log())
    append(path, exports.wevtutil_file(b))
    both = [file_output(directory, "one"), file_output(directory, "two")]
    with Agent(config(directory, [path], both), "--once") as agent:
        equal(agent.wait(), 0, agent.log())
    equal(shipped(directory, "one"), ids(a, b))
    equal(shipped(directory, "two"), ids(a, b))


def test_a_dead_output_does_not_hold_up_another(directory):
    path = directory / "a.xml"
    path.write_text(exports.wevtutil_file(events(1, 2000)))
    dead = {"name": "dead", "type": "syslog_tcp", "address": f"127.0.0.1:{free_port()}"}
    with Agent(config(directory, [path], [dead, file_output(directory)])) as agent:
        wait_for(lambda: len(shipped(directory)) == 2000, what="2000 records")
        code, seconds = agent.stop()
        equal(code, 0, agent.log())
        holds(seconds < 5, f"stopped within 5 s, took {seconds:.1f}")
        contains(agent.log(), "127.0.0.1")


def test_it_stops_within_5_seconds_whatever_the_outputs_do(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file(events(1, 5000)))
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    silent.listen(1)
    port = silent.getsockname()[1]
    outputs = [{"name": "refused", "type": "syslog_tcp", "address": f"127.0.0.1:{free_port()}"},
               {"name": "silent", "type": "syslog_tcp", "address": f"127.0.0.1:{port}"},
               {"name": "silent_tls", "type": "syslog_tls", "address": f"127.0.0.1:{port}"},
               {"name": "silent_kafka", "type": "kafka", "brokers": f"127.0.0.1:{port}"},
               {"name": "dead_kafka", "type": "kafka", "brokers": f"127.0.0.1:{free_port()}"}]
    for sig in (signal.SIGTERM, signal.SIGINT):
        with Agent(config(directory, [directory / "a.xml"], outputs)) as agent:
            time.sleep(1.5)
            code, seconds = agent.stop(sig)
            equal(code, 0, agent.log())
            holds(seconds < 5, f"stopped within 5 s, took {seconds:.1f}")
    silent.close()


def test_a_directory_for_a_file_and_a_missing_file_are_reported_and_the_rest_is_read(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file(events(1, 2)))
    (directory / "odd.xml").write_text("this is prose, not an export of anything at all\n" * 100)
    paths = [directory, directory / "none.xml", directory / "a.xml", directory / "odd.xml"]
    sources = [{"name": f"s{i}", "paths": [str(p)]} for i, p in enumerate(paths)]
    with start(directory, sources, "--once") as agent:
        equal(agent.wait(), 1, agent.log())
        contains(agent.log(), "is a directory")
        contains(agent.log(), "none.xml: No such file")
        contains(agent.log(), "odd.xml: unknown format")
    equal(shipped(directory), ids(events(1, 2)))


def test_each_path_of_a_source_is_reported_and_again_when_it_was_there_meanwhile(directory):
    names = ["one.xml", "two.xml"]
    paths = [{"name": "s", "paths": [str(directory / n) for n in names] + [str(directory)], "poll_interval": "100ms"}]
    with start(directory, paths) as agent:
        for n in names:
            wait_for(lambda n=n: f"{n}: No such file" in agent.log(), what=f"a word about {n}")
        wait_for(lambda: "is a directory" in agent.log(), what="a word about the directory")
        (directory / "one.xml").write_text(exports.wevtutil_file(events(1, 2)))
        wait_for(lambda: len(shipped(directory)) == 2, what="the first one")
        (directory / "one.xml").unlink()
        wait_for(lambda: agent.log().count("one.xml: No such file") == 2, what="another word")
        equal((agent.log().count("two.xml: No such file"), agent.log().count("is a directory")), (1, 1))


@only_if(not ON_WINDOWS)  # Wine lists directories in its own way, past the library that has it fail
def test_a_directory_whose_list_breaks_off_is_reported_and_its_files_stay_known(directory):
    shim, flag = TOOLS / "libbroken_disk.so", directory / "broken"
    if not shim.exists():
        raise Skip("libbroken_disk.so was not built")
    (directory / "in").mkdir()
    (directory / "in" / "a.xml").write_text(exports.wevtutil_file(events(1, 2)))
    path = config(directory, [directory / "in" / "*.xml"], [file_output(directory)], log={"level": "debug"})
    preloaded = {**os.environ, "LD_PRELOAD": str(shim), "FAIL_LIST": str(flag),
                 "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
    with Agent(path, environment=preloaded) as agent:
        wait_for(lambda: len(shipped(directory)) == 2, what="2 records")
        flag.touch()
        wait_for(lambda: f"cannot list directory {directory / 'in'}: Input/output error" in agent.log(), what="the report")
        flag.unlink()
        append(directory / "in" / "a.xml", exports.wevtutil_file(events(3, 2)))
        until_shipped(directory, ids(events(1, 4)))
        holds("no longer there" not in agent.log(), agent.log())


@contextlib.contextmanager
def nobody_runs(configuration, log):
    """The agent under a user who may read only what everybody may."""
    with open(log, "wb") as file, subprocess.Popen([*AS_NOBODY, *COMMAND, "run", "-c", configuration], stderr=file) as p:
        try:
            yield
            p.send_signal(STOP)
            equal(p.wait(10), 0)
        finally:
            p.kill()


def test_a_file_that_cannot_be_read_is_tried_again(directory):
    path = directory / "a.xml"
    path.write_text(exports.wevtutil_file(events(1, 2)))
    (directory / "b.xml").write_text(exports.wevtutil_file(events(10, 2)))
    path.chmod(0)
    directory.chmod(0o777)
    c = config(directory, [directory / "*.xml"], [file_output(directory)])
    with nobody_runs(c, directory / "log"):
        wait_for(lambda: len(shipped(directory)) == 2, what="the readable file")
        path.chmod(0o644)
        wait_for(lambda: len(shipped(directory)) == 4, 15, "the file after its permissions came back")
    complaint = next(line for line in (directory / "log").read_text().splitlines() if ACCESS_DENIED in line)
    equal(complaint.count(str(path)), 1, complaint)


# Windows may tell nothing of a file that may not be read, not even which file it is.
@only_if(not ON_WINDOWS)
def test_a_file_that_is_renamed_out_of_the_pattern_before_it_can_be_opened_is_read(directory):
    path, renamed = directory / "app.xml", directory / "Archive-app.old"
    path.write_text(exports.wevtutil_file(events(1, 2)))
    path.chmod(0)
    directory.chmod(0o777)
    c = config(directory, [path], [file_output(directory)])
    with nobody_runs(c, directory / "log"):
        wait_for(lambda: ACCESS_DENIED in (directory / "log").read_text(), what="a file that cannot be opened")
        path.rename(renamed)
        path.write_text(exports.wevtutil_file(events(3, 2)))
        renamed.chmod(0o644)
        wait_for(lambda: len(shipped(directory)) == 4, 15, "both files")
    equal(sorted(shipped(directory)), sorted(ids(events(1, 4))))


def test_what_vanishes_unread_is_told_and_counted_also_of_a_file_that_was_read_before(directory):
    (directory / "in").mkdir()
    path, elsewhere = directory / "in" / "a.xml", directory / "elsewhere.xml"
    path.write_text(exports.wevtutil_file(events(1, 2)))
    with start(directory, [directory / "in" / "*.xml"], "--once") as agent:
        equal(agent.wait(), 0, agent.log())
    more = exports.wevtutil_file(events(3, 5))
    append(path, more)
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    with start(directory, [directory / "in" / "*.xml"]) as agent:
        wait_for(lambda: "a link leads out" in agent.log(), what="a file that cannot be opened")
        path.unlink()
        wait_for(lambda: "vanished before" in agent.log(), what="the report")
        contains(agent.log(), f"a.xml: vanished before it was read on, {len(more)} bytes of it unread")
        status = lambda: mapitail("status", "--json", "--state", directory / "state").out
        wait_for(lambda: f'"vanished_bytes":{len(more)}' in status(), what="the count")
    equal(shipped(directory), ids(events(1, 2)))


def test_a_full_disk_stops_an_output_and_loses_nothing(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file(events(1, 400)))
    disk = directory / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True, check=False)
    if done.returncode != 0:
        raise Skip("a small file system cannot be mounted here: " + done.stderr.decode().strip())
    try:
        output = {"name": "out", "type": "file", "path": str(disk / "out.ndjson")}
        with start(directory, [directory / "a.xml"], output=output) as agent:
            wait_for(lambda: DISK_FULL in agent.log(), what="the message about the full disk")
            time.sleep(0.5)
            subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
            wait_for(lambda: len(read_records(disk / "out.ndjson")) >= 400, 20, "all records")
            equal(sorted(r["event"]["id"] for r in read_records(disk / "out.ndjson")), sorted(ids(events(1, 400))))
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_a_state_that_cannot_be_written_does_not_stop_delivery(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file(events(1, 50)))
    disk = directory / "state"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk], capture_output=True, check=False)
    if done.returncode != 0:
        raise Skip("a small file system cannot be mounted here: " + done.stderr.decode().strip())
    try:
        state = {"directory": str(disk), "sync_interval": "1h"}
        with start(directory, [directory / "*.xml"], state=state) as agent:
            wait_for(lambda: len(shipped(directory)) == 50, what="50 records")
            try:
                (disk / "ballast").write_bytes(bytes(1 << 20))
            except OSError:
                pass
            for e in events(51, 50):
                append(directory / "a.xml", exports.wevtutil_file([e]))
                time.sleep(0.02)
            wait_for(lambda: len(shipped(directory)) == 100, what="100 records")
            wait_for(lambda: "delivering on" in agent.log(), what="the message about the state")
            (disk / "ballast").unlink()
            append(directory / "a.xml", exports.wevtutil_file(events(101, 1)))
            wait_for(lambda: len(shipped(directory)) == 101, what="101 records")
            agent.stop()
        with start(directory, [directory / "*.xml"], "--once") as agent:
            equal(agent.wait(), 0, agent.log())
        equal(shipped(directory), ids(events(1, 101)))
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_a_damaged_state_is_set_aside_loudly_and_records_keep_their_ids(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file(events(1, 5)))
    with start(directory, [directory / "a.xml"], "--once") as agent:
        equal(agent.wait(), 0, agent.log())
    (directory / "state" / "state.db").write_bytes(b"garbage" * 2000)
    for suffix in ("-wal", "-shm"):
        (directory / "state" / f"state.db{suffix}").unlink(missing_ok=True)
    with start(directory, [directory / "a.xml"], "--once") as agent:
        equal(agent.wait(), 0, agent.log())
        contains(agent.log(), "set aside")
    equal(shipped(directory), ids(events(1, 5)) * 2)


def test_a_second_agent_on_the_same_state_is_refused(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file(events(1, 5)))
    with start(directory, [directory / "a.xml"]):
        until_shipped(directory, ids(events(1, 5)))
        got = mapitail("run", "-c", directory / "mapitail.yaml")
        equal(got.code, 73, got.err)
        contains(got.err, "in use by another mapitail")


def test_a_record_too_large_for_the_output_goes_to_the_dead_letter_file(directory):
    big = exports.Event(2, ["/o=x/ou=" + "y" * 3000 + "/cn=z", "32", "session"])
    (directory / "a.xml").write_text(exports.wevtutil_file([exports.limit_event(1), big, exports.limit_event(3)]))
    with start(directory, [directory / "a.xml"], "--once", output=file_output(directory, max_bytes="3KiB")) as agent:
        equal(agent.wait(), 1, agent.log())
        contains(agent.log(), "dead-letter")
    equal(shipped(directory), [exports.limit_event(1).id, exports.limit_event(3).id])
    letters = read_records(directory / "state" / "dead-letter.ndjson")
    equal([l["event_id"] for l in letters], [big.id])
    contains(letters[0]["file"], "a.xml")


def test_records_without_record_id_keep_their_ids_over_a_restart(directory):
    text = exports.wevtutil(exports.limit_event(1)).replace("<EventRecordID>1</EventRecordID>", "")
    path = directory / "a.xml"
    path.write_text(text * 3)
    with start(directory, [path], "--once") as agent:
        equal(agent.wait(), 0, agent.log())
    first = shipped(directory)
    equal(len(set(first)), 3, "three equal records are three events")
    append(path, text)
    with start(directory, [path], "--once") as agent:
        equal(agent.wait(), 0, agent.log())
    equal(shipped(directory)[:3], first)
    equal(len(set(shipped(directory))), 4)
    equal(mapitail("state", "rewind", "--state", directory / "state", "out").code, 0)
    # Without de-duplication, which would leave out what is read again.
    with start(directory, [path], "--once", output=file_output(directory, deduplicate=False)) as agent:
        equal(agent.wait(), 0, agent.log())
    equal(shipped(directory)[4:], shipped(directory)[:4], "read again from the beginning")


@measures_memory
def test_memory_stays_flat_while_a_large_export_waits_for_a_dead_output(directory):
    with open(directory / "a.xml", "w", encoding="utf-8") as f:
        for block in range(40):
            f.write(exports.wevtutil_file(exports.mixed(2000, first=block * 2000 + 1)))
    output = {"name": "dead", "type": "syslog_tcp", "address": f"127.0.0.1:{free_port()}"}
    with start(directory, [directory / "a.xml"], output=output) as agent:
        time.sleep(2)
        peak = peak_kib(agent.process.pid)
        holds(peak < 32 << 10, f"resident memory below 32 MiB, was {peak} KiB")


def test_a_thousand_files_are_read_with_few_handles(directory):
    want = []
    (directory / "in").mkdir()
    for i in range(1000):
        e = exports.limit_event(i + 1)
        want.append(e.id)
        (directory / "in" / f"{i:04}.xml").write_text(exports.wevtutil_file([e]))
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, limit[1]))
        with start(directory, [directory / "in" / "*.xml"]) as agent:
            wait_for(lambda: len(shipped(directory)) >= 1000, 30, "1000 records")
            equal(sorted(shipped(directory)), sorted(want))
            append(directory / "in" / "0000.xml", exports.wevtutil_file([exports.limit_event(5000)]))
            wait_for(lambda: len(shipped(directory)) == 1001, what="growth of a file whose handle was closed")
            agent.stop()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)


def test_configuration_mistakes_end_with_78_and_all_are_named(directory):
    path = directory / "mapitail.yaml"
    path.write_text("state:\n  directory: /tmp/x\nsources:\n  - name: a\n    path: x\noutputs:\n  - name: b\n    type: kafak\n")
    for command in ("run", "check"):
        got = mapitail(command, "-c", path)
        equal(got.code, 78, got.err)
        contains(got.err, "mapitail.yaml:5:5: error: unknown key")
        contains(got.err, "paths")
        contains(got.err, "kafka")
    got = mapitail("check", "-c", directory / "none.yaml")
    equal(got.code, 78)
    contains(got.err, "none.yaml")


def test_check_says_what_each_proof_proves_and_connect_reaches_every_output(directory):
    (directory / "a.xml").write_text("")
    with socket.socket() as peer:
        peer.bind(("127.0.0.1", 0))
        peer.listen(4)
        port = peer.getsockname()[1]
        outputs = [file_output(directory), {"name": "tcp", "type": "syslog_tcp", "address": f"127.0.0.1:{port}"},
                   {"name": "dead", "type": "syslog_tcp", "address": f"127.0.0.1:{(dead := free_port())}"}]
        path = config(directory, [directory / "a.xml"], outputs)
        got = mapitail("check", "-c", path)
        equal(got.code, 0, got.err)
        contains(got.out, "handed to this system's TCP" if ON_WINDOWS else "the peer's TCP acknowledged")
        got = mapitail("check", "-c", path, "--connect")
        equal(got.code, 1, got.out)
        contains(got.out, "output tcp: reached")
        contains(got.out, f"output dead: error: 127.0.0.1:{dead}: Connection refused")


main()
