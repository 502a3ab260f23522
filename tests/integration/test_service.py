#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The service of Windows, in a Windows of its own: made, started, asked to stop in every way, killed, removed.

Wine's service control manager is real enough for states, controls and accounts; what it does not have (delayed start, group
membership, restart after a crash) is not claimed here.
"""
import json
import os
import re
import shutil
import signal
import socket
import time

import harness
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


def dead_receivers():
    """Sockets that accept nothing: their queue is full, so that connecting to them hangs."""
    held = []
    for _ in range(2):
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        s.listen(0)
        held.append(s)
        for _ in range(3):
            c = socket.socket()
            c.setblocking(False)
            c.connect_ex(s.getsockname())
            held.append(c)
    return held, [s.getsockname()[1] for s in (held[0], held[4])]


@only_if(ON_WINDOWS)
def test_a_service_whose_outputs_are_all_dead_stops_within_five_seconds(directory):
    w = installed()
    held, (kafka, syslog) = dead_receivers()
    export = directory / "export.xml"
    export.write_text(one_event(1))
    document = {"state": {"directory": DATA + "\\state"}, "log": {"file": DATA + "\\log\\mapitail.log"},
                "sources": [{"name": "exports", "paths": ["Z:" + str(export).replace("/", "\\")]}],
                "outputs": [{"name": "kafka", "type": "kafka", "brokers": f"127.0.0.1:{kafka}"},
                            {"name": "tcp", "type": "syslog_tcp", "address": f"127.0.0.1:{syslog}"},
                            {"name": "relp", "type": "relp", "address": f"127.0.0.1:{syslog}"}]}
    w.drive(DATA + "\\mapitail.yaml").write_text(json.dumps(document))
    equal(w.service("start").code, 0)
    wait_for(lambda: "output tcp" in w.log() and "output kafka" in w.log(), what="the outputs")
    start = time.monotonic()
    equal(w.service("stop").code, 0)
    took = time.monotonic() - start
    holds(took < 5 + 1, f"the stop took {took:.1f} s, the start of Wine's program included")
    equal(w.state(), "stopped")
    for s in held:
        s.close()


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
