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
    """Fault: process an event again when it is delivered again, in a later batch or in the same one."""
    from plumbing.inbox import NO_POSITION, Inbox

    unheard = Inbox.unheard

    def unheard_with_duplicates(self, batch):
        positions = self._load_positions(batch) if batch else {}
        is_known = [event.sequence is not None and event.sequence <= positions.get((event.source, event.subject), NO_POSITION).last for event in batch]
        seen, twice_in_batch = set(), []
        for event, known in zip(batch, is_known, strict=True):
            if event.id in seen and not known:
                twice_in_batch.append(event)
            seen.add(event.id)
        return [event for event, known in zip(batch, is_known, strict=True) if known] + unheard(self, batch) + twice_in_batch

    Inbox.unheard = unheard_with_duplicates


def ignore_gaps():
    """Fault: process events as they arrive, even if an earlier event of the same subject is missing."""
    from plumbing.inbox import NO_POSITION, Inbox

    def unheard_without_gap_check(self, batch):
        if not batch:
            return []
        position, fresh, moved = self._load_positions(batch), [], set()
        known = dict(position)
        for event in sorted(batch, key=lambda event: event.sequence or 0):
            key = (event.source, event.subject)
            before = position.get(key, NO_POSITION)
            if event.sequence is None:
                fresh.append(event)
            elif event.sequence > before.last:
                fresh.append(event)
                position[key] = before._replace(last=event.sequence)
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
    """Fault: several relays read rows of the same partition at the same time: each takes the ten oldest rows that the other has not locked.

    A relay waits before it publishes one group of rows in fifty: in that time the other relay publishes later events of the same disputes.
    """
    import random
    import time

    from plumbing import relay

    fetch = (
        "select o.id, o.exchange, o.routing_key, o.message_id, o.event_count, coalesce(o.body, p.body)"
        " from outbox o left join published p using (id) order by o.id limit 10 for update of o skip locked"
    )

    def publish_window(self):
        self._query("begin")
        rows = self._query(fetch)
        if rows:
            time.sleep(1.5 if random.random() < 0.02 else 0)
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


def lose_bundle_elements():
    """Fault: lose one event out of one bundle in five."""
    from contracts.channels import INBOXES_EXCHANGE

    _change_published_bundles(lambda exchange, message_id: exchange != INBOXES_EXCHANGE and _is_chosen(message_id, 5), _without_middle_element)


def lose_receipts_of_batches():
    """Fault: lose one receipt or notice out of one message in five, of the messages with several receipts or notices to an agency that reads batches."""
    from contracts.channels import INBOXES_EXCHANGE

    _change_published_bundles(lambda exchange, message_id: exchange == INBOXES_EXCHANGE and _is_chosen(message_id, 5), _without_middle_element)


def reverse_bundles():
    """Publish the events of each bundle in reverse order. The system must tolerate this, because every listener compares sequence numbers."""
    _change_published_bundles(lambda exchange, message_id: True, lambda elements: elements[::-1])


def process_in_arrival_order():
    """Fault: process the new events of a batch in the order of arrival, without comparing their sequence numbers with one another."""
    from plumbing.inbox import NO_POSITION, Inbox

    def unheard_in_arrival_order(self, batch):
        if not batch:
            return []
        position = self._load_positions(batch)
        known, fresh, moved = dict(position), {}, set()
        for event in batch:
            key = (event.source, event.subject)
            before = position.get(key, NO_POSITION)
            if event.sequence is None or event.sequence > known.get(key, NO_POSITION).last:
                fresh.setdefault((event.source, event.id), event)
                position[key] = before._replace(last=max(before.last, event.sequence or 0))
                moved.add(key)
        self._save_positions(position, moved, known)
        return list(fresh.values())

    Inbox.unheard = unheard_in_arrival_order


def process_half_of_bundles():
    """Fault: process only the first half of one bundle in five, and acknowledge the bundle."""
    from plumbing import bundles

    split = bundles.split

    def split_off_first_half(delivery):
        deliveries = split(delivery)
        is_halved = len(deliveries) > 1 and _is_chosen(delivery.message_id, 5)
        return deliveries[: len(deliveries) // 2] if is_halved else deliveries

    bundles.split = split_off_first_half


def publish_bundles_as_single_events():
    """Fault: publish bundles with the content type of a single event."""
    from plumbing import relay
    from plumbing.events import CONTENT_TYPE

    relay.content_type = lambda event_count: CONTENT_TYPE


def write_read_model_from_two_caches():
    """Write the read model alternately with two caches, as two OS processes do. The system must tolerate this: a cache is used only after its own write."""
    from itertools import cycle

    from services.metrics import service, store

    caches = cycle([store.DisputeCache(), store.DisputeCache()])
    service.DisputeCacheProvider.get_dependency = lambda self, worker_ctx: next(caches)


def use_stale_cache():
    """Fault: use the cached disputes of the read model although another writer may have changed them since."""
    from services.metrics import store

    def load_without_comparison(self, tx, events):
        tx.rows("select last_change from metrics.head for update")
        self._change = None
        codes = {event.subject for event in events}
        cached = {code: self._disputes[code] for code in codes & self._disputes.keys()}
        return cached | store.load_disputes(tx, sorted(codes - cached.keys()))

    store.DisputeCache.load = load_without_comparison


FAULT_FUNCTIONS = {fault.__name__: fault for fault in (
    acknowledge_before_commit, acknowledge_failed_events, apply_duplicates, ignore_gaps, publish_without_mandatory, delete_before_confirm,
    publish_twice, read_outbox_without_partition_locks, omit_transitions, omit_outcome_receipts, count_twice,
    lose_bundle_elements, lose_receipts_of_batches, reverse_bundles, process_in_arrival_order, process_half_of_bundles, publish_bundles_as_single_events,
    write_read_model_from_two_caches, use_stale_cache,
)}  # fmt: skip


def _is_chosen(name: str, one_in: int) -> bool:
    from zlib import crc32

    return crc32(name.encode()) % one_in == 0


def _change_published_bundles(applies_to, change) -> None:
    """Let the relay publish changed bundles. `applies_to(exchange, message id)`: whether a bundle is changed; `change(elements)` returns the new elements."""
    from plumbing import bundles, relay

    publish = relay.Publisher.publish

    def changed(row):
        elements = bundles.split_body(bytes(row[5]))
        return (*row[:5], bundles.join(change(elements))) if len(elements) > 1 and applies_to(row[1], row[3]) else row

    relay.Publisher.publish = lambda self, rows: publish(self, [changed(row) for row in rows])


def _without_middle_element(elements):
    middle = len(elements) // 2
    return elements[:middle] + elements[middle + 1 :]


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
