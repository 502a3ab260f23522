#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Live event channels: mapitail.exe under Wine with a wevtapi.dll that a file tells how to behave (tests/windows), and
what the program says where there are no channels."""
import json
import re
import shutil

import exports
import harness
from harness import Agent, ON_WINDOWS, config, contains, equal, holds, mapitail, read_records, wait_for

DOUBLE = harness.PROGRAM.parent / "tests" / "windows" / "wevtapi.dll"
SOURCE = {"name": "live", "channel": "Application", "poll_interval": "100ms"}
LARGE = 20 << 20


def with_the_double(test):
    """Runs the program from a folder of its own, with the double beside it. Such a test exists for mapitail.exe only."""
    if not ON_WINDOWS:
        return None

    def run(directory):
        command = list(harness.COMMAND)
        for file in (harness.PROGRAM, DOUBLE):
            shutil.copy(file, directory)
        harness.COMMAND[-1] = directory / harness.PROGRAM.name
        try:
            test(Log(directory))
        finally:
            harness.COMMAND[:] = command
    run.__name__ = test.__name__
    return run


class Log:
    """The log of a channel, as the double serves it from this folder."""

    def __init__(self, directory):
        self.directory = directory
        self.facts = {"channel": "Application", "oldest": 0, "newest": 0, "size": LARGE, "created": 7, "generation": 1}
        self.failures = {}
        self.tell()

    def tell(self, **facts):
        """Writes the script; a name that begins with Evt fails with that error, None makes it work again."""
        for name, value in facts.items():
            kind = self.failures if name.startswith("Evt") else self.facts
            kind[name] = value
        lines = [f"{k} {v}" for k, v in self.facts.items()]
        lines += [f"fail {k} {v}" for k, v in self.failures.items() if v is not None]
        self.replace("script.txt", "\n".join(lines) + "\n")

    def replace(self, name, text):
        new = self.directory / (name + ".new")
        new.write_text(text)
        new.rename(self.directory / name)

    def add(self, first, count=1, **options):
        """Events of 9646 that follow each other, at the end of the log."""
        for record in range(first, first + count):
            self.replace(f"{record}.xml", exports.wevtutil(exports.limit_event(record, **options)))
        self.tell(oldest=self.facts["oldest"] or first, newest=first + count - 1)

    def clear(self):
        for file in self.directory.glob("*.xml"):
            file.unlink()
        self.tell(oldest=0, newest=0)

    def calls(self, name):
        path = self.directory / "calls.txt"
        text = path.read_text() if path.exists() else ""
        return [line for line in text.splitlines() if line.startswith(name + " ")]

    def config(self, **more):
        return config(self.directory, [{**SOURCE, **more}],
                      [{"name": "out", "type": "file", "path": str(self.directory / "out.ndjson")}])

    def delivered(self):
        return [r["winlog"]["record_id"] for r in read_records(self.directory / "out.ndjson")]

    def wait(self, *records):
        wanted = [str(r) for r in records]
        wait_for(lambda: [str(r) for r in self.delivered()] == wanted, seconds=60,
                 what=f"records {wanted}, got {self.delivered()},")

    def source(self):
        path = self.directory / "state" / "status.json"
        return json.loads(path.read_text())["outputs"][0]["sources"][0] if path.exists() else {}

    def wait_state(self, state):
        wait_for(lambda: self.source().get("channel_state") == state, seconds=60,
                 what=f"state {state!r}, got {self.source().get('channel_state')!r},")


def without_channels(test):
    """Such a test exists where there are none."""
    return None if ON_WINDOWS else test


@without_channels
def test_check_says_where_channels_exist(directory):
    path = config(directory, [SOURCE], [{"name": "out", "type": "file", "path": str(directory / "out.ndjson")}])
    got = mapitail("check", "-c", path)
    equal(got.code, 1)
    contains(got.out, "source live: error: channel Application: live channels exist on Windows only")


@without_channels
def test_a_channel_where_there_are_none_does_not_hold_up_files(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file([exports.limit_event(1)]))
    path = config(directory, [SOURCE, {"name": "files", "paths": [str(directory / "*.xml")]}],
                  [{"name": "out", "type": "file", "path": str(directory / "out.ndjson")}])
    got = mapitail("run", "--once", "-c", path)
    equal(got.code, 1)
    contains(got.err, "channel:Application: live channels exist on Windows only")
    equal(len(read_records(directory / "out.ndjson")), 1)


@with_the_double
def test_what_is_in_the_log_and_what_comes_is_shipped_once(log):
    log.add(1, 3)
    with Agent(log.config()):
        log.wait(1, 2, 3)
        log.add(4)
        log.wait(1, 2, 3, 4)
        log.wait_state("reading")
    record = read_records(log.directory / "out.ndjson")[0]
    equal(record["event"]["id"], exports.limit_event(1).id, "the id is that of every export")
    holds("file" not in record["log"], "a channel is no file")
    holds(all("*[System[(EventID=9646)]]" in call for call in log.calls("EvtSubscribe")), "9646 alone is asked for")


@with_the_double
def test_the_services_signal_alone_brings_what_is_new(log):
    log.add(1)
    path = log.config(poll_interval="1h")
    contains(mapitail("check", "-c", path, "--connect").out, "source live: live channel Application, it can be read")
    with Agent(path):
        log.wait(1)
        log.wait_state("reading")
        log.add(2)
        log.wait(1, 2)


@with_the_double
def test_after_a_kill_reading_goes_on_behind_the_bookmark(log):
    log.add(1, 3)
    path = log.config()
    with Agent(path) as agent:
        log.wait(1, 2, 3)
        wait_for(lambda: "3" in mapitail("state", "list", "-c", path).out.split(), what="the saved position")
        agent.kill()
    log.add(4, 2)
    with Agent(path):
        log.wait(1, 2, 3, 4, 5)
        equal(log.source()["deduplicated"], 0, "nothing is read twice")
    contains(log.calls("EvtSubscribe")[-1], "behind 3 strict 0")
    contains(log.calls("EvtCreateBookmark")[-1], "saved 0")


@with_the_double
def test_from_end_leaves_out_what_is_there_and_only_that(log):
    log.add(1, 3)
    path = log.config(**{"from": "end"})
    with Agent(path) as agent:
        log.wait_state("reading")
        log.add(4)
        log.wait(4)
        agent.stop()
    log.add(5)
    with Agent(path):
        log.wait(4, 5)


@with_the_double
def test_a_run_that_does_not_wait_ships_what_is_there(log):
    log.add(1, 150)
    got = mapitail("run", "--once", "-c", log.config())
    equal(got.code, 0, got.err)
    equal(len(log.delivered()), 150)


@with_the_double
def test_a_log_that_wrapped_is_told_and_counted(log):
    log.add(1, 2)
    path = log.config()
    with Agent(path) as agent:
        log.wait(1, 2)
        agent.stop()
    log.add(60)
    log.tell(oldest=60)
    with Agent(path) as agent:
        log.wait(1, 2, 60)
        contains(agent.log(), "the log has wrapped; overwritten before they were read, wanted or not: 57 events")
        wait_for(lambda: log.source().get("overwritten_events") == 57, what="57 overwritten events in the status")


@with_the_double
def test_a_log_that_wraps_while_it_is_read_is_told_and_read_on(log):
    log.add(1)
    with Agent(log.config()) as agent:
        log.wait(1)
        log.tell(oldest=40, newest=40)
        log.add(40)
        log.wait(1, 40)
        contains(agent.log(), "the place to read on from is no longer in the log")
        contains(agent.log(), "the log has wrapped")


@with_the_double
def test_a_cleared_log_is_told_and_what_comes_is_read(log):
    log.add(1, 5)
    path = log.config()
    with Agent(path) as agent:
        log.wait(1, 2, 3, 4, 5)
        agent.stop()
    log.clear()
    with Agent(path) as agent:
        log.wait_state("log cleared")
        contains(agent.log(), "the log was cleared or made anew")
        log.add(6)
        log.wait(1, 2, 3, 4, 5, 6)


@with_the_double
def test_a_log_that_is_cleared_while_it_is_read_is_told_and_read_on(log):
    log.add(1, 5)
    with Agent(log.config()) as agent:
        log.wait(1, 2, 3, 4, 5)
        log.clear()
        log.wait_state("log cleared")
        contains(agent.log(), "the log was cleared or made anew")
        log.tell(oldest=1, newest=1)
        log.add(1, 1, seconds=600)
        log.wait(1, 2, 3, 4, 5, 1)
        log.wait_state("reading")


@with_the_double
def test_each_trouble_of_a_channel_stands_in_the_status(log):
    """What `mapitail status` prints, and whether it says that all is well."""
    log.add(1, 2)
    path = log.config()
    with Agent(path) as agent:
        log.wait(1, 2)
        agent.stop()
    log.tell(oldest=60, newest=60)  # an event that no query takes
    troubles = (("log wrapped", {}, 0), ("access denied", {"EvtOpenLog": 5}, 1), ("service away", {"EvtOpenLog": 1722}, 1),
                ("no such channel", {"EvtOpenLog": 15007}, 1), ("failed", {"EvtOpenLog": 13}, 1))
    with Agent(path):
        for state, failures, code in troubles:
            log.tell(**failures)
            log.wait_state(state)
            got = mapitail("status", "-c", path)
            contains(got.out, f"source live: channel Application: {state}")
            equal(got.code, code, state)
        log.tell(EvtOpenLog=None)
        log.add(61)
        log.wait(1, 2, 61)
        log.wait_state("reading")
        equal(mapitail("status", "-c", path).code, 0)


@with_the_double
def test_batches_that_are_too_large_are_no_trouble_in_the_status(log):
    log.tell(bound=4)
    log.add(1, 20)
    with Agent(log.config()) as agent:
        log.wait(*range(1, 21))
        log.wait_state("reading")
        holds("error 1734" not in agent.log(), agent.log())


@with_the_double
def test_a_system_without_a_function_of_the_event_log_is_told_and_files_go_on(log):
    """The function has another name in this library, which leaves the list of names sorted."""
    library = log.directory / DOUBLE.name
    there = library.read_bytes()
    contains(there, b"EvtUpdateBookmark\0")
    library.write_bytes(there.replace(b"EvtUpdateBookmark\0", b"EvtUpdateBookmarl\0"))
    (log.directory / "files").mkdir()
    (log.directory / "files" / "a.xml").write_text(exports.wevtutil_file([exports.limit_event(7)]))
    sources = [SOURCE, {"name": "files", "paths": [str(log.directory / "files" / "*.xml")]}]
    path = config(log.directory, sources, [{"name": "out", "type": "file", "path": str(log.directory / "out.ndjson")}])
    got = mapitail("check", "-c", path, "--connect")
    equal(got.code, 1)
    contains(got.out, "source live: error: channel Application: wevtapi.dll of this system has no EvtUpdateBookmark")
    with Agent(path) as agent:
        log.wait(7)
        log.wait_state("not on this system")
        contains(agent.log(), "wevtapi.dll of this system has no EvtUpdateBookmark")
        equal(agent.stop()[0], 0)


@with_the_double
def test_a_restarted_service_is_told_and_nothing_is_lost(log):
    log.add(1)
    with Agent(log.config()) as agent:
        log.wait(1)
        log.tell(EvtNext=1722)
        log.wait_state("service away")
        log.tell(EvtNext=None, generation=2)
        log.add(2)
        log.wait(1, 2)
        contains(agent.log(), "the event log service does not answer or was restarted: error 1722")
        contains(agent.log(), "channel:Application: reading again")
        contains(log.calls("EvtSubscribe")[-1], "behind 1 strict 0")


@with_the_double
def test_handles_of_a_service_that_was_restarted_are_made_anew(log):
    log.add(1)
    with Agent(log.config()):
        log.wait(1)
        log.tell(generation=2)
        log.wait_state("service away")
        log.add(2)
        log.wait(1, 2)


@with_the_double
def test_a_channel_that_is_missing_is_told_and_waited_for(log):
    log.tell(channel="Other")
    path = log.config()
    got = mapitail("check", "-c", path, "--connect")
    equal(got.code, 1)
    contains(got.out, "source live: error: channel Application: there is no such channel on this host")
    with Agent(path):
        log.wait_state("no such channel")
        log.tell(channel="Application")
        log.add(1)
        log.wait(1)


@with_the_double
def test_denied_access_is_told_and_tried_again(log):
    log.add(1)
    log.tell(EvtSubscribe=5)
    with Agent(log.config()) as agent:
        log.wait_state("access denied")
        contains(agent.log(), "Event Log Readers")
        got = mapitail("status", "--state", log.directory / "state")
        equal(got.code, 1, "a silent channel does not look well")
        contains(got.err, "source live is failing: channel Application: access denied")
        log.tell(EvtSubscribe=None)
        log.wait(1)


@with_the_double
def test_a_query_that_the_service_refuses_is_told(log):
    path = log.config(query="no XPath")
    got = mapitail("check", "-c", path, "--connect")
    equal(got.code, 1)
    contains(got.out, "source live: error: channel Application: the service refuses the query")
    with Agent(path) as agent:
        log.wait_state("query refused")
        contains(agent.log(), "the service refuses the query")


@with_the_double
def test_a_query_of_the_configuration_is_tested_by_select_again(log):
    log.add(1)
    log.replace("2.xml", exports.wevtutil(exports.decoy(5)))
    log.tell(newest=2)
    log.add(3)
    with Agent(log.config(query="*")):
        log.wait(1, 3)


@with_the_double
def test_batches_halve_until_they_fit_and_nothing_is_left_out(log):
    log.tell(bound=4)
    log.add(1, 20)
    with Agent(log.config()):
        log.wait(*range(1, 21))
    sizes = [int(re.match(r"EvtNext (\d+),", c).group(1)) for c in log.calls("EvtNext") if c.endswith(" 1734")]
    equal(sizes[:4], [64, 32, 16, 8], "each half of the one before")


@with_the_double
def test_no_handle_is_left_open(log):
    log.add(1, 150)
    with Agent(log.config()):
        log.wait(*range(1, 151))
        log.tell(generation=2)
        log.wait_state("service away")
        log.add(151)
        log.wait(*range(1, 152))
        read = len(log.calls("EvtNext"))
        wait_for(lambda: len(log.calls("EvtNext")) > read, what="one more look")
    contains(log.calls("EvtNext")[-1], "open handles 2 ")  # the subscription and its bookmark


@with_the_double
def test_an_event_that_cannot_be_rendered_costs_itself(log):
    log.add(1, 3)
    log.tell(blank=2)
    with Agent(log.config()) as agent:
        log.wait(1, 3)
        contains(agent.log(), "the system cannot render an event")
        wait_for(lambda: log.source().get("damaged_parts") == 1, what="one damaged part in the status")


@with_the_double
def test_an_event_rendered_in_another_language_is_read_by_its_strings(log):
    event = exports.limit_event(1, message="Die MAPI-Sitzung hat die zulässige Anzahl von Objekten überschritten.")
    log.replace("1.xml", exports.wevtutil(event, rendered="de-DE"))
    log.tell(oldest=1, newest=1)
    with Agent(log.config()):
        log.wait(1)
    record = read_records(log.directory / "out.ndjson")[0]
    contains(record["event"]["reason"], 'exceeded the maximum of 32 objects of type "session"')
    equal(record["event"]["id"], event.id)


harness.main()
