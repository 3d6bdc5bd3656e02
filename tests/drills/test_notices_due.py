"""Tests of the drill's checks of notices: they expect exactly the notices that notify makes, for every event type that mediation can publish."""

from itertools import count
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError, validate

import contracts
from contracts import AGENCIES
from contracts.channels import SEALED_STREAMS, SERVICES, SUBSCRIPTIONS
from contracts.fields import Boolean, ListOf, Text
from contracts.step_facts import StepFacts
from drills import capture, checker
from drills.checker import Evidence, ProducerRecords
from plumbing import events
from plumbing.events import Delivery, DomainEvent
from plumbing.parked import SET_STATUS
from services.notify import rules
from services.notify.rules import Notice
from services.notify.service import NotifyService
from tests.contracts.strategies import data_strategy

# Every event type of the streams that notify listens to: (source of the `DomainEvent`, type) → its row of the contract.
PUBLISHED = {(None, event_type): row for event_type, row in contracts.DOMAIN_EVENTS.items() if row.stream == "mediation"} | {
    (stream, event_type): row for (stream, event_type), row in contracts.SEALED_EVENTS.items() if stream == SEALED_STREAMS["mediation"]
}
NOTICE_CHECKS = (
    checker.missing_notices,
    checker.notices_not_sent_to_inbox,
    checker.unexpected_notices,
    checker.notices_sent_to_inbox_twice,
    checker.unexpected_inbox_messages,
)
ONE_AGENCY_PER_ROLE = tuple({agency.role: code for code, agency in AGENCIES.items()}.values())
_serials = count(1)


@pytest.fixture(scope="module")
def tables_with_copy(sandbox):
    """The services' tables in a separate database, with the drill's copy of the outboxes."""
    capture.install(sandbox.database_admin, SERVICES)
    yield sandbox
    sandbox.rows("drop schema drill cascade")


@pytest.fixture
def service(tables_with_copy):
    tables_with_copy.empty(*SERVICES)
    tables_with_copy.rows("delete from drill.outbox; delete from notify.notices; delete from notify.sealed_notices; delete from notify.webhooks")
    service = NotifyService()
    service.db = tables_with_copy.pool("notify")
    return service


def publish(sandbox, facts: list[DomainEvent]) -> list[events.Event]:
    """Publish the facts as mediation does. Return the events as the relay would deliver them to notify."""
    before = len(capture.read(sandbox.rows))
    with sandbox.pool("mediation").transaction() as tx:
        tx.say(facts)
    return [events.read(Delivery(message.body)) for message in capture.read(sandbox.rows)[before:]]


def findings(sandbox) -> list[str]:
    evidence = Evidence(sandbox.rows, ProducerRecords())
    assert list(checker.published_but_not_copied(evidence)) == []
    return [f"{check.__name__}: {finding}" for check in NOTICE_CHECKS for finding in check(evidence)]


def new_code():
    return f"620702-2026-{next(_serials):06}-0"


def variants(row):
    """Yield the contract's example data of an event, and for each field with a closed list a copy with each other value of the list."""
    yield row.example
    for name, field in row.schema().fields.items():
        for value in values(field):
            changed = {**row.example, name: value}
            try:
                contracts.dump(row.type, changed, row.stream)
            except ValidationError:
                continue  # this value is not valid together with the other fields
            yield changed


def values(field):
    if isinstance(field, StepFacts):
        return []
    if isinstance(field, Boolean):
        return [True, False]
    if isinstance(field, ListOf):
        inner_values = values(field.inner)
        return [[], *([value] for value in inner_values), inner_values[:10], inner_values[:10][::-1]] if inner_values else []
    if isinstance(field, Text) and isinstance(field.validators[0], validate.OneOf):
        choices = field.validators[0].choices
        return list(ONE_AGENCY_PER_ROLE if set(ONE_AGENCY_PER_ROLE) <= set(choices) else choices)
    return []


@pytest.mark.parametrize(("stream", "event_type"), PUBLISHED, ids=lambda name: name or "ordinary")
def test_expected_notices_equal_those_made_for_every_event_type(service, tables_with_copy, stream, event_type):
    row = PUBLISHED[stream, event_type]
    facts = [DomainEvent(event_type, new_code(), data, source=stream) for data in variants(row)]
    events_heard = publish(tables_with_copy, facts)
    for start in range(0, len(events_heard), 100):
        service.on_events(events_heard[start : start + 100])

    assert tables_with_copy.rows("select count(*) from notify.heard") == [(len(facts),)]
    assert findings(tables_with_copy) == []


def test_the_event_types_above_are_all_that_notify_listens_to():
    streams = {row.stream for row in PUBLISHED.values()}

    assert streams == set(SUBSCRIPTIONS["notify"])
    for event_type, _ in (*rules.NOTICES, *rules.ADDITIONAL_ADDRESSEES):
        assert (None, event_type) in PUBLISHED


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_expected_notices_equal_those_made_for_generated_events(service, tables_with_copy, data):
    """Several events about one dispute, each with several changed fields."""
    code = new_code()
    chosen = data.draw(st.lists(st.sampled_from(sorted(PUBLISHED, key=str)), min_size=5, max_size=15))
    facts = [
        DomainEvent(event_type, code, PUBLISHED[stream, event_type].example | data.draw(data_strategy(PUBLISHED[stream, event_type].schema)), source=stream)
        for stream, event_type in chosen
    ]
    service.on_events(publish(tables_with_copy, facts))

    assert findings(tables_with_copy) == []


def test_a_notice_that_the_check_does_not_expect_is_reported(service, tables_with_copy, monkeypatch):
    """Simulates a rule that only notify has."""

    def with_extra_notice(event):
        data_of_notice = contracts.NOTICES["notice.deadline"].example | {"dispute": event.subject}
        return [
            *rules.notices_for(event),
            *([Notice("notice.deadline", event.subject, "police", data_of_notice, event)] if event.type == "dispute.closed" else []),
        ]

    monkeypatch.setattr("services.notify.service.rules", SimpleNamespace(notices_for=with_extra_notice))
    row = contracts.DOMAIN_EVENTS["dispute.closed"]
    service.on_events(publish(tables_with_copy, [DomainEvent(row.type, new_code(), row.example)]))

    assert {finding.split(":")[0] for finding in findings(tables_with_copy)} == {"unexpected_notices", "unexpected_inbox_messages"}


def test_a_notice_that_notify_does_not_make_is_reported_as_missing(service, tables_with_copy):
    row = contracts.DOMAIN_EVENTS["supervision.issued"]
    publish(tables_with_copy, [DomainEvent(row.type, new_code(), row.example)])

    assert {finding.split(":")[0] for finding in findings(tables_with_copy)} == {"missing_notices", "notices_not_sent_to_inbox"}


def test_no_notice_is_expected_of_an_event_parked_or_discarded_at_notify(service, tables_with_copy):
    row = contracts.DOMAIN_EVENTS["deadline.set"]
    code = new_code()
    first, second = publish(tables_with_copy, [DomainEvent(row.type, code, row.example)] * 2)
    with service.db.transaction() as tx:
        tx.park(first, "it failed")
    service.on_events([second])

    assert findings(tables_with_copy) == []

    ((parked, delivery),) = tables_with_copy.rows("select id, delivery from notify.parked")
    with service.db.transaction() as tx:
        tx.run(SET_STATUS, {"status": "discard", "rows": [parked], "who": "tester", "action": "discard", "note": "a test"})
    first = service.db.read(Delivery.unpack(service.db.secret_box.decrypt(bytes(delivery))))
    first.stored_in, first.discarded = ("parked", parked), True
    service.on_events([first])

    assert tables_with_copy.rows("select last_sequence, blocked from notify.heard") == [(2, False)]
    assert len(tables_with_copy.rows("select 1 from notify.notices")) == 1  # of the second event
    assert findings(tables_with_copy) == []
