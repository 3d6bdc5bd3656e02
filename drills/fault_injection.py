"""Runs one of our programs with one or more faults put into its plumbing: `python -m drills.fault_injection <fault>[+<fault>] <module> [arguments]`.

For showing that the count finds such faults. The programs themselves know nothing of this: functions are replaced before they run.
"""

import importlib
import sys


def acknowledges_first():
    """Takes deliveries off the broker's hands before the transaction has committed."""
    from plumbing.broker_line import BrokerLine

    take, acknowledge = BrokerLine.take, BrokerLine.acknowledge

    def take_and_acknowledge(self, room):
        deliveries, marks = take(self, room)
        acknowledge(self, marks)
        return deliveries, marks

    BrokerLine.take = take_and_acknowledge
    BrokerLine.acknowledge = lambda self, marks: None


def swallows_errors():
    """What fails is acknowledged and forgotten, as nameko's own consumer does. Some events fail."""
    from plumbing import consumer
    from plumbing.consumer import Consumer

    call = Consumer._call
    Consumer._call = lambda self, batch: ValueError("seeded") if any(_is_chosen(event.id, 20) for event in batch) else call(self, batch)
    consumer.set_aside = lambda pool, event, problem: None


def hears_repeats():
    """What was heard before is heard again."""
    from plumbing.inbox import Inbox

    unheard = Inbox.unheard

    def everything(self, batch):
        positions = self._positions(batch) if batch else {}
        repeats = [e for e in batch if e.sequence is not None and e.sequence <= positions.get((e.source, e.subject), (0,))[0]]
        return repeats + unheard(self, batch)

    Inbox.unheard = everything


def hears_gaps():
    """What comes next is heard, whether or not something is missing before it."""
    from plumbing.inbox import Inbox

    def in_any_order(self, batch):
        if not batch:
            return []
        position, fresh, moved = self._positions(batch), [], set()
        known = dict(position)
        for event in sorted(batch, key=lambda event: event.sequence or 0):
            key = (event.source, event.subject)
            last, held, waits = position.get(key, (0, False, False))
            if event.sequence is None:
                fresh.append(event)
            elif event.sequence > last:
                fresh.append(event)
                position[key] = (event.sequence, held, waits)
                moved.add(key)
        self._advance(position, moved, known)
        return fresh

    Inbox.unheard = in_any_order


def does_not_ask_whether_it_is_routed():
    """No `mandatory`; and some messages have an address that no queue is bound to."""
    import pika

    from plumbing import relay

    publish, basic_publish = relay.Publisher.publish, pika.channel.Channel.basic_publish

    def to_nowhere(self, rows):
        return publish(self, [(row[0], row[1], "nowhere" if row[0] % 25 == 0 else row[2], *row[3:]) for row in rows])

    relay.Publisher.publish = to_nowhere
    pika.channel.Channel.basic_publish = lambda self, exchange, key, body, properties=None, mandatory=False: basic_publish(
        self, exchange, key, body, properties
    )


def deletes_before_the_confirm():
    """What was handed to the broker is taken out of the outbox at once."""
    from plumbing import relay

    def round_(self):
        self._share()
        rows = self._oldest()
        if not rows:
            return self._sleep_until_woken()
        self._query("delete from outbox where id = any(%s)", ([row[0] for row in rows],))
        self.broker.publish(rows)

    relay.Relay._round = round_


def says_everything_twice():
    """No fault, but what any doubt leads to: each message is published again."""
    from plumbing import relay

    publish = relay.Publisher.publish

    def twice(self, rows):
        publish(self, rows)
        return publish(self, rows)

    relay.Publisher.publish = twice


def shares_without_locks():
    """Several relays take what the others have not locked (SKIP LOCKED), a little at a time."""
    import random
    import time

    from plumbing import relay

    fetch = "select id, exchange, routing_key, event_id, body from outbox order by id limit 3 for update skip locked"

    def round_(self):
        self._query("begin")
        rows = self._query(fetch)
        if rows:
            time.sleep(random.uniform(0, 0.05))
            self.broker.publish(rows)
            self._query("delete from outbox where id = any(%s)", (self.broker.settle(),))
        self._query("commit")
        if not rows:
            self._sleep_until_woken()

    relay.Relay._share = lambda self: None
    relay.Relay._round = round_


def forgets_history():
    """Some steps change the state and leave no row behind."""
    from plumbing.statements import Statements

    insert = Statements.insert

    def is_written(columns, row):
        named = dict(zip(columns.names.split(", "), row, strict=True))
        return not _is_chosen(f"{named['code']}/{named['step']}", 20)

    def some(self, table, columns, rows, then=""):
        insert(self, table, columns, [row for row in rows if table != "mediation.transitions" or is_written(columns, row)], then)

    Statements.insert = some


def forgets_receipts():
    """Some outcomes are never told."""
    from services.intake import outcomes

    receipts = outcomes._receipts
    outcomes._receipts = lambda decided, seqs: receipts([outcome for outcome in decided if not _is_chosen(outcome.id, 20)], seqs)


def counts_twice():
    """A sum of the read model moves by two where it should move by one, now and then."""
    from services.metrics import store

    add = store._add
    store._add = lambda tx, table, sums: add(tx, table, {cell: by * (2 if _is_chosen(str(cell), 5) else 1) for cell, by in sums.items()})


FAULTS = {fault.__name__: fault for fault in (
    acknowledges_first, swallows_errors, hears_repeats, hears_gaps, does_not_ask_whether_it_is_routed, deletes_before_the_confirm,
    says_everything_twice, shares_without_locks, forgets_history, forgets_receipts, counts_twice,
)}  # fmt: skip


def _is_chosen(name: str, one_in: int) -> bool:
    from zlib import crc32

    return crc32(name.encode()) % one_in == 0


def main(faults: str, module: str, *arguments: str) -> None:
    if module == "plumbing.run":
        import eventlet

        eventlet.monkey_patch()  # as that program does, before anything else is imported
    for fault in faults.split("+"):
        FAULTS[fault]()
    # Imported, not run by name: a module that is run is another one than the one whose functions were replaced.
    program = importlib.import_module(module)
    program.main(*arguments) if module == "plumbing.run" else program.main(list(arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
