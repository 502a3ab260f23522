#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The package for Windows: installed, upgraded and removed in silence; the same bytes from the same source; and the way from
the download to the first event in Kafka that its page tells."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import exports
import harness
from harness import PROGRAM, ROOT, Skip, contains, equal, holds, wait_for
from wine import DATA, Windows

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "kafka"))
from broker import Broker, Unavailable  # noqa: E402  pylint: disable=wrong-import-position

MAKE = ROOT / "packaging" / "windows" / "msi"
FOLDER = "C:\\Program Files\\mapitail"
KEYS = ("Software\\mapitail", "SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\mapitail")
STATE = {}


def packages():
    """Versions 0.1.0 and 0.2.0 of the present program, made once."""
    if "windows" not in STATE:
        STATE["windows"] = Windows()
        dist = STATE["windows"].folder / "dist"
        dist.mkdir()
        subprocess.run(["x86_64-w64-mingw32-strip", "-o", dist / "mapitail.exe", PROGRAM], check=True)
        (dist / "versions.tsv").write_text("made for a test\n")
        STATE["packages"] = [make(version) for version in ("0.1.0", "0.2.0")]
    return STATE["windows"], *STATE["packages"]


def make(version, **environment):
    folder = STATE["windows"].folder
    subprocess.run([MAKE, folder], check=True, capture_output=True, env={**os.environ, "VERSION": version, **environment})
    return folder / "dist" / f"mapitail-{version}-x64.msi"


def finish():
    if "windows" in STATE:
        STATE["windows"].end()


def clean():
    """Nothing of a test before is there."""
    w, first, second = packages()
    for package in (second, first):
        msiexec(w, "/x", package)
    for path in (DATA, FOLDER, "C:\\elsewhere"):
        shutil.rmtree(w.drive(path), ignore_errors=True)
    return w, first, second


def windows_path(path):
    return "Z:" + str(path).replace("/", "\\")


def msiexec(w, what, package, *properties):
    return w.run("msiexec", what, windows_path(package), "/qn", *properties).code


def service(w, *words):
    return w.run(FOLDER + "\\mapitail.exe", "service", *words)


def runs(w):
    return "running" in service(w, "status").out


def test_a_silent_installation_runs_the_service_with_what_its_properties_say(_):
    w, first, _ = clean()
    equal(msiexec(w, "/i", first, "BROKERS=kafka1.example:9092,kafka2.example:9092", "TOPIC=limits",
                  "SYSLOG=tcp://siem.example:601"), 0)
    wait_for(lambda: runs(w), what="the service")
    text = w.drive(DATA + "\\mapitail.yaml").read_text()
    contains(text, "brokers: 'kafka1.example:9092,kafka2.example:9092'")
    contains(text, "topic: 'limits'")
    contains(text, "type: syslog_tcp\n    address: 'siem.example:601'")
    contains(service(w, "status").out, f'"{FOLDER}\\mapitail.exe" service run -c "{DATA}\\mapitail.yaml"')
    for key in KEYS:
        equal(w.run("reg", "query", "HKLM\\" + key).code, 0, key)
    for name in ("LICENSE.txt", "mapitail.reference.yaml", "versions.tsv", "doc\\windows.md", "doc\\mapitail.1.html"):
        holds(w.drive(FOLDER + "\\" + name).stat().st_size > 0, name)


def test_removing_stops_the_service_and_keeps_what_is_the_administrators(_):
    w, first, _ = clean()
    equal(msiexec(w, "/i", first), 0)
    wait_for(lambda: runs(w), what="the service")
    config = w.drive(DATA + "\\mapitail.yaml")
    config.write_text(config.read_text() + "# mine\n")
    equal(msiexec(w, "/x", first), 0)
    wait_for(lambda: w.process_of_service() is None, what="the end of the service")
    holds(not w.drive(FOLDER).exists(), "the program's folder is still there")
    holds(w.run("sc", "query", "mapitail").code != 0, "the service is still there")
    contains(config.read_text(), "# mine")
    holds(w.drive(DATA + "\\state\\state.db").exists(), "the state is gone")
    for key in KEYS:
        holds(w.run("reg", "query", "HKLM\\" + key).code != 0, key + " is still there")


def test_an_upgrade_over_the_running_service_keeps_configuration_and_state(_):
    w, first, second = clean()
    place = "C:\\elsewhere\\my mapitail.yaml"
    w.drive("C:\\elsewhere").mkdir()
    w.drive(place).write_text(json.dumps({
        "state": {"directory": "C:\\elsewhere\\state"}, "sources": [{"name": "a", "paths": ["C:\\elsewhere\\in\\*.xml"]}],
        "outputs": [{"name": "o", "type": "file", "path": "C:\\elsewhere\\out\\o.ndjson"}]}).replace("\\\\", "/"))
    before = w.drive(place).read_text()
    equal(msiexec(w, "/i", first, "CONFIG=" + place), 0)
    wait_for(lambda: runs(w), what="the service")
    state = w.drive("C:\\elsewhere\\state\\state.db").stat().st_ino
    equal(msiexec(w, "/i", second), 0)
    wait_for(lambda: runs(w), what="the service after the upgrade")
    contains(service(w, "status").out, f'-c "{place}"')
    equal(w.drive(place).read_text(), before, "the configuration")
    equal(w.drive("C:\\elsewhere\\state\\state.db").stat().st_ino, state, "the file of the state")
    programs = w.run("uninstaller", "--list").out
    equal(programs.count("mapitail"), 1, "entries in the list of programs")


def test_an_older_version_does_not_replace_a_newer_one(_):
    w, first, second = clean()
    equal(msiexec(w, "/i", second), 0)
    holds(msiexec(w, "/i", first) != 0, "the older version was installed")
    wait_for(lambda: runs(w), what="the newer service")


# Properties, and the outputs of the configuration that come of them.
COMBINATIONS = (
    ((), ["type: file", "records.ndjson'"]),
    (("BROKERS=kafka1.example:9092",), ["type: kafka", "brokers: 'kafka1.example:9092'"]),
    (("BROKERS=kafka1.example:9092", "TOPIC=limits"), ["type: kafka", "brokers: 'kafka1.example:9092'", "topic: 'limits'"]),
    (("SYSLOG=siem.example:6514",), ["type: syslog_tls", "address: 'siem.example:6514'"]),
    (("SYSLOG=udp://siem.example:514",), ["type: syslog_udp", "address: 'siem.example:514'"]),
    (("BROKERS=kafka1.example:9092", "SYSLOG=relp://siem.example:2514"),
     ["type: kafka", "brokers: 'kafka1.example:9092'", "type: relp", "address: 'siem.example:2514'"]),
)


def test_each_combination_of_properties_makes_the_outputs_that_it_names(_):
    for properties, lines in COMBINATIONS:
        w, first, _ = clean()
        equal(msiexec(w, "/i", first, *properties), 0, properties)
        wait_for(lambda: runs(w), what="the service")  # pylint: disable=cell-var-from-loop
        text = w.drive(DATA + "\\mapitail.yaml").read_text()
        outputs = [line.strip() for line in text[text.index("\noutputs:"):].splitlines()[1:]]
        found = [line for line in outputs if line.startswith(("type:", "brokers:", "topic:", "address:", "path:"))]
        equal(len(found), len(lines), found)
        for line, part in zip(found, lines):
            contains(line, part)


REFUSALS = (
    (("BROKERS=no port:x",), "`no port:x` is not host:port"),
    (("SYSLOG=tcp://no port:x",), "address"),
    (("SYSLOG=http://siem.example",), "address"),
    (("TOPIC=limits",), "the topic limits needs brokers (BROKERS=, --brokers)"),
    (("TOPIC=a topic/of no kind", "BROKERS=kafka1.example:9092"), "topic"),
    (("CONFIG=mapitail.yaml",), "the whole path of its configuration"),
)


def test_properties_that_cannot_be_right_are_told_in_the_event_log_and_leave_nothing_behind(_):
    w, first, _ = clean()
    for properties, reason in REFUSALS:
        with w.events_of_programs():
            done = w.run("msiexec", "/i", windows_path(first), "/qn", *properties)
        holds(done.code != 0, f"{properties} were installed")
        contains("\n".join(line for line in done.err.splitlines() if ":eventlog:" in line), reason)
        holds(not w.drive(FOLDER + "\\mapitail.exe").exists(), "the program is there")
        holds(not w.drive(DATA + "\\mapitail.yaml").exists(), "the configuration is there")
        holds(w.run("sc", "query", "mapitail").code != 0, "the service is there")
    equal(msiexec(w, "/i", first, "BROKERS=kafka1.example:9092"), 0, "the next try")


def commands_of_the_page():
    """The commands of the Windows page, without what they are said to do."""
    page = (ROOT / "packaging" / "windows" / "README.md").read_text()
    block = re.search(r"## From download.*?```powershell\n(.*?)```", page, re.S).group(1)
    return [line.split("  # ")[0].strip() for line in block.splitlines()]


def with_a_broker(test):
    """Runs the test with a real broker of Kafka."""
    def run(directory):
        if not shutil.which("kcat"):
            raise Skip("kcat is not installed")
        try:
            broker = Broker(tempfile.mkdtemp(dir=directory)).start()
        except Unavailable as why:
            raise Skip(str(why)) from why
        try:
            test(directory, broker)
        finally:
            broker.stop()
    run.__name__ = test.__name__
    return run


def live_channel(w):
    """The double of the event log, where the program is going to be, with two events and a third that is none."""
    folder = w.drive(FOLDER)
    folder.mkdir(parents=True)
    shutil.copy(PROGRAM.parent / "tests" / "windows" / "wevtapi.dll", folder)
    for record, event in enumerate((exports.limit_event(1), exports.decoy(2), exports.limit_event(3)), 1):
        (folder / f"{record}.xml").write_text(exports.wevtutil(event))
    (folder / "script.txt").write_text("channel Application\noldest 1\nnewest 3\nsize 20971520\ncreated 7\ngeneration 1\n")


@with_a_broker
def test_five_commands_bring_the_first_event_from_the_download_into_kafka(_, broker):
    """What PowerShell does of them is done here: Wine has none."""
    w, first, _ = clean()
    live_channel(w)
    look, install, alias, check, status = commands_of_the_page()
    contains(look, first.name)
    arguments = re.search(r"ArgumentList '([^']*)'", install).group(1).split()
    topic = next(a for a in arguments if a.startswith("TOPIC=")).removeprefix("TOPIC=")
    broker.create_topic(topic)
    shutil.copy(first, w.drive("C:\\" + first.name))
    words = ["BROKERS=" + broker.bootstrap if a.startswith("BROKERS=") else a for a in arguments]
    words[words.index(first.name)] = "C:\\" + first.name
    done = w.run("msiexec", *words)
    equal(done.code, 0, done.err)
    program = re.fullmatch(r"Set-Alias mapitail '(.*)'", alias).group(1)
    done = w.run(program, *check.split()[1:])
    equal(done.code, 0, done.out + done.err)
    contains(done.out, "live channel Application, it can be read")
    # What was read, selected and delivered.
    wait_for(lambda: re.search(r"^ *application +\S+ +2 +2 ", w.run(program, *status.split()[1:]).out, re.M),
             what="two delivered records")
    out = subprocess.run(["kcat", "-C", "-q", "-e", "-b", broker.bootstrap, "-t", topic, "-o", "beginning"], check=True,
                         capture_output=True).stdout
    equal([json.loads(line)["event"]["id"] for line in out.splitlines()], [exports.limit_event(i).id for i in (1, 3)])


def test_the_same_source_gives_the_same_bytes(_):
    _, first, _ = packages()
    once = first.read_bytes()
    make("0.1.0")
    holds(first.read_bytes() == once, "two packages differ")


def test_a_certificate_signs_program_and_package(directory):
    w, first, _ = packages()
    if not shutil.which("openssl"):
        raise Skip("openssl is not installed")
    certificate, key = directory / "cs.pem", directory / "cs.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-subj",
                    "/CN=mapitail test", "-addext", "extendedKeyUsage=codeSigning", "-days", "2"], check=True,
                   capture_output=True)
    plain = first.read_bytes()
    make("0.1.0", SIGN_CERTIFICATE=str(certificate), SIGN_KEY=str(key))
    done = subprocess.run(["osslsigncode", "verify", "-CAfile", certificate, "-in", first], capture_output=True, text=True,
                          check=False)
    first_signed = first.read_bytes()
    first.write_bytes(plain)
    holds(first_signed != plain, "nothing was signed")
    contains(done.stdout, "Signature verification: ok")
    holds(w.folder.exists(), "the packages are gone")


harness.main()
