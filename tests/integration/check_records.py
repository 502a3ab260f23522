#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks JSON records: one per line on standard input.

    check_records.py [--schema FILE] [--ecs DIR] [--expect N] [--unique] < records.ndjson

Every line is validated against the JSON Schema of the record. With --ecs, a directory that holds fields.csv,
ecs_flat.yml and version of the ECS release, each record is also held to ECS itself and to the rules between
fields: known names, arrays where ECS wants arrays, types, lengths, allowed values, the order of times, hash
and id. Exit status 1 with one line per finding, "line 3: event.type: …"; 2 when the check itself cannot run;
77, which meson takes for "skipped", without jsonschema.

Needs python3-jsonschema, and python3-yaml with --ecs.
"""
import argparse
import csv
import hashlib
import json
import pathlib
import re
import sys
import uuid
from datetime import datetime, timedelta, timezone

try:
    import jsonschema
except ImportError as missing:
    print(f"check_records: {missing}: install python3-jsonschema", file=sys.stderr)
    sys.exit(77)

DEFAULT_SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "doc" / "record-schema.json"
NAMESPACE = uuid.UUID("38b20e13-d9bb-5145-bc68-a947215aa548")
DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z")
OWN_PREFIXES = ("winlog.", "microsoft.exchange.mapi.")
OWN_FIELDS = {"log.offset"}
TEXT_TYPES = {"keyword", "constant_keyword", "match_only_text", "wildcard"}


def no_duplicates(pairs):
    """Objects of a record, with duplicate names an error."""
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError("duplicate name " + next(n for n in names if names.count(n) > 1))
    return result


def refuse_constant(name):
    raise ValueError(f"{name} is no JSON")


def leaves(value, path=""):
    """(dotted name, value) of every leaf; labels is one leaf, and so is an array."""
    if isinstance(value, dict) and path != "labels":
        for name, child in value.items():
            yield from leaves(child, f"{path}.{name}" if path else name)
    else:
        yield path, value


def at(record, path):
    """The value at a dotted path, or None."""
    for name in path.split("."):
        if not isinstance(record, dict):
            return None
        record = record.get(name)
    return record


def nanoseconds(text):
    """A point in time as an integer, or None for what is no RFC 3339 UTC time."""
    match = DATE.fullmatch(text)
    if not match:
        return None
    try:
        whole = datetime(*(int(part) for part in match.groups()[:6]), tzinfo=timezone.utc)
    except ValueError:
        return None
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    return (whole - epoch) // timedelta(seconds=1) * 10**9 + int((match.group(7) or "").ljust(9, "0"))


class Ecs:
    """The field definitions of an ECS release."""

    def __init__(self, directory):
        import yaml

        directory = pathlib.Path(directory)
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        with open(directory / "fields.csv", newline="", encoding="utf-8") as file:
            self.rows = {row["Field"]: row for row in csv.DictReader(file)}
        with open(directory / "ecs_flat.yml", encoding="utf-8") as file:
            self.flat = yaml.load(file, Loader=loader)
        self.version = (directory / "version").read_text(encoding="utf-8").strip()

    def check(self, record):
        """Findings about single fields."""
        for name, value in leaves(record):
            row = self.rows.get(name)
            if row is None:
                if not name.startswith(OWN_PREFIXES) and name not in OWN_FIELDS:
                    yield f"{name}: neither ECS nor one of our own names"
                continue
            yield from self.check_field(name, row, value)
        if at(record, "ecs.version") != self.version:
            yield f"ecs.version: not {self.version}"
        yield from self.check_event_types(record)

    def check_field(self, name, row, value):
        wants_array = row["Normalization"] == "array"
        if isinstance(value, list) != wants_array:
            yield f"{name}: {'no' if wants_array else 'an'} array"
            return
        flat = self.flat.get(name, {})
        for each in value if wants_array else [value]:
            yield from self.check_value(name, row["Type"], flat, each)

    @staticmethod
    def check_value(name, kind, flat, value):
        if kind in TEXT_TYPES and not isinstance(value, str):
            yield f"{name}: no text, but ECS type {kind}"
        elif kind == "long" and (isinstance(value, bool) or not isinstance(value, int)):
            yield f"{name}: no integer"
        elif kind == "date" and (not isinstance(value, str) or nanoseconds(value) is None):
            yield f"{name}: no RFC 3339 time in UTC with at most 9 fraction digits: {value!r}"
        elif kind == "object":
            if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
                yield f"{name}: not an object of strings"
        elif isinstance(value, str):
            longest = flat.get("ignore_above") if kind == "keyword" else None
            allowed = [entry["name"] for entry in flat.get("allowed_values") or []]
            if longest and len(value) > longest:
                yield f"{name}: {len(value)} characters, more than {longest}"
            if allowed and value not in allowed:
                yield f"{name}: {value!r} is no allowed value"

    def check_event_types(self, record):
        categories = {v["name"]: v for v in self.flat["event.category"]["allowed_values"]}
        for category in at(record, "event.category") or []:
            expected = categories.get(category, {}).get("expected_event_types") or []
            for kind in at(record, "event.type") or []:
                if kind not in expected:
                    yield f"event.type: {kind} is not expected of category {category}"


def check_dataset(record):
    dataset = at(record, "event.dataset")
    if dataset != at(record, "data_stream.dataset"):
        yield "event.dataset: differs from data_stream.dataset"
    if "-" in str(dataset):
        yield "event.dataset: has a '-'"


def check_times(record):
    happened, read = nanoseconds(at(record, "@timestamp")), nanoseconds(at(record, "event.created"))
    if happened is None or read is None:
        yield "@timestamp, event.created: not both are times"
    elif "_mapi_time_missing" in record.get("tags", []):
        if happened != read:
            yield "@timestamp: not the time of reading, though the event's is missing"
    elif not happened < read:
        yield "event.created: not later than @timestamp"


def check_hash(record):
    original = at(record, "event.original")
    if original is None:
        return
    if hashlib.sha256(original.encode("utf-8")).hexdigest() != at(record, "event.hash"):
        yield "event.hash: is not the SHA-256 of event.original"


def check_id(record):
    """Only where the record id is known: the content behind the other form of the name is not in the record."""
    record_id = at(record, "winlog.record_id")
    if record_id is None:
        return
    time = "" if "_mapi_time_missing" in record.get("tags", []) else at(record, "@timestamp")[:19] + "Z"
    host = (at(record, "winlog.computer_name") or "").split(".")[0].translate(LOWER)
    source = (at(record, "log.syslog.appname") or "").translate(LOWER)
    name = "|".join((host, source, at(record, "event.code") or "", record_id, time))
    if str(uuid.uuid5(NAMESPACE, name)) != at(record, "event.id"):
        yield f"event.id: is not the UUIDv5 of {name!r}"


# ASCII letters only: the agent folds no others.
LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def check_forbidden(record):
    if at(record, "event.ingested") is not None:
        yield "event.ingested: is the receiver's to set"
    if at(record, "event.kind") == "signal":
        yield "event.kind: signal is reserved"


RULES = (check_dataset, check_times, check_hash, check_id, check_forbidden)


def check_line(line, validator, ecs):
    """(record or None, findings) of one line without its LF."""
    try:
        text = line.decode("utf-8")
        record = json.loads(text, object_pairs_hook=no_duplicates, parse_constant=refuse_constant)
    except ValueError as error:
        return None, [f"no JSON: {error}"]
    errors = sorted(validator.iter_errors(record), key=lambda error: list(map(str, error.absolute_path)))
    findings = [f"{'.'.join(map(str, e.absolute_path)) or 'record'}: {e.message[:300]}" for e in errors]
    if ecs and isinstance(record, dict):
        findings += ecs.check(record)
        # The rules between fields rely on the types that the schema has just checked.
        if not errors:
            findings += [finding for rule in RULES for finding in rule(record)]
    return record, findings


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--schema", default=DEFAULT_SCHEMA, help="JSON Schema of the record")
    parser.add_argument("--ecs", metavar="DIR", help="directory with fields.csv, ecs_flat.yml and version")
    parser.add_argument("--expect", type=int, metavar="N", help="exactly N records must come")
    parser.add_argument("--unique", action="store_true", help="no event.id may come twice")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    try:
        schema = json.loads(pathlib.Path(arguments.schema).read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        ecs = Ecs(arguments.ecs) if arguments.ecs else None
    except (OSError, ImportError, ValueError, KeyError, jsonschema.SchemaError) as error:
        print(f"check_records: {error}", file=sys.stderr)
        return 2
    validator = jsonschema.Draft202012Validator(schema)
    count = failures = 0
    seen = {}
    for number, line in enumerate(sys.stdin.buffer, 1):
        record, findings = check_line(line.rstrip(b"\n"), validator, ecs)
        count += 1
        if arguments.unique and record is not None:
            first = seen.setdefault(str(at(record, "event.id")), number)
            if first != number:
                findings.append(f"event.id: the same as in line {first}")
        for finding in findings:
            print(f"line {number}: {finding}")
        failures += len(findings)
    if arguments.expect is not None and count != arguments.expect:
        print(f"{count} records instead of {arguments.expect}")
        failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
