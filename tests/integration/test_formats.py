#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One event sequence in every export format gives the same records; the table of the formats is true to the code."""
import pathlib
import re
import subprocess
import tempfile

import exports
import exports_clixml
import exports_csv
import exports_json
import exports_rowxml
import exports_splunk
import exports_syslog
import exports_text
import exports_wmi
import samples
from harness import ROOT, TOOLS, Agent, config, equal, holds, main, mapitail, read_records, wait_for

# layout: (generator, does it carry record id and computer?)
IDS, NO_IDS = True, False
LAYOUTS = {
    "xml wevtutil": (exports.wevtutil_file, IDS),
    "xml viewer": (exports.viewer_file, IDS),
    "xml wmic raw": (exports_wmi.rawxml, IDS),
    "xml wmi gettext": (exports_wmi.gettext, IDS),
    "clixml winevent": (exports_clixml.winevent, IDS),
    "clixml eventlog": (exports_clixml.eventlog, IDS),
    "rowxml": (exports_rowxml.rows, IDS),
    "splunk lines": (exports_splunk.lines, IDS),
    "splunk blanks": (exports_splunk.blanks, IDS),
    "syslog snare": (exports_syslog.snare, NO_IDS),
    "syslog eventreporter": (exports_syslog.eventreporter, NO_IDS),
    "syslog nxlog": (exports_syslog.nxlog, IDS),
    "text clipboard": (exports_text.clipboard, NO_IDS),
    "text copy details with xml": (exports_text.copy_details, IDS),
    "text copy details": (lambda events: exports_text.copy_details(events, xml=False), NO_IDS),
    "text wevtutil": (exports_text.wevtutil, NO_IDS),
    "text psloglist": (exports_text.psloglist, IDS),
    "text winevent list": (exports_text.winevent_list, IDS),
    "text eventlog list": (exports_text.eventlog_list, IDS),
}
LAYOUTS.update({f"csv {name}": layout for name, layout in exports_csv.LAYOUTS.items()})
LAYOUTS.update({f"json {name}": (generate, IDS) for name, generate in exports_json.LAYOUTS.items()})


def binary(kind):
    """A generator for a binary log: the events go to the tests' own writer as lines."""
    def generate(events):
        tool = TOOLS / "make_export"
        lines = "".join("\t".join([str(e.record_id), e.provider, str(e.event_id), str(e.qualifiers), e.computer,
                                   str(exports.seconds(e)), *e.strings]) + "\n" for e in events)
        with tempfile.NamedTemporaryFile() as file:
            subprocess.run([tool, "events", kind, file.name], input=lines.encode(), check=True)
            return pathlib.Path(file.name).read_bytes()
    return generate


BINARY = {"evt": (binary("evt"), IDS), "evtx": (binary("evtx"), IDS)}


def facts(record):
    mapi = record["microsoft"]["exchange"]["mapi"]
    return (mapi.get("session", {}).get("dn"), mapi.get("limit", {}).get("value"), mapi.get("limit", {}).get("object_type"),
            mapi.get("client", {}).get("type"), mapi["complete"])


def sequence(count=1000):
    events = []
    for number in range(1, count + 1):
        if number % 7 == 3:
            events.append(exports.Event(number, [exports.dn(f"user{number}"), "MoMT", "500", "Folder"], qualifiers=49156))
        elif number % 3 == 0:
            events.append(exports.limit_event(number))
        else:
            events.append(exports.decoy(number))
    return events


def read(directory, name, text, encoding):
    path = directory / (re.sub(r"\W", "-", name) + ".export")
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return mapitail("cat", "--timezone", "UTC", path)


def differences(directory, layouts, encoding):
    events = sequence()
    reference = read(directory, "reference", exports.wevtutil_file(events), "utf-8").records()
    want_ids, want_facts = exports.wanted_ids(events), [facts(r) for r in reference]
    equal([r["event"]["id"] for r in reference], want_ids, "the reference's ids")
    wrong = []
    for name, (generate, has_ids) in layouts.items():
        got = read(directory, name, generate(events), encoding)
        records = got.records()
        if got.code != 0 or [facts(r) for r in records] != want_facts:
            first = next((i for i, (a, b) in enumerate(zip(map(facts, records), want_facts)) if a != b), None)
            wrong.append((name, "records", len(records), len(want_facts), first, got.err[-300:]))
        elif has_ids and [r["event"]["id"] for r in records] != want_ids:
            wrong.append((name, "ids"))
        elif len({r["event"]["id"] for r in records}) != len(records):
            wrong.append((name, "two events have one id"))
    return wrong


def test_a_thousand_events_are_the_same_in_every_format(directory):
    equal(differences(directory, {**BINARY, **LAYOUTS}, "utf-8"), [], "layouts that differ in UTF-8")


def test_a_thousand_events_are_the_same_in_every_format_in_utf16(directory):
    equal(differences(directory, LAYOUTS, "utf-16"), [], "layouts that differ in UTF-16")


def test_every_published_message_is_understood_in_every_format_that_carries_messages(directory):
    messages = samples.published("msg-", "tmpl-", "para-", "mt-")
    events = [exports.Event(number, [], message=s["text"]) for number, s in enumerate(messages, 1)]
    want = [samples.fold_client(s["expect"]) for s in messages]
    wrong = []
    for name, (generate, _) in LAYOUTS.items():
        if name in ("xml wevtutil", "xml viewer"):  # no rendered message in them
            continue
        got = read(directory, name, generate(events), "utf-8")
        fields = [samples.fold_client(samples.fields(r)) for r in got.records()]
        wrong += [(name, s["id"]) for s, a, b in zip(messages, fields, want) if a != b]
        if got.code != 0 or len(fields) != len(want):
            wrong.append((name, len(fields), got.err[-200:]))
    equal(wrong, [], "samples that differ")


def test_the_same_events_in_every_format_are_shipped_once(directory):
    events = sequence(60)
    (directory / "in").mkdir()
    carried = 0
    for name, (generate, has_ids) in {**BINARY, **LAYOUTS}.items():
        if has_ids:
            text = generate(events)
            carried += 1
            (directory / "in" / re.sub(r"\W", "-", name)).write_bytes(text if isinstance(text, bytes) else text.encode())
    sources = [{"name": "exports", "paths": [str(directory / "in" / "*")], "timezone": "UTC"}]
    output = {"name": "out", "type": "file", "path": str(directory / "out.ndjson")}
    with Agent(config(directory, sources, [output]), "--once") as agent:
        equal(agent.wait(), 0, agent.log())
    got = [r["event"]["id"] for r in read_records(directory / "out.ndjson")]
    equal(sorted(got), sorted(exports.wanted_ids(events)), f"ids from {carried} exports")


def test_the_last_block_of_a_text_file_is_shipped_when_the_file_is_quiet(directory):
    path = directory / "a.txt"
    path.write_text(exports_text.wevtutil([exports.limit_event(1), exports.limit_event(2)]), newline="")
    output = {"name": "out", "type": "file", "path": str(directory / "out.ndjson")}
    with Agent(config(directory, [path], [output])):
        wait_for(lambda: len(read_records(directory / "out.ndjson")) == 2, 15, "both records")
        with open(path, "a", encoding="utf-8", newline="") as file:
            file.write(exports_text.wevtutil([exports.limit_event(3)]))
        wait_for(lambda: len(read_records(directory / "out.ndjson")) == 3, 15, "the third record")


def test_the_table_names_every_parser_and_no_other(_):
    page = (ROOT / "packaging" / "doc" / "formats.md").read_text()
    table = re.search(r"^\| format .*?(?=\n\n)", page, re.M | re.S)[0].splitlines()
    rows = [[c.strip() for c in re.split(r"(?<!\\)\|", line.strip("| "))] for line in table[2:]]
    registry = (ROOT / "agent" / "registry.c").read_text()
    built = set(re.findall(r"&parser_(\w+)", registry))
    equal({r[2].strip("`") for r in rows}, built, "parsers of the table and of the registry")
    holds(all(len(r) == 5 and all(r) for r in rows), "five filled cells in every row")
    names = [r[0].lower() for r in rows]
    equal(names, sorted(names), "order of the rows")


main()
