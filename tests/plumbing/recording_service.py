"""nameko service for the tests of the consumer. It records each processed event; an event's field `do` names an action that fails or takes long.

It is run as `python -m tests.plumbing.recording_service` with the settings of notify, and consumes the stream of the mediation service.
"""

import sys
import types

from plumbing import run  # must be the first import, because it monkey-patches the standard library

import eventlet  # isort: skip

from plumbing.consumer import hear
from plumbing.dependency import Database
from plumbing.rows import Columns

EFFECT_COLUMNS = Columns("subject text, sequence bigint, batch int, deliveries int, discarded boolean")


class NotRepaired(Exception):
    """Raised for an event that fails until the test inserts a row into the table `repaired`."""


def always_fail(tx, event):
    raise ValueError(f"张三 13900000000 {event.data}")


def fail_until_repaired(tx, event):
    if not tx.rows("select 1 from repaired where what = %s", (event.data["what"],)):
        raise NotRepaired(event.data)


def leak_a_timeout(tx, event):
    if not tx.rows("select 1 from repaired where what = 'timeout'"):
        raise eventlet.Timeout(1)


def raise_sqlstate_until_repaired(tx, event):
    """Let the database raise an error with the SQLSTATE named in the event's data, until the table `repaired` contains this SQLSTATE."""
    if not tx.rows("select 1 from repaired where what = %s", (event.data["sqlstate"],)):
        tx.run(f"do $$ begin raise exception 'refused' using errcode = '{event.data['sqlstate']}'; end $$")


def take_long(tx, event):
    with tx._pool.transaction() as other:
        other.run("insert into begun (event_id) values (%s)", (event.id,))
    eventlet.sleep(event.data["seconds"])


def fail_slowly_until_repaired(tx, event):
    with tx._pool.transaction() as other:
        other.run("insert into begun (event_id) values (%s)", (event.id,))
    eventlet.sleep(event.data["seconds"])
    fail_until_repaired(tx, event)


ACTION_BY_NAME = {None: lambda tx, event: None} | {
    action.__name__: action
    for action in (always_fail, fail_until_repaired, fail_slowly_until_repaired, leak_a_timeout, raise_sqlstate_until_repaired, take_long)
}  # fmt: skip


class RecordingService:
    """Service that inserts one row into the table `effects` for each processed event."""

    name = "notify"
    db = Database()

    @hear("mediation")
    def on_events(self, batch):
        with self.db.transaction() as tx:
            events = tx.unheard(batch)
            for event in events:
                if not event.discarded:
                    ACTION_BY_NAME[event.data.get("do")](tx, event)
            tx.insert(
                "effects",
                EFFECT_COLUMNS,
                [(e.subject, e.sequence, len(batch), e.delivery.headers.get("x-delivery-count") or 0, e.discarded) for e in events],
            )


if __name__ == "__main__":
    module = types.ModuleType("services.notify.service")
    module.RecordingService = RecordingService
    sys.modules["services.notify.service"] = module
    run.main("notify")
