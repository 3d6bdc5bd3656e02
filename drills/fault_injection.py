"""Runs one of the system's programs with faults in its code: `python -m drills.fault_injection <fault>[+<fault>] <module> [arguments]`.

Used to prove that the checks find such faults. Each function below replaces functions of the program before it starts; the files are not changed.
"""

import importlib
import sys


def acknowledge_before_commit():
    """Acknowledge deliveries before the transaction commits."""
    from plumbing.broker_connection import BrokerConnection

    take_deliveries, acknowledge = BrokerConnection.take_deliveries, BrokerConnection.acknowledge

    def take_and_acknowledge(self, room):
        deliveries, marks = take_deliveries(self, room)
        acknowledge(self, marks)
        return deliveries, marks

    BrokerConnection.take_deliveries = take_and_acknowledge
    BrokerConnection.acknowledge = lambda self, marks: None


def acknowledge_failed_events():
    """Let some events fail, acknowledge them and do not park them, as nameko's own consumer does."""
    from plumbing import consumer
    from plumbing.consumer import Consumer

    call = Consumer._call_method
    Consumer._call_method = lambda self, batch: ValueError("seeded") if any(_is_chosen(event.id, 20) for event in batch) else call(self, batch)
    consumer.store_failed_event = lambda pool, event, problem: None


def apply_duplicates():
    """Process events that were processed before once more."""
    from plumbing.inbox import Inbox

    unheard = Inbox.unheard

    def with_duplicates(self, batch):
        positions = self._load_positions(batch) if batch else {}
        repeats = [e for e in batch if e.sequence is not None and e.sequence <= positions.get((e.source, e.subject), (0,))[0]]
        return repeats + unheard(self, batch)

    Inbox.unheard = with_duplicates


def ignore_gaps():
    """Process events as they arrive, even if an earlier event of the same subject is missing."""
    from plumbing.inbox import Inbox

    def without_gap_check(self, batch):
        if not batch:
            return []
        position, fresh, moved = self._load_positions(batch), [], set()
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
        self._save_positions(position, moved, known)
        return fresh

    Inbox.unheard = without_gap_check


def publish_without_mandatory():
    """Publish without `mandatory`, and give some messages a routing key that no queue is bound to."""
    import pika

    from plumbing import relay

    publish, basic_publish = relay.Publisher.publish, pika.channel.Channel.basic_publish

    def publish_unroutable(self, rows):
        return publish(self, [(row[0], row[1], "nowhere" if row[0] % 25 == 0 else row[2], *row[3:]) for row in rows])

    relay.Publisher.publish = publish_unroutable
    pika.channel.Channel.basic_publish = lambda self, exchange, key, body, properties=None, mandatory=False: basic_publish(
        self, exchange, key, body, properties
    )


def delete_before_confirm():
    """Delete outbox rows before they are published and confirmed."""
    from plumbing import relay

    def round_(self):
        self._share_partitions()
        rows = self._fetch_oldest()
        if not rows:
            return self._wait_for_notify()
        self._query("delete from outbox where id = any(%s)", ([row[0] for row in rows],))
        self.broker.publish(rows)

    relay.Relay._publish_window = round_


def publish_twice():
    """Publish each message twice, as the relay does when it has missed a confirm. The system must tolerate this."""
    from plumbing import relay

    publish = relay.Publisher.publish

    def publish_again(self, rows):
        publish(self, rows)
        return publish(self, rows)

    relay.Publisher.publish = publish_again


def read_outbox_without_partition_locks():
    """Let several relays read rows of the same partition, with SKIP LOCKED and three rows at a time."""
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
            self._query("delete from outbox where id = any(%s)", (self.broker.wait_for_confirms(),))
        self._query("commit")
        if not rows:
            self._wait_for_notify()

    relay.Relay._share_partitions = lambda self: None
    relay.Relay._publish_window = round_


def omit_transitions():
    """Do not store some transitions, although the state changes."""
    from plumbing.statements import Statements

    insert = Statements.insert

    def is_kept(columns, row):
        named = dict(zip(columns.names.split(", "), row, strict=True))
        return not _is_chosen(f"{named['code']}/{named['step']}", 20)

    def insert_most(self, table, columns, rows, then=""):
        insert(self, table, columns, [row for row in rows if table != "mediation.transitions" or is_kept(columns, row)], then)

    Statements.insert = insert_most


def omit_outcome_receipts():
    """Do not create some outcome receipts."""
    from services.intake import outcomes

    receipts = outcomes._outcome_receipts
    outcomes._outcome_receipts = lambda decided, seqs: receipts([outcome for outcome in decided if not _is_chosen(outcome.id, 20)], seqs)


def count_twice():
    """Add twice the amount to some sums of the read model."""
    from services.metrics import store

    add = store._add_sums
    store._add_sums = lambda tx, table, sums: add(tx, table, {cell: by * (2 if _is_chosen(str(cell), 5) else 1) for cell, by in sums.items()})


FAULTS = {fault.__name__: fault for fault in (
    acknowledge_before_commit, acknowledge_failed_events, apply_duplicates, ignore_gaps, publish_without_mandatory, delete_before_confirm,
    publish_twice, read_outbox_without_partition_locks, omit_transitions, omit_outcome_receipts, count_twice,
)}  # fmt: skip


def _is_chosen(name: str, one_in: int) -> bool:
    from zlib import crc32

    return crc32(name.encode()) % one_in == 0


def main(faults: str, module: str, *arguments: str) -> None:
    if module == "plumbing.run":
        import eventlet

        eventlet.monkey_patch()  # as plumbing.run does before other imports
    for fault in faults.split("+"):
        FAULTS[fault]()
    # Running the module by name would load it a second time as __main__, without the replaced functions.
    program = importlib.import_module(module)
    program.main(*arguments) if module == "plumbing.run" else program.main(list(arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
