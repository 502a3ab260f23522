#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The order of the house, as far as the compiler does not hold it."""
import re
import shutil
import subprocess

from harness import ROOT, Skip, equal, main

FOLDERS = {"base": ROOT / "agent" / "base", "os": ROOT / "agent" / "os", "parsers": ROOT / "parsers",
           "outputs": ROOT / "outputs"}
MAY_INCLUDE = {"base": {"base"}, "os": {"base", "os"}, "parsers": {"base", "parsers"}, "outputs": {"base", "os", "outputs"}}
# A library belongs to the files that are named here and to nobody else.
LIBRARY_OWNERS = {
    "expat.h": {"parsers/element_walk.c", "parsers/xml_decode.c"},
    "jansson.h": {"parsers/json_jansson.c"},
    "libdeflate.h": {"parsers/evtx_chunk.c"},
    "librdkafka/rdkafka.h": {"outputs/kafka_library.h"},
    "microhttpd.h": {"agent/metrics_library.h"},
    "openssl/": {"outputs/tls.c", "outputs/tls_trust.c", "outputs/tls_trust.h", "agent/identity.c"},
    "sqlite3.h": {"agent/state_inner.h"},
    "yaml.h": {"agent/yaml_tree.c", "agent/yaml_fault.c", "agent/yaml_fault.h"},
}


def sources():
    for folder in ("agent", "parsers", "outputs"):
        yield from sorted((ROOT / folder).rglob("*.[ch]"))


def name(path):
    return str(path.relative_to(ROOT))


def test_layers_include_only_what_they_may(_):
    wrong = []
    headers = {p.name: layer for layer, folder in FOLDERS.items() for p in folder.glob("*.h")}
    for layer, folder in FOLDERS.items():
        for path in folder.glob("*.[ch]"):
            for header in re.findall(r'^#include "([^"]+)"', path.read_text(), re.M):
                if headers.get(header) not in MAY_INCLUDE[layer]:
                    wrong.append((name(path), header))
    equal(wrong, [], "includes across layers")


def test_every_library_has_its_own_files(_):
    wrong = []
    for path in sources():
        for header in re.findall(r"^#include <([^>]+)>", path.read_text(), re.M):
            owners = next((o for h, o in LIBRARY_OWNERS.items() if header.startswith(h)), None)
            if owners is not None and name(path) not in owners:
                wrong.append((name(path), header))
    equal(wrong, [], "libraries in foreign files")


def test_platform_conditionals_stand_in_the_os_layer_only(_):
    wrong = [name(p) for p in sources() if "agent/os/" not in str(p)
             and re.search(r"_WIN32|__linux__|__unix__|<(unistd|windows|sys/\w+|pthread|poll)\.h>", p.read_text())]
    equal(wrong, [], "files")


def test_only_the_registry_names_plug_ins(_):
    plugins = re.compile(r"\b(parser|encoder|sink)_(clixml|csv|evt|evtx|json|rowxml|splunk|syslog|text|xml|ecs|rfc5424|kafka|syslog_udp|syslog_tcp|syslog_tls|relp|file|stdout)\b")
    wrong = []
    for path in sources():
        text = re.sub(r"/\*.*?\*/|\"[^\"]*\"", "", path.read_text(), flags=re.S)
        own = re.findall(r"^const struct (?:parser|encoder|sink)_ops (\w+)", text, re.M)
        if path.name != "registry.c":
            wrong += [(name(path), m.group(0)) for m in plugins.finditer(text) if m.group(0) not in own
                      and not re.search(r"\b(struct|static|enum)\s+(\w+\s+)*" + m.group(0), text)]
    equal(wrong, [], "plug-ins named outside the registry")


def test_every_sink_of_the_registry_is_held_to_the_contract(_):
    registry = (ROOT / "agent" / "registry.c").read_text()
    sinks = set(re.findall(r"&(sink_\w+)", registry))
    suites = "".join(p.read_text() for p in (ROOT / "tests" / "unit").glob("test_*contract.c"))
    equal({s for s in sinks if not re.search(rf"\b{s}\b", suites)}, set(), "sinks without the contract suite")


def test_the_layout_is_the_formatters(_):
    if not shutil.which("clang-format"):
        raise Skip("clang-format is not installed")
    files = [str(p) for p in sources()] + [str(p) for p in (ROOT / "tests").rglob("*.[ch]")]
    done = subprocess.run(["clang-format", "--dry-run", *files], capture_output=True, text=True, check=False)
    wrong = sorted({line.split(":")[0].removeprefix(str(ROOT) + "/") for line in done.stderr.splitlines() if "warning:" in line})
    equal(wrong, [], "files that clang-format would change")


def test_the_tree_speaks_of_itself_alone(_):
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split("\n")
    wrong = []
    for file in filter(None, files):
        data = (ROOT / file).read_bytes()
        if b"\0" in data or file.endswith("test_tree.py"):
            continue
        for pattern in (rb'(?<!["\w])/work/', rb"\b(TODO|FIXME|XXX)\b", rb"deb\.debian\.org|repo1?\.maven|pypi\.org"):
            if re.search(pattern, data):
                wrong.append((file, pattern.decode()))
    equal(wrong, [], "files")


main()
