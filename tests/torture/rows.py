# SPDX-License-Identifier: Apache-2.0
"""The rows of the result table: a fault, an output, the bar, and the function that injects the one into the other.

    @fault("random-kills", "kill -9 at random moments", EVERY, short=12, long=1000)
    def random_kills(bench, outlet, times, figures): ...

makes one row for each output. `times` is how often the fault is injected; 0 leaves the row out of that form, and
`spare` names outputs that the short form leaves out because another one goes the same way.
"""
import collections
import random

import outlets
from harness import workspace

Row = collections.namedtuple("Row", "name title outlet times function bar")
Bar = collections.namedtuple("Bar", "lost repeated")
ROWS = []


def bounded(outlet, times):
    """Repeats that an output may have after deaths: what was in flight at each, nothing where it ships exactly once."""
    return outlets.ALL[outlet].repeats_per_death * times if outlet in outlets.ALL else 0


def none(_outlet, _times):
    return 0


def unbounded(_outlet, _times):
    """No bar: the row's own measures say what is allowed."""
    return None


def fault(name, title, keys, short, long, lost=none, repeated=none, spare=()):
    def add(function):
        for key in keys:
            times = {"short": 0 if key in spare else short, "long": long}
            ROWS.append(Row(f"{name}/{key}", title, key, times, function, Bar(lost, repeated)))
        return function
    return add


class Figures:
    """What a row counted. `measure` adds a figure of its own, with the most or least that it may be."""

    def __init__(self):
        self.faults = 0
        self.totals = collections.Counter()
        self.measures = []

    def add(self, tally):
        for field, value in tally._asdict().items():
            self.totals[field] += value
        return self

    def measure(self, name, value, unit="", at_most=None, at_least=None):
        value = round(value, 1) if isinstance(value, float) else value
        self.measures.append({"name": name, "value": value, "unit": unit, "at_most": at_most, "at_least": at_least})

    def failures(self, bar, outlet):
        """What is over its bar, as phrases; empty when the row holds."""
        wrong = []
        for field, most in (("lost", bar.lost(outlet, self.faults)), ("repeated", bar.repeated(outlet, self.faults)),
                            ("invented", 0), ("damaged", 0)):
            if most is not None and self.totals[field] > most:
                wrong.append(f"{self.totals[field]} {field}, at most {most}")
        for m in self.measures:
            if m["at_most"] is not None and m["value"] > m["at_most"] or \
                    m["at_least"] is not None and m["value"] < m["at_least"]:
                wrong.append(f"{m['name']} {m['value']}{m['unit']}")
        if not self.totals["written"] or not self.faults:
            wrong.append("nothing was tried")
        return wrong


class Bench:
    """What rows share: the Kafka broker, the form, the random numbers."""

    def __init__(self, form, directory, seed, real_broker):
        self.form, self.directory, self.real_broker = form, directory, real_broker
        self.random = random.Random(seed)
        self.known = {}

    def has(self, key):
        """Whether the program has this output."""
        if key not in self.known:
            self.known[key] = outlets.is_known(key, self.directory)
        return self.known[key]

    def run(self, row, times):
        """Runs a row; the figures, or Skip."""
        figures = Figures()
        with workspace() as directory:
            outlet = outlets.ALL[row.outlet](directory, self) if row.outlet in outlets.ALL else None
            try:
                row.function(self, outlet or directory, times, figures)
            finally:
                if outlet:
                    outlet.close()
        return figures
