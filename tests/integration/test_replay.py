#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`mapitail replay`: what a destination refused is sent again, with the same ids, once."""
import json
import socket
import subprocess

import exports
from harness import (COMMAND, STOP, Agent, config, contains, equal, file_output, free_port, main, mapitail, read_records,
                     shipped, wait_for)


def big(number, size=3000):
    return exports.Event(number, ["/o=x/ou=" + "y" * size + f"/cn=user{number}", "32", "session"])


def letters_file(directory):
    return directory / "state" / "dead-letter.ndjson"


def letters(directory):
    return read_records(letters_file(directory))


def refuse(directory, count=4, output=None):
    """Ships some records that fit and `count` that do not; afterwards the output takes them. Returns its configuration."""
    refused = [big(i) for i in range(2, 2 + count)]
    (directory / "a.xml").write_text(exports.wevtutil_file([exports.limit_event(1), *refused]))
    small = dict(output or file_output(directory), max_bytes="3KiB")
    with Agent(config(directory, [directory / "a.xml"], [small]), "--once") as agent:
        equal(agent.wait(), 1, agent.log())
    equal([l["event_id"] for l in letters(directory)], [e.id for e in refused])
    return config(directory, [directory / "a.xml"], [output or file_output(directory)]), [e.id for e in refused]


def replay(path, *words, code=0):
    got = mapitail("replay", "-c", path, *words)
    equal(got.code, code, got.out + got.err)
    return got


def test_a_letter_holds_the_whole_record_and_where_it_came_from(directory):
    refuse(directory, 1)
    letter = letters(directory)[0]
    record = json.loads(letter["message"])
    equal(record["event"]["id"], letter["event_id"])
    equal(record["microsoft"]["exchange"]["mapi"]["limit"]["value"], 32)
    equal((letter["output"], letter["format"], letter["file"]), ("out", "ecs", str(directory / "a.xml")))
    text = (directory / "a.xml").read_bytes()
    equal(text[letter["offset"]:letter["offset"] + 6], b"<Event")


def test_what_is_delivered_is_not_sent_by_the_next_replay_unless_asked(directory):
    path, refused = refuse(directory)
    contains(replay(path).out, "4 dead letters = 4 delivered")
    equal(shipped(directory)[1:], refused)
    contains(replay(path, letters_file(directory)).out, "0 delivered + 4 delivered by an earlier replay")
    equal(len(shipped(directory)), 5)
    replay(path, "--again")
    equal(shipped(directory)[5:], refused)
    equal(len(letters(directory)), 4, "the file itself is not changed")


def test_a_range_one_record_or_one_output_is_sent(directory):
    path, refused = refuse(directory, 6)
    replay(path, "--from", "2", "--to", "3")
    equal(shipped(directory)[1:], refused[1:3])
    replay(path, "--id", refused[4].upper())
    equal(shipped(directory)[3:], [refused[4]])
    contains(replay(path, "--output", "another").out, "0 dead letters")
    contains(replay(path, "--id", "00000000-0000-0000-0000-000000000000", code=1).err, "no dead letter of event")
    listed = replay(path, "--list").out.splitlines()
    equal([line.split()[4] for line in listed[1:]], ["no", "yes", "yes", "no", "yes", "no"])
    equal(len(shipped(directory)), 4, "a list sends nothing")
    replay(path, "--from", "6")
    replay(path)
    equal(sorted(shipped(directory)[1:]), sorted(refused))


def test_letters_that_are_refused_again_stay_and_hold_up_no_other(directory):
    refused = [big(2, 6000), big(3, 2500), big(4, 6000), big(5, 2500)]
    (directory / "a.xml").write_text(exports.wevtutil_file(refused))
    with Agent(config(directory, [directory / "a.xml"], [file_output(directory, max_bytes="3KiB")]), "--once") as agent:
        equal(agent.wait(), 1, agent.log())
    path = config(directory, [directory / "a.xml"], [file_output(directory, max_bytes="24KiB")])
    size = max(len(l["message"]) for l in letters(directory) if l["event_id"] in (refused[1].id, refused[3].id))
    path = config(directory, [directory / "a.xml"], [file_output(directory, max_bytes=size)])
    got = replay(path, code=1)
    contains(got.out, "2 delivered + 0 delivered by an earlier replay + 2 refused again")
    contains(got.err, f"line 1, event {refused[0].id}: refused again: the message is larger than the output takes")
    equal(shipped(directory), [refused[1].id, refused[3].id])
    path = config(directory, [directory / "a.xml"], [file_output(directory)])
    replay(path)
    equal(shipped(directory)[2:], [refused[0].id, refused[2].id])


def test_more_letters_than_fit_in_a_batch_arrive_in_order(directory):
    path, refused = refuse(directory, 1300)
    contains(replay(path).out, "1300 delivered")
    equal(shipped(directory)[1:], refused)


def test_an_agent_may_run_meanwhile_and_its_counts_are_its_own(directory):
    path, refused = refuse(directory)
    with Agent(path) as agent:
        wait_for(lambda: mapitail("status", "-c", path).code == 0, what="the agent")
        replay(path)
        equal(agent.stop()[0], 0)
    source = json.loads(mapitail("status", "-c", path, "--json").out)["outputs"][0]["sources"][0]
    equal((source["selected"], source["delivered"]), (0, 0))
    equal(shipped(directory)[1:], refused)


def test_two_replays_at_a_time_are_refused(directory):
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    output = {"name": "out", "type": "syslog_tcp", "address": f"127.0.0.1:{port}", "format": "ecs"}
    path, _ = refuse_into_nothing(directory, output)
    # The peer takes the connection and acknowledges, so the first replay is held by the lock's owner alone.
    marks = open(str(letters_file(directory)) + ".replayed", "ab")
    with marks, lock_of(marks):
        got = replay(path, code=73)
        contains(got.err, "another replay of this file is under way")
    listener.close()


class lock_of:
    """The lock that a replay holds, held by this process."""

    def __init__(self, file):
        self.file = file

    def __enter__(self):
        import fcntl
        import struct
        fcntl.fcntl(self.file, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLK

    def __exit__(self, *_):
        pass


def refuse_into_nothing(directory, output):
    """Letters of an output that nothing can reach any more."""
    path, refused = refuse(directory)
    return config(directory, [directory / "a.xml"], [output]), refused


def test_a_destination_that_is_down_keeps_its_letters_for_the_next_replay(directory):
    dead = {"name": "out", "type": "syslog_tcp", "address": f"127.0.0.1:{free_port()}", "format": "ecs"}
    path, refused = refuse_into_nothing(directory, dead)
    process = subprocess.Popen([*COMMAND, "replay", "-c", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = process.stderr.readline()
    contains(line, "refused")
    process.send_signal(STOP)
    out, err = process.communicate(timeout=20)
    equal(process.returncode, 1, err)
    contains(out, "4 not sent")
    contains(err, "nothing was acknowledged")
    path = config(directory, [directory / "a.xml"], [file_output(directory)])
    contains(replay(path).out, "4 delivered")
    equal(shipped(directory)[1:], refused)


def test_lines_that_are_no_letters_are_passed_over_and_named(directory):
    path, refused = refuse(directory)
    good = letters_file(directory).read_bytes().splitlines(keepends=True)
    odd = b"".join([good[0], b"garbage\n", good[1], b'{"output":1}\n', b"\xff\xfe\n", b"x" * (17 << 20) + b"\n", good[2], good[3][:50]])
    letters_file(directory).write_bytes(odd)
    got = replay(path, code=1)
    contains(got.out, "3 delivered")
    contains(got.out, "4 unreadable lines")
    for line in (2, 4, 5, 6):
        contains(got.err, f"line {line} is no dead letter")
    equal(shipped(directory)[1:], refused[:3])


def test_a_letter_after_a_torn_one_stands_on_its_own_line(directory):
    """What a power cut leaves at the end of the file must not swallow the letter that comes next."""
    refuse(directory, 1)
    with open(letters_file(directory), "ab") as f:
        f.write(b'{"@timestamp":"2026')
    (directory / "a.xml").write_text(exports.wevtutil_file([big(77)]))
    small = file_output(directory, max_bytes="3KiB")
    path = config(directory, [directory / "a.xml"], [small])
    with Agent(path, "--once") as agent:
        equal(agent.wait(), 1, agent.log())
    path = config(directory, [directory / "a.xml"], [file_output(directory)])
    replay(path, code=1)
    equal(shipped(directory)[-1], big(77).id)


def test_letters_of_an_output_that_is_gone_are_told(directory):
    refuse(directory, 2)
    path = config(directory, [directory / "a.xml"], [file_output(directory, "renamed")])
    got = replay(path, code=1)
    contains(got.err, "the configuration has no output of its name")
    contains(got.out, "2 not sent")


def test_wrong_command_lines_are_told(directory):
    path, _ = refuse(directory, 1)
    for words in (["--from", "0"], ["--from", "3", "--to", "2"], ["--from", "x"], ["one", "two"], ["--nothing"]):
        replay(path, *words, code=64)
    equal(mapitail("replay", letters_file(directory)).code, 64)
    contains(replay(path, directory / "none.ndjson", code=1).err, "none.ndjson")
    equal(len(shipped(directory)), 1)


main()
