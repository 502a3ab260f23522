# SPDX-License-Identifier: Apache-2.0
"""The peer dies, hangs, resets connections, vanishes, and comes back."""
import contextlib
import os
import subprocess
import time

import ledger
from harness import Skip, free_port, wait_for
from outlets import PLAIN_TCP, WITH_PEER
from peers import Receiver, octet_frames, resident_kib, wait_still
from rows import bounded, fault, none, unbounded
from scene import Scene

RECOVERY_SECONDS = 10


FRAME_BYTES_MIN = 560
REPLAY_TAIL = 8 << 20  # the largest that the setting takes


def lost_so_far(scene):
    return ledger.tally(range(1, scene.next), scene.outlet.messages()).lost


def timed_return(outlet, agent_log=None):
    """Starts the peer again; the seconds until something new has come."""
    outlet.start()
    begun, before = time.monotonic(), outlet.received()
    wait_for(lambda: outlet.received() > before, 90, "something after the peer's return" + (agent_log or ""))
    return time.monotonic() - begun


def residue(outlet, times):
    """Plain TCP proves what the peer's system has taken; what its program has not read is lost when it dies. The reference
    forwarders lose up to 450 messages at the death of a fast reader and 15,000 at that of a slow one."""
    return 1000 * times if outlet in PLAIN_TCP else 0


@fault("peer-killed", "a fast peer is killed (kill -9) in mid-stream and comes back", WITH_PEER, short=1, long=20,
       lost=residue, repeated=bounded, spare=PLAIN_TCP)
def peer_killed(bench, outlet, times, figures):
    killed_again_and_again(bench, Scene(outlet.directory, outlet), times, figures)


def killed_again_and_again(bench, scene, times, figures):
    outlet, slowest = scene.outlet, 0
    with scene.agent() as agent:
        for _ in range(times):
            before = outlet.received()
            scene.write(3000)
            wait_for(lambda: outlet.received() > before + 100, what="the stream")  # pylint: disable=cell-var-from-loop
            time.sleep(bench.random.randint(0, 30) / 1000)
            outlet.kill()
            scene.write(500)
            time.sleep(0.3)
            slowest = max(slowest, timed_return(outlet))
            settle_running(scene, outlet)
        agent.stop()
    figures.faults = times
    figures.add(scene.settle())
    figures.measure("slowest recovery", slowest, " s", at_most=RECOVERY_SECONDS)


def replayed(_outlet, times):
    """The tail goes out again at each connection: one after each death, and one more at the end."""
    return bounded("syslog_tcp", times) + (times + 1) * (REPLAY_TAIL // FRAME_BYTES_MIN)


@fault("peer-killed-replayed", "the same, and the agent sends again what the peer may not have read (`replay_tail`)",
       PLAIN_TCP, short=1, long=10, repeated=replayed, spare=("syslog_tls",))
def peer_killed_replayed(bench, outlet, times, figures):
    killed_again_and_again(bench, Scene(outlet.directory, outlet, replay_tail=REPLAY_TAIL), times, figures)


def settle_running(scene, outlet):
    """Waits until all has come, or nothing more comes although the agent runs."""
    until = time.monotonic() + 20
    while lost_so_far(scene) and time.monotonic() < until:
        before = outlet.received()
        if wait_still(outlet.received, 3, 20) == before:
            return


@fault("peer-restarted", "the peer is stopped in order and started again in mid-stream", WITH_PEER, short=1, long=10,
       repeated=bounded, lost=residue, spare=PLAIN_TCP)
def peer_restarted(bench, outlet, times, figures):
    scene = Scene(outlet.directory, outlet)
    slowest = 0
    with scene.agent() as agent:
        for _ in range(times):
            scene.write(2000)
            time.sleep(bench.random.randint(10, 200) / 1000)
            outlet.stop()
            scene.write(500)
            slowest = max(slowest, timed_return(outlet))
            settle_running(scene, outlet)
        agent.stop()
    figures.faults = times
    figures.add(scene.settle())
    figures.measure("slowest recovery", slowest, " s", at_most=RECOVERY_SECONDS)


@fault("peer-suspended", "the peer is suspended (SIGSTOP) in mid-stream and goes on", WITH_PEER, short=1, long=8,
       repeated=bounded, spare=("syslog_tls",))
def peer_suspended(bench, outlet, times, figures):
    """The long form's last suspension outlasts send_timeout (30 s), after which the connection is given up."""
    scene = Scene(outlet.directory, outlet)
    with scene.agent() as agent:
        for i in range(times):
            before = outlet.received()
            scene.write(2000)
            wait_for(lambda: outlet.received() > before, what="the stream")  # pylint: disable=cell-var-from-loop
            outlet.pause()
            scene.write(1000)
            time.sleep(2 if bench.form == "short" else 40 if i == times - 1 else bench.random.choice((0.5, 2, 5)))
            outlet.resume()
            scene.wait_received(scene.written, 120)
        agent.stop()
    figures.faults = times
    figures.add(scene.settle())


@fault("long-outage", "the peer is away for long, while exports grow", WITH_PEER, short=0, long=90, repeated=bounded)
def long_outage(_bench, outlet, times, figures):
    """`times` are seconds: the waits between attempts have grown to their longest."""
    scene = Scene(outlet.directory, outlet)
    scene.write(2000)
    with scene.agent() as agent:
        scene.wait_received(scene.written)
        outlet.stop()
        for _ in range(max(1, times // 5)):
            scene.write(1000)
            time.sleep(min(5, times))
        recovery = timed_return(outlet)
        scene.wait_received(scene.written)
        agent.stop()
    figures.faults = 1
    figures.add(scene.settle())
    figures.measure("recovery", recovery, " s", at_most=RECOVERY_SECONDS)


@fault("memory-in-an-outage", "resident memory while the peer is away and records wait", WITH_PEER, short=1, long=10,
       repeated=bounded, spare=("syslog_tls",))
def memory_in_an_outage(bench, outlet, times, figures):
    """Flat means: once its batches are full, an agent whose peer is away takes no more memory, whatever waits."""
    scene = Scene(outlet.directory, outlet)
    much = 5000 if bench.form == "short" else 20000
    scene.write(much)
    with scene.agent() as agent:
        scene.wait_received(scene.written)
        outlet.stop()
        scene.write(much)
        time.sleep(2)
        before = resident_kib(agent.process.pid)
        for _ in range(times):
            scene.write(2 * much // times)
            time.sleep(2)
        growth = resident_kib(agent.process.pid) - before
        outlet.start()
        scene.wait_received(scene.written, 120)
        agent.stop()
    figures.faults = 1
    figures.add(scene.settle())
    figures.measure("resident", before // 1024, " MiB", at_most=32)
    figures.measure("growth", growth, " KiB", at_most=1024)


# ---- what needs a receiver of our own; rows of the plain stream, which TLS shares ----

def frames_of(receiver):
    """(complete messages, malformed frames, cut last frames) over all connections."""
    messages, malformed, cut = [], 0, 0
    for stream in receiver.streams():
        found, wrong, rest = octet_frames(stream)
        messages += found
        malformed += wrong
        cut += rest > 0
    return messages, malformed, cut


class Received:
    """A Receiver in the place of an outlet: the members that a Scene uses."""
    title, key = "syslog over TCP", "syslog_tcp"

    def __init__(self, directory, receiver):
        self.directory, self.receiver = directory, receiver

    def settings(self):
        return {"name": "tcp", "type": "syslog_tcp", "address": self.receiver.address}

    def start(self):
        return self

    def messages(self):
        return frames_of(self.receiver)[0]

    def received(self):
        return len(self.messages())


RCVBUF = 8192


def unread(_outlet, times):
    """What a system may have taken for a reader that dies: its receive buffer, which Linux doubles."""
    return times * (2 * RCVBUF // FRAME_BYTES_MIN + 1)


@fault("reset-in-a-frame", "the peer resets the connection at a random byte", ("syslog_tcp",), short=8, long=300,
       lost=unread, repeated=bounded)
def reset_in_a_frame(bench, outlet, times, figures):
    options = ("--rcvbuf", RCVBUF, "--reset-after", "1:20000", "--seed", bench.random.randrange(1 << 30))
    directory = outlet.directory / "own"
    directory.mkdir()
    with Receiver(directory, *options) as receiver:
        scene = Scene(directory, Received(directory, receiver))
        with scene.agent() as agent:
            while len(receiver.streams()) <= times:
                scene.write(200)
                agent_is_alive(agent)
                time.sleep(0.5)
            receiver.kill()
            receiver.start("--rcvbuf", RCVBUF)
            wait_still(receiver.size, 10, 300)  # longer than the longest wait between attempts
            agent.stop()
        scene.run_once()
        _, malformed, cut = frames_of(receiver)
        figures.faults = times
        figures.add(scene.settle(once=False))
        figures.measure("malformed frames", malformed, at_most=0)
        figures.measure("cut frames", cut)


def agent_is_alive(agent):
    if agent.process.poll() is not None:
        raise AssertionError("the agent ended: " + agent.log()[-2000:])


@contextlib.contextmanager
def other_host():
    """A network namespace as another host: (its name, its address, how it goes away, how it comes back)."""
    network = f"10.{200 + (os.getpid() >> 8) % 50}.{os.getpid() & 255}"  # two runs at a time have two networks
    name, ours, theirs = f"mapitail-{os.getpid()}", f"{network}.1", f"{network}.2"
    link = f"mt{os.getpid() % 100000}"

    def ip(*arguments):
        return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=True)
    try:
        ip("netns", "add", name)
    except (OSError, subprocess.CalledProcessError) as why:
        raise Skip(f"network namespaces cannot be made here: {why}") from None
    try:
        ip("link", "add", link, "type", "veth", "peer", "name", "peer", "netns", name)
        ip("addr", "add", ours + "/30", "dev", link)
        ip("link", "set", link, "up")
        for words in ("addr add %s/30 dev peer" % theirs, "link set peer up", "link set lo up"):
            ip("-n", name, *words.split())
        # Without its address the host takes what arrives and answers nothing: no reset, no end, no refusal.
        yield (name, theirs, lambda: ip("-n", name, "addr", "del", theirs + "/30", "dev", "peer"),
               lambda: ip("-n", name, "addr", "add", theirs + "/30", "dev", "peer"))
    finally:
        ip("netns", "del", name)


@fault("half-open", "the peer vanishes without a word: no end, no reset (network namespace)", ("syslog_tcp",), short=1, long=3,
       repeated=bounded)
def half_open(bench, outlet, times, figures):
    limit = 3 if bench.form == "short" else 30
    directory = outlet.directory / "own"
    directory.mkdir()
    detection = recovery = 0
    with other_host() as (name, address, vanish, appear), \
            Receiver(directory, host=address, prefix=("ip", "netns", "exec", name)) as receiver:
        scene = Scene(directory, Received(directory, receiver), send_timeout=f"{limit}s")
        with scene.agent() as agent:
            for turn in range(times):
                scene.write(300)
                scene.wait_received(scene.written)
                vanish()
                receiver.kill()
                scene.write(300)
                begun = time.monotonic()
                wait_for(lambda: agent.log().count(" lost: ") > turn,  # pylint: disable=cell-var-from-loop
                         limit + 20, "the detection")
                detection = max(detection, time.monotonic() - begun)
                appear()
                receiver.start()
                begun = time.monotonic()
                scene.wait_received(scene.written)
                recovery = max(recovery, time.monotonic() - begun)
            agent.stop()
        figures.faults = times
        figures.add(scene.settle())
        figures.measure(f"detected (send_timeout {limit} s)", detection, " s", at_most=limit + 5)
        figures.measure("slowest recovery", recovery, " s", at_most=RECOVERY_SECONDS)
