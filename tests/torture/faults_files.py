# SPDX-License-Identifier: Apache-2.0
"""The exports are rotated, truncated, replaced and deleted while they are read."""
import os
import shutil
import time

from rows import fault
from scene import Scene

SEVERAL = ("file", "syslog_tcp", "kafka", "kafka_once")


def finish(scene, agent, times, figures):
    scene.wait_received(scene.written)
    agent.stop()
    figures.faults = times
    figures.add(scene.settle())


def wait_begun(scene, before):
    """Until something of what was written after `before` messages has come: the agent has the file open."""
    scene.wait_received(before + 1)


@fault("rotated", "the export is renamed and begun anew five times a second under load", SEVERAL, short=8, long=200)
def rotated(_bench, outlet, times, figures):
    scene = Scene(outlet.directory, outlet)
    with scene.agent() as agent:
        for i in range(times):
            for _ in range(4):
                scene.write(100)
                time.sleep(0.05)
            scene.export.rename(scene.exports / f"events.{i}.xml")
            scene.export.touch()
        finish(scene, agent, times, figures)


@fault("copied-and-truncated", "the export is copied away and truncated once it was read", SEVERAL, short=5, long=200)
def truncated(_bench, outlet, times, figures):
    scene = Scene(outlet.directory, outlet)
    with scene.agent() as agent:
        for i in range(times):
            scene.write(200 + i % 3)
            scene.wait_received(scene.written)
            shutil.copy(scene.export, scene.directory / "copy")
            os.truncate(scene.export, 0)
        finish(scene, agent, times, figures)


@fault("replaced", "another file takes the name of an export that is not read to its end", SEVERAL, short=5, long=60)
def replaced(_bench, outlet, times, figures):
    scene = Scene(outlet.directory, outlet)
    with scene.agent() as agent:
        for _ in range(times):
            before = outlet.received()
            scene.write(200)
            wait_begun(scene, before)
            scene.write(1500)
            new = scene.directory / "new.xml"
            scene.write(100, new)
            new.rename(scene.export)
            scene.wait_received(scene.written)
        finish(scene, agent, times, figures)


@fault("deleted", "the export is deleted before it is read to its end", SEVERAL, short=5, long=60)
def deleted(_bench, outlet, times, figures):
    scene = Scene(outlet.directory, outlet)
    with scene.agent() as agent:
        for _ in range(times):
            before = outlet.received()
            scene.write(200)
            wait_begun(scene, before)
            scene.write(1500)
            scene.export.unlink()
            scene.wait_received(scene.written)
        finish(scene, agent, times, figures)
