#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What stands between the service of Windows and its sources: files that are held, shares that go away, folders that are not
there. Each is told in the event log and in the own log, nothing crashes, and what can be read is."""
import contextlib
import json
import re
import shutil
import subprocess

import exports
import harness
from harness import PROGRAM, contains, equal, holds, wait_for
from wine import DATA, WINE, Windows

STATE = {}
RECORDS = DATA + "\\records\\records.ndjson"


def finish():
    if "windows" in STATE:
        STATE["windows"].end()


def windows():
    if "windows" not in STATE:
        STATE["windows"] = Windows()
    return STATE["windows"]


@contextlib.contextmanager
def service(paths):
    """The running service over these paths, or over the live channel, with nothing of a test before; it must stop within five seconds."""
    w = windows()
    equal(w.service("uninstall").code, 0)
    shutil.rmtree(w.drive(DATA), ignore_errors=True)
    equal(w.service("install").code, 0)
    config = w.drive(DATA + "\\mapitail.yaml")
    source = "paths: " + json.dumps(paths) if paths else "channel: Application"
    config.write_text(config.read_text().replace("channel: Application", "poll_interval: 200ms\n    " + source))
    told = len(w.events())
    equal(w.service("start").code, 0)
    w.told = lambda: w.events()[told:]
    yield w
    equal(w.service("stop").code, 0)
    contains(w.service("status").out, "exit code 0")
    holds("did not stop in time" not in w.log(), w.log())


def write(path, *records):
    with path.open("a") as f:
        f.write(exports.wevtutil_file(exports.limit_event(i) for i in records))


def delivered(w):
    return sorted(r["winlog"]["record_id"] for r in harness.read_records(w.drive(RECORDS)))


def wait_records(w, *records):
    wanted = sorted(map(str, records))
    wait_for(lambda: sorted(map(str, delivered(w))) == wanted, seconds=60, what=f"records {wanted}")


def told_twice(w, text):
    """In the event log, and in the own log."""
    wait_for(lambda: text in w.told() and text in w.log(), seconds=60, what=f"{text!r} in both logs")


def windows_path(path):
    return "Z:" + str(path).replace("/", "\\")


def test_a_file_that_nobody_shares_is_told_and_read_when_it_is_let_go(directory):
    write(directory / "held.xml", 1)
    write(directory / "free.xml", 2)
    hold = PROGRAM.parent / "tests" / "windows" / "hold_file.exe"
    with subprocess.Popen([WINE, hold, windows_path(directory / "held.xml")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          env=windows().environment) as holder:
        contains(holder.stdout.readline().decode(), "held")
        with service([windows_path(directory / "*.xml")]) as w:
            wait_records(w, 2)
            told_twice(w, "In use by another program, which does not share it; trying again")
            holder.stdin.close()
            wait_records(w, 1, 2)
            wait_for(lambda: "held.xml: reading again" in w.log(), what="the word that it is read")


def test_a_share_that_goes_away_is_told_and_read_on_when_it_is_back(directory):
    write(directory / "a.xml", 1, 2)
    with service(["\\\\files\\exports\\*.xml"]) as w:
        share = w.prefix / "dosdevices" / "unc" / "files" / "exports"
        told_twice(w, "looking again at every poll")
        contains(w.log(), "cannot list directory \\\\files\\exports\\: ")
        share.parent.mkdir(parents=True)
        for round_ in range(2):
            share.symlink_to(directory)
            wait_for(lambda: w.log().count("can be read again") == round_ + 1, seconds=60, what="the share's return")  # pylint: disable=cell-var-from-loop
            wait_records(w, *range(1, 3 + round_))
            before = len(w.told())
            share.unlink()
            wait_for(lambda: "looking again at every poll" in w.told()[before:], seconds=60, what="the share's end")  # pylint: disable=cell-var-from-loop
            write(directory / "a.xml", 3 + round_)
        share.symlink_to(directory)
        wait_records(w, 1, 2, 3, 4)
        print("# told:", re.search(r"source application: ([^\r\n]*exports[^\r\n]*)", w.log()).group(1))
        share.unlink()


def test_a_folder_that_is_not_there_is_told_and_waited_for(directory):
    folder = directory / "late"
    with service([windows_path(folder / "*.xml")]) as w:
        told_twice(w, "late: No such folder; looking again at every poll")
        folder.mkdir()
        write(folder / "a.xml", 1)
        wait_records(w, 1)


CHANNELS = (("EvtSubscribe 5", "access is denied (the account must be an administrator or in the group Event Log Readers)"),
            ("EvtOpenLog 15007", "there is no such channel on this host"),
            ("EvtNext 1722", "the event log service does not answer or was restarted"))


def test_a_channel_that_cannot_be_read_is_told_and_waited_for(_):
    w = windows()
    shutil.copy(PROGRAM.parent / "tests" / "windows" / "wevtapi.dll", w.drive("C:\\wevtapi.dll"))
    w.drive("C:\\1.xml").write_text(exports.wevtutil(exports.limit_event(1)))
    script = "channel Application\noldest 1\nnewest 1\nsize 20971520\ncreated 7\ngeneration 1\n"
    for failure, reason in CHANNELS:
        w.drive("C:\\script.txt").write_text(script + f"fail {failure}\n")
        with service(None):
            told_twice(w, reason)
            w.drive("C:\\script.txt").write_text(script)
            wait_records(w, 1)


harness.main()
