# SPDX-License-Identifier: Apache-2.0
"""Results: one JSON line for each row that ran, and the tables of packaging/doc/delivery.md that are written from them.

A row's latest line counts. The tables stand between two marks in the document; what is around them is written by hand.
"""
import collections
import datetime
import functools
import json
import os
import platform
import re
import subprocess
import sys

import outlets
from faults import ROWS
from faults_crash import point_of
from harness import ROOT, mapitail
from rsyslog_peer import find_rsyslogd

RESULTS = ROOT / "tests" / "torture" / "results.jsonl"
DOCUMENT = ROOT / "packaging" / "doc" / "delivery.md"
BEGIN, END = "<!-- written by tests/torture/run --table -->", "<!-- end of what the torture wrote -->"


# ---- recording ----

def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return (done.stdout + done.stderr).splitlines()[0] if done.stdout + done.stderr else ""


@functools.lru_cache(maxsize=None)
def versions():
    """The program and its peers."""
    rsyslog = re.search(r"\d[\d.]+", first_line(find_rsyslogd() or "rsyslogd", "-v"))
    pom = (ROOT / "tests" / "kafka" / "pom.xml").read_text()
    kafka = re.search(r"<kafka\.version>([^<]+)|<artifactId>kafka_[^<]+</artifactId>\s*<version>([^<]+)", pom)
    return {"mapitail": mapitail("--version").out.split()[-1],
            "rsyslog": rsyslog.group(0) if rsyslog else None,
            "kafka": next(filter(None, kafka.groups())) if kafka else None,
            "machine": f"{os.cpu_count()} processors, Linux {platform.release().split('-')[0]}"}


def record(path, row, figures, wrong):
    line = {"row": row.name, "day": datetime.date.today().isoformat(), "faults": figures.faults,
            **{field: figures.totals[field] for field in ("written", "lost", "repeated", "invented", "damaged", "dead")},
            "measures": figures.measures, "wrong": wrong, "with": versions()}
    with open(path, "a", encoding="utf-8") as f:
        f.write(json.dumps(line) + "\n")


# ---- writing ----

def latest():
    """The last result of each row."""
    if not RESULTS.exists():
        return {}
    return {line["row"]: line for line in map(json.loads, RESULTS.read_text().splitlines())}


def number(n):
    return f"{n:,}"


def with_bar(value, most, faults):
    if most in (0, None):
        return number(value)
    each = faults > 1 and most % faults == 0
    return number(value) + (f" (≤ {number(most // faults)} each)" if each else f" (≤ {number(most)})")


def measure_text(m):
    bar = "".join(f" ({sign} {m[key]:g})" for sign, key in (("≤", "at_most"), ("≥", "at_least")) if m[key] is not None)
    return f"{m['name']} {m['value']:,}{m['unit']}{bar}"


def cells(row, result):
    if not result:
        return ["–", "–", "–", "–", "not run yet"]
    faults = number(result["faults"])
    more = "; ".join(map(measure_text, result["measures"]))
    if result["wrong"]:
        more = "**over its bar: " + "; ".join(result["wrong"]) + ".** " + more
    bars = [bar(row.outlet, result["faults"]) for bar in row.bar]
    return [faults, number(result["written"]), with_bar(result["lost"], bars[0], result["faults"]),
            with_bar(result["repeated"], bars[1], result["faults"]), more]


def line(values):
    return "| " + " | ".join(values) + " |"


def output_name(key):
    return f"`{key}`" if key != "kafka_once" else "`kafka`, `delivery: exactly_once`"


def fault_table(rows, results):
    out = [line(["fault", "output", "injected", "records", "lost", "repeated", "also measured"]),
           "|---|---|--:|--:|--:|--:|---|"]
    out += [line([row.title, output_name(row.outlet), *cells(row, results.get(row.name))]) for row in rows]
    return out


def crash_cell(row, results):
    if row is None:
        return ""
    result = results.get(row.name)
    if not result:
        return "not run yet"
    return f"{number(result['lost'])} / {number(result['repeated'])}" + (" **!**" if result["wrong"] else "")


def crash_table(rows, results):
    points = collections.defaultdict(dict)
    for row in rows:
        points[point_of(row)][row.outlet] = row
    out = [line(["the agent dies at"] + [output_name(k) for k in outlets.EVERY]), "|---|" + "--:|" * len(outlets.EVERY)]
    out += [line([f"`{point}`"] + [crash_cell(by.get(k), results) for k in outlets.EVERY]) for point, by in points.items()]
    return out


def said_with(results):
    """The versions that the results were measured with."""
    seen = collections.defaultdict(set)
    for result in results.values():
        for name, value in result["with"].items():
            seen[name].add(str(value))
    days = sorted({result["day"] for result in results.values()})
    if not days:
        return "Nothing was run yet."
    peers = ", ".join(f"{name} {' and '.join(sorted(seen[name]))}" for name in ("mapitail", "kafka", "rsyslog"))
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return f"Measured {when} with {peers} on {' and '.join(sorted(seen['machine']))}."


def render():
    """The text between the marks."""
    results = latest()
    crashes = [row for row in ROWS if row.name.startswith("crash:")]
    others = [row for row in ROWS if row not in crashes]
    per_point = sorted({r["faults"] for n, r in results.items() if n.startswith("crash:")})
    deaths = " to ".join(str(n) for n in sorted({*per_point[:1], *per_point[-1:]}))
    times = f" {deaths} deaths at each point and output." if deaths else ""
    return "\n".join([BEGIN, "", said_with(results), "", *fault_table(others, results), "",
                      "Lost / repeated at each crash point:" + times, "", *crash_table(crashes, results), "", END])


def write():
    """Puts the tables into the document."""
    text = DOCUMENT.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(before + render() + after)
    print(f"{DOCUMENT.relative_to(ROOT)}: {len(latest())} results", file=sys.stderr)
    return 0
