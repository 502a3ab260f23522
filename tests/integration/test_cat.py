#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`mapitail cat`: exports in, records out, and what it says when something is wrong."""
import csv
import os
import random
import subprocess
import xml.etree.ElementTree as ET
import zlib

import exports
import samples
from harness import (ACCESS_DENIED, AS_NOBODY, COMMAND, ROOT, contains, equal, holds, main, mapitail, measures_memory,
                     peak_memory_kib, shared)


def sample_event(number, sample):
    if sample["id"].startswith("xml-"):
        return sample["text"]
    event = exports.Event(number, [], message=sample["text"])
    return exports.wevtutil(event, rendered="en-US")


def test_every_published_sample_gives_its_expected_fields(directory):
    published = samples.published()
    path = directory / "samples.xml"
    path.write_text("\r\n".join(sample_event(n, s) for n, s in enumerate(published, 1)), newline="")
    got = mapitail("cat", path)
    equal(got.code, 0, got.err)
    records = got.records()
    equal(len(records), len(published), "records")
    wrong = [(s["id"], samples.fields(r), s["expect"]) for s, r in zip(published, records)
             if samples.fold_client(samples.fields(r)) != samples.fold_client(s["expect"])
             or r["microsoft"]["exchange"]["mapi"].get("message_form", s["form"]) != s["form"]]
    equal(wrong, [], "samples that differ")


def test_the_corpus_gives_the_counted_records_and_9646_events(_):
    truth = list(csv.DictReader(shared("corpus/TRUTH.tsv").open(), delimiter="\t"))
    wrong = []
    for row in truth:
        path = shared("corpus") / row["file"]
        if path.suffix != ".evtx":
            continue
        everything, hits = mapitail("cat", "--all", path), mapitail("cat", path)
        records = everything.out.count("\n")
        exact = sum(r["event"]["provider"] == "MSExchangeIS" for r in hits.records())
        holds(everything.code in (0, 1) and hits.code in (0, 1), f"{row['file']}: exit {everything.code}, {hits.code}")
        if row["damage"]:
            if records < int(row["records"]) - 23 or exact < int(row["MSExchangeIS_9646"]):
                wrong.append((row["file"], records, row["records"], exact, row["MSExchangeIS_9646"]))
        elif (records, exact) != (int(row["records"]), int(row["MSExchangeIS_9646"])):
            wrong.append((row["file"], records, row["records"], exact, row["MSExchangeIS_9646"]))
    equal(wrong, [], "files that differ")


def test_every_xml_file_of_the_corpus_is_read(_):
    for path in shared("corpus").rglob("*.xml"):
        want = 1 + path.read_text().count("</Event>\n<Event")
        got = mapitail("cat", "--all", path)
        equal(got.code, 0, got.err)
        holds(len(got.records()) >= want, f"{path.name}: {len(got.records())} records")
        ET.parse(path)


def test_decoys_are_never_taken_and_no_event_is_missed(directory):
    events = exports.mixed(3000)
    for name, text, encoding in (("a", exports.wevtutil_file(events), "utf-8"),
                                 ("b", exports.viewer_file(events), "utf-8-sig"),
                                 ("c", exports.viewer_file(events), "utf-16"),
                                 ("d", exports.wevtutil_file(events), "utf-16-le"),
                                 ("e", "\ufeff" + exports.wevtutil_file(events), "utf-16-be"),
                                 ("f", exports.wevtutil_file(events, quote='"'), "utf-8")):
        path = directory / f"{name}.xml"
        path.write_bytes(text.encode(encoding))
        got = mapitail("cat", path)
        equal(got.code, 0, got.err)
        equal([r["event"]["id"] for r in got.records()], exports.wanted_ids(events), f"ids from {name}")


def test_standard_input_is_read_like_a_file(directory):
    events = exports.mixed(500)
    text = exports.wevtutil_file(events).encode()
    got = mapitail("cat", "-", stdin=text)
    equal(got.code, 0, got.err)
    equal([r["event"]["id"] for r in got.records()], exports.wanted_ids(events))
    holds(all("file" not in r.get("log", {}) for r in got.records()), "standard input has no path")
    evtx = ROOT / "tests" / "data" / "application.evtx"
    equal(len(mapitail("cat", "-", stdin=evtx.read_bytes()).records()), len(mapitail("cat", evtx).records()))


def test_globs_and_several_files_are_read_in_order(directory):
    for name, first in (("b.xml", 100), ("a.xml", 1)):
        (directory / name).write_text(exports.wevtutil_file(exports.limit_event(i) for i in range(first, first + 3)))
    got = mapitail("cat", directory / "*.xml")
    equal([r["event"]["sequence"] for r in got.records()], [1, 2, 3, 100, 101, 102])


def test_rfc5424_is_one_line_a_record(directory):
    path = directory / "a.xml"
    path.write_text(exports.wevtutil_file([exports.limit_event(5)]))
    got = mapitail("cat", "--format", "rfc5424", path)
    equal(got.code, 0, got.err)
    contains(got.out, "<11>1 2026-02-18T10:00:05.123456Z exch01.contoso.com MSExchangeIS - 9646 [origin software=")
    contains(got.out, f'id="{exports.limit_event(5).id}"')
    equal(got.out.count("\n"), 1, "lines")


def test_a_missing_file_is_named_and_the_others_are_read(directory):
    path = directory / "a.xml"
    path.write_text(exports.wevtutil_file([exports.limit_event(5)]))
    got = mapitail("cat", directory / "none.xml", path)
    equal(got.code, 1)
    contains(got.err, f"mapitail: cannot open {directory / 'none.xml'}: No such file")
    equal(len(got.records()), 1)


def test_a_directory_an_unknown_format_and_an_empty_file_are_explained(directory):
    (directory / "odd.bin").write_bytes(b"PK\x03\x04 this is a zip file")
    (directory / "empty.xml").write_bytes(b"")
    got = mapitail("cat", directory)
    equal(got.code, 1)
    contains(got.err, "it is a directory, not a file")
    got = mapitail("cat", directory / "odd.bin")
    equal(got.code, 1)
    contains(got.err, "unknown format")
    contains(got.err, r"PK\x03\x04 this is")
    contains(got.err, "none of evt, evtx, clixml, csv, json, rowxml, splunk, syslog, text, xml takes it")
    got = mapitail("cat", directory / "empty.xml")
    equal(got.code, 1)
    contains(got.err, "the file is empty")


def test_a_file_without_permission_is_explained(directory):
    path = directory / "a.xml"
    path.write_text(exports.wevtutil_file([exports.limit_event(5)]))
    path.chmod(0)
    directory.chmod(0o755)
    done = subprocess.run([*AS_NOBODY, *COMMAND, "cat", path], capture_output=True, check=False,
                          env={**os.environ, "TMPDIR": "/tmp"})
    equal(done.returncode, 1, done.stderr.decode())
    contains(done.stderr.decode(), ACCESS_DENIED)


def test_a_cut_off_export_gives_its_complete_records_and_says_so(directory):
    text = exports.wevtutil_file(exports.limit_event(i) for i in range(1, 4))
    path = directory / "cut.xml"
    path.write_text(text[:-60])
    got = mapitail("cat", path)
    equal(got.code, 1)
    equal(len(got.records()), 2)
    contains(got.err, "damaged at byte")
    contains(got.err, "1 damaged part")


def test_a_damaged_evtx_gives_what_is_readable_with_its_place(directory):
    data = bytearray((ROOT / "tests" / "data" / "application.evtx").read_bytes())
    whole = len(mapitail("cat", "--all", ROOT / "tests" / "data" / "application.evtx").records())
    start = 4096 + 512
    for _ in range(5):  # the first ones hold the template and the names that the others refer to
        size = int.from_bytes(data[start + 4:start + 8], "little")
        start += size
    size = int.from_bytes(data[start + 4:start + 8], "little")
    data[start:start + size] = bytes(size)
    path = directory / "hole.evtx"
    path.write_bytes(data)
    got = mapitail("cat", "--all", path)
    equal(got.code, 1)
    equal(len(got.records()), whole - 1)
    contains(got.err, f"damaged at byte {start}")


def test_a_copy_without_its_last_chunk_is_told_and_nothing_is_said_to_be_skipped(directory):
    data = bytearray((ROOT / "tests" / "data" / "application.evtx").read_bytes())
    chunks = int.from_bytes(data[42:44], "little")
    data[42:44] = (chunks + 1).to_bytes(2, "little")
    data[124:128] = zlib.crc32(data[:120]).to_bytes(4, "little")
    path = directory / "cut.evtx"
    path.write_bytes(data)
    got = mapitail("cat", path)
    equal(got.code, 1)
    contains(got.err, f"cut.evtx: damaged at byte {len(data)}: the file ends before the chunks that its header counts\n")


def test_events_written_as_xml_and_as_json_are_read_back_as_the_same_records(directory):
    evtx = ROOT / "tests" / "data" / "application.evtx"
    want = [r["event"]["id"] for r in mapitail("cat", "--all", evtx).records()]
    holds(len(want) > 10, "there are records")
    for name in ("xml", "json"):
        written = mapitail("cat", "--all", "--format", name, evtx)
        equal(written.code, 0, written.err)
        path = directory / name
        path.write_text(written.out, newline="")
        equal([r["event"]["id"] for r in mapitail("cat", "--all", path).records()], want, name)


def numbered_files(directory, count):
    """Files of very different lengths, each with its own records; some cannot be read."""
    paths, ids = [], []
    for i in range(count):
        path = directory / f"{i:03}.xml"
        if i % 10 != 9:
            events = [exports.limit_event(1000 * i + k) for k in range(1 + 700 * (i % 7 == 0))]
            path.write_text(exports.wevtutil_file(events))
            ids += [e.record_id for e in events]
        paths.append(path)
    return paths, ids


def test_files_read_side_by_side_are_written_in_order(directory):
    paths, ids = numbered_files(directory, 40)
    alone = mapitail("cat", "--jobs", 1, *paths)
    equal([r["event"]["sequence"] for r in alone.records()], ids)
    for jobs in (2, 5, 64):
        together = mapitail("cat", "--jobs", jobs, *paths)
        equal(together.code, alone.code)
        equal([r["event"]["sequence"] for r in together.records()], ids, f"{jobs} jobs")
        equal(together.err, alone.err, f"{jobs} jobs: complaints and summary")
    equal(alone.err.count("No such file"), 4)


def damaged_logs(directory, count):
    """Copies of a log, each with other bytes overwritten or lost."""
    data = (ROOT / "tests" / "data" / "application.evtx").read_bytes()
    chance = random.Random(9646)
    for i in range(count):
        copy = bytearray(data)
        for _ in range(1 + i % 20):
            at = chance.randrange(len(copy) - 64)
            copy[at:at + chance.choice((1, 4, 63))] = chance.randbytes(chance.choice((1, 4)))
        (directory / f"{i:03}.evtx").write_bytes(copy)


@measures_memory
def test_damaged_logs_side_by_side_take_less_than_32_mib(directory):
    damaged_logs(directory, 200)
    arguments = ["cat", "--all", "--carve", "--jobs", "8", "--format", "xml", directory / "*.evtx"]
    with (directory / "out").open("wb") as out, (directory / "err").open("wb") as err:
        with subprocess.Popen([*COMMAND, *map(str, arguments)], stdout=out, stderr=err) as p:
            peak = peak_memory_kib(p)
    equal(p.returncode, 1, "some of them are damaged")
    holds(0 < peak < 32 << 10, f"below 32 MiB, was {peak} KiB")
    contains((directory / "err").read_text(), "200 files")
    for event in (directory / "out").read_text().split("</Event>\n")[:-1]:
        ET.fromstring(event + "</Event>")


def test_a_reader_that_goes_away_ends_every_job(directory):
    paths, _ = numbered_files(directory, 40)
    with subprocess.Popen([*COMMAND, "cat", "--jobs", "4", *paths], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
        p.stdout.read(10)
        p.stdout.close()
        equal(p.wait(20) in (1, -13), True, "exit")


def test_stale_records_come_when_asked_for_and_say_so(_):
    path = shared("corpus/synthetic/ex9646_stale_slack.evtx")
    live, carved = mapitail("cat", "--all", path), mapitail("cat", "--all", "--carve", path)
    equal(carved.code, 0, carved.err)
    stale = [r for r in carved.records() if "_mapi_trust_stale" in r.get("tags", [])]
    equal((len(live.records()), len(carved.records()), len(stale)), (20, 185, 165))
    contains(carved.err, "185 records written")
    contains(carved.err, "165 stale")
    holds("stale" not in live.err, live.err)


def test_a_reader_that_goes_away_ends_it(directory):
    path = directory / "a.xml"
    path.write_text(exports.wevtutil_file(exports.limit_event(i) for i in range(1, 3000)))
    with subprocess.Popen([*COMMAND, "cat", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
        p.stdout.read(10)
        p.stdout.close()
        equal(p.wait(20) in (1, -13), True, "exit")


def test_wrong_usage_is_explained(_):
    for arguments, part in (((), "mapitail run"), (("cat",), "a file is needed"), (("cat", "--format", "xls", "x"), "unknown format"),
                            (("frobnicate",), "unknown command"), (("run",), "-c FILE"), (("cat", "--al", "x"), "--al"),
                            (("cat", "--timezone", "Europe/Atlantis", "x"), "unknown time zone `Europe/Atlantis`"),
                            (("cat", "--date-order", "myd", "x"), "the date order must be"),
                            (("cat", "--encoding", "utf8", "x"), "unknown encoding `utf8`"), (("cat", "--timezone"), "--timezone"),
                            (("cat", "--jobs", "0", "x"), "from 1 to 64"), (("cat", "--jobs", "many", "x"), "from 1 to 64")):
        got = mapitail(*arguments)
        equal(got.code, 64, str(arguments))
        contains(got.err, part)
    equal(mapitail("--version").code, 0)
    contains(mapitail("--help").out, "mapitail cat")


main()
