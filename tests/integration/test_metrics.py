#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""/metrics, /healthz and /readyz: what Prometheus and service managers are told."""
import contextlib
import http.client
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess

import exports
import wine
from exports import events
from harness import (ON_WINDOWS, Agent, Skip, config, contains, equal, file_output, free_port, holds, main, mapitail, only_if,
                     read_records, wait_for)

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABELS = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (-?[0-9]+(?:\.[0-9]+)?)")


def write(directory, port, *outputs, **more):
    sources = [{"name": n, "paths": [str(directory / f"{n}.*")], "poll_interval": "100ms"} for n in ("a", "b")]
    path = config(directory, sources, list(outputs) or [file_output(directory)], metrics={"listen": f"127.0.0.1:{port}"}, **more)
    if "built without metrics" in mapitail("check", "-c", path).err:
        raise Skip("the program was built without libmicrohttpd")
    return path


def ask(port, path, method="GET", host="127.0.0.1", body=None):
    c = http.client.HTTPConnection(host, port, timeout=20)
    try:
        c.request(method, path, body)
        r = c.getresponse()
        return r.status, r.read().decode(), r
    finally:
        c.close()


def listens(port):
    try:
        return ask(port, "/healthz")[0] == 200
    except OSError:
        return False


def parse(text):
    """The text format, strictly: every family has HELP and TYPE once, its samples stand together, none twice."""
    holds(text.endswith("\n"), "ends with a line feed")
    families, samples, current = {}, {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            current = line.split(" ", 3)[2]
            holds(current not in families, f"{current} stands in one place")
            families[current] = None
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            equal((name, families[name]), (current, None), line)
            holds(kind in ("counter", "gauge"), line)
            holds((kind == "counter") == name.endswith("_total"), f"{name} is a {kind}")
            families[name] = kind
        else:
            m = SAMPLE.fullmatch(line)
            holds(m, f"a sample: {line!r}")
            equal(m.group(1), current, line)
            labels = tuple(sorted(LABELS.findall(m.group(2) or "")))
            equal(len(LABELS.sub("", m.group(2) or "")), 0, line)
            holds((m.group(1), labels) not in samples, f"once: {line}")
            samples[m.group(1), labels] = float(m.group(3))
    holds(all(families.values()), "every family has a type")
    return samples


def scrape(port):
    code, text, response = ask(port, "/metrics")
    equal(code, 200, text)
    equal(response.getheader("content-type"), "text/plain; version=0.0.4; charset=utf-8")
    return parse(text)


def value(samples, name, **labels):
    return samples[name, tuple(sorted(labels.items()))]


def adds_up(samples):
    for (name, labels), selected in samples.items():
        if name != "mapitail_records_selected_total":
            continue
        parts = sum(v for (n, l), v in samples.items() if n == "mapitail_records_total" and set(labels) <= set(l))
        equal(selected, parts + samples["mapitail_records_in_flight", labels], f"{labels} adds up")


def all_is_settled(samples, selected, *outputs):
    """The board follows the work by a turn: it tells of all that was selected, and of nothing that is left."""
    return (sum(v for (n, l), v in samples.items() if n == "mapitail_records_selected_total") == selected * len(outputs)
            and all(v == 0 for (n, _), v in samples.items() if n in ("mapitail_records_in_flight", "mapitail_unread_bytes")))


def test_every_count_is_there_and_adds_up(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file(events(1, 30)))
    (directory / "b.xml").write_text(exports.wevtutil_file(events(21, 30)))
    port = free_port()
    with Agent(write(directory, port, file_output(directory), file_output(directory, "two"))) as agent:
        wait_for(lambda: len(read_records(directory / "two.ndjson")) == 50 and listens(port), what="50 records")
        wait_for(lambda: all_is_settled(scrape(port), 60, "out", "two"), what="30 of each file selected and nothing in flight")
        samples = scrape(port)
        adds_up(samples)
        for output in ("out", "two"):
            equal(value(samples, "mapitail_records_selected_total", output=output, source="a"), 30)
            settled = {r: sum(value(samples, "mapitail_records_total", output=output, source=s, result=r) for s in "ab")
                       for r in ("delivered", "dead_lettered", "deduplicated", "abandoned")}
            equal(settled, {"delivered": 50, "dead_lettered": 0, "deduplicated": 10, "abandoned": 0})
            equal(value(samples, "mapitail_files", output=output, source="b"), 1)
            equal(value(samples, "mapitail_output_up", output=output, type="file"), 1)
        equal(value(samples, "mapitail_last_event_timestamp_seconds", output="out", source="a"),
              exports.seconds(exports.limit_event(30)) + 0.123)
        version = mapitail("--version").out.split()[1]
        equal(value(samples, "mapitail_build_info", version=version), 1)
        equal(agent.stop()[0], 0)


def selected(samples):
    return sum(v for (n, _), v in samples.items() if n == "mapitail_records_selected_total")


def test_every_scrape_of_a_busy_agent_adds_up(directory):
    pieces = [exports.mixed(500, 0.5, first=500 * i + 1, seed=i) for i in range(40)]
    want = sum(len(exports.wanted_ids(piece)) for piece in pieces)
    port, seen = free_port(), set()
    (directory / "a.xml").touch()
    with Agent(write(directory, port, file_output(directory, fsync="always"))) as agent:
        wait_for(lambda: listens(port), what="the port")

        def has_more_than(before):
            samples = scrape(port)
            adds_up(samples)
            seen.add(selected(samples))
            return selected(samples) > before

        for piece in pieces:
            before = max(seen, default=0)
            with open(directory / "a.xml", "a", encoding="utf-8", newline="") as export:
                export.write(exports.wevtutil_file(piece))
            wait_for(lambda: has_more_than(before), what=f"more than {before:.0f} records counted")
        wait_for(lambda: len(read_records(directory / "out.ndjson")) == want, what=f"{want} records")
        wait_for(lambda: all_is_settled(scrape(port), want, "out"), what="the last counts")
        holds(len(seen) >= len(pieces), f"scraped while it worked: {sorted(seen)}")
        equal(agent.stop()[0], 0)


@only_if(shutil.which("promtool"))
def test_prometheus_own_checker_finds_nothing(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file(events(1, 3)))
    port = free_port()
    with Agent(write(directory, port)):
        wait_for(lambda: listens(port) and len(read_records(directory / "out.ndjson")) == 3, what="3 records")
        text = ask(port, "/metrics")[1]
    done = subprocess.run(["promtool", "check", "metrics"], input=text.encode(), capture_output=True, check=False)
    equal((done.returncode, done.stdout, done.stderr), (0, b"", b""))


def test_readiness_names_the_output_that_cannot_deliver_and_life_goes_on(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file(events(1, 3)))
    port, peer = free_port(), free_port()
    dead = {"name": "dead", "type": "syslog_tcp", "address": f"127.0.0.1:{peer}"}
    with Agent(write(directory, port, dead, file_output(directory))):
        wait_for(lambda: listens(port) and ask(port, "/readyz")[0] == 503, what="an output that is not ready")
        wait_for(lambda: "refused" in ask(port, "/readyz")[1], what="the reason")
        text = ask(port, "/readyz")[1]
        contains(text, "output dead: ")
        holds("output out" not in text, text)
        equal(ask(port, "/healthz")[:2], (200, "ok\n"))
        equal(value(scrape(port), "mapitail_output_up", output="dead", type="syslog_tcp"), 0)
        with socket.create_server(("127.0.0.1", peer)) as receiver:
            receiver.accept()
            wait_for(lambda: ask(port, "/readyz")[0] == 200, what="readiness, once it can be reached")


def test_nothing_but_the_three_questions_is_answered(directory):
    (directory / "a.xml").write_text("")
    port = free_port()
    with Agent(write(directory, port)) as agent:
        wait_for(lambda: listens(port), what="the port")
        equal(ask(port, "/")[0], 404)
        equal(ask(port, "/metrics/../state")[0], 404)
        for method in ("POST", "PUT", "DELETE"):
            code, _, response = ask(port, "/metrics", method, body=b"x" * 100000)
            equal((code, response.getheader("allow")), (405, "GET, HEAD"))
        equal(ask(port, "/healthz", "HEAD")[:2], (200, ""))
        with socket.create_connection(("127.0.0.1", port)) as s:
            s.sendall(b"GET /metrics HTTP/1.1\r\nX: " + b"y" * (1 << 20))
            holds(b" 4" in s.recv(100)[:12], "a head that is too large is refused")
        equal(agent.stop()[0], 0)


def sockets(process):
    """The numbers of a process's sockets. Those of a process under Wine are held by the server of its prefix."""
    held = set()
    for fd in pathlib.Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(OSError):
            held.update(re.findall(r"socket:\[(\d+)\]", os.readlink(fd)))
    return held


def wineserver():
    prefix = f"WINEPREFIX={wine.CACHE}\0".encode()
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if b"wineserver" in (entry / "cmdline").read_bytes() and prefix in (entry / "environ").read_bytes():
                return int(entry.name)
    raise AssertionError("no server of Wine's has that prefix")


def listening(process):
    """Whether a process listens on a port."""
    lines = [line.split() for name in ("tcp", "tcp6") for line in open(f"/proc/net/{name}", encoding="ascii")]
    numbers = {line[9] for line in lines if line[3] == "0A"}
    return bool(numbers & sockets(wineserver() if ON_WINDOWS else process))


def test_an_agent_without_the_setting_listens_on_nothing(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file(events(1, 1)))
    with Agent(write(directory, free_port())) as agent:
        wait_for(lambda: listening(agent.process.pid), what="a port, with the setting")
        equal(agent.stop()[0], 0)
    sources = [{"name": "a", "paths": [str(directory / "a.*")]}]
    with Agent(config(directory, sources, [file_output(directory)])) as agent:
        (directory / "a.xml").write_text(exports.wevtutil_file(events(1, 2)))
        wait_for(lambda: len(read_records(directory / "out.ndjson")) == 2, what="2 records")
        holds(not listening(agent.process.pid), "it listens")
        if not ON_WINDOWS:
            equal(sockets(agent.process.pid), set(), "sockets")
            holds("microhttpd" not in open(f"/proc/{agent.process.pid}/maps", encoding="ascii").read(), "not even loaded")


def test_an_address_that_others_can_reach_must_be_meant_and_is_warned_about(directory):
    (directory / "a.xml").write_text("")
    sources = [{"name": "a", "paths": [str(directory / "a.*")]}]

    def check(**metrics):
        return mapitail("check", "-c", config(directory, sources, [file_output(directory)], metrics=metrics))

    for address in ("0.0.0.0:9646", "192.0.2.1:9646", "[::]:9646"):
        got = check(listen=address)
        equal(got.code, 78, address)
        contains(got.err, "`allow_remote: true`")
        got = check(listen=address, allow_remote=True)
        equal(got.code, 0, got.err)
        contains(got.err, "warning: metrics are open to every host")
    for address in ("127.0.0.1:9646", "localhost:9646", "[::1]:9646", "127.1.2.3:1"):
        got = check(listen=address)
        equal((got.code, got.err), (0, ""), address)
    for address in ("exch01.example:9646", "127.0.0.1:x", "127.0.0.1:70000"):
        equal(check(listen=address).code, 78, address)


def test_a_port_that_is_taken_does_not_keep_the_agent_from_delivering(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file(events(1, 3)))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with Agent(write(directory, taken.getsockname()[1])) as agent:
            wait_for(lambda: len(read_records(directory / "out.ndjson")) == 3, what="3 records")
            contains(agent.log(), "delivering without metrics")


@only_if(not ON_WINDOWS)  # where no signal takes a new configuration
def test_a_reload_moves_the_port_counts_and_keeps_the_old_one_when_the_new_one_is_taken(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file(events(1, 3)))
    first, second = free_port(), free_port()
    with Agent(write(directory, first)) as agent:
        wait_for(lambda: listens(first), what="the first port")
        write(directory, second)
        agent.process.send_signal(signal.SIGHUP)
        wait_for(lambda: listens(second) and not listens(first), what="the second port alone")
        equal(value(scrape(second), "mapitail_config_reloads_total", result="applied"), 1)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            write(directory, taken.getsockname()[1])
            agent.process.send_signal(signal.SIGHUP)
            wait_for(lambda: value(scrape(second), "mapitail_config_last_reload_successful") == 0, what="a reload that failed")
        equal(value(scrape(second), "mapitail_config_reloads_total", result="refused"), 1)
        config(directory, [{"name": "a", "paths": [str(directory / "a.*")]}], [file_output(directory)])
        agent.process.send_signal(signal.SIGHUP)
        wait_for(lambda: not listens(second), what="no port")
        equal(agent.stop()[0], 0)


main()
