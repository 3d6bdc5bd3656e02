"""Runs a program of the system with deliberate faults in its code: `python -m drills.fault_injection <fault>[+<fault>] <module> [arguments]`.

The drill uses it to prove that its checks find such faults. Each fault is a function that replaces functions of the program in memory before it starts.
"""

import importlib
import sys


def acknowledge_before_commit():
    """Fault: acknowledge deliveries before the transaction commits."""
    from plumbing.broker_connection import BrokerConnection

    take_deliveries, acknowledge = BrokerConnection.take_deliveries, BrokerConnection.acknowledge

    def take_and_acknowledge(self, room):
        deliveries, marks = take_deliveries(self, room)
        acknowledge(self, marks)
        return deliveries, marks

    BrokerConnection.take_deliveries = take_and_acknowledge
    BrokerConnection.acknowledge = lambda self, marks: None


def acknowledge_failed_events():
    """Fault: let one event in twenty fail, and acknowledge failed events without parking them, as nameko's own consumer does."""
    from plumbing import consumer
    from plumbing.consumer import Consumer

    call = Consumer._call_method
    Consumer._call_method = lambda self, batch: ValueError("seeded") if any(_is_chosen(event.id, 20) for event in batch) else call(self, batch)
    consumer.store_failed_event = lambda pool, event, problem: None


def apply_duplicates():
    """Fault: process an event again when it is delivered again."""
    from plumbing.inbox import Inbox

    unheard = Inbox.unheard

    def unheard_with_duplicates(self, batch):
        positions = self._load_positions(batch) if batch else {}
        repeats = [e for e in batch if e.sequence is not None and e.sequence <= positions.get((e.source, e.subject), (0,))[0]]
        return repeats + unheard(self, batch)

    Inbox.unheard = unheard_with_duplicates


def ignore_gaps():
    """Fault: process events as they arrive, even if an earlier event of the same subject is missing."""
    from plumbing.inbox import Inbox

    def unheard_without_gap_check(self, batch):
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

    Inbox.unheard = unheard_without_gap_check


def publish_without_mandatory():
    """Fault: publish without the flag `mandatory`, and give one message in 25 a routing key that no queue is bound to."""
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
    """Fault: delete outbox rows before they are published and confirmed."""
    from plumbing import relay

    def publish_window(self):
        self._divide_partitions()
        rows = self._fetch_oldest()
        if not rows:
            return self._wait_for_notify()
        self._query("delete from outbox where id = any(%s)", ([row[0] for row in rows],))
        self.broker.publish(rows)

    relay.Relay._publish_window = publish_window


def publish_twice():
    """Publish each message twice, as the relay does after it has missed a confirm. The system must tolerate this."""
    from plumbing import relay

    publish = relay.Publisher.publish

    def publish_again(self, rows):
        publish(self, rows)
        return publish(self, rows)

    relay.Publisher.publish = publish_again


def read_outbox_without_partition_locks():
    """Fault: let several relays read rows of the same partition at the same time, with SKIP LOCKED and three rows at a time."""
    import random
    import time

    from plumbing import relay

    fetch = "select id, exchange, routing_key, message_id, event_count, body from outbox order by id limit 3 for update skip locked"

    def publish_window(self):
        self._query("begin")
        rows = self._query(fetch)
        if rows:
            time.sleep(random.uniform(0, 0.05))
            self.broker.publish(rows)
            self._query("delete from outbox where id = any(%s)", (self.broker.wait_for_confirms(),))
        self._query("commit")
        if not rows:
            self._wait_for_notify()

    relay.Relay._divide_partitions = lambda self: None
    relay.Relay._publish_window = publish_window


def omit_transitions():
    """Fault: do not store one transition in twenty, although the state changes."""
    from plumbing.statements import Statements

    insert = Statements.insert

    def is_stored(columns, row):
        named = dict(zip(columns.names.split(", "), row, strict=True))
        return not _is_chosen(f"{named['code']}/{named['step']}", 20)

    def insert_some_rows(self, table, columns, rows, then=""):
        insert(self, table, columns, [row for row in rows if table != "mediation.transitions" or is_stored(columns, row)], then)

    Statements.insert = insert_some_rows


def omit_outcome_receipts():
    """Fault: do not create one outcome receipt in twenty."""
    from services.intake import outcomes

    receipts = outcomes._outcome_receipts
    outcomes._outcome_receipts = lambda decided, seqs: receipts([outcome for outcome in decided if not _is_chosen(outcome.id, 20)], seqs)


def count_twice():
    """Fault: add twice the amount to one cell in five of the read model's aggregate tables."""
    from services.metrics import store

    add = store._add_to_counts
    store._add_to_counts = lambda tx, table, sums: add(tx, table, {cell: by * (2 if _is_chosen(str(cell), 5) else 1) for cell, by in sums.items()})


FAULT_FUNCTIONS = {fault.__name__: fault for fault in (
    acknowledge_before_commit, acknowledge_failed_events, apply_duplicates, ignore_gaps, publish_without_mandatory, delete_before_confirm,
    publish_twice, read_outbox_without_partition_locks, omit_transitions, omit_outcome_receipts, count_twice,
)}  # fmt: skip


def _is_chosen(name: str, one_in: int) -> bool:
    from zlib import crc32

    return crc32(name.encode()) % one_in == 0


def main(faults: str, module: str, *arguments: str) -> None:
    if module == "plumbing.run":
        import eventlet

        eventlet.monkey_patch()  # must precede all other imports, as in plumbing.run
    for fault in faults.split("+"):
        FAULT_FUNCTIONS[fault]()
    # Running the module by name would load it a second time as __main__, without the replaced functions.
    program = importlib.import_module(module)
    program.main(*arguments) if module == "plumbing.run" else program.main(list(arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
