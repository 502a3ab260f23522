#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The service of Windows, in a Windows of its own: made, started, asked to stop in every way, killed, removed.

Wine's service control manager is real enough for states, controls and accounts; what it does not have (delayed start, group
membership, restart after a crash) is not claimed here.
"""
import datetime
import json
import os
import re
import shutil
import signal
import time

import exports
import harness
from dead_peers import DeadPeers
from harness import ON_WINDOWS, contains, equal, holds, mapitail, only_if, wait_for
from wine import DATA, Windows

WINDOWS = None


def windows():
    """One Windows for all tests, with the service installed anew and stopped."""
    global WINDOWS  # pylint: disable=global-statement
    WINDOWS = WINDOWS or Windows()
    holds(WINDOWS.service("uninstall").code == 0, "the service cannot be removed")
    shutil.rmtree(WINDOWS.drive(DATA), ignore_errors=True)
    return WINDOWS


def finish():
    if WINDOWS:
        WINDOWS.end()


def installed(*words):
    w = windows()
    done = w.service("install", *words)
    equal(done.code, 0, done.err)
    return w


@only_if(not ON_WINDOWS)
def test_the_commands_say_that_they_are_for_windows(_):
    for what in ("install", "uninstall", "start", "stop", "reload", "status"):
        done = mapitail("service", what)
        equal(done.code, 1, what)
        contains(done.err, "systemctl enable --now mapitail")
    done = mapitail("secret", "protect", stdin=b"hidden\n")
    equal(done.code, 1)
    contains(done.err, "${file:PATH}")
    holds("hidden" not in done.err + done.out, "the secret is shown")


def test_an_unknown_word_is_told(_):
    done = mapitail("service", "begin")
    equal(done.code, 64)
    contains(done.err, "install, uninstall, start, stop, reload or status")


@only_if(ON_WINDOWS)
def test_install_writes_a_configuration_once_and_it_is_right(_):
    w = installed("--brokers", "kafka1.example:9092", "--topic", "limits", "--syslog", "relp://siem.example")
    path = w.drive(DATA + "\\mapitail.yaml")
    first = path.read_text()
    contains(first, "brokers: 'kafka1.example:9092'")
    contains(first, "topic: 'limits'")
    contains(first, "type: relp\n    address: 'siem.example'")
    equal(w.run("C:\\mapitail.exe", "check", "-c", DATA + "\\mapitail.yaml").code, 0)
    equal(w.service("install", "--brokers", "other.example:9092").code, 0)
    equal(path.read_text(), first, "the configuration after a second installation")


@only_if(ON_WINDOWS)
def test_a_wrong_address_installs_no_service(_):
    w = windows()
    done = w.service("install", "--syslog", "tcp://no port:x")
    equal(done.code, 78, done.err)
    contains(done.err, "address")
    equal(w.state(), "not installed")
    holds(not w.drive(DATA + "\\mapitail.yaml").exists(), "the next try would find the wrong configuration")
    done = w.service("install", "--syslog", "tcp://siem.example:601")
    equal(done.code, 0, done.err)


@only_if(ON_WINDOWS)
def test_a_topic_without_brokers_is_refused(_):
    w = windows()
    done = w.service("install", "--topic", "limits", "--syslog", "siem.example")
    equal(done.code, 1)
    contains(done.err, "needs brokers")
    equal(w.state(), "not installed")


@only_if(ON_WINDOWS)
def test_values_that_a_configuration_in_place_does_not_take_are_told(_):
    w = installed("--brokers", "kafka1.example:9092")
    contains(w.service("install", "--brokers", "kafka2.example:9092").err, "stays as it is")
    holds("stays as it is" not in w.service("install").err, "nothing was named")


@only_if(ON_WINDOWS)
def test_the_account_has_no_password_and_the_command_is_quoted(_):
    w = installed()
    out = w.service("status").out
    contains(out, "NT SERVICE\\mapitail")
    contains(out, '"C:\\mapitail.exe" service run -c "C:\\ProgramData\\mapitail\\mapitail.yaml"')
    contains(out, "with the system")


@only_if(ON_WINDOWS)
def test_the_service_starts_tells_and_stops(_):
    w = installed()
    equal(w.service("start").code, 0)
    equal(w.state(), "running")
    equal(w.service("start").code, 0, "starting what runs")
    done = w.service("stop")
    equal((done.code, w.state()), (0, "stopped"))
    contains(w.log(), "INFO stopping")
    contains(w.events(), "agent")


@only_if(ON_WINDOWS)
def test_the_systems_own_tools_steer_it(_):
    w = installed()
    w.run("net", "start", "mapitail")
    wait_for(lambda: w.state() == "running", what="running")
    w.run("sc", "stop", "mapitail")
    wait_for(lambda: w.state() == "stopped", what="stopped")


@only_if(ON_WINDOWS)
def test_a_wrong_configuration_is_told_in_the_event_log_with_line_and_exit_code(_):
    w = installed()
    path = w.drive(DATA + "\\mapitail.yaml")
    path.write_text(path.read_text().replace("channel:", "chanel:"))
    done = w.service("start")
    equal(done.code, 1)
    contains(done.err, "exit code 78")
    contains(done.err, "event log")
    contains(w.events(), "unknown key `chanel`")


@only_if(ON_WINDOWS)
def test_a_reload_takes_the_changed_configuration(_):
    w = installed()
    equal(w.service("start").code, 0)
    path = w.drive(DATA + "\\mapitail.yaml")
    path.write_text(path.read_text() + "    fsync: always\n")
    equal(w.service("reload").code, 0)
    wait_for(lambda: "is in force" in w.log(), what="the new configuration")
    path.write_text("nonsense\n")
    equal(w.service("reload").code, 0)
    wait_for(lambda: "the configuration in force stays" in w.log(), what="the refusal")
    equal(w.state(), "running")
    equal(w.service("stop").code, 0)


def one_event(record_id):
    return ('<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System>'
            '<Provider Name="MSExchangeIS Mailbox Store"/><EventID Qualifiers="49156">9646</EventID><Level>2</Level>'
            f'<TimeCreated SystemTime="2026-02-18T10:30:01.000Z"/><EventRecordID>{record_id}</EventRecordID>'
            '<Channel>Application</Channel><Computer>ex1.example</Computer></System><EventData><Data>/o=A/cn=b</Data>'
            '<Data>32</Data><Data>session</Data></EventData></Event>\n')


def ids(path):
    """The events in a file of records; one that was written just before a kill may stand there twice."""
    return {record["event"]["id"] for record in harness.read_records(path)}


def outputs_of(status):
    return json.loads(status.read_text())["outputs"] if status.exists() else []


def all_hold_records(status, count):
    """Every output has read what it can, and has records in flight where a connection came about."""
    found = {o["name"]: o["sources"][0] for o in outputs_of(status)}
    return len(found) == count and all(
        s["in_flight"] > 0 or name == "kafka_transactions" for name, s in found.items())


def dead_configuration(directory, peers, **more):
    export = directory / "export.xml"
    export.write_text(exports.wevtutil_file(exports.limit_event(i) for i in range(1, 3001)))
    path = "Z:" + str(export).replace("/", "\\") if ON_WINDOWS else str(export)
    return {"sources": [{"name": "exports", "paths": [path]}], "outputs": peers.outputs(), **more}


def seconds_of_stop(log):
    """From the request to the last word, by the clock of the log."""
    lines = [line for line in log[log.index("INFO stopping"):].splitlines() if line.startswith("20")]
    begin = re.findall(r"^(\S+) INFO stopping", log, re.M)[-1]
    moments = [datetime.datetime.fromisoformat(t.replace("Z", "+00:00")) for t in (begin, lines[-1].split()[0])]
    return (moments[1] - moments[0]).total_seconds()


# A stop has 2.5 s for what is in flight, 1 s to take leave of the peer, and leaves whatever hangs after 4.5 s
# (agent/pipeline.h): the clock of a busy machine is given half a second more.
STOP_SECONDS = 5


@only_if(not ON_WINDOWS)
def test_an_agent_whose_outputs_are_all_dead_stops_within_five_seconds(directory):
    with DeadPeers() as peers:
        path = directory / "mapitail.yaml"
        path.write_text(json.dumps(dead_configuration(directory, peers, state={"directory": str(directory / "state")})))
        with harness.Agent(path) as agent:
            wait_for(lambda: all_hold_records(directory / "state" / "status.json", len(peers.outputs())), what="records in flight")
            code, took = agent.stop()
            print(f"# stopped after {took:.2f} s")
            equal(code, 0, agent.log())
            holds(took < STOP_SECONDS, f"the stop took {took:.1f} s")


@only_if(ON_WINDOWS)
def test_a_service_whose_outputs_are_all_dead_stops_within_five_seconds(directory):
    w = installed()
    with DeadPeers() as peers:
        document = dead_configuration(directory, peers, state={"directory": DATA + "\\state"},
                                      log={"file": DATA + "\\log\\mapitail.log"})
        w.drive(DATA + "\\mapitail.yaml").write_text(json.dumps(document))
        equal(w.service("start").code, 0)
        status = w.drive(DATA + "\\state\\status.json")
        wait_for(lambda: all_hold_records(status, len(peers.outputs())), what="records in flight")
        start = time.monotonic()
        equal(w.service("stop").code, 0)
        outside, inside = time.monotonic() - start, seconds_of_stop(w.log())
        print(f"# stopped {inside:.2f} s after the request; with the start of the command that asks, {outside:.2f} s")
        equal(w.state(), "stopped")
        contains(w.service("status").out, "exit code 0")
        holds(inside < STOP_SECONDS, f"the stop took {inside:.1f} s")
        for name in ("kafka_refused", "tcp_refused", "tls_silent"):
            contains(w.events(), f"output {name}: ")


@only_if(ON_WINDOWS)
def test_a_killed_service_loses_nothing_and_what_it_repeats_keeps_its_id(directory):
    w = installed()
    export = directory / "export.xml"
    export.write_text(one_event(1))
    records = w.drive(DATA + "\\records\\records.ndjson")
    config = w.drive(DATA + "\\mapitail.yaml")
    text = config.read_text().replace("channel: Application", "paths: ['Z:" + str(export).replace("/", "\\") + "']")
    config.write_text(text)
    equal(w.service("start").code, 0)
    wait_for(lambda: len(ids(records)) == 1, what="the record")
    pid = w.process_of_service()
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: w.process_of_service() is None, what="the end of the process")
    with export.open("a") as f:
        f.write(one_event(2))
    # Wine's manager does not notice at once that a service died, and may say that it runs.
    wait_for(lambda: w.run("net", "start", "mapitail") and w.process_of_service(), what="the next process")
    wait_for(lambda: len(ids(records)) == 2 or "ERROR" in w.log(), what="the second record")
    holds("ERROR" not in w.log(), w.log())
    w.run("net", "stop", "mapitail")
    wait_for(lambda: w.process_of_service() is None, what="the end of the process")
    equal(len(ids(records)), 2, "events")


@only_if(ON_WINDOWS)
def test_a_removed_service_leaves_its_configuration(_):
    w = installed()
    equal(w.service("uninstall").code, 0)
    equal(w.state(), "not installed")
    holds(w.drive(DATA + "\\mapitail.yaml").exists(), "the configuration is gone")
    done = w.service("start")
    equal(done.code, 1)
    contains(done.err, "mapitail service install")


@only_if(ON_WINDOWS)
def test_outside_the_service_control_manager_run_says_what_to_use(_):
    w = windows()
    done = w.run("C:\\mapitail.exe", "service", "run", "-c", DATA + "\\mapitail.yaml")
    equal(done.code, 1)
    contains(done.err, "mapitail service start")


@only_if(ON_WINDOWS)
def test_a_protected_secret_is_read_back_and_never_shown(_):
    w = windows()
    protected = w.run("C:\\mapitail.exe", "secret", "protect", stdin=b"hunter2\r\n").out.strip()
    holds(re.fullmatch(r"\$\{dpapi:[A-Za-z0-9+/=]+\}", protected), protected)
    holds("hunter2" not in protected, "the secret is readable")
    path = w.drive("C:\\secret.yaml")
    output = {"name": "kafka", "type": "kafka", "brokers": "localhost:9092", "tls": True, "sasl_mechanism": "PLAIN",
              "username": "mapitail", "password": protected}
    document = {"state": {"directory": "C:\\state"}, "sources": [{"name": "a", "paths": ["C:\\a"]}], "outputs": [output]}
    path.write_text(json.dumps(document))
    done = w.run("C:\\mapitail.exe", "check", "-c", "C:\\secret.yaml")
    equal(done.code, 0, done.err)
    output["password"] = protected.replace("dpapi:", "dpapi:AAAA")
    path.write_text(json.dumps(document))
    done = w.run("C:\\mapitail.exe", "check", "-c", "C:\\secret.yaml")
    equal(done.code, 78)
    contains(done.err, "mapitail secret protect")


harness.main()
