#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The syslog outputs against a real rsyslogd: UDP, TCP and TLS, its restarts, its silence and its certificates."""
import re
import time

import exports
from harness import Agent, Skip, config, contains, equal, holds, main, wait_for
from rsyslog_peer import Certificates, RsyslogPeer, find_rsyslogd


def peer(directory, *transports, **options):
    if not find_rsyslogd():
        raise Skip("rsyslogd is not installed")
    return RsyslogPeer(directory, transports, **options)


def output(receiver, transport, **more):
    entry = {"name": "out", "type": f"syslog_{transport}", "address": receiver.address(transport), **more}
    if transport == "tls":
        entry.setdefault("ca_file", str(receiver.certificates.ca))
    return entry


def events(first, count):
    return [exports.limit_event(i) for i in range(first, first + count)]


def append(path, some):
    with open(path, "ab") as f:
        f.write(exports.wevtutil_file(some).encode())


def received(receiver):
    """The ids of the records received, in order."""
    return [re.search(rb' id="([0-9a-f-]{36})"', m).group(1).decode() for m in receiver.messages()]


def until_received(receiver, some):
    want = {e.id for e in some}
    wait_for(lambda: want <= set(received(receiver)), 60, f"{len(want)} records at rsyslogd")


def ships(directory, transport, count, **more):
    with peer(directory, transport) as receiver:
        path = directory / "a.xml"
        some = events(1, count)
        append(path, some)
        with Agent(config(directory, [path], [output(receiver, transport, **more)])) as agent:
            until_received(receiver, some)
            code, seconds = agent.stop()
            equal(code, 0)
            holds(seconds < 5, f"stopped after {seconds:.1f} s")
        equal(received(receiver), [e.id for e in some])


def test_udp_ships_every_record_in_order(directory):
    ships(directory, "udp", 100)


def test_tcp_ships_every_record_in_order(directory):
    ships(directory, "tcp", 5000)


def test_tcp_with_lines_ships_every_record_in_order(directory):
    ships(directory, "tcp", 1000, framing="lf")


def test_tls_ships_every_record_in_order(directory):
    ships(directory, "tls", 5000)


def test_a_receiver_that_asks_for_a_certificate_gets_ours(directory):
    with peer(directory, "tls", client_certificate=True) as receiver:
        path = directory / "a.xml"
        some = events(1, 100)
        append(path, some)
        own = {"certificate": str(receiver.certificates.client), "key": str(receiver.certificates.client_key)}
        with Agent(config(directory, [path], [output(receiver, "tls", **own)])):
            until_received(receiver, some)


def test_a_receiver_that_asks_in_vain_gets_no_record(directory):
    with peer(directory, "tls", client_certificate=True) as receiver:
        path = directory / "a.xml"
        append(path, events(1, 100))
        with Agent(config(directory, [path], [output(receiver, "tls")])) as agent:
            wait_for(lambda: "cannot connect" in agent.log(), what="a refusal in the log")
            contains(agent.log(), "certificate")
        equal(receiver.messages(), [])


def test_a_receiver_of_another_authority_gets_no_record(directory):
    with peer(directory, "tls") as receiver:
        path = directory / "a.xml"
        append(path, events(1, 100))
        stranger = Certificates(directory / "stranger")
        with Agent(config(directory, [path], [output(receiver, "tls", ca_file=str(stranger.ca))])) as agent:
            wait_for(lambda: "cannot connect" in agent.log(), what="a refusal in the log")
            contains(agent.log(), "which is not trusted")
        equal(receiver.messages(), [])


def goes_and_comes_back(directory, transport):
    with peer(directory, transport) as receiver:
        path = directory / "a.xml"
        first, second, third = events(1, 200), events(201, 200), events(401, 200)
        append(path, first)
        with Agent(config(directory, [path], [output(receiver, transport)])):
            until_received(receiver, first)
            receiver.kill()
            append(path, second)
            receiver.start()
            append(path, third)
            until_received(receiver, first + second + third)


def test_over_tcp_nothing_is_lost_when_an_idle_receiver_is_killed(directory):
    goes_and_comes_back(directory, "tcp")


def test_over_tls_nothing_is_lost_when_an_idle_receiver_is_killed(directory):
    goes_and_comes_back(directory, "tls")


def test_a_receiver_that_hangs_neither_holds_up_the_stop_nor_loses(directory):
    with peer(directory, "tcp") as receiver:
        path = directory / "a.xml"
        first, rest = events(1, 10), events(11, 20000)
        append(path, first)
        settings = config(directory, [path], [output(receiver, "tcp")])
        with Agent(settings) as agent:
            until_received(receiver, first)
            receiver.pause()
            append(path, rest)
            time.sleep(0.5)  # for as much to be under way as the buffers take
            code, seconds = agent.stop()
            equal(code, 0)
            holds(seconds < 5, f"stopped after {seconds:.1f} s")
        receiver.resume()
        with Agent(settings):
            until_received(receiver, first + rest)


if __name__ == "__main__":
    main()
