#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The whole program over event logs of some 400 MB, beside others: bench_evtx_program.py MAPITAIL

Finding event 9646 and printing every event as XML, each on one thread with output to /dev/null, in turns with plain reading of
the same file as the limit and, where they are installed, Rust's evtx_dump (crate evtx) and, on a twentieth of the file,
evtxexport (libevtx-utils). Medians of wall time: pages in the cache, so that it is the processor's as well.
"""
import pathlib
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import zlib

CORPUS = pathlib.Path(__file__).resolve().parents[3] / "shared/corpus/synthetic"
HEADER, CHUNK, WANTED, ROUNDS = 4096, 65536, 400 << 20, 7


def repeat(source, target):
    """The chunks of a log over and over, until there is enough to measure; a chunk needs nothing but itself."""
    data = source.read_bytes()
    header, chunks = bytearray(data[:HEADER]), data[HEADER:]
    chunks = chunks[:len(chunks) // CHUNK * CHUNK]
    times = max(1, WANTED // len(chunks))
    count = len(chunks) // CHUNK * times
    struct.pack_into("<Q", header, 16, count - 1)
    struct.pack_into("<H", header, 42, count & 0xffff)
    struct.pack_into("<I", header, 124, zlib.crc32(header[:120]))
    with open(target, "wb") as file:
        file.write(header)
        for _ in range(times):
            file.write(chunks)
    return times


def seconds(command):
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def measure(program, source, work):
    big = work / "big.evtx"
    times = repeat(source, big)
    commands = {"plain reading": ["dd", f"if={big}", "of=/dev/null", "bs=64k"],
                "mapitail, 9646": [program, "cat", big],
                "mapitail, XML": [program, "cat", "--all", "--format", "xml", big]}
    if shutil.which("evtx_dump"):
        commands["evtx_dump, XML"] = ["evtx_dump", "-t", "1", "-o", "xml", big]
    took = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            took[name].append(seconds(command))
    size = big.stat().st_size
    print(f"{source.name}, {times} times, {size / 1e6:.0f} MB")
    found = statistics.median(took["mapitail, 9646"])
    for name, runs in took.items():
        median = statistics.median(runs)
        print(f"  {name:16} {size / median / 1e6:8.0f} MB/s {median * 1e3:9.1f} ms, {median / found:6.1f} times that of the search")
    if shutil.which("evtxexport"):
        median = seconds(["evtxexport", "-f", "xml", source])
        print(f"  {'evtxexport, XML':16} {source.stat().st_size / median / 1e6:8.0f} MB/s {median * 1e3:9.1f} ms for {source.name}")


def main():
    sources = [CORPUS / (name + ".evtx") for name in ("big_mixed_20MiB", "big_security_20MiB", "classic_11MiB")]
    for source in filter(pathlib.Path.exists, sources):
        with tempfile.TemporaryDirectory(prefix="mapitail-bench-") as directory:
            measure(sys.argv[1], source, pathlib.Path(directory))


main()
