"""A private RabbitMQ with the hub's real topology, that a test may kill: of its own, as nobody else's broker may be."""

import secrets
from pathlib import Path

from contracts import AGENCIES
from contracts.channels import agency_queue, inbox_of
from deploy.broker import ADMIN, SERVICES, VHOST, definitions
from deploy.local.ports import Ports
from deploy.local.programs import servers
from deploy.local.rabbitmq import PORTS, RabbitMQ

FEW = 50  # messages in a narrow queue


class Broker(RabbitMQ):
    """Only the queues of `agencies`, so that it starts sooner. A `narrow` one's queue is full after a few messages."""

    def __init__(self, folder: Path, agencies=("police", "court"), narrow=("court",)):
        ports = Ports(folder)
        ports.choose(*PORTS)
        super().__init__(folder / "rabbitmq", servers()[1], ports.known())
        self._passwords = {name: secrets.token_hex(8) for name in (ADMIN, *SERVICES, *AGENCIES)}
        self.define(_of_few(definitions(self._passwords, partitions=1), agencies, narrow))

    def uri(self, user=ADMIN):
        return f"amqp://{user}:{self._passwords[user]}@127.0.0.1:{self.ports['broker']}/{VHOST}"


def _of_few(document, agencies, narrow):
    wanted = {name for code in agencies for name in (agency_queue(code), inbox_of(code))}
    queues = [queue for queue in document["queues"] if queue["name"] in wanted]
    for queue in queues:
        if queue["name"] in map(agency_queue, narrow):
            queue["arguments"] |= {"x-max-length": FEW}
    return document | {"queues": queues, "bindings": [binding for binding in document["bindings"] if binding["destination"] in wanted]}
