#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Adds up what the build folders' tests did: tests/count.py BROKEN_BUILDS FOLDER…

Unit tests leave one TAP file each, scripts print TAP; a test that left neither counts as one by its exit code, and a
test program that failed without a failed line in its TAP (a crash, a sanitizer report) counts as one failure more.
"""
import json
import os
import pathlib
import re
import sys

LINE = re.compile(r"^(ok|not ok)\b(.*)$", re.M)


def count_tap(text):
    passed = failed = 0
    skipped = 0
    for reason in re.findall(r"^1\.\.0\s*#\s*skip(.*)$", text, re.M | re.I):
        skipped += 1
        print("skipped:", reason.strip())
    for verdict, rest in LINE.findall(text):
        if re.search(r"#\s*skip", rest, re.I):
            skipped += 1
            print("skipped:", rest.strip(" -"))
        elif verdict == "ok":
            passed += 1
        else:
            failed += 1
            print("failed:", rest.strip(" -"))
    return passed, failed, skipped


def count_test(folder, test):
    name = test["name"].split(" / ")[-1].split(":")[-1].strip()
    tap = folder / "tests" / (name + ".tap")
    text = tap.read_text(errors="replace") if tap.exists() else test.get("stdout") or ""
    passed, failed, skipped = count_tap(text)
    if passed + failed + skipped == 0:
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
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    strict = bool(os.environ.get("CI"))
    sys.exit(1 if failed or passed == 0 or (strict and skipped) else 0)


main()
