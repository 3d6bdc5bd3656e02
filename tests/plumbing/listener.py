"""A service for the tests of hearing, as a process of its own: notes what it hears, and does what the events tell it to.

`python -m tests.plumbing.listener`, with the settings of notify; it hears what mediation says.
"""

import sys
import types

from plumbing import run  # makes everything green: first of all

import eventlet  # isort: skip

from plumbing.consumer import hear
from plumbing.dependency import Database
from plumbing.rows import Columns

EFFECTS = Columns("subject text, sequence bigint, batch int, deliveries int, discarded boolean")


class NotMended(Exception):
    """What this event needs is broken, until somebody mends it."""


def fail(tx, event):
    raise ValueError(f"张三 13900000000 {event.data}")


def fail_until_mended(tx, event):
    if not tx.rows("select 1 from mended where what = %s", (event.data["what"],)):
        raise NotMended(event.data)


def leak_a_timeout(tx, event):
    if not tx.rows("select 1 from mended where what = 'timeout'"):
        raise eventlet.Timeout(1)


def be_refused_until_mended(tx, event):
    """The server answers, and refuses with this SQLSTATE."""
    if not tx.rows("select 1 from mended where what = %s", (event.data["sqlstate"],)):
        tx.run(f"do $$ begin raise exception 'refused' using errcode = '{event.data['sqlstate']}'; end $$")


def take_long(tx, event):
    with tx._pool.transaction() as other:
        other.run("insert into begun (event_id) values (%s)", (event.id,))
    eventlet.sleep(event.data["seconds"])


def fail_slowly_until_mended(tx, event):
    with tx._pool.transaction() as other:
        other.run("insert into begun (event_id) values (%s)", (event.id,))
    eventlet.sleep(event.data["seconds"])
    fail_until_mended(tx, event)


DO = {None: lambda tx, event: None} | {
    action.__name__: action for action in (fail, fail_until_mended, fail_slowly_until_mended, leak_a_timeout, be_refused_until_mended, take_long)
}  # fmt: skip


class Listener:
    """Every event that takes effect leaves one row."""

    name = "notify"
    db = Database()

    @hear("mediation")
    def on_events(self, batch):
        with self.db.transaction() as tx:
            events = tx.unheard(batch)
            for event in events:
                if not event.discarded:
                    DO[event.data.get("do")](tx, event)
            tx.insert(
                "effects",
                EFFECTS,
                [(e.subject, e.sequence, len(batch), e.delivery.headers.get("x-delivery-count") or 0, e.discarded) for e in events],
            )


if __name__ == "__main__":
    module = types.ModuleType("services.notify.service")
    module.Listener = Listener
    sys.modules["services.notify.service"] = module
    run.main("notify")
