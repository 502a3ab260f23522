# SPDX-License-Identifier: Apache-2.0
"""What only a Kafka cluster can do: leaders move, requests fail, answers come late.

librdkafka's mock brokers do these on command (tests/torture/mock_broker.c). They do not look at an idempotent producer's
sequence numbers. A real broker refuses a batch whose predecessor is missing, and the producer relies on it: an accepted
batch proves the ones before it. So the agent has one request in flight here, and then no batch can overtake another;
several in flight stand against real brokers that are restarted in turn.
"""
import subprocess
import time
import types

import outlets
from cluster import Cluster
from harness import PROGRAM, Skip
from outlets import Kafka
from peers import Follower
from rows import fault, unbounded
from scene import Scene

MOCK = PROGRAM.parent / "tests" / "mock_broker"
BROKERS, PARTITIONS = 3, 32
PRODUCE, METADATA, INIT_PRODUCER_ID = 0, 3, 22
# Protocol guide, "Error Codes": what a client must try again.
RETRIABLE = {PRODUCE: (6, 5, 19, 20, 7, 56), METADATA: (5, 7), INIT_PRODUCER_ID: (14, 15, 16)}


class Mock(Kafka):
    """The mock cluster in the place of the real one."""
    key, title = "kafka", "Kafka (mock cluster)"

    def __init__(self, directory):  # pylint: disable=super-init-not-called
        if not MOCK.exists():
            raise Skip("mock_broker is not built: ninja -C build torture")
        self.directory, self.topic = directory, "events"
        self.process = subprocess.Popen([MOCK, str(BROKERS), self.topic, str(PARTITIONS)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.bootstrap = self.process.stdout.readline().strip()
        self.path = directory / "consumed.ndjson"
        self.follower = Follower(self.path)
        self.consumer = None
        self.broker = self

    def running(self):
        """As the real broker is asked."""
        return True

    def tell(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline().strip()
        if answer != "ok":
            raise AssertionError(f"mock_broker: {words}: {answer}")

    def close(self):
        super().close()
        self.process.stdin.close()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def under_load(bench, directory, times, figures, inject, piece=150):
    """Injects while records flow; the mock's memory holds 5 MiB a partition."""
    (directory / "mock").mkdir()
    with Mock(directory / "mock") as mock:
        scene = Scene(directory / "mock", mock, properties={"max.in.flight": "1"})
        with scene.agent() as agent:
            for turn in range(times):
                scene.write(piece)
                inject(mock, turn)
                time.sleep(bench.random.randint(10, 150) / 1000)
            scene.wait_received(scene.written)
            agent.stop()
        figures.faults = times
        figures.add(scene.settle())


@fault("leader-moved", "a partition's leader moves (mock cluster)", ("kafka",), short=20, long=200)
def leader_moved(bench, outlet, times, figures):
    def inject(mock, _):
        for partition in range(PARTITIONS):
            mock.tell("leader", partition, bench.random.randint(1, BROKERS))
    under_load(bench, outlet.directory, times, figures, inject)


@fault("requests-refused", "Produce, Metadata and InitProducerId are answered with errors (mock cluster)", ("kafka",),
       short=20, long=200)
def requests_refused(bench, outlet, times, figures):
    def inject(mock, turn):
        api = (PRODUCE, METADATA, PRODUCE, INIT_PRODUCER_ID)[turn % 4]
        mock.tell("errors", api, bench.random.randint(1, 3), bench.random.choice(RETRIABLE[api]))
    under_load(bench, outlet.directory, times, figures, inject)


@fault("brokers-flapping", "brokers go down and come back in turn (mock cluster)", ("kafka",), short=6, long=60,
       repeated=unbounded)
def brokers_flapping(bench, outlet, times, figures):
    def inject(mock, turn):
        broker = turn % BROKERS + 1
        mock.tell("down", broker)
        time.sleep(bench.random.randint(50, 400) / 1000)
        mock.tell("up", broker)
    under_load(bench, outlet.directory, times, figures, inject)


@fault("answers-late", "a Produce is done and its answer comes after a second (mock cluster)", ("kafka",), short=5, long=50)
def answers_late(bench, outlet, times, figures):
    def inject(mock, _):
        mock.tell("late", bench.random.randint(1, BROKERS), 1000)
    under_load(bench, outlet.directory, times, figures, inject)


@fault("rolling-restart", "brokers of a real cluster are restarted in turn, leaders move", ("kafka", "kafka_once"), short=0,
       long=12)
def rolling_restart(bench, outlet, times, figures):
    directory = outlet.directory / "cluster"
    directory.mkdir()
    with Cluster(directory) as cluster:
        peer = outlets.ALL[outlet.key](directory, types.SimpleNamespace(real_broker=cluster))
        try:
            roll(bench, Scene(directory, peer), cluster, times, figures)
        finally:
            peer.close()


def roll(bench, scene, cluster, times, figures):
    with scene.agent() as agent:
        for turn in range(times):
            member = cluster.members[1 + turn % (len(cluster.members) - 1)]
            for stop in (True, False):
                for _ in range(5):
                    scene.write(200)
                    time.sleep(bench.random.randint(10, 100) / 1000)
                if stop:
                    member.stop(kill=turn % 3 == 2)
                else:
                    member.start()
        scene.wait_received(scene.written)
        agent.stop()
    figures.faults = times
    figures.add(scene.settle())
