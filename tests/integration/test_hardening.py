#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What keeps an attacker out: links and pipes in export folders, secrets, the program's flags, the service's sandbox."""
import os
import pathlib
import re
import shutil
import signal
import subprocess

import exports
from exports import events
from harness import PROGRAM, ROOT, Agent, Skip, config, contains, equal, holds, main, mapitail, shipped, wait_for

SERVICE = ROOT / "packaging" / "linux" / "mapitail.service"
EXPOSURE_MAX = 1.5  # of 10, by systemd-analyze
SECRET = "canary-7f3a9c"


def write_events(path, first, count):
    path.write_text(exports.wevtutil_file(events(first, count)))
    return [e.id for e in events(first, count)]


def start(directory, paths, *arguments, **source):
    sources = [{"name": "s", "paths": [str(p) for p in paths], "poll_interval": "100ms", **source}]
    return Agent(config(directory, sources, [{"name": "out", "type": "file", "path": str(directory / "out.ndjson")}]),
                 *arguments)


def folders(directory):
    inside, outside = directory / "exports", directory / "elsewhere"
    inside.mkdir()
    outside.mkdir()
    return inside, outside


def test_links_out_of_the_export_folder_are_refused_and_the_rest_is_read(directory):
    inside, outside = folders(directory)
    write_events(outside / "secret.xml", 900, 3)
    wanted = write_events(inside / "real.xml", 1, 5)
    (inside / "link.xml").symlink_to(outside / "secret.xml")
    (inside / "folder").symlink_to(outside)
    with start(directory, [inside / "*.xml", inside / "*" / "*.xml"]) as agent:
        wait_for(lambda: len(shipped(directory)) == 5, what="the real file")
        wait_for(lambda: f"out of the source's folders to {outside / 'secret.xml'}" in agent.log(), what="the refusal")
        equal(agent.stop()[0], 0, "exit code")
    equal(shipped(directory), wanted)


def test_a_link_within_the_folder_is_followed(directory):
    inside, _ = folders(directory)
    (inside / "days").mkdir()
    wanted = write_events(inside / "days" / "monday.dat", 1, 5)
    (inside / "today.xml").symlink_to(inside / "days" / "monday.dat")
    with start(directory, [inside / "*.xml"], "--once") as agent:
        equal(agent.wait(), 0, agent.log())
    equal(shipped(directory), wanted)


def test_a_source_that_follows_links_reads_them(directory):
    inside, outside = folders(directory)
    wanted = write_events(outside / "shared.xml", 1, 5)
    (inside / "link.xml").symlink_to(outside / "shared.xml")
    with start(directory, [inside / "*.xml"], "--once", follow_links=True) as agent:
        equal(agent.wait(), 0, agent.log())
    equal(shipped(directory), wanted)


def test_the_configured_folder_itself_may_be_a_link(directory):
    inside, _ = folders(directory)
    wanted = write_events(inside / "a.xml", 1, 5)
    (directory / "named").symlink_to(inside)
    with start(directory, [directory / "named" / "*.xml"], "--once") as agent:
        equal(agent.wait(), 0, agent.log())
    equal(shipped(directory), wanted)


def test_pipes_devices_and_sockets_are_refused_without_hanging(directory):
    inside, _ = folders(directory)
    os.mkfifo(inside / "pipe.xml")
    if os.geteuid() == 0:
        os.mknod(inside / "zero.xml", 0o600 | 0o020000, os.makedev(1, 5))
    wanted = write_events(inside / "real.xml", 1, 5)
    with start(directory, [inside / "*.xml"]) as agent:
        wait_for(lambda: len(shipped(directory)) == 5, what="the real file")
        wait_for(lambda: "device, pipe or socket" in agent.log(), what="the refusal")
        equal(agent.stop()[0], 0, "exit code")
    equal(shipped(directory), wanted)


def test_swapping_a_file_for_a_link_or_a_pipe_never_lets_a_foreign_file_through(directory):
    inside, outside = folders(directory)
    write_events(outside / "secret.xml", 900, 3)
    wanted = write_events(directory / "good.xml", 1, 5)
    with start(directory, [inside / "*.xml"]) as agent:
        for turn in range(1500):
            staged = inside / "staged"
            if turn % 3 == 0:
                shutil.copy(directory / "good.xml", staged)
            elif turn % 3 == 1:
                staged.symlink_to(outside / "secret.xml")
            else:
                os.mkfifo(staged)
            os.rename(staged, inside / "swapped.xml")
        shutil.copy(directory / "good.xml", inside / "staged")
        os.rename(inside / "staged", inside / "swapped.xml")
        wait_for(lambda: set(wanted) <= set(shipped(directory)), what="the good file at the end")
        equal(agent.stop()[0], 0, "exit code")
    equal(set(shipped(directory)) - set(wanted), set(), "records from outside")


def secret_config(directory):
    (directory / "password").write_text(SECRET + "-file\n")
    (directory / "password").chmod(0o640)
    write_events(directory / "a.xml", 1, 2)
    output = {"name": "central", "type": "kafka", "brokers": "127.0.0.1:9", "topic": "t", "tls": True, "sasl_mechanism": "PLAIN",
              "username": "${MAPITAIL_TEST_USER}", "password": "${file:" + str(directory / "password") + "}"}
    return config(directory, [directory / "a.xml"], [output], log={"level": "debug"})


def test_no_secret_stands_in_logs_check_output_or_state(directory):
    os.environ["MAPITAIL_TEST_USER"] = SECRET + "-environment"
    path = secret_config(directory)
    checked = mapitail("check", "-c", path, "--connect")
    contains(checked.out + checked.err, "can be read by others than its owner (mode 640)")
    with Agent(path) as agent:
        wait_for(lambda: "127.0.0.1:9" in agent.log(), what="a word on the broker that is not there")
        holds(agent.stop()[1] < 5, "stops within 5 seconds")
    (directory / "password").unlink()
    said = checked.out + checked.err + agent.log()
    equal(SECRET in said, False, f"the secret is in {said}")
    for kept in (directory / "state").rglob("*"):
        equal(SECRET.encode() in kept.read_bytes(), False, f"the secret is in {kept}")


def test_a_crash_leaves_no_memory_image(directory):
    write_events(directory / "a.xml", 1, 2)
    with start(directory, [directory / "a.xml"]) as agent:
        wait_for(lambda: len(shipped(directory)) == 2, what="the records")
        process = pathlib.Path(f"/proc/{agent.process.pid}")
        holds(re.search(r"Max core file size +0 +0 ", (process / "limits").read_text()), "the limit is zero")
        os.kill(agent.process.pid, signal.SIGABRT)  # no sanitizer catches it, no shell has it ignored
        equal(agent.process.wait(10), -signal.SIGABRT, "it crashed")
    equal(list(directory.rglob("core*")), [], "memory images")


def test_the_memory_of_a_running_agent_is_closed_to_others_of_its_user(directory):
    if os.geteuid() != 0:
        raise Skip("needs root to run the agent as somebody else")
    write_events(directory / "a.xml", 1, 2)
    directory.chmod(0o777)
    path = config(directory, [directory / "a.xml"], [{"name": "o", "type": "file", "path": str(directory / "out.ndjson")}])
    with open(directory / "log", "wb") as log, \
         subprocess.Popen([PROGRAM, "run", "-c", path], stderr=log, user=65534, group=65534) as agent:
        wait_for(lambda: len(shipped(directory)) == 2, what="the records")
        # The kernel gives what it hides from the process's own user to root.
        equal(os.stat(f"/proc/{agent.pid}/mem").st_uid, 0, "owner of its memory")
        agent.terminate()
        equal(agent.wait(10), 0)


def elf(*options):
    if not shutil.which("readelf"):
        raise Skip("readelf is not installed")
    return subprocess.run(["readelf", *options, PROGRAM], capture_output=True, text=True, check=True).stdout


def test_the_program_is_hardened(directory):
    del directory
    equal("DYN (Position-Independent Executable" in elf("-hW"), True, "position independent")
    contains(elf("-dW"), "BIND_NOW")
    headers = elf("-lW")
    contains(headers, "GNU_RELRO")
    holds(re.search(r"GNU_STACK.* RW +0x", headers), "the stack cannot be executed")
    holds(not re.search(r"LOAD.* RWE ", headers), "nothing is both writable and executable")
    if os.environ.get("SANITIZED") != "true":
        symbols = elf("--dyn-syms", "-W")
        contains(symbols, "__stack_chk_fail")
        contains(symbols, "_chk@GLIBC")


def test_the_service_is_fenced_in(directory):
    del directory
    if not shutil.which("systemd-analyze"):
        raise Skip("systemd-analyze is not installed")
    verdict = subprocess.run(["systemd-analyze", "security", "--offline=true", SERVICE], capture_output=True, text=True,
                             check=False)
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", verdict.stdout)
    holds(exposure, verdict.stdout + verdict.stderr)
    holds(float(exposure[1]) <= EXPOSURE_MAX, f"exposure {exposure[1]} is over {EXPOSURE_MAX}")


def test_the_service_is_not_started_again_where_that_cannot_help(directory):
    del directory
    codes = dict(re.findall(r"(EXIT_\w+) = (\d+)", (ROOT / "agent" / "exit_code.h").read_text()))
    never = re.search(r"^RestartPreventExitStatus=(.*)$", SERVICE.read_text(), re.M)[1].split()
    equal(never, [codes["EXIT_CONFIG"], codes["EXIT_SUPERSEDED"]])


if __name__ == "__main__":
    main()
