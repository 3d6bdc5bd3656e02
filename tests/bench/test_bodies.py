"""Tests of the functions that find the events of a message: one CloudEvent, or several in a bundle."""

import json

from bench.agencies import Message
from bench.bodies import batches_by_events, split_bundle, subject_of
from plumbing import bundles

FIRST, SECOND, THIRD = ({"id": f"FQ-1/{number}", "type": "deadline.set", "subject": "FQ-1", "sequence": number} for number in (1, 2, 3))


def _message(*events):
    bodies = [json.dumps(event).encode() for event in events]
    body = bundles.join(bodies) if len(bodies) > 1 else bodies[0]
    return Message("mediation.events", "0.bundle", body, events[0]["id"], bundles.content_type(len(bodies)))


def test_a_bundle_is_split_into_one_message_per_event_with_the_events_own_id_and_content_type():
    split = split_bundle(_message(FIRST, SECOND))

    assert [(message.id, json.loads(message.body), message.content_type) for message in split] == [
        ("FQ-1/1", FIRST, "application/cloudevents+json"),
        ("FQ-1/2", SECOND, "application/cloudevents+json"),
    ]


def test_a_message_with_one_event_is_not_changed_when_it_is_split():
    message = _message(FIRST)

    assert split_bundle(message) == [message]


def test_the_subject_of_a_message_is_that_of_its_first_event():
    assert subject_of(_message(FIRST).body) == subject_of(_message(FIRST, SECOND).body) == "FQ-1"


def test_a_batch_is_filled_by_events_and_a_bundle_is_never_divided():
    bundle, single = _message(FIRST, SECOND, THIRD), _message(FIRST)

    assert list(batches_by_events([single, single, bundle, single, bundle], size=4)) == [[single, single, bundle], [single, bundle]]
    assert list(batches_by_events([bundle, single], size=2)) == [[bundle], [single]]
    assert list(batches_by_events([], size=2)) == []
