"""A virtual host with the hub's real topology, or a part of it."""

from contracts.channels import agency_queue, inbox_of
from deploy import roles
from deploy.broker import ADMIN, definitions
from local import Servers
from tests.shared import make_vhost

FEW = 50  # messages in a narrow queue


class Broker:
    """Only the queues of `agencies`, so that it is there sooner. A `narrow` one's queue is full after a few messages. On `killable` servers it may be killed."""

    def __init__(self, servers: Servers, vhost: str, agencies=("police", "court"), narrow=("court",)):
        self.servers, self.vhost = servers, vhost
        self.kill, self.start = servers.broker.kill, servers.broker.start
        make_vhost(servers.management, vhost, _of_few(definitions(servers.keys["broker"], partitions=1), agencies, narrow))

    def uri(self, user=ADMIN):
        return roles.with_path(self.servers.amqp(user), self.vhost)


def _of_few(document, agencies, narrow):
    wanted = {name for code in agencies for name in (agency_queue(code), inbox_of(code))}
    queues = [queue for queue in document["queues"] if queue["name"] in wanted]
    for queue in queues:
        if queue["name"] in map(agency_queue, narrow):
            queue["arguments"] |= {"x-max-length": FEW}
    return document | {"queues": queues, "bindings": [binding for binding in document["bindings"] if binding["destination"] in wanted]}
