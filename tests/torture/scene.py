# SPDX-License-Identifier: Apache-2.0
"""What a row works with: one agent, one growing export with numbered events, one output."""
import os
import pathlib
import time

import ledger
from harness import PROGRAM, Agent, config, read_records, wait_for
from peers import wait_still

CRASHING = PROGRAM.parent / "tests" / "mapitail_crash"
SETTLE_SECONDS = 90


class Scene:
    """Everything is below `directory`. `more` are further settings of the output."""

    def __init__(self, directory, outlet, text=ledger.text, **more):
        self.directory, self.outlet, self.text = pathlib.Path(directory), outlet, text
        self.exports = self.directory / "in"
        self.exports.mkdir(parents=True, exist_ok=True)
        self.export = self.exports / "events.xml"
        self.export.touch()
        self.next = 1
        self.deaths = 0
        self.output = {**outlet.settings(), **more}
        source = {"name": "exports", "paths": [str(self.exports / "*")], "poll_interval": "100ms"}
        self.config = config(self.directory, [source], [self.output])
        outlet.start()

    @property
    def state(self):
        return self.directory / "state"

    def write(self, count, path=None):
        """Appends the next numbered events, in one piece."""
        with open(path or self.export, "ab") as f:
            f.write(self.text(self.next, count))
        self.next += count

    @property
    def written(self):
        return self.next - 1

    def agent(self, *arguments, program=PROGRAM, **environment):
        return Agent(self.config, *arguments, command=[program], environment={**os.environ, **environment})

    def wait_received(self, count, seconds=SETTLE_SECONDS):
        try:
            wait_for(lambda: self.outlet.received() >= count, seconds, f"{count} messages in {self.outlet.title}")
        except AssertionError as why:
            # Who follows a peer may lose track of it; what counts is what the peer holds.
            missing = ledger.tally(range(1, self.next), self.outlet.messages(), self.dead_ids()).lost
            if missing:
                raise AssertionError(f"{why}: {missing} are missing; the agent's log: {self.log()[-1500:]}") from None

    def log(self):
        return self.config.with_suffix(".log").read_text(errors="replace")

    def wait_received_or_dead(self, agent, seconds=10):
        """Waits until all that was written has come, or the agent has died; whether all has come."""
        until = time.monotonic() + seconds
        while agent.process.poll() is None and time.monotonic() < until:
            if self.outlet.received() >= self.written:
                return True
            time.sleep(0.005)
        return False

    def run_once(self, seconds=120):
        """Ships what is there with a healthy program; returns its exit code."""
        with self.agent("--once") as agent:
            return agent.wait(seconds)

    def dead_ids(self):
        return [letter["event_id"] for letter in read_records(self.state / "dead-letter.ndjson")]

    def settle(self, once=True):
        """Ships the rest, waits until the peer has what it will have, and holds it against what was written."""
        if once:
            self.run_once()
        dead = self.dead_ids()
        until, last, quiet = time.monotonic() + 30, -1, time.monotonic()
        while self.outlet.received() + len(dead) < self.written and time.monotonic() < min(until, quiet + 3):
            if self.outlet.received() != last:
                last, quiet = self.outlet.received(), time.monotonic()
            time.sleep(0.02)
        result = self._tally(0.2, dead)
        return result if not result.lost else self._tally(3, dead)

    def _tally(self, still_seconds, dead):
        wait_still(self.outlet.received, still_seconds)
        return ledger.tally(range(1, self.next), self.outlet.messages(), dead)
