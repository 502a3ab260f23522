#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The RELP output against a real rsyslogd (imrelp): its deaths and the agent's, its silence and its certificates."""

from harness import Agent, Skip, config, contains, equal, holds, main, mapitail, wait_for
from rsyslog_peer import Certificates, RsyslogPeer, find_rsyslogd, has_relp
from syslog_claims import (a_hang_neither_holds_up_the_stop_nor_loses, append, events, received, ships_once_and_in_order,
                           until_received)


def peer(directory, *transports, **options):
    if not find_rsyslogd() or not has_relp():
        raise Skip("rsyslogd with imrelp is not installed")
    return RsyslogPeer(directory, transports, **options)


def output(receiver, transport="relp", **more):
    entry = {"name": "out", "type": "relp", "address": receiver.address(transport), **more}
    if transport == "relp_tls":
        entry["tls"] = True
        entry.setdefault("ca_file", str(receiver.certificates.ca))
    return entry


def ships(directory, transport, count, **more):
    with peer(directory, transport) as receiver:
        said = ships_once_and_in_order(directory, receiver, output(receiver, transport, **more), count)
        holds("lost" not in said, said)


def test_every_record_arrives_once_and_in_order(directory):
    ships(directory, "relp", 5000)


def test_under_tls_every_record_arrives_once_and_in_order(directory):
    ships(directory, "relp_tls", 5000)


def test_one_message_at_a_time_arrives_as_well(directory):
    ships(directory, "relp", 300, window=1)


def test_a_receiver_that_asks_for_a_certificate_gets_ours(directory):
    with peer(directory, "relp_tls", client_certificate=True) as receiver:
        path = directory / "a.xml"
        some = events(1, 100)
        append(path, some)
        own = {"certificate": str(receiver.certificates.client), "key": str(receiver.certificates.client_key)}
        with Agent(config(directory, [path], [output(receiver, "relp_tls", **own)])):
            until_received(receiver, some)


def test_a_receiver_of_another_authority_gets_no_record(directory):
    with peer(directory, "relp_tls") as receiver:
        path = directory / "a.xml"
        append(path, events(1, 100))
        stranger = Certificates(directory / "stranger")
        entry = output(receiver, "relp_tls", ca_file=str(stranger.ca))
        with Agent(config(directory, [path], [entry])) as agent:
            wait_for(lambda: "cannot connect" in agent.log(), what="a refusal in the log")
            contains(agent.log(), "which is not trusted")
        equal(receiver.messages(), [])


def test_settings_of_tls_without_tls_are_a_mistake(directory):
    entry = {"name": "out", "type": "relp", "address": "127.0.0.1", "ca_file": str(directory / "ca.pem")}
    done = mapitail("check", "-c", config(directory, [directory / "a.xml"], [entry]))
    equal(done.code, 78)
    contains(done.err, "`tls: true`")


def test_nothing_is_lost_when_the_receiver_is_killed_again_and_again(directory):
    with peer(directory, "relp") as receiver:
        path = directory / "a.xml"
        first, rest, last = events(1, 200), events(201, 30000), events(30201, 200)
        append(path, first)
        with Agent(config(directory, [path], [output(receiver)])) as agent:
            until_received(receiver, first)
            append(path, rest)
            for kill in range(1, 4):
                wait_for(lambda: len(receiver.messages()) > kill * 1000, what="records under way")
                receiver.kill()
                receiver.start()
            append(path, last)
            until_received(receiver, first + rest + last)
            contains(agent.log(), "lost")
        got = received(receiver)
        equal(set(got), {e.id for e in first + rest + last})
        repeats = len(got) - len(set(got))
        holds(repeats <= 3 * 128, f"{repeats} records were repeated by 3 deaths")


def test_nothing_is_lost_when_the_agent_is_killed_again_and_again(directory):
    with peer(directory, "relp") as receiver:
        path = directory / "a.xml"
        some = events(1, 30000)
        append(path, some)
        settings = config(directory, [path], [output(receiver)])
        for kill in range(1, 5):
            with Agent(settings) as agent:
                wait_for(lambda: len(receiver.messages()) >= min(kill * 3000, 25000), what="records under way")
                agent.kill()
        with Agent(settings):
            until_received(receiver, some)
        equal(set(received(receiver)), {e.id for e in some})


def test_another_receiver_takes_over_and_the_first_takes_back(directory):
    (directory / "second").mkdir()
    with peer(directory, "relp") as first, peer(directory / "second", "relp") as second:
        path = directory / "a.xml"
        one, two, three = events(1, 100), events(101, 2000), events(2101, 100)
        append(path, one)
        entry = output(first, failover=[second.address("relp")], return_after="100ms")
        with Agent(config(directory, [path], [entry])) as agent:
            until_received(first, one)
            first.kill()
            append(path, two)
            until_received(second, two)
            first.start()
            wait_for(lambda: f"{first.address('relp')} answers again" in agent.log(), what="the return")
            append(path, three)
            until_received(first, three)
        equal(sorted(received(first) + received(second)), sorted(e.id for e in one + two + three))


def test_a_receiver_that_hangs_neither_holds_up_the_stop_nor_loses(directory):
    with peer(directory, "relp") as receiver:
        a_hang_neither_holds_up_the_stop_nor_loses(directory, receiver, output(receiver), 5000)


def test_a_receiver_without_an_answer_is_given_up_and_loses_nothing(directory):
    with peer(directory, "relp") as receiver:
        path = directory / "a.xml"
        first, rest = events(1, 10), events(11, 500)
        append(path, first)
        with Agent(config(directory, [path], [output(receiver, send_timeout="1s")])) as agent:
            until_received(receiver, first)
            receiver.pause()
            append(path, rest)
            wait_for(lambda: "no answer within send_timeout" in agent.log(), what="a notice")
            receiver.resume()
            until_received(receiver, first + rest)


def test_check_opens_a_session_and_closes_it(directory):
    with peer(directory, "relp", "relp_tls") as receiver:
        for transport in ("relp", "relp_tls"):
            done = mapitail("check", "--connect", "-c", config(directory, [directory / "a.xml"], [output(receiver, transport)]))
            equal(done.code, 0, done.out + done.err)
            contains(done.out, "delivered means: the receiving program confirmed it")
            contains(done.out, "output out: reached")
        equal(receiver.messages(), [])


def test_check_tells_a_port_that_speaks_something_else(directory):
    with peer(directory, "relp", "tcp") as receiver:
        entry = {"name": "out", "type": "relp", "address": receiver.address("tcp"), "connect_timeout": "1s"}
        done = mapitail("check", "--connect", "-c", config(directory, [directory / "a.xml"], [entry]))
        holds(done.code not in (0, 78), f"code {done.code}")
        contains(done.out, "does it speak this protocol?")


if __name__ == "__main__":
    main()
