#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The syslog outputs against a real rsyslogd: UDP, TCP and TLS, its restarts, its silence and its certificates."""
import sqlite3

from harness import Agent, Skip, config, contains, equal, holds, main, mapitail, wait_for
from rsyslog_peer import Certificates, RsyslogPeer, find_rsyslogd
from syslog_claims import (a_hang_neither_holds_up_the_stop_nor_loses, append, events, received, ships_once_and_in_order,
                           until_received)


def peer(directory, *transports, **options):
    if not find_rsyslogd():
        raise Skip("rsyslogd is not installed")
    return RsyslogPeer(directory, transports, **options)


def output(receiver, transport, **more):
    entry = {"name": "out", "type": f"syslog_{transport}", "address": receiver.address(transport), **more}
    if transport == "tls":
        entry.setdefault("ca_file", str(receiver.certificates.ca))
    return entry


def ships(directory, transport, count, **more):
    with peer(directory, transport) as receiver:
        ships_once_and_in_order(directory, receiver, output(receiver, transport, **more), count)


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
        a_hang_neither_holds_up_the_stop_nor_loses(directory, receiver, output(receiver, "tcp"), 20000)


def saved_position(directory):
    """The agent's saved position in its one file."""
    try:
        with sqlite3.connect(f"file:{directory / 'state' / 'state.db'}?mode=ro", uri=True) as db:
            (offset,), = db.execute("SELECT offset FROM file").fetchall()
            return offset
    except (sqlite3.OperationalError, ValueError):
        return 0


def dies_with_unread_data(directory, transport, replay_tail):
    """rsyslogd hangs, its TCP acknowledges 30 records, it is killed and comes back: how many of them are lost."""
    with peer(directory, transport) as receiver:
        path = directory / "a.xml"
        first, unread, last = events(1, 10), events(11, 30), events(41, 10)
        append(path, first)
        with Agent(config(directory, [path], [output(receiver, transport, replay_tail=replay_tail)])):
            until_received(receiver, first)
            receiver.pause()
            append(path, unread)
            wait_for(lambda: saved_position(directory) == path.stat().st_size, what="everything acknowledged")
            receiver.kill()
            receiver.start()
            append(path, last)
            until_received(receiver, last)
            got = set(received(receiver))
            equal({e.id for e in first} - got, set())
            return len({e.id for e in unread} - got)


def test_what_a_dead_receiver_had_not_read_is_lost_without_replay(directory):
    equal(dies_with_unread_data(directory, "tcp", 0), 30)


def test_what_a_dead_receiver_had_not_read_comes_again_with_replay(directory):
    equal(dies_with_unread_data(directory, "tcp", "4MiB"), 0)


def test_over_tls_what_a_dead_receiver_had_not_read_comes_again_with_replay(directory):
    equal(dies_with_unread_data(directory, "tls", "4MiB"), 0)


def test_check_says_what_a_replay_proves(directory):
    entry = {"name": "out", "type": "syslog_tcp", "address": "127.0.0.1", "replay_tail": "1MiB"}
    done = mapitail("check", "-c", config(directory, [directory / "a.xml"], [entry]))
    contains(done.out, "after a broken connection the last replay_tail bytes are sent again")


IN_FLIGHT = 500  # a batch: what was not acknowledged by the one receiver goes to the other


def fails_over_and_returns(directory, transport):
    (directory / "second").mkdir()
    with peer(directory, transport) as first, peer(directory / "second", transport) as second:
        path = directory / "a.xml"
        one, two, three = events(1, 100), events(101, 2000), events(2101, 100)
        append(path, one)
        entry = output(first, transport, failover=[second.address(transport)], return_after="100ms")
        if transport == "tls":
            both = directory / "both.pem"
            both.write_bytes(first.certificates.ca.read_bytes() + second.certificates.ca.read_bytes())
            entry["ca_file"] = str(both)
        with Agent(config(directory, [path], [entry])) as agent:
            until_received(first, one)
            first.kill()
            append(path, two)
            until_received(second, two)
            first.start()
            wait_for(lambda: f"{first.address(transport)} answers again" in agent.log(), what="the return")
            append(path, three)
            until_received(first, three)
            contains(agent.log(), f"connected to {second.address(transport)}")
        got = received(first) + received(second)
        equal(set(got), {e.id for e in one + two + three}, "records")
        holds(len(got) - len(set(got)) <= IN_FLIGHT, f"{len(got) - len(set(got))} repeated")


def test_over_tcp_another_receiver_takes_over_and_the_first_takes_back(directory):
    fails_over_and_returns(directory, "tcp")


def test_over_tls_another_receiver_takes_over_and_the_first_takes_back(directory):
    fails_over_and_returns(directory, "tls")


if __name__ == "__main__":
    main()
