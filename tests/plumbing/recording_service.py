"""Service for the tests of the consumer: records each event that it processes, and fails or delays as the event's data says.

Run as `python -m tests.plumbing.recording_service`, with the settings of notify. It hears the stream of mediation.
"""

import sys
import types

from plumbing import run  # monkey-patches the standard library, so it must be the first import

import eventlet  # isort: skip

from plumbing.consumer import hear
from plumbing.dependency import Database
from plumbing.rows import Columns

EFFECTS = Columns("subject text, sequence bigint, batch int, deliveries int, discarded boolean")


class NotRepaired(Exception):
    """The event fails until the test inserts a row into the table `repaired`."""


def fail(tx, event):
    raise ValueError(f"张三 13900000000 {event.data}")


def fail_until_repaired(tx, event):
    if not tx.rows("select 1 from repaired where what = %s", (event.data["what"],)):
        raise NotRepaired(event.data)


def leak_a_timeout(tx, event):
    if not tx.rows("select 1 from repaired where what = 'timeout'"):
        raise eventlet.Timeout(1)


def raise_sqlstate_until_repaired(tx, event):
    """Let the database raise an error with the SQLSTATE in the event's data."""
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


ACTIONS = {None: lambda tx, event: None} | {
    action.__name__: action
    for action in (fail, fail_until_repaired, fail_slowly_until_repaired, leak_a_timeout, raise_sqlstate_until_repaired, take_long)
}  # fmt: skip


class RecordingService:
    """Inserts one row into `effects` for each processed event."""

    name = "notify"
    db = Database()

    @hear("mediation")
    def on_events(self, batch):
        with self.db.transaction() as tx:
            events = tx.unheard(batch)
            for event in events:
                if not event.discarded:
                    ACTIONS[event.data.get("do")](tx, event)
            tx.insert(
                "effects",
                EFFECTS,
                [(e.subject, e.sequence, len(batch), e.delivery.headers.get("x-delivery-count") or 0, e.discarded) for e in events],
            )


if __name__ == "__main__":
    module = types.ModuleType("services.notify.service")
    module.RecordingService = RecordingService
    sys.modules["services.notify.service"] = module
    run.main("notify")
