# SPDX-License-Identifier: Apache-2.0
"""The oracle: numbered events go in, and every message that comes out is held against them.

Nothing here knows the program: ids are computed by Python's own uuid (tests/integration/exports.py), messages are read
by their published formats.
"""
import collections
import functools
import json
import re

import exports

# lost: written and never received; repeated: received again with the same content; invented: received and never
# written; damaged: a message that cannot be read, or whose parts do not belong together; dead: in the dead-letter file.
Tally = collections.namedtuple("Tally", "written received lost repeated invented damaged dead")

SYSLOG = re.compile(rb'<\d{1,3}>1 \S+ (?P<host>\S+) MSExchangeIS - 9646 .*recordId="(?P<number>\d+)".*'
                    rb'\[mapi@32473 id="(?P<id>[0-9a-f-]{36})".* user="(?P<user>[^"]*)".*\] Mapi session "(?P<dn>[^"]+)" '
                    rb'exceeded the maximum of 32 objects of type "session"\.$', re.S)
OVERSIZE_EVERY = 50
SHOWN = 3  # damaged messages of a verdict that are printed


@functools.lru_cache(maxsize=None)
def event_id(number):
    return exports.limit_event(number).id


def user(number):
    return f"user{number % 97}"


def text(first, count):
    """The export lines of `count` events from `first` on."""
    return exports.wevtutil_file(exports.limit_event(n) for n in range(first, first + count)).encode()


def oversize_text(first, count):
    """The same, in which every fiftieth event is larger than an output with max_bytes: 3KiB takes."""
    events = [exports.limit_event(n) for n in range(first, first + count)]
    for event in events[::OVERSIZE_EVERY]:
        event.strings[0] = exports.dn("x" * 6000)
    return exports.wevtutil_file(events).encode()


def read_json(message):
    record = json.loads(message)
    dn = record["winlog"]["event_data"]["param1"]
    return int(record["winlog"]["record_id"]), record["event"]["id"], record["user"]["name"], dn, record["message"]


def read_syslog(message):
    found = SYSLOG.fullmatch(message)
    if not found:
        raise ValueError("no RFC 5424 message of ours")
    dn = found["dn"].decode()
    return int(found["number"]), found["id"].decode(), found["user"].decode(), dn, dn


def number_of(message):
    """The number of the event that a message carries; None if it is damaged: its parts contradict each other."""
    try:
        number, identity, name, dn, sentence = (read_json if message[:1] == b"{" else read_syslog)(message)
    except (ValueError, KeyError, TypeError):
        return None
    sound = (identity == event_id(number) and name == user(number) and dn == exports.dn(name) and dn in sentence)
    return number if sound else None


def tally(written, messages, dead_ids=()):
    """Holds messages against the events numbered in `written` (an iterable of numbers)."""
    wanted = set(written)
    times = collections.Counter()
    for message in messages:
        number = number_of(message)
        times[number] += 1
        if number is None and times[None] <= SHOWN:
            print("# damaged:", message[:1500])
    damaged = times.pop(None, 0)
    dead = {n for n in wanted if event_id(n) in set(dead_ids)} if dead_ids else set()
    lost = wanted - set(times) - dead
    repeated = sum(count - 1 for count in times.values())
    return Tally(len(wanted), sum(times.values()), len(lost), repeated, len(set(times) - wanted), damaged, len(dead))
