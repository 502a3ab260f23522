#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every record is held against the JSON Schema and, where its data are here, against ECS: test_record_schema.py EMIT_RECORDS"""
import json
import subprocess
import sys

import exports
from harness import ROOT, SHARED, Skip, equal, main, mapitail, shared

EMIT_RECORDS = sys.argv.pop(1)
CHECK = ROOT / "tests" / "integration" / "check_records.py"


def check(ndjson, *arguments):
    ecs = ["--ecs", SHARED / "facts" / "ecs"] if (SHARED / "facts" / "ecs").exists() else []
    done = subprocess.run(["/usr/bin/python3", CHECK, *arguments, *map(str, ecs)], input=ndjson, capture_output=True,
                          text=True, check=False)
    if done.returncode == 77:
        raise Skip(done.stderr.strip())
    equal(done.returncode, 0, done.stdout[-3000:] + done.stderr[-3000:])


def test_made_up_records_of_every_kind_are_valid(_):
    done = subprocess.run([EMIT_RECORDS, "500"], capture_output=True, text=True, check=True)
    check(done.stdout, "--expect", "502")


def test_records_of_the_sample_exports_are_valid_and_unique(_):
    files = sorted((ROOT / "tests" / "data").glob("*.*x*"))
    got = mapitail("cat", *files)
    equal(got.code, 0, got.err)
    check(got.out)
    check(mapitail("cat", "--all", *files).out)


def test_records_of_the_published_samples_are_valid(directory):
    samples = [json.loads(line) for line in shared("facts/event-9646-samples.jsonl").read_text().splitlines()]
    path = directory / "samples.xml"
    path.write_text("".join(exports.wevtutil(exports.Event(n, [], message=s["text"]), rendered="en-US")
                            for n, s in enumerate(samples, 1)), newline="")
    check(mapitail("cat", path).out, "--expect", str(len(samples)), "--unique")


def test_records_of_the_whole_corpus_are_valid(_):
    for path in sorted(shared("corpus").rglob("*.evtx")):
        if path.stat().st_size < 3 << 20:
            got = mapitail("cat", "--all", path)
            try:
                check(got.out)
            except AssertionError as wrong:
                raise AssertionError(f"{path}: {wrong}") from None


main()
