"""A virtual host of the broker for tests of the client library, with the queues of some agencies."""

from contracts.channels import agency_queue, inbox_of
from deploy import roles
from deploy.broker import ADMIN, definitions
from local import Servers
from tests.shared_servers import make_vhost

SHORT_QUEUE_MESSAGES = 50  # maximum number of messages in a short queue


class BrokerVhost:
    """A virtual host with the queues of some agencies only, because it is created faster than one with all queues.

    Each queue of an agency in `short_queue_agencies` holds at most SHORT_QUEUE_MESSAGES. `kill` and `start` act on the whole broker.
    """

    def __init__(self, servers: Servers, vhost: str, agencies=("police", "court"), short_queue_agencies=("court",)):
        self.servers, self.vhost = servers, vhost
        self.kill, self.start = servers.broker.kill, servers.broker.start
        make_vhost(servers.management, vhost, _with_queues_of(definitions(servers.keys["broker"], partitions=1), agencies, short_queue_agencies))

    def uri(self, user=ADMIN):
        return roles.url_with_path(self.servers.amqp(user), self.vhost)


def _with_queues_of(document, agencies, short_queue_agencies):
    queue_names = {name for code in agencies for name in (agency_queue(code), inbox_of(code))}
    queues = [queue for queue in document["queues"] if queue["name"] in queue_names]
    for queue in queues:
        if queue["name"] in map(agency_queue, short_queue_agencies):
            queue["arguments"] |= {"x-max-length": SHORT_QUEUE_MESSAGES}
    return document | {"queues": queues, "bindings": [binding for binding in document["bindings"] if binding["destination"] in queue_names]}
