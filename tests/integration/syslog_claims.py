# SPDX-License-Identifier: Apache-2.0
"""What the tests of the syslog outputs and of RELP share: events for a real rsyslogd, and what it received of them."""
import re
import time

import exports
from exports import events
from harness import Agent, config, equal, holds, wait_for


def append(path, some):
    with open(path, "ab") as f:
        f.write(exports.wevtutil_file(some).encode())


def received(receiver):
    """The ids of the records received, in order."""
    return [re.search(rb' id="([0-9a-f-]{36})"', m).group(1).decode() for m in receiver.messages()]


def until_received(receiver, some):
    want = {e.id for e in some}
    wait_for(lambda: want <= set(received(receiver)), 60, f"{len(want)} records at rsyslogd")


def ships_once_and_in_order(directory, receiver, output, count):
    """Ships so many records to the receiver, stops in time, and returns what the agent said."""
    path = directory / "a.xml"
    some = events(1, count)
    append(path, some)
    with Agent(config(directory, [path], [output])) as agent:
        until_received(receiver, some)
        code, seconds = agent.stop()
        equal(code, 0)
        holds(seconds < 5, f"stopped after {seconds:.1f} s")
    equal(received(receiver), [e.id for e in some])
    return agent.log()


def a_hang_neither_holds_up_the_stop_nor_loses(directory, receiver, output, count):
    """The receiver hangs while so many records are on their way, and the agent is stopped meanwhile."""
    path = directory / "a.xml"
    first, rest = events(1, 10), events(11, count)
    append(path, first)
    settings = config(directory, [path], [output])
    with Agent(settings) as agent:
        until_received(receiver, first)
        receiver.pause()
        append(path, rest)
        time.sleep(0.5)  # for as much to be under way as buffers and windows take
        code, seconds = agent.stop()
        equal(code, 0)
        holds(seconds < 5, f"stopped after {seconds:.1f} s")
    receiver.resume()
    with Agent(settings):
        until_received(receiver, first + rest)
