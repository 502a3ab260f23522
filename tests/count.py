#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Adds up what the build folders' tests did: tests/count.py BROKEN_BUILDS FOLDER…

Unit tests leave one TAP file each, scripts print TAP; a test that left neither counts as one by its exit code, and a
test program that failed without a failed line in its TAP (a crash, a sanitizer report) counts as one failure more.
What is skipped because Wine cannot do it is held against the list tests/windows/impossible and told by itself: it is a
skip like others if it is not listed, and a failure if it is listed and was not skipped.
"""
import json
import os
import pathlib
import re
import sys

LINE = re.compile(r"^(ok|not ok)\b(.*)$", re.M)
IMPOSSIBLE = re.compile(r"^\s*\d*[ -]*(?:\w+::)?(.*?)\s*#\s*skip impossible under wine: (.*)$", re.I)
LIST = pathlib.Path(__file__).with_name("windows") / "impossible"


class Impossible:
    """The claims of the list: those that were seen to be impossible, and those that were not."""

    def __init__(self):
        self.reasons = dict(line.split(": ", 1) for line in LIST.read_text().splitlines() if line and line[0] != "#")
        self.seen = set()

    def takes(self, test, rest):
        """Whether a TAP line tells that a listed claim is impossible."""
        match = IMPOSSIBLE.match(rest)
        claim = match and f"{test}/{match[1].replace(' ', '_')}"
        if claim in self.reasons:
            self.seen.add(claim)
        return claim in self.reasons

    def tell(self, tests):
        """Prints what was impossible in the tests that ran, and returns how much of the list was not."""
        wrong = [c for c in self.reasons if c.split("/")[0] in tests and c not in self.seen]
        for claim in sorted(self.seen):
            print("impossible under Wine:", claim, "-", self.reasons[claim])
        for claim in wrong:
            print("failed:", claim, "is in", LIST, "and was not impossible")
        if self.seen:
            print(len(self.seen), "claims are impossible under Wine")
        return len(wrong)


impossible = Impossible()


def count_tap(name, text):
    passed = failed = 0
    skipped = 0
    for reason in re.findall(r"^1\.\.0\s*#\s*skip(.*)$", text, re.M | re.I):
        skipped += 1
        print("skipped:", reason.strip())
    for verdict, rest in LINE.findall(text):
        if impossible.takes(name, rest):
            continue
        if re.search(r"#\s*skip", rest, re.I):
            skipped += 1
            print("skipped:", rest.strip(" -"))
        elif verdict == "ok":
            passed += 1
        else:
            failed += 1
            print("failed:", rest.strip(" -"))
    return passed, failed, skipped


def name_of(test):
    return test["name"].split(" / ")[-1].split(":")[-1].strip()


def count_test(folder, test):
    name = name_of(test)
    tap = folder / "tests" / (name + ".tap")
    # A script may have the name of a unit test.
    from_file = test["name"].startswith("mapitail:unit") and tap.exists()
    text = tap.read_text(errors="replace") if from_file else test.get("stdout") or ""
    passed, failed, skipped = count_tap(name, text)
    if passed + failed + skipped == 0 and not LINE.search(text):
        result = test["result"]
        return (int(result == "OK"), int(result not in ("OK", "SKIP")), int(result == "SKIP"))
    if test["result"] not in ("OK", "SKIP") and failed == 0:
        print("failed:", name, "ended with", test["result"])
        failed += 1
    return passed, failed, skipped


def main():
    failed = int(sys.argv[1])
    passed = skipped = 0
    for folder in map(pathlib.Path, sys.argv[2:]):
        log = folder / "meson-logs" / "testlog.json"
        if not log.exists():
            failed += 1
            print("failed:", folder, "ran no test")
            continue
        for line in log.read_text().splitlines():
            p, f, s = count_test(folder, json.loads(line))
            passed, failed, skipped = passed + p, failed + f, skipped + s
        if "windows" in folder.name:
            failed += impossible.tell({name_of(json.loads(line)) for line in log.read_text().splitlines()})
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    strict = bool(os.environ.get("CI"))
    sys.exit(1 if failed or passed == 0 or (strict and skipped) else 0)


main()
