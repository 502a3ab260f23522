#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`mapitail cat --all --format xml` against an independent reader, evtxexport of libevtx-utils: every record that it
prints, element by element and value by value.

Both print the same events in different forms. Forms that Windows itself has changed over time, or that mean nothing in
XML, are taken out of both sides (normal_form). What evtxexport 20181227 prints otherwise is a list of explained
differences, each of which must be met: a difference without explanation fails.
"""
import collections
import csv
import html
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

from harness import COMMAND, ROOT, Skip, equal, holds, main, shared

FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # in XML; both may print them
GUID = re.compile(r"\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}")
TIME = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d+)Z$")
HEX = re.compile(r"^0x0*([0-9a-fA-F]+)$")
ASTRAL = re.compile("[\U00010000-\U0010ffff]")


def normal_form(text):
    """GUIDs in small letters, as Windows prints them since Windows 10 1809, hexadecimal numbers without zeros in front,
    which Windows does not print, times with nine digits, which it printed before."""
    text = GUID.sub(lambda m: m.group(0).lower(), text)
    time, number = TIME.match(text), HEX.match(text)
    if time:
        return f"{time.group(1)}.{time.group(2):0<9}Z"
    return "0x" + number.group(1).lower() if number else text


def tree(element):
    """An element as a tuple: name, attributes, text, children. Indentation is no text."""
    children = [tree(c) for c in element]
    text = element.text or ""
    return (element.tag.split("}")[-1], sorted((k, normal_form(v)) for k, v in element.attrib.items()),
            normal_form(text.strip() if children else text), children)


def child(event, *path):
    for name in path:
        event = next((c for c in event[3] if c[0] == name), ("", [], "", []))
    return event


def identity(event):
    return (child(event, "System", "EventRecordID")[2], child(event, "System", "EventID")[2],
            str(child(event, "System", "TimeCreated")[1]), child(event, "System", "Computer")[2])


def printed_events(arguments):
    """The text of each event that a program prints."""
    output = subprocess.run(arguments, capture_output=True, check=False).stdout.decode(errors="replace")
    parts = re.split("(?=<Event xmlns)", FORBIDDEN.sub("\ufffd", output))[1:]
    return [p[:p.rindex("</Event>") + len("</Event>")] for p in parts if "</Event>" in p]


def flat(text):
    """An event as text without what the writers of XML may choose."""
    text = re.sub(r"\s+", "", html.unescape(text)).replace("'", '"')
    text = re.sub(r"\.(\d{7})00Z", r".\1Z", GUID.sub(lambda m: m.group(0).lower(), text))
    return re.sub("0x0*", "0x", text)


def is_plain_number(text):
    return re.fullmatch(r"-?\d+", text) is not None


def explain(ours, theirs):
    """Why evtxexport prints this text otherwise, or None."""
    if ours.strip() == "" and theirs == "":
        return "white space alone is left out"
    if HEX.match(ours) and is_plain_number(theirs) and int(ours, 16) == int(theirs):
        return "a size_t is printed in decimal"  # Windows: 0x24c (process ids of event 4624)
    if is_plain_number(ours) and is_plain_number(theirs) and int(ours) < 0 and int(theirs) == -(int(ours) & 0x7fffffff):
        return "a negative number is read as sign and magnitude"
    if ASTRAL.search(ours) and ASTRAL.sub("*", ours) == ASTRAL.sub("*", theirs):
        return "a surrogate pair becomes another character"
    if "\ufffd" in ours and re.sub("\ufffd.", "\ufffd", ours) == theirs:
        return "a lone surrogate swallows the next character"
    return None


def differences(ours, theirs, found):
    """Appends an explanation, or what differs, for everything that differs between two trees."""
    if ours[:2] != theirs[:2]:
        found.append((ours[:2], theirs[:2]))
    if ours[2] != theirs[2]:
        found.append(explain(ours[2], theirs[2]) or (ours[2], theirs[2]))
    mine, others = [c[0] for c in ours[3]], [c[0] for c in theirs[3]]
    if mine == others + ["RenderingInfo"]:
        found.append("RenderingInfo is left out")
    elif mine != others:
        found.append((mine, others))
    for a, b in zip(ours[3], theirs[3]):
        differences(a, b, found)


class Log:
    """What we print of a log, to be looked up by what evtxexport prints."""

    def __init__(self, path):
        self.name = path.name
        self.texts = printed_events([*COMMAND, "cat", "--all", "--format", "xml", path])
        self.events = collections.defaultdict(list)
        self.flattened = None
        for text in self.texts:
            event = tree(ET.fromstring(text))  # what we print is XML, always
            self.events[identity(event)].append(event)

    def has_flat(self, text):
        """evtxexport does not escape text in code pages: markup in it is no markup, and the events are compared flat."""
        self.flattened = self.flattened or collections.Counter(map(flat, self.texts))
        return self.flattened[flat(text)] > 0

    def explain(self, text):
        """The differences of one event of evtxexport, each explained."""
        found = [("", "not among ours")]
        try:
            event = tree(ET.fromstring(text))
            same = self.events[identity(event)]
            if event in same:
                same.remove(event)
                return []
            if same:
                found = []
                differences(same[0], event, found)
        except ET.ParseError:
            pass
        if all(isinstance(each, str) for each in found):
            return found
        holds(self.has_flat(text), f"{self.name}: {found}: {text[:2000]}")
        return ["ANSI text is not escaped"]


def compare(path, explained):
    """Holds every event that evtxexport prints against ours; returns how many there are."""
    log = Log(path)
    theirs = printed_events(["evtxexport", "-f", "xml", path])
    for text in theirs:
        explained.update(log.explain(text))
    return len(theirs)


def corpus():
    """The logs that an independent walk has counted, but for two of the three that were composed for speed."""
    for row in csv.DictReader(shared("corpus/TRUTH.tsv").open(), delimiter="\t"):
        path = shared("corpus") / row["file"]
        if path.suffix == ".evtx" and path.name not in ("big_security_20MiB.evtx", "classic_11MiB.evtx"):
            yield path, row


def need_evtxexport():
    if not shutil.which("evtxexport"):
        raise Skip("evtxexport is not installed")


def test_every_record_that_evtxexport_reads_is_printed_with_the_same_values(_):
    need_evtxexport()
    explained, total = collections.Counter(), 0
    for path, row in corpus():
        printed = compare(path, explained)
        if not row["damage"]:
            equal(printed, int(row["libevtx20181227_records"]), f"{row['file']}: records of evtxexport")
        total += printed
    print(f"# {total} records compared; differences of evtxexport: {dict(explained)}", flush=True)
    equal(len(explained), 7, f"explanations that were needed: {dict(explained)}")


def test_a_small_log_is_printed_as_evtxexport_does(_):
    need_evtxexport()
    explained = collections.Counter()
    holds(compare(ROOT / "tests" / "data" / "application.evtx", explained) > 0, "there are records")
    equal(dict(explained), {}, "explanations that were needed")


main()
