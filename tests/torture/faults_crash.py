# SPDX-License-Identifier: Apache-2.0
"""The agent dies (SIGKILL) at every crash point that the sources name (agent/base/crash_point.h)."""
import re
import time

import ledger
from harness import ROOT, Skip
from outlets import EVERY
from rows import bounded, fault
from scene import CRASHING, Scene

PIECE = 100
PATIENCE_SECONDS = 12


def points_by_file():
    """{path from the root: the names of the crash points in it}"""
    found = {}
    for path in [*(ROOT / "agent").rglob("*.c"), *(ROOT / "outputs").rglob("*.c")]:
        names = re.findall(r'crash_point\("([a-z-]+)"\)', path.read_text())
        if names:
            found[str(path.relative_to(ROOT))] = names
    return found


def crash_points():
    """Every point of the sources, by name: files may be split and renamed."""
    return sorted({name for names in points_by_file().values() for name in names})


def point_of(row):
    """The point of a row that is named crash:POINT/OUTPUT."""
    return row.name.split(":")[1].split("/")[0]


# ---- what each turn of a run does until the point is reached; the default is to write more ----

def write_more(scene, _agent, _turn):
    scene.write(PIECE)


def rotate(scene, agent, turn):
    scene.write(PIECE)
    if agent.process.poll() is None and turn % 2:
        scene.wait_received_or_dead(agent)
        scene.export.rename(scene.exports / f"events.{time.monotonic_ns()}.xml")


def replace(scene, agent, turn):
    if turn % 2 and scene.wait_received_or_dead(agent):
        scene.export.write_bytes(b"")
    scene.write(PIECE)


def stop(scene, agent, turn):
    if turn == 0:
        scene.write(PIECE)
    else:
        agent.process.terminate()


PROVOKE = {"rotation-followed": rotate, "content-replaced": replace, "stop-flushed": stop, "stop-saved": stop}
# Passed often: the death falls somewhere in the first so many passings.
OFTEN = {"record-read": 2 * PIECE, "batch-sealed": 3, "submitted": 3, "done-received": 3, "state-written": 3,
         "state-committed": 3, "position-saved": 3, "dead-letter-made": 3, "dead-letter-written": 3}
# Reached on the way of one kind of output only.
ONLY = {"transaction": ("kafka_once",), "relp": ("relp",)}


def has_large_records(point):
    return point.startswith("dead-letter")


def die_at(scene, point, passing):
    """Runs the agent until it dies at the point; False if it never came there."""
    with scene.agent(program=CRASHING, MAPITAIL_CRASH_AT=f"{point}:{passing}") as agent:
        until, turn = time.monotonic() + PATIENCE_SECONDS, 0
        while agent.process.poll() is None and time.monotonic() < until:
            PROVOKE.get(point, write_more)(scene, agent, turn)
            turn += 1
            pause = time.monotonic() + 0.25
            while agent.process.poll() is None and time.monotonic() < pause:
                time.sleep(0.005)
        return agent.process.poll() == -9


def crash(point):
    def run(bench, outlet, times, figures):
        if not CRASHING.exists():
            raise Skip("mapitail_crash is not built: ninja -C build torture")
        large = has_large_records(point)
        scene = Scene(outlet.directory, outlet, text=ledger.oversize_text if large else ledger.text,
                      **({"format": "ecs", "max_bytes": "3KiB"} if large else {}))
        reached = sum(die_at(scene, point, bench.random.randint(1, OFTEN.get(point, 1))) for _ in range(times))
        figures.faults = times
        figures.add(scene.settle())
        figures.measure("reached", reached, at_least=times)
    return run


for name in crash_points():
    keys = next((only for prefix, only in ONLY.items() if name.startswith(prefix)), EVERY)
    fault(f"crash:{name}", f"agent dies at `{name}`", keys, short=1, long=20, repeated=bounded,
          spare=("syslog_tls",))(crash(name))
