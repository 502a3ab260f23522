#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: a configuration is taken anew as a whole, or not at all; what has not changed is not touched."""
import json
import os
import signal
import socket
import threading

import exports
from exports import events, ids
from harness import (Agent, config, contains, equal, file_output, free_port, holds, main, mapitail, read_records, shipped,
                     wait_for)


def append(path, group):
    with open(path, "ab") as f:
        f.write(exports.wevtutil_file(group).encode())


def exports_in(directory):
    return [{"name": "s", "paths": [str(directory / "*.xml")], "poll_interval": "100ms"}]


def write(directory, *outputs, **more):
    return config(directory, exports_in(directory), list(outputs) or [file_output(directory)], **more)


def status(directory):
    return json.loads(mapitail("status", "--state", directory / "state", "--json").out)


def reload(agent, want="is in force"):
    """Asks for it and waits until it is decided."""
    before = agent.log().count("again")
    agent.process.send_signal(signal.SIGHUP)
    wait_for(lambda: agent.log().count(".yaml again") > before and want in agent.log().rsplit(".yaml again", 1)[1],
             what=f"{want!r} in the log")
    return agent.log().rsplit(".yaml again", 1)[1]


def reload_and_see(agent, directory):
    """The same by the status: a storm of messages is held back in the log."""
    before = status(directory)["reloads"]
    agent.process.send_signal(signal.SIGHUP)
    wait_for(lambda: status(directory)["reloads"] > before, what="one reload more in the status")


class LineReceiver:
    """A TCP peer that keeps lines and counts connections."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections, self.data = 0, b""
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.receive, args=(peer,), daemon=True).start()

    def receive(self, peer):
        with peer:
            while chunk := peer.recv(65536):
                self.data += chunk

    def output(self, name="tcp", **more):
        return {"name": name, "type": "syslog_tcp", "address": f"127.0.0.1:{self.port}", "framing": "lf", "format": "ecs",
                **more}

    def ids(self):
        return [json.loads(line)["event"]["id"] for line in self.data.decode().split("\n")[:-1]]


def test_an_output_that_is_added_begins_and_the_others_keep_their_connections(directory):
    peer = LineReceiver()
    append(directory / "a.xml", events(1, 5))
    with Agent(write(directory, peer.output())) as agent:
        wait_for(lambda: len(peer.ids()) == 5, what="5 records")
        write(directory, peer.output(), file_output(directory, "new"))
        reload(agent)
        wait_for(lambda: len(shipped(directory, "new")) == 5, what="the new output from the beginning")
        append(directory / "a.xml", events(6, 3))
        wait_for(lambda: len(peer.ids()) == 8 and len(shipped(directory, "new")) == 8, what="both go on")
        equal(peer.connections, 1)
        equal(peer.ids(), ids(events(1, 8)))
        wait_for(lambda: [o["name"] for o in status(directory)["outputs"]] == ["tcp", "new"], what="both in the status")


def test_an_output_that_changes_goes_on_where_it_stands(directory):
    append(directory / "a.xml", events(1, 20))
    with Agent(write(directory)) as agent:
        wait_for(lambda: len(shipped(directory)) == 20, what="20 records")
        write(directory, file_output(directory, original="always"))
        log = reload(agent)
        append(directory / "a.xml", events(21, 5))
        wait_for(lambda: len(shipped(directory)) == 25, what="25 records")
        equal(shipped(directory), ids(events(1, 25)))
        contains(log, "output out: stopping, its settings have changed")
        last = read_records(directory / "out.ndjson")
        holds("original" not in last[0]["event"] and "original" in last[-1]["event"], "the new setting")


def test_an_output_that_is_gone_stops_and_a_source_that_changes_restarts_its_outputs(directory):
    append(directory / "a.xml", events(1, 4))
    with Agent(write(directory, file_output(directory), file_output(directory, "two"))) as agent:
        wait_for(lambda: len(shipped(directory, "two")) == 4, what="4 records")
        (directory / "more").mkdir()
        append(directory / "more" / "b.xml", events(101, 4))
        sources = [{"name": "s", "paths": [str(directory / "**" / "*.xml")], "poll_interval": "100ms"}]
        config(directory, sources, [file_output(directory)])
        reload(agent)
        wait_for(lambda: len(shipped(directory)) == 8, what="the files of the new pattern")
        equal(len(shipped(directory, "two")), 4)
        equal(agent.stop()[0], 0)
    equal(agent.log().count("output two:"), agent.log().split("is in force")[0].count("output two:") +
          agent.log().split("is in force", 1)[1].count("output two: 4 records selected"), "two ended with the reload")


def test_a_wrong_file_leaves_the_old_one_running_and_every_mistake_is_named(directory):
    append(directory / "a.xml", events(1, 3))
    path = write(directory)
    with Agent(path) as agent:
        wait_for(lambda: len(shipped(directory)) == 3, what="3 records")
        path.write_text("state:\n  directory: /elsewhere\nsources:\n  - name: a\n    path: x\noutputs:\n  - name: b\n    type: kafak\n")
        log = reload(agent, "the configuration in force stays")
        contains(log, "mapitail.yaml:5:5: unknown key `path`")
        contains(log, "mapitail.yaml:8:11: ")
        append(directory / "a.xml", events(4, 2))
        wait_for(lambda: len(shipped(directory)) == 5, what="the old one goes on")
        wait_for(lambda: "reload failed" in mapitail("status", "--state", directory / "state").out, what="the status")
        secret = directory / "secret"
        secret.write_text("x\n")
        secret.chmod(0o644)
        path.write_text(f"state:\n  directory: ${{file:{secret}}}\nsources:\n  - name: a\n    path: x\noutputs:\n  - name: b\n")
        contains(reload(agent, "the configuration in force stays"), "can be read by others")
        wait_for(lambda: "mistakes, line 5: unknown key `path`" in mapitail("status", "--state", directory / "state").out,
                 what="the first mistake in the status, not the warning before it")
        path.unlink()
        contains(reload(agent, "the configuration in force stays"), "mapitail.yaml")
        write(directory, file_output(directory), file_output(directory, "two"))
        reload(agent)
        wait_for(lambda: len(shipped(directory, "two")) == 5, what="a right one after wrong ones")
        wait_for(lambda: "reload failed" not in mapitail("status", "--state", directory / "state").out, what="the status")


def test_a_destination_that_cannot_be_opened_leaves_everything_as_it_is(directory):
    append(directory / "a.xml", events(1, 3))
    (directory / "ca.pem").write_text("no certificate")
    peer = LineReceiver()
    with Agent(write(directory, peer.output())) as agent:
        wait_for(lambda: len(peer.ids()) == 3, what="3 records")
        tls = {"name": "tls", "type": "syslog_tls", "address": f"127.0.0.1:{free_port()}", "ca_file": str(directory / "ca.pem")}
        write(directory, peer.output(original="always"), tls)
        log = reload(agent, "the configuration in force stays")
        contains(log, "output tls: ")
        contains(log, "ca.pem")
        append(directory / "a.xml", events(4, 3))
        wait_for(lambda: len(peer.ids()) == 6, what="6 records")
        equal(peer.connections, 1)


def test_another_state_directory_is_refused(directory):
    append(directory / "a.xml", events(1, 3))
    with Agent(write(directory)) as agent:
        wait_for(lambda: len(shipped(directory)) == 3, what="3 records")
        write(directory, state={"directory": str(directory / "elsewhere")})
        contains(reload(agent, "the configuration in force stays"), "by a restart only")
        holds(not (directory / "elsewhere").exists(), "nothing was made there")


def test_the_level_of_the_log_changes_without_a_restart(directory):
    append(directory / "a.xml", events(1, 3))
    with Agent(write(directory)) as agent:
        wait_for(lambda: len(shipped(directory)) == 3, what="3 records")
        holds(" DEBUG " not in agent.log(), "no debug messages yet")
        write(directory, log={"level": "debug"})
        log = reload(agent)
        holds("stopping" not in log, "no output was restarted")
        append(directory / "b.xml", events(4, 1))
        wait_for(lambda: " DEBUG " in agent.log(), what="debug messages")


def test_a_storm_of_reloads_under_load_loses_and_repeats_nothing(directory):
    """Every second one changes the output, so that its pipeline is replaced again and again."""
    with Agent(write(directory)) as agent:
        wait_for(lambda: "output out" in agent.log(), what="the start")
        for turn in range(60):
            append(directory / "a.xml", events(turn * 20 + 1, 20))
            write(directory, file_output(directory, original="always" if turn % 2 else "never"))
            agent.process.send_signal(signal.SIGHUP)
            if turn % 6 == 0:
                wait_for(lambda t=turn: len(set(shipped(directory))) >= t * 20, what="delivery in between")
        wait_for(lambda: len(shipped(directory)) >= 1200, 30, "1200 records")
        reload_and_see(agent, directory)
        handles = len(os.listdir(f"/proc/{agent.process.pid}/fd"))
        for _ in range(4):
            reload_and_see(agent, directory)
        equal(len(os.listdir(f"/proc/{agent.process.pid}/fd")), handles, "handles")
        equal(agent.stop()[0], 0)
    equal(shipped(directory), ids(events(1, 1200)))


def test_a_reload_while_a_dead_output_is_in_the_way_does_not_wait_for_it(directory):
    append(directory / "a.xml", events(1, 3))
    dead = {"name": "dead", "type": "syslog_tcp", "address": f"127.0.0.1:{free_port()}"}
    with Agent(write(directory, dead, file_output(directory))) as agent:
        wait_for(lambda: len(shipped(directory)) == 3, what="3 records")
        peer = LineReceiver()
        write(directory, peer.output("dead"), file_output(directory), file_output(directory, "new"))
        reload(agent)
        wait_for(lambda: len(shipped(directory, "new")) == 3, what="an output that waits for nobody")
        wait_for(lambda: peer.ids() == ids(events(1, 3)), what="the successor of the dead one")


def test_a_service_manager_is_told_of_start_reload_and_stop(directory):
    append(directory / "a.xml", events(1, 3))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(directory / "notify"))
        manager.settimeout(20)
        os.environ["NOTIFY_SOCKET"] = str(directory / "notify")
        try:
            agent = Agent(write(directory))
        finally:
            del os.environ["NOTIFY_SOCKET"]

        def told():
            return manager.recv(200).decode().split("\n")

        with agent:
            equal(told()[0], "READY=1")
            agent.process.send_signal(signal.SIGHUP)
            words = told()
            equal(words[0], "RELOADING=1")
            holds(words[1].startswith("MONOTONIC_USEC="), words)
            equal(told()[0], "READY=1")
            agent.process.send_signal(signal.SIGTERM)
            equal(told()[0], "STOPPING=1")
            equal(agent.wait(), 0)


def test_a_run_that_ends_by_itself_ignores_the_request(directory):
    append(directory / "a.xml", events(1, 3))
    dead = {"name": "dead", "type": "syslog_tcp", "address": f"127.0.0.1:{free_port()}"}
    with Agent(write(directory, dead, file_output(directory)), "--once") as agent:
        wait_for(lambda: len(shipped(directory)) == 3, what="3 records")
        agent.process.send_signal(signal.SIGHUP)
        equal(agent.stop()[0], 1)
    holds(".yaml again" not in agent.log(), agent.log())


main()
