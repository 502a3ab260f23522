#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The package for Windows: installed, upgraded and removed in silence; the same bytes from the same source."""
import json
import os
import shutil
import subprocess

import harness
from harness import PROGRAM, ROOT, Skip, contains, equal, holds, wait_for
from wine import DATA, Windows

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
    for path in (DATA, "C:\\elsewhere"):
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


def test_an_address_that_cannot_be_right_leaves_nothing_behind(_):
    w, first, _ = clean()
    holds(msiexec(w, "/i", first, "BROKERS=no port:x") != 0, "it was installed")
    holds(not w.drive(FOLDER + "\\mapitail.exe").exists(), "the program is there")
    holds(w.run("sc", "query", "mapitail").code != 0, "the service is there")


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
