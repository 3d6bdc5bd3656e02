"""Messages that are bundles of events: their events as messages of their own, and batches filled by events."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import orjson

from bench.agencies import Message
from plumbing.bundles import count_events, is_bundle, split_body
from plumbing.events import CONTENT_TYPE


def split_bundle(message: Message) -> list[Message]:
    """Return one message per event. A message with one event is returned unchanged."""
    if not is_bundle(message.body):
        return [message]
    return [replace(message, body=body, id=orjson.loads(body)["id"], content_type=CONTENT_TYPE) for body in split_body(message.body)]


def subject_of(body: bytes) -> str:
    """Return the subject of the first event in a body in structured mode."""
    return orjson.loads(split_body(body)[0])["subject"]


def batches_by_events(messages: Iterable[Message], size: int) -> Iterator[list[Message]]:
    """Yield the messages in batches as a service takes them: a batch with at least `size` events takes no further message."""
    batch, event_count = [], 0
    for message in messages:
        batch.append(message)
        event_count += count_events(message.body)
        if event_count >= size:
            yield batch
            batch, event_count = [], 0
    if batch:
        yield batch
