"""Start of an installation: begins the first epoch of a new one, and checks that an existing one has lost no data (see plumbing.epoch)."""

from contextlib import closing

import pika
import psycopg2

from plumbing import epoch
from plumbing.epoch import EpochFile

IS_NEW_SQL = "select (select number from epoch) = 1 and not is_called and not exists (select from published) from message_ids"


def begin_or_check(databases: dict[str, str], amqp_admin: str, file: EpochFile) -> int:
    """Begin the first epoch if no service has published anything yet, else check every database and the broker. Return the number of the epoch.

    `databases`: {service: URL}, `amqp_admin`: the broker's address with an administrator's credentials. Raises epoch.RecoveryNeeded.
    """
    if file.read() is None and all(_is_new(url) for url in databases.values()):
        declare_marker(amqp_admin, 1)
        file.begin(1, {})
        return 1
    number = None
    for service, url in databases.items():
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            number = epoch.check_database(cursor, service, file)
    epoch.check_broker(amqp_admin, number)
    return number


def declare_marker(amqp_admin: str, number: int) -> None:
    """Create the exchange that marks this epoch on the broker, and delete the marker of the epoch before it."""
    with closing(pika.BlockingConnection(pika.URLParameters(amqp_admin))) as connection:
        channel = connection.channel()
        channel.exchange_declare(epoch.marker_of(number), "fanout", durable=True)
        channel.exchange_delete(epoch.marker_of(number - 1))


def _is_new(url) -> bool:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(IS_NEW_SQL)
        return cursor.fetchone()[0]
