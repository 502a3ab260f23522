#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The whole program over an XML export with 2 % matches: bench_program.py MAPITAIL

Prints, for each format, user instructions per event as the slope between two sizes under callgrind (repeatable on a loaded
machine), and beside it throughput and peak memory with plain reading of the same file as the limit. Fails when
normalizing and encoding cost more than MOST instructions per event, OpenSSL's hashes aside: callgrind's processor has no
SHA instructions, so that what it counts for SHA-256 says nothing about a real one.
"""
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import exports  # noqa: E402

MOST = 800
SMALL, LARGE, SPEED = 10000, 30000, 400000
PADDING = "x" * 120


def write_export(path, count):
    rng = random.Random(3)
    with open(path, "w", encoding="utf-8") as file:
        for number in range(1, count + 1):
            luck = rng.random()
            if luck < 0.02:
                event = exports.limit_event(number)
            elif luck < 0.0264:
                event = exports.decoy(number)
            else:
                event = exports.Event(number, ["service" + PADDING, "stopped unexpectedly" + PADDING], event_id=7036,
                                      provider="Service Control Manager")
            file.write(exports.wevtutil(event) + "\r\n")
    return path


def instructions(program, path, form, work):
    """(all, of which in libcrypto)"""
    out = work / "callgrind.out"
    subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", program, "cat", "--format", form, path],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    text = subprocess.run(["callgrind_annotate", "--threshold=100", out], capture_output=True, text=True, check=True).stdout
    total = crypto = 0
    for line in text.splitlines():
        found = re.match(r"\s*([\d,]+) \(\s*[\d.]+%\)\s+(.*)", line)
        if not found:
            continue
        count = int(found.group(1).replace(",", ""))
        if "PROGRAM TOTALS" in found.group(2):
            total = count
        elif "libcrypto" in found.group(2):
            crypto += count
    return total, crypto


def timed(command):
    best = None
    for _ in range(5):
        start = time.monotonic()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        took = time.monotonic() - start
        best = took if best is None else min(best, took)
    return best


def peak_kib(command):
    done = subprocess.run(["/usr/bin/python3", "-c", "import resource,subprocess,sys; subprocess.run(sys.argv[1:], "
                           "stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); "
                           "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)", *map(str, command)],
                          capture_output=True, text=True, check=True)
    return int(done.stdout)


def main():
    program, failed = sys.argv[1], False
    with tempfile.TemporaryDirectory(prefix="mapitail-bench-") as directory:
        work = pathlib.Path(directory)
        if shutil.which("valgrind"):
            small, large = write_export(work / "small.xml", SMALL), write_export(work / "large.xml", LARGE)
            for form in ("rfc5424", "ecs"):
                few, many = instructions(program, small, form, work), instructions(program, large, form, work)
                total = (many[0] - few[0]) // (LARGE - SMALL)
                crypto = (many[1] - few[1]) // (LARGE - SMALL)
                failed |= total - crypto > MOST
                print(f"{form:8} {total} instructions per event, {crypto} of them in OpenSSL's hashes")
        big = write_export(work / "big.xml", SPEED)
        size = big.stat().st_size
        limit = timed(["cat", big])
        print(f"read     {size / limit / 1e9:.1f} GB/s: `cat` of the same file, {size >> 20} MiB")
        for form in ("rfc5424", "ecs"):
            command = [program, "cat", "--format", form, big]
            took = timed(command)
            print(f"{form:8} {size / took / 1e9:.1f} GB/s, {SPEED / took / 1e6:.1f} M events/s, "
                  f"{took / limit:.1f} times the read, peak memory {peak_kib(command) / 1024:.1f} MiB")
    sys.exit(1 if failed else 0)


main()
