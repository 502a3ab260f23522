#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kafka exactly once against a real broker: kills, zombies, restarts, poison, lost and older states.

    test_exactly_once.py [--kills N] [--long] [WORDS OF TEST NAMES…]

What a consumer that reads committed data sees is the measure: every expected record, each once. --kills sets the
number of kills of the kill test; --long adds the tests that wait for the brokers' time-out of a minute.
"""
import collections
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid

import exports
from harness import Agent, config, contains, equal, holds, main, mapitail, only_if, read_records, wait_for
from kafka_peer import broker, finish, new_name  # noqa: F401 (finish is for main)

POSITIONS = "_mapitail_positions"
SUPERSEDED = 79


def option(name, has_value=True):
    if name not in sys.argv:
        return None
    at = sys.argv.index(name)
    value = sys.argv[at + 1] if has_value else True
    del sys.argv[at:at + 2 if has_value else at + 1]
    return value


KILLS = int(option("--kills") or 30)
LONG = option("--long", has_value=False)


def topic(partitions=3, **settings):
    name = new_name("events")
    broker().create_topic(name, partitions, **settings)
    return name


def consume(name, fmt=r"%s\n"):
    """What a consumer of committed data sees. A broker that is busy may let kcat wait for longer than kcat does."""
    for _ in range(3):
        done = subprocess.run(["kcat", "-C", "-q", "-e", "-b", broker().bootstrap, "-t", name, "-o", "beginning",
                               "-X", "isolation.level=read_committed", "-f", fmt], capture_output=True, text=True,
                              timeout=120, check=False)
        if done.returncode == 0:
            return done.stdout.splitlines()
    raise AssertionError(f"kcat: {done.stderr}")


def ids(name):
    return [json.loads(line)["event"]["id"] for line in consume(name)]


def expect_each_once(name, want):
    """The brokers confirm a commit before every partition shows it: what is to come is waited for."""
    until = time.monotonic() + 30
    while len(got := ids(name)) < len(want) and time.monotonic() < until:
        time.sleep(0.2)
    counts = collections.Counter(got)
    lost = [i for i in want if not counts[i]]
    repeated = [i for i, n in counts.items() if n > 1]
    equal((len(lost), len(repeated), len(set(got) - set(want))), (0, 0, 0), "lost, repeated, invented")


def setup(directory, paths, name, agent=None, **more):
    """A configuration with an agent of its own."""
    output = {"name": "kafka", "type": "kafka", "brokers": broker().bootstrap, "topic": name,
              "delivery": "exactly_once", **more}
    return config(directory, paths, [output], agent_id=agent or new_name("agent"))


def once(path, code=0):
    with Agent(path, "--once") as agent:
        try:
            equal(agent.wait(), code, agent.log()[-3000:])
        except subprocess.TimeoutExpired:
            raise AssertionError("it does not end: " + agent.log()[-3000:]) from None
        return agent.log()


def append(path, text):
    with open(path, "a", encoding="utf-8") as f:
        f.write(text)


def limits(first, count):
    return [exports.limit_event(i) for i in range(first, first + count)]


def nameless(second, user):
    """An event without record id."""
    event = exports.Event(0, [exports.dn(user), "32", "session"], seconds=second)
    return event, exports.wevtutil(event).replace("<EventRecordID>0</EventRecordID>", "") + "\r\n"


def nameless_id(event, ordinal):
    content = hashlib.sha256("\x1f".join(event.strings).encode()).hexdigest()
    name = f"exch01|msexchangeis|9646|sha256:{content}#{ordinal}|{event.second}"
    return str(uuid.uuid5(exports.NAMESPACE, name))


class Feeder(threading.Thread):
    """Grows three exports: two that overlap, and one of events without record id, of which many are equal."""

    def __init__(self, directory):
        super().__init__()
        self.directory, self.done, self.want, self.ordinals = directory, threading.Event(), [], collections.Counter()
        self.next, self.lock = 1, threading.Lock()

    def run(self):
        while not self.done.wait(0.01 if KILLS < 100 else 0.04):
            self.grow()

    def grow(self):
        with self.lock:  # the test grows them, too
            events = limits(self.next, 12)
            self.next += 12
            append(self.directory / "first.xml", exports.wevtutil_file(events))
            if self.next > 61:  # the second export holds what the first one held some seconds before
                append(self.directory / "second.xml", exports.wevtutil_file(limits(self.next - 61, 12)))
            self.want += [e.id for e in events]
            for i in range(6):
                event, text = nameless(self.next // 12 // 4, f"user{i % 2}")
                self.ordinals[event.second, event.strings[0]] += 1
                append(self.directory / "nameless.xml", text)
                self.want.append(nameless_id(event, self.ordinals[event.second, event.strings[0]]))


def test_kill_9_at_any_moment_loses_nothing_and_repeats_nothing(directory):
    name, rng = topic(), random.Random(9646)
    path = setup(directory, [directory / "*.xml"], name)
    feeder, log = Feeder(directory), ""
    feeder.start()
    try:
        for _ in range(KILLS):
            with Agent(path) as agent:
                began = len(agent.log())
                if rng.random() < 0.7:  # while it delivers; else at any moment of its start
                    wait_for(lambda: "the destination keeps" in agent.log()[began:], 90, "the end of the start")
                time.sleep(rng.uniform(0.01, 0.25))
                agent.kill()
                log = agent.log()
    finally:
        feeder.done.set()
        feeder.join()
    log += once(path)
    expect_each_once(name, feeder.want)
    print(f"# {KILLS} kills, {len(feeder.want)} records: 0 lost, 0 repeated; {log.count('has it up to byte')} recalls")


def test_a_lost_state_costs_nothing_where_the_agent_has_an_id(directory):
    name = topic()
    path = setup(directory, [directory / "*.xml"], name)
    events = limits(1, 900)
    append(directory / "a.xml", exports.wevtutil_file(events[:600]))
    once(path)
    shutil.rmtree(directory / "state")
    append(directory / "a.xml", exports.wevtutil_file(events[600:]))
    append(directory / "copy.xml", exports.wevtutil_file(events[300:]))
    contains(once(path), "the destination keeps the positions of 1 files")
    expect_each_once(name, [e.id for e in events])


def test_an_older_copy_of_the_state_costs_nothing(directory):
    name = topic()
    path = setup(directory, [directory / "*.xml"], name)
    events, want, ordinals = limits(1, 900), [], collections.Counter()
    for i in range(3):
        append(directory / "a.xml", exports.wevtutil_file(events[i * 300:(i + 1) * 300]))
        for _ in range(20):
            event, text = nameless(1, "user1")
            ordinals[1] += 1
            append(directory / "nameless.xml", text)
            want.append(nameless_id(event, ordinals[1]))
        if i == 1:
            shutil.copytree(directory / "state", directory / "older")
        once(path)
    shutil.rmtree(directory / "state")
    (directory / "older").rename(directory / "state")
    append(directory / "copy.xml", exports.wevtutil_file(events))
    once(path)
    expect_each_once(name, want + [e.id for e in events])


def test_a_position_of_another_content_says_nothing_about_the_file(directory):
    name = topic()
    path = setup(directory, [directory / "*.xml"], name)
    file = directory / "a.xml"
    file.write_text(exports.wevtutil_file(limits(1, 300)))
    once(path)
    shutil.rmtree(directory / "state")
    with open(file, "r+", encoding="utf-8") as f:  # the same file id
        f.truncate()
        f.write(exports.wevtutil_file(limits(1001, 400)))
    once(path)
    expect_each_once(name, [e.id for e in limits(1, 300) + limits(1001, 400)])


def test_a_destination_that_has_lost_records_gets_them_again(directory):
    name, agent = topic(), new_name("agent")
    path = setup(directory, [directory / "*.xml"], name, agent)
    events = limits(1, 500)
    append(directory / "a.xml", exports.wevtutil_file(events[:200]))
    once(path)
    key, value = [line.split(" ", 1) for line in consume(POSITIONS, r"%k %s\n") if line.startswith(f"{agent}/kafka/fe")
                  or line.startswith(f"{agent}/kafka/") and "/owner" not in line][-1]
    append(directory / "a.xml", exports.wevtutil_file(events[200:]))
    once(path)
    # The cluster comes back from a backup of the moment between.
    fresh = topic()
    subprocess.run(["kcat", "-P", "-b", broker().bootstrap, "-t", POSITIONS, "-k", key], input=value, text=True, check=True)
    contains(once(setup(directory, [directory / "*.xml"], fresh, agent)), "what is missing there is sent again")
    expect_each_once(fresh, [e.id for e in events[200:]])


def test_a_while_of_at_least_once_repeats_nothing(directory):
    name, agent = topic(), new_name("agent")
    events = limits(1, 600)
    for i, delivery in enumerate(("exactly_once", "at_least_once", "exactly_once")):
        append(directory / "a.xml", exports.wevtutil_file(events[i * 200:(i + 1) * 200]))
        once(setup(directory, [directory / "*.xml"], name, agent, delivery=delivery))
    expect_each_once(name, [e.id for e in events])


def test_exports_without_news_are_not_read_again_and_their_copies_stay_known(directory):
    name, agent = topic(), new_name("agent")
    path = setup(directory, [directory / "*.xml"], name, agent)
    append(directory / "a.xml", exports.wevtutil_file(limits(1, 200)))
    once(path)
    append(directory / "copy.xml", exports.wevtutil_file(limits(1, 200)))
    once(path)
    places = {k for k in consume(POSITIONS, r"%k\n") if k.startswith(f"{agent}/kafka/") and not k.endswith("/owner")}
    equal(len(places), 2, "files with a position")
    shutil.rmtree(directory / "state")
    once(path)
    expect_each_once(name, [e.id for e in limits(1, 200)])


def test_a_zombie_is_fenced_and_ends_when_its_twin_has_taken_over(directory):
    name, agent = topic(), new_name("agent")
    events = limits(1, 4000)
    source = directory / "a.xml"
    source.write_text(exports.wevtutil_file(events[:1000]))
    for side in ("zombie", "twin"):
        (directory / side).mkdir()
    with Agent(setup(directory / "zombie", [source], name, agent)) as zombie:
        wait_for(lambda: len(consume(name)) >= 1000, what="the first thousand")
        os.kill(zombie.process.pid, signal.SIGSTOP)
        append(source, exports.wevtutil_file(events[1000:2000]))
        with Agent(setup(directory / "twin", [source], name, agent)) as twin:
            wait_for(lambda: len(consume(name)) >= 2000, what="the twin's records")
            os.kill(zombie.process.pid, signal.SIGCONT)
            append(source, exports.wevtutil_file(events[2000:]))
            equal(zombie.wait(30), SUPERSEDED, zombie.log()[-2000:])
            contains(zombie.log(), "another agent delivers for this output now")
            wait_for(lambda: len(consume(name)) >= 4000, what="all records")
            equal(twin.stop()[0], 0, twin.log()[-2000:])
    expect_each_once(name, [e.id for e in events])


def test_a_twin_that_starts_beside_a_busy_agent_takes_over_without_a_repeat(directory):
    name, agent = topic(), new_name("agent")
    (directory / "in").mkdir()
    feeder = Feeder(directory / "in")
    for side in ("old", "new"):
        (directory / side).mkdir()
    feeder.start()
    try:
        with Agent(setup(directory / "old", [directory / "in" / "*.xml"], name, agent)) as old:
            wait_for(lambda: "first records are delivered" in old.log(), what="the first delivery")
            with Agent(setup(directory / "new", [directory / "in" / "*.xml"], name, agent)) as new:
                equal(old.wait(30), SUPERSEDED, old.log()[-2000:])
                feeder.done.set()
                feeder.join()
                try:
                    expect_each_once(name, feeder.want)
                except AssertionError as why:
                    raise AssertionError(f"{why}: {new.log()[-3000:]} OLD {old.log()[-3000:]}") from None
                equal(new.stop()[0], 0, new.log()[-2000:])
    finally:
        feeder.done.set()
    expect_each_once(name, feeder.want)


def over_a_broker_that(directory, stop):
    name = topic()
    feeder = Feeder(directory)
    feeder.start()
    try:
        with Agent(setup(directory, [directory / "*.xml"], name)) as agent:
            wait_for(lambda: "first records are delivered" in agent.log(), what="the first delivery")
            stop()
            feeder.grow()
            broker().start()
            feeder.done.set()
            feeder.join()
            wait_for(lambda: len(consume(name)) >= len(feeder.want), 90, "all records")
            code, seconds = agent.stop()
            equal(code, 0, agent.log()[-2000:])
            holds(seconds < 5, f"stopped in {seconds} s")
    finally:
        feeder.done.set()
        broker().start()
    expect_each_once(name, feeder.want)


def test_a_restart_of_the_broker_costs_nothing(directory):
    over_a_broker_that(directory, broker().stop)


def test_a_broker_that_is_killed_costs_nothing(directory):
    over_a_broker_that(directory, lambda: broker().stop(kill=True))


def refused_record(directory, delivery):
    name, letters = topic(max__message__bytes=20000), topic()
    events = limits(1, 300)
    events[150] = exports.Event(151, [exports.dn("x"), "32", "session", "y" * 60000])
    append(directory / "a.xml", exports.wevtutil_file(events))
    path = setup(directory, [directory / "a.xml"], name, delivery=delivery, dead_letter_topic=letters,
                 compression="none", properties={"batch.size": "15000"})
    once(path, 1)
    expect_each_once(name, [e.id for e in events if e.record_id != 151])
    letter, = read_records(directory / "state" / "dead-letter.ndjson")
    equal(letter["event_id"], events[150].id)
    line, = wait_for(lambda: consume(letters, r"%h\x01%s\n"), what="the dead letter in its topic")
    headers = dict(h.split("=", 1) for h in line.split("\x01")[0].split(","))
    equal(headers["event.id"], events[150].id)
    equal(headers["log.file.path"], str(directory / "a.xml"))
    equal(int(headers["log.offset"]), letter["offset"])
    contains(headers["error.message"], "too large")
    equal(json.loads(line.split("\x01")[1])["event"]["id"], events[150].id)
    append(directory / "a.xml", exports.wevtutil_file(limits(1000, 5)))
    once(path)
    equal(len(consume(letters)), 1, "dead letters")


def test_a_record_that_the_broker_refuses_goes_to_the_dead_letters_and_the_rest_arrives(directory):
    refused_record(directory, "exactly_once")


def test_dead_letters_go_to_their_topic_with_at_least_once_too(directory):
    refused_record(directory, "at_least_once")


def test_a_dead_letter_too_large_for_its_own_topic_goes_there_without_its_body(directory):
    name, letters = topic(max__message__bytes=20000), topic(max__message__bytes=20000)
    big = exports.Event(1, [exports.dn("x"), "32", "session", "y" * 60000])
    append(directory / "a.xml", exports.wevtutil_file([big] + limits(2, 10)))
    once(setup(directory, [directory / "a.xml"], name, dead_letter_topic=letters, compression="none"), 1)
    expect_each_once(name, [e.id for e in limits(2, 10)])
    line, = wait_for(lambda: consume(letters, r"%S\x01%h\n"), what="the dead letter in its topic")
    contains(line, f"event.id={big.id}")
    equal(line.split("\x01")[0], "0", "bytes of its body")


def test_the_position_of_a_deleted_file_is_taken_away(directory):
    name, agent_id = topic(), new_name("agent")
    append(directory / "a.xml", exports.wevtutil_file(limits(1, 10)))
    with Agent(setup(directory, [directory / "*.xml"], name, agent_id)) as agent:
        wait_for(lambda: len(consume(name)) == 10, what="the first file's records")
        key, = {k for k in consume(POSITIONS, r"%k\n") if k.startswith(f"{agent_id}/") and not k.endswith("/owner")}
        (directory / "a.xml").unlink()
        number = 100

        def is_forgotten():
            nonlocal number
            number += 1
            append(directory / "b.xml", exports.wevtutil_file(limits(number, 1)))
            return [line for line in consume(POSITIONS, r"%k %S\n") if line.startswith(key)][-1].endswith(" -1")

        wait_for(is_forgotten, 30, "the position's end")
        equal(agent.stop()[0], 0, agent.log())


def test_poison_and_kills_together_lose_and_repeat_nothing(directory):
    name, letters, rng = topic(max__message__bytes=20000), topic(), random.Random(1)
    path = setup(directory, [directory / "*.xml"], name, dead_letter_topic=letters, compression="none",
                 properties={"batch.size": "15000"})
    good, bad = [], []
    for round_ in range(8):
        events = limits(1 + 50 * round_, 50)
        events[7] = exports.Event(events[7].record_id, [exports.dn("x"), "32", "session", "y" * 60000])
        append(directory / "a.xml", exports.wevtutil_file(events))
        bad.append(events.pop(7).id)
        good += [e.id for e in events]
        with Agent(path) as agent:
            time.sleep(rng.uniform(0.15, 0.6))
            agent.kill()
    with Agent(path) as agent:
        try:
            wait_for(lambda: len(consume(name)) >= len(good), 60, "the good records")
        except AssertionError:
            raise AssertionError(agent.log()[-4000:]) from None
        agent.stop()
    expect_each_once(name, good)
    equal(sorted(json.loads(line)["event"]["id"] for line in consume(letters)), sorted(bad), "dead letters")


def test_a_transaction_that_another_agent_left_open_does_not_hide_our_positions(directory):
    """The last stable offset stands before that transaction: what is behind it is found all the same."""
    name = topic()
    (directory / "a").mkdir()
    (directory / "b").mkdir()
    frozen = setup(directory / "a", [directory / "a" / "*.xml"], name)
    path = setup(directory / "b", [directory / "b" / "*.xml"], name)
    feeder = Feeder(directory / "a")
    feeder.start()
    try:
        with Agent(frozen) as other:
            for number in range(12):
                wait_for(lambda: "first records are delivered" in other.log(), what="the other agent's delivery")
                os.kill(other.process.pid, signal.SIGSTOP)
                append(directory / "b" / "b.xml", exports.wevtutil_file(limits(500000 + number * 20, 20)))
                once_while_frozen(path, other)
                shutil.rmtree(directory / "b" / "state")
            other.stop()
    finally:
        feeder.done.set()
        feeder.join()
    got = collections.Counter(ids(name))
    equal(collections.Counter(got[e.id] for e in limits(500000, 240)), {1: 240}, "how often each record came")


def once_while_frozen(path, other):
    """The run may have to wait for the frozen agent's transaction: that thaws when the run says so, or has ended."""
    with Agent(path, "--once") as agent:
        deadline = time.monotonic() + 1.5
        while agent.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(other.process.pid, signal.SIGCONT)
        equal(agent.wait(), 0, agent.log()[-2000:])


def test_a_position_topic_that_may_not_be_created_is_said_and_waited_for(directory):
    name = topic()
    append(directory / "a.xml", exports.wevtutil_file(limits(1, 10)))
    missing = new_name("positions")
    path = setup(directory, [directory / "a.xml"], name, positions_topic=missing, positions_replication=3)
    checked = mapitail("check", "-c", path, "--connect")
    equal(checked.code, 1, checked.out)
    contains(checked.out, "cleanup.policy=compact")
    with Agent(path) as agent:
        wait_for(lambda: "create it with 1 partition and cleanup.policy=compact" in agent.log(), what="the message")
        broker().create_topic(missing, 1, cleanup__policy="compact")
        wait_for(lambda: len(consume(name)) == 10, 40, "the records")
        equal(agent.stop()[0], 0, agent.log())


def test_check_covers_transactions_and_leaves_the_running_agent_alone(directory):
    name = topic()
    append(directory / "a.xml", exports.wevtutil_file(limits(1, 10)))
    path = setup(directory, [directory / "a.xml"], name)
    with Agent(path) as agent:
        wait_for(lambda: len(consume(name)) == 10, what="the first records")
        equal(mapitail("check", "-c", path, "--connect").code, 0)
        append(directory / "a.xml", exports.wevtutil_file(limits(11, 10)))
        wait_for(lambda: len(consume(name)) == 20, what="the records after the check")
        equal(agent.stop()[0], 0, agent.log())
    stranger = setup(directory, [directory / "a.xml"], name, brokers=broker().address("sasl"),
                     sasl_mechanism="SCRAM-SHA-256", username="stranger", password="stranger-secret")
    contains(mapitail("check", "-c", stranger, "--connect").out, "not authorized")


def test_a_stop_in_an_outage_takes_less_than_five_seconds(directory):
    name = topic()
    append(directory / "a.xml", exports.wevtutil_file(limits(1, 100)))
    with Agent(setup(directory, [directory / "a.xml"], name)) as agent:
        wait_for(lambda: len(consume(name)) == 100, what="the first records")
        try:
            os.kill(broker().pid, signal.SIGSTOP)  # it takes connections and answers nothing
            news, before = exports.wevtutil_file(limits(101, 100)), bytes_read(agent)
            append(directory / "a.xml", news)
            wait_for(lambda: bytes_read(agent) - before >= len(news), what="the new records to be read")
            seconds = agent.stop()[1]
        finally:
            os.kill(broker().pid, signal.SIGCONT)
    holds(seconds < 5, f"stopped in {seconds} s")
    once(directory / "mapitail.yaml")
    expect_each_once(name, [e.id for e in limits(1, 200)])


def bytes_read(agent):
    text = pathlib.Path(f"/proc/{agent.process.pid}/io").read_text(encoding="ascii")
    return int(text.split("rchar: ")[1].split()[0])


@only_if(LONG)  # it takes two minutes
def test_a_host_that_slept_longer_than_a_transaction_may_take_goes_on(directory):
    name = topic()
    feeder = Feeder(directory)
    feeder.start()
    try:
        with Agent(setup(directory, [directory / "*.xml"], name)) as agent:
            wait_for(lambda: "first records are delivered" in agent.log(), what="the first delivery")
            os.kill(agent.process.pid, signal.SIGSTOP)
            feeder.done.set()
            feeder.join()
            time.sleep(90)
            os.kill(agent.process.pid, signal.SIGCONT)
            wait_for(lambda: len(consume(name)) >= len(feeder.want), 60, "all records")
            equal(agent.stop()[0], 0, agent.log()[-2000:])
    finally:
        feeder.done.set()
    expect_each_once(name, feeder.want)


main()
