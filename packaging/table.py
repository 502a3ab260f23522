#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints mapitail's records (NDJSON) as a table for people, and who met which limit how often."""
import collections
import json
import sys

COLUMNS = (
    ("time (UTC)", lambda r, m: r["@timestamp"][:19].replace("T", " ")),
    ("server", lambda r, m: r.get("host", {}).get("name", "-").split(".")[0]),
    ("who", lambda r, m: r.get("user", {}).get("name") or m.get("mailbox", {}).get("guid", "?")),
    ("client", lambda r, m: m.get("client", {}).get("type", "-")),
    ("limit", lambda r, m: str(m.get("limit", {}).get("value", "?"))),
    ("of", lambda r, m: m.get("limit", {}).get("object_type", "?")),
    ("class", lambda r, m: m.get("limit", {}).get("class", "-")),
    ("read", lambda r, m: "fully" if m.get("complete") else "in part"),
)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    rows = [[get(r, r.get("microsoft", {}).get("exchange", {}).get("mapi", {})) for _, get in COLUMNS] for r in records]
    rows.sort(key=lambda row: row[0])
    widths = [max(len(c[0]), *(len(row[i]) for row in rows)) if rows else len(c[0]) for i, c in enumerate(COLUMNS)]
    line = "  ".join("{:<" + str(w) + "}" for w in widths)
    print(line.format(*(c[0] for c in COLUMNS)).rstrip())
    print("  ".join("-" * w for w in widths))
    for row in rows[:40]:
        print(line.format(*row).rstrip())
    if len(rows) > 40:
        print(f"… and {len(rows) - 40} more")
    top = collections.Counter((row[2], row[5]) for row in rows).most_common(5)
    print(f"\n{len(rows)} events 9646; most often: " + ", ".join(f"{who} ({what}, {n})" for (who, what), n in top))


main()
