# SPDX-License-Identifier: Apache-2.0
"""A reader that is slower than its network dies with bytes unread: the agent beside rsyslog and syslog-ng, in the same run.

Plain TCP tells a sender what the peer's system has taken, not what its program has read. What the reference forwarders
lose then is all that stood in two sockets' buffers; the agent may lose at most a twentieth of that.
"""
import time

import anchors
import ledger
from faults_peer import FRAME_BYTES_MIN, Received, frames_of
from harness import Skip
from peers import Receiver, wait_still
from rows import bounded, fault, unbounded
from scene import Scene

RATE = 2_000_000
RCVBUF = 65536
EVENTS = 20000
AT_MOST_PERCENT = 5
REPLAY_TAIL = 4 * RCVBUF  # more than the reader's receive buffer, which Linux doubles


def dies(receiver, bench, hang):
    """Lets the slow reader read for a while, then kills it, and brings back a fast one."""
    wait_still(lambda: receiver.size() > 0, 0.01, 20)
    time.sleep(bench.random.randint(1000, 2500) / 1000)
    if hang:
        receiver.pause()
        time.sleep(1)
    receiver.kill()
    time.sleep(0.5)
    receiver.start("--rcvbuf", RCVBUF)


def slow_receiver(directory):
    directory.mkdir()
    return Receiver(directory, "--rate", RATE, "--rcvbuf", RCVBUF)


def agents_turn(bench, directory, hang, **settings):
    with slow_receiver(directory) as receiver:
        scene = Scene(directory, Received(directory, receiver), **settings)
        scene.write(EVENTS)
        with scene.agent() as agent:
            dies(receiver, bench, hang)
            wait_still(receiver.size, 4, 120)
            agent.stop()
        scene.run_once()
        wait_still(receiver.size, 0.5)
        return ledger.tally(range(1, scene.next), frames_of(receiver)[0])


def anchors_turn(bench, anchor, directory, hang):
    """How many events the other sender lost."""
    with slow_receiver(directory) as receiver:
        export = directory / "events.log"
        export.write_bytes(ledger.text(1, EVENTS))
        with anchor(directory / "sender", export, receiver):
            dies(receiver, bench, hang)
            wait_still(receiver.size, 6, 120)
        return EVENTS - len(anchors.numbers(receiver.streams()))


def beside_the_anchors(bench, directory, times, figures, hang):
    lost = {}
    for anchor in anchors.ALL:
        try:
            lost[anchor.name] = sum(anchors_turn(bench, anchor, directory / f"{anchor.name}-{i}", hang)
                                    for i in range(times)) / times
        except Skip as reason:
            print(f"# without {anchor.name}: {reason}")
    if not lost:
        raise Skip("neither rsyslog nor syslog-ng is here to be measured beside")
    for i in range(times):
        figures.add(agents_turn(bench, directory / f"agent-{i}", hang))
    figures.faults = times
    for name, value in lost.items():
        figures.measure(f"{name} lost per death", round(value), at_least=1)
    share = 100 * figures.totals["lost"] / times / min(lost.values()) if min(lost.values()) else 100
    figures.measure("lost of what the better of them loses", share, " %", at_most=AT_MOST_PERCENT)


@fault("slow-reader-killed", "a reader of 2 MB/s is killed with bytes unread", ("syslog_tcp",), short=1, long=5,
       lost=unbounded, repeated=bounded)
def slow_reader_killed(bench, outlet, times, figures):
    beside_the_anchors(bench, outlet.directory, times, figures, hang=False)


@fault("hung-reader-killed", "a reader of 2 MB/s hangs (SIGSTOP) for a second and is killed", ("syslog_tcp",), short=0, long=5,
       lost=unbounded, repeated=bounded)
def hung_reader_killed(bench, outlet, times, figures):
    beside_the_anchors(bench, outlet.directory, times, figures, hang=True)


def replayed(_outlet, times):
    """The tail goes out again at each connection: the one after the death, and those of the agent's next starts."""
    return bounded("syslog_tcp", times) + 3 * times * (REPLAY_TAIL // FRAME_BYTES_MIN)


@fault("slow-reader-replayed", "the same, and the agent sends again what the reader may not have read (`replay_tail`)",
       ("syslog_tcp",), short=0, long=5, repeated=replayed)
def slow_reader_replayed(bench, outlet, times, figures):
    for i in range(times):
        figures.add(agents_turn(bench, outlet.directory / f"agent-{i}", hang=bool(i % 2), replay_tail=REPLAY_TAIL))
    figures.faults = times
