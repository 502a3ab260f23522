# SPDX-License-Identifier: Apache-2.0
"""A real Kafka broker for the tests of a script: one for all of them, with names that none of them has used."""
import pathlib
import shutil
import sys
import tempfile

from harness import Skip

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "kafka"))
from broker import Broker, Unavailable  # noqa: E402

KAFKA = {"names": 0}


def broker():
    """The broker, started by the first test that asks for it; Skip where there can be none."""
    if not shutil.which("kcat"):
        raise Skip("kcat is not installed")
    if "unavailable" in KAFKA:
        raise Skip(KAFKA["unavailable"])
    if "broker" not in KAFKA:
        KAFKA["directory"] = tempfile.mkdtemp(prefix="mapitail-kafka-")
        try:
            KAFKA["broker"] = Broker(KAFKA["directory"]).start()
        except Unavailable as why:
            KAFKA["unavailable"] = str(why)
            raise Skip(str(why)) from None
    return KAFKA["broker"]


def new_name(what):
    """A name for a topic or a group: WHAT-NUMBER."""
    KAFKA["names"] += 1
    return f"{what}-{KAFKA['names']}"


def finish():
    """For harness.main, under this name in the script."""
    if "broker" in KAFKA:
        KAFKA["broker"].stop()
    if "directory" in KAFKA:
        shutil.rmtree(KAFKA["directory"], ignore_errors=True)
