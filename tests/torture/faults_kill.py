# SPDX-License-Identifier: Apache-2.0
"""The agent dies, is asked to stop, or is suspended."""
import signal
import time

from harness import holds
from outlets import EVERY, WITH_PEER
from peers import BlackHole
from rows import bounded, fault
from scene import Scene

# Time within which most deaths fall: reading, connecting, shipping, idling.
LIVES_MS = {"kafka": (20, 900), "kafka_once": (20, 1500)}
PIECE = 100


@fault("random-kills", "agent killed (kill -9) at random moments", EVERY, short=8, long=1000, repeated=bounded)
def random_kills(bench, outlet, times, figures):
    scene = Scene(outlet.directory, outlet)
    low, high = LIVES_MS.get(outlet.key, (5, 220))
    for _ in range(times):
        scene.write(PIECE)
        with scene.agent() as agent:
            time.sleep(bench.random.randint(low, high) / 1000)
            if bench.random.random() < 0.5:
                scene.write(PIECE // 2)
                time.sleep(bench.random.randint(1, high // 4) / 1000)
            agent.kill()
    before = outlet.received()
    figures.faults = times
    figures.add(scene.settle())
    figures.measure("delivered between the kills", round(100 * before / scene.written), " %")


@fault("kills-in-an-outage", "agent killed while its peer is down", WITH_PEER, short=2, long=100, repeated=bounded,
       spare=("syslog_tls",))
def kills_in_an_outage(bench, outlet, times, figures):
    scene = Scene(outlet.directory, outlet)
    scene.write(500)
    scene.run_once()
    outlet.kill()
    for _ in range(times):
        scene.write(PIECE)
        with scene.agent() as agent:
            time.sleep(bench.random.randint(30, 400) / 1000)
            agent.kill()
    outlet.start()
    figures.faults = times
    figures.add(scene.settle())


@fault("stop-in-an-outage", "agent stopped (SIGTERM) while its peer is down", WITH_PEER, short=1, long=20,
       spare=("syslog_tls",))
def stop_in_an_outage(bench, outlet, times, figures):
    scene = Scene(outlet.directory, outlet)
    scene.write(200)
    scene.run_once()
    outlet.kill()
    slowest = stop_again_and_again(bench, scene, times)
    outlet.start()
    figures.faults = times
    figures.add(scene.settle())
    figures.measure("slowest stop", slowest, " s", at_most=5)


@fault("stop-with-a-hung-peer", "agent stopped (SIGTERM) while its peer hangs (SIGSTOP)", WITH_PEER, short=1, long=10,
       repeated=bounded, spare=("syslog_tcp",))
def stop_with_a_hung_peer(bench, outlet, times, figures):
    scene = Scene(outlet.directory, outlet)
    scene.write(200)
    scene.run_once()
    outlet.pause()
    slowest = stop_again_and_again(bench, scene, times)
    outlet.resume()
    figures.faults = times
    figures.add(scene.settle())
    figures.measure("slowest stop", slowest, " s", at_most=5)


def stop_again_and_again(bench, scene, times):
    slowest = 0
    for _ in range(times):
        scene.write(PIECE)
        with scene.agent() as agent:
            time.sleep(bench.random.randint(100, 1500) / 1000)
            code, seconds = agent.stop()
            holds(code in (0, 1), f"the agent ended with {code}: {agent.log()[-2000:]}")
            slowest = max(slowest, seconds)
    return slowest


def swallowed(outlet, times):
    """What the receive buffer of the black hole takes is acknowledged as any reader's is: plain TCP cannot tell."""
    return times * (2 * BlackHole.RCVBUF // 560 + 1) if outlet == "syslog_tcp" else 0


@fault("stop-at-a-black-hole", "agent stopped (SIGTERM) while an address takes connections and no bytes",
       ("syslog_tcp", "syslog_tls", "kafka"), short=1, long=10, lost=swallowed, spare=("syslog_tcp",))
def stop_at_a_black_hole(bench, outlet, times, figures):
    scene = Scene(outlet.directory, outlet)
    scene.write(200)
    real = scene.config.read_text()
    with BlackHole() as hole:
        name = "brokers" if outlet.key.startswith("kafka") else "address"
        scene.config.write_text(real.replace(f'"{name}": "{scene.output[name]}"', f'"{name}": "{hole.address}"'))
        slowest = stop_again_and_again(bench, scene, times)
    scene.config.write_text(real)
    figures.faults = times
    figures.add(scene.settle())
    figures.measure("slowest stop", slowest, " s", at_most=5)


@fault("stop-under-load", "agent stopped (SIGTERM) in the middle of its work", EVERY, short=3, long=100)
def stop_under_load(bench, outlet, times, figures):
    scene = Scene(outlet.directory, outlet)
    slowest = 0
    for _ in range(times):
        scene.write(1500)
        with scene.agent() as agent:
            time.sleep(bench.random.randint(5, 250) / 1000)
            slowest = max(slowest, agent.stop()[1])
    figures.faults = times
    figures.add(scene.settle())
    figures.measure("slowest stop", slowest, " s", at_most=5)


@fault("agent-suspended", "agent suspended (SIGSTOP) in mid-stream", EVERY, short=1, long=10, spare=("file",))
def agent_suspended(bench, outlet, times, figures):
    scene = Scene(outlet.directory, outlet)
    with scene.agent() as agent:
        for _ in range(times):
            scene.write(2000)
            time.sleep(bench.random.randint(20, 150) / 1000)
            agent.process.send_signal(signal.SIGSTOP)
            scene.write(500)
            time.sleep(1 if bench.form == "short" else bench.random.choice((0.5, 2, 5)))
            agent.process.send_signal(signal.SIGCONT)
        scene.wait_received(scene.written)
        agent.stop()
    figures.faults = times
    figures.add(scene.settle())
