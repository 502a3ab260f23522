# SPDX-License-Identifier: Apache-2.0
"""Three real Kafka brokers, so that partitions have leaders that move when one of them is restarted."""
import outlets  # makes tests/kafka importable
from broker import LISTENERS, Broker, create_topic_request, request  # pylint: disable=wrong-import-order
from harness import Skip

MEMBERS = 3
REPLICATED = {"transaction.state.log.replication.factor": MEMBERS, "transaction.state.log.min.isr": 2,
              "offsets.topic.replication.factor": MEMBERS, "controlled.shutdown.enable": "true",
              "leader.imbalance.check.interval.seconds": 2}


class Member(Broker):
    """A broker of the cluster; the first one is the controller too, and stays."""

    def __init__(self, directory, node, controller=None):
        super().__init__(directory, REPLICATED)
        self.node, self.controller = node, controller
        self.expected_brokers = node

    def _properties(self):
        properties = super()._properties()
        properties["node.id"] = self.node
        if self.controller:
            listeners = ",".join(f"{n.upper()}://{self.address(n)}" for n in LISTENERS if n != "controller")
            properties.update({"process.roles": "broker", "listeners": listeners, "advertised.listeners": listeners,
                               "controller.quorum.voters": f"1@{self.controller.address('controller')}"})
        return properties


class Cluster:
    """In the place of outlets.RealBroker, and of its broker."""

    def __init__(self, directory):
        first = Member(directory / "broker-1", 1)
        self.members = [first] + [Member(directory / f"broker-{n}", n, first) for n in range(2, MEMBERS + 1)]
        self.topics = 0

    def __enter__(self):
        try:
            for member in self.members:
                member.start()
        except outlets.Unavailable as why:
            self.__exit__()
            raise Skip(str(why)) from None
        for member in self.members:
            member.expected_brokers = MEMBERS
        return self

    def __exit__(self, *_):
        for member in reversed(self.members):
            member.stop(kill=True)

    @property
    def bootstrap(self):
        return ",".join(member.bootstrap for member in self.members)

    def get(self):
        return self

    def running(self):
        return True

    def topic(self, name):
        """Three replicas, two of which must have a record."""
        self.topics += 1
        name = f"{name}-{self.topics}"
        body = create_topic_request(name, 6, {"min.insync.replicas": 2, "retention.ms": -1}, MEMBERS)
        request(self.members[0].bootstrap, 19, 2, body, timeout=15.0)
        return name
