#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every limit that the README names: what stands at it is taken whole, what is over it is cut and marked, or refused with
the reason, and what comes behind it is read."""
import csv
import io
import json

import exports
from harness import (ON_WINDOWS, Agent, config, contains, equal, file_output, holds, main, mapitail, measures_memory, only_if,
                     peak_kib, read_records, wait_for)

MIB = 1 << 20


def of_length(make, length):
    """make(filler) padded so that its UTF-8 has exactly that many bytes."""
    return make("x" * (length - len(make("").encode())))


def xml(record_id, filler):
    return exports.wevtutil(exports.Event(record_id, [exports.dn("a"), "32", "session", filler]))


def row(record_id, filler):
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(["Error", f"2/18/2026 10:00:{record_id:02}", "MSExchangeIS", 9646, "General",
                                                 f'Mapi session "{exports.dn("a")}" exceeded the maximum of 32 objects of '
                                                 f'type "session". {filler}'])
    return out.getvalue()


def json_line(record_id, filler):
    return json.dumps({"Id": 9646, "ProviderName": "MSExchangeIS", "RecordId": record_id, "MachineName": "exch01",
                       "TimeCreated": f"2026-02-18T10:00:{record_id:02}Z", "Message": filler})


FORMATS = {
    "xml": ("", xml),
    "csv": ("Level,Date and Time,Source,Event ID,Task Category\n", row),
    "json": ("", json_line),
}


def read_three(directory, name, length):
    """A file of a record, one of that length, and another; what comes out."""
    head, make = FORMATS[name]
    records = [make(1, ""), of_length(lambda filler: make(2, filler), length), make(3, "")]
    path = directory / f"{name}.{length}"
    path.write_text(head + "".join(r + "\n" for r in records))
    return mapitail("cat", "--format", "ecs", path)


def test_a_text_record_of_1_mib_is_taken_and_a_longer_one_passed_over_and_counted(directory):
    for name in FORMATS:
        for length, taken in ((MIB - 1, 3), (MIB, 3), (MIB + 1, 2), (3 * MIB, 2)):
            result = read_three(directory, name, length)
            what = f"{name} with {length} bytes: {result.err}"
            equal(len(result.records()), taken, what)
            if taken == 2:
                contains(result.err, "longer than 1 MiB")


def mapi(record):
    return record["microsoft"]["exchange"]["mapi"]


def test_256_strings_are_kept_and_more_are_marked_as_cut(directory):
    for count, cut in ((255, False), (256, False), (257, True), (1000, True)):
        strings = [exports.dn("a"), "32", "session"] + [str(i) for i in range(count - 3)]
        path = directory / f"{count}.xml"
        path.write_text(exports.wevtutil_file([exports.Event(1, strings)]))
        record = mapitail("cat", path).records()[0]
        equal(len(record["winlog"]["event_data"]), min(count, 256), f"strings of {count}")
        equal(mapi(record)["complete"], not cut, f"{count} strings")


def test_a_dn_of_1_kib_is_taken_apart_and_a_longer_one_is_shipped_as_it_stands(directory):
    for length, complete in ((1023, True), (1024, True), (1025, False), (5000, False)):
        name = of_length(lambda filler: f"/o=Org/ou=Group/cn=Recipients/cn=u{filler}", length)
        path = directory / f"{length}.xml"
        path.write_text(exports.wevtutil_file([exports.Event(1, [name, "32", "session"])]))
        record = mapitail("cat", path).records()[0]
        equal(mapi(record)["complete"], complete, f"a DN of {length} bytes")
        contains(json.dumps(record), name[:1000])


def test_a_message_of_max_bytes_is_sent_and_a_longer_one_goes_to_the_dead_letter_file(directory):
    path = directory / "a.xml"
    path.write_text(exports.wevtutil_file([exports.limit_event(1)]))
    with Agent(config(directory, [path], [file_output(directory)]), "--once") as agent:
        equal(agent.wait(), 0, agent.log())
    size = (directory / "out.ndjson").stat().st_size - 1
    for limit, sent in ((size + 1, 1), (size, 1), (480, 0)):
        work = directory / str(limit)
        work.mkdir()
        with Agent(config(work, [path], [file_output(work, max_bytes=limit)]), "--once") as agent:
            agent.wait()
            equal(len(read_records(work / "out.ndjson")), sent, f"limit {limit}: {agent.log()}")
        letters = work / "state" / "dead-letter.ndjson"
        equal(len(read_records(letters)), 1 - sent, "dead letters")
        if not sent:
            contains(letters.read_text(), "larger than the output takes")


@only_if(not ON_WINDOWS)  # the bound and its message are no system's, and Wine looks at so many files for minutes
@measures_memory
def test_ten_thousand_files_are_read_and_one_more_is_named(directory):
    folder = directory / "many"
    folder.mkdir()
    for i in range(10001):
        (folder / f"{i:05}.xml").write_text(exports.wevtutil_file([exports.limit_event(i + 1)]))
    with Agent(config(directory, [folder / "*.xml"], [file_output(directory)])) as agent:
        wait_for(lambda: len(read_records(directory / "out.ndjson")) >= 10000, 120, "10,000 records")
        contains(agent.log(), "more than 10000 files")
        left = {i + 1 for i in range(10001)} - {int(r["winlog"]["record_id"]) for r in read_records(directory / "out.ndjson")}
        equal(len(left), 1, "files left out")
        contains(agent.log(), f"{min(left) - 1:05}.xml")
        resident = peak_kib(agent.process.pid)
        holds(resident < 32 * 1024, f"{resident} KiB resident")
        equal(agent.stop()[0], 0, "exit code")


def test_a_gigabyte_without_a_line_end_is_passed_over_and_what_follows_is_read(directory):
    path = directory / "long.csv"
    head, make = FORMATS["csv"]
    with open(path, "wb") as f:
        f.write((head + make(1, "") + "\n").encode())
        start = f.tell()
        f.seek(start + (1 << 30))
        f.write(("\n" + make(3, "") + "\n").encode())
    result = mapitail("cat", path)
    equal(len(result.records()), 2, result.err[-2000:])


if __name__ == "__main__":
    main()
