"""Reads the record of published messages, the table `published`."""

from collections.abc import Iterator
from datetime import datetime

import orjson

from contracts.channels import exchange_of
from plumbing import bundles
from plumbing.events import Delivery

PAGE_ROWS = 500


def find_messages(cursor, stream: str, wanted: dict[str, tuple[int, int]]) -> tuple[list[int], int]:
    """Return the ids of the messages that contain the wanted events, and the number of wanted events that are in no message.

    `wanted`: {dispute: (number before the first wanted event, number of the last)}. The record is read backwards, because listeners lack the newest
    events; no index on disputes is needed.
    """
    missing = {subject: last for subject, (_, last) in wanted.items()}
    found, before = [], 2**63 - 1
    while missing:
        cursor.execute("select id, body from published where exchange = %s and id < %s order by id desc limit %s", (exchange_of(stream), before, PAGE_ROWS))
        rows = cursor.fetchall()
        if not rows:
            break
        for message_id, body in rows:
            before, is_needed = message_id, False
            for subject, sequence, follows in reversed(_numbers(bytes(body))):
                if subject in wanted and sequence > wanted[subject][0]:
                    is_needed = True
                    if missing.get(subject) == sequence:
                        # Numbers between `follows` and `sequence` do not exist in the record; see SEQUENCE_CONTINUED.
                        missing[subject] = follows
                        if follows <= wanted[subject][0]:
                            del missing[subject]
            if is_needed:
                found.append(message_id)
    return found[::-1], sum(last - wanted[subject][0] for subject, last in missing.items())


def _numbers(body) -> list[tuple[str, int, int]]:
    """Return (dispute, number, number of the event before) of the events in a message."""
    numbers = []
    for element in bundles.split_body(body):
        envelope = orjson.loads(element)
        sequence = int(envelope["sequence"])
        numbers.append((envelope["subject"], sequence, int(envelope.get("follows", sequence - 1))))
    return numbers


def read_messages(cursor, streams: tuple[str, ...], after: int, until: int, limit: int = PAGE_ROWS) -> list[tuple[int, datetime, list[Delivery]]]:
    """Return messages of these streams with ids in (`after`, `until`], in order: (id, time of recording, one delivery per event)."""
    cursor.execute(
        "select id, created_at, routing_key, message_id, event_count, body from published"
        " where exchange = any(%s) and id > %s and id <= %s order by id limit %s",
        ([exchange_of(stream) for stream in streams], after, until, limit),
    )
    return [
        (number, created_at, bundles.split(Delivery(bytes(body), bundles.content_type(count), routing_key, message_id=message_id)))
        for number, created_at, routing_key, message_id, count, body in cursor.fetchall()
    ]


def iterate_messages(cursor, streams: tuple[str, ...], until: int) -> Iterator[tuple[datetime, list[Delivery]]]:
    """Yield (time of recording, deliveries) of all messages of these streams up to the id `until`, in order."""
    after = 0
    while messages := read_messages(cursor, streams, after, until):
        for _, created_at, deliveries in messages:
            yield created_at, deliveries
        after = messages[-1][0]
