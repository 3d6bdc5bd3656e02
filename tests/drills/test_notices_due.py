"""Tests of the drill's checks of notices: for every event type that mediation can publish, they expect exactly the notices that the notify service makes."""

from itertools import count

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
from services.notify import ledger, rules
from services.notify.model import LedgerEntry, Notice
from services.notify.service import NotifyService
from tests.contracts.strategies import data_strategy

# Event types of the streams that the notify service consumes: (source of the `DomainEvent`, event type) → definition of the event type in the contracts.
CONSUMED_EVENT_TYPES = {(None, event_type): row for event_type, row in contracts.DOMAIN_EVENTS.items() if row.stream == "mediation"} | {
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
_serial_numbers = count(1)


@pytest.fixture(scope="module")
def tables_with_copy(sandbox):
    """Test database with the services' tables and the table in which the drill copies their outboxes."""
    capture.install_outbox_copy(sandbox.database_admin, SERVICES)
    yield sandbox
    sandbox.rows("drop schema drill cascade")


@pytest.fixture
def notify_service(tables_with_copy):
    tables_with_copy.empty(*SERVICES)
    tables_with_copy.rows("delete from drill.outbox; delete from notify.notices; delete from notify.sealed_notices; delete from notify.webhooks")
    notify_service = NotifyService()
    notify_service.db = tables_with_copy.pool("notify")
    return notify_service


def publish_as_mediation(sandbox, facts: list[DomainEvent]) -> list[events.Event]:
    """Publish the domain events as the mediation service does. Return them as the relay would deliver them to the notify service."""
    (last,) = sandbox.rows("select coalesce(max(id), 0) from drill.outbox")[0]
    with sandbox.pool("mediation").transaction() as tx:
        tx.say(facts)
    return [events.read(Delivery(bytes(body))) for (body,) in sandbox.rows("select body from drill.outbox where id > %s order by id", last)]


def notice_findings(sandbox) -> list[str]:
    evidence = Evidence(sandbox.rows, ProducerRecords())
    assert list(checker.published_events_not_copied(evidence)) == []
    return [f"{check.__name__}: {finding}" for check in NOTICE_CHECKS for finding in check(evidence)]


def new_code():
    return f"620702-2026-{next(_serial_numbers):06}-0"


def example_variants(row):
    """Yield data of an event type: the example in the contracts, and for each field with a list of allowed tokens one copy of the example per token."""
    yield row.example
    for name, field in row.schema().fields.items():
        for value in field_values(field):
            changed = {**row.example, name: value}
            try:
                contracts.dump(row.type, changed, row.stream)
            except ValidationError:
                continue  # this value contradicts the other fields of the example event
            yield changed


def field_values(field):
    if isinstance(field, StepFacts):
        return []
    if isinstance(field, Boolean):
        return [True, False]
    if isinstance(field, ListOf):
        inner_values = field_values(field.inner)
        return [[], *([value] for value in inner_values), inner_values[:10], inner_values[:10][::-1]] if inner_values else []
    if isinstance(field, Text) and isinstance(field.validators[0], validate.OneOf):
        choices = field.validators[0].choices
        return list(ONE_AGENCY_PER_ROLE if set(ONE_AGENCY_PER_ROLE) <= set(choices) else choices)
    return []


@pytest.mark.parametrize(("stream", "event_type"), CONSUMED_EVENT_TYPES, ids=lambda name: name or "ordinary")
def test_the_check_expects_the_notices_that_the_notify_service_makes_for_each_event_type(notify_service, tables_with_copy, stream, event_type):
    row = CONSUMED_EVENT_TYPES[stream, event_type]
    facts = [DomainEvent(event_type, new_code(), data, source=stream) for data in example_variants(row)]
    events_heard = publish_as_mediation(tables_with_copy, facts)
    for start in range(0, len(events_heard), 100):
        notify_service.on_events(events_heard[start : start + 100])

    assert tables_with_copy.rows("select count(*) from notify.heard") == [(len(facts),)]
    assert notice_findings(tables_with_copy) == []


def test_the_tested_event_types_are_all_event_types_that_the_notify_service_consumes():
    streams = {row.stream for row in CONSUMED_EVENT_TYPES.values()}

    assert streams == set(SUBSCRIPTIONS["notify"])
    for event_type in (*rules.NOTICES, *(event_type for event_type, _ in rules.ADDITIONAL_ADDRESSEES)):
        assert (None, event_type) in CONSUMED_EVENT_TYPES


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_the_check_expects_the_notices_that_the_notify_service_makes_for_generated_events(notify_service, tables_with_copy, data):
    """The example is a sequence of 5 to 15 generated events about one dispute."""
    code = new_code()
    chosen = data.draw(st.lists(st.sampled_from(sorted(CONSUMED_EVENT_TYPES, key=str)), min_size=5, max_size=15))
    facts = [
        DomainEvent(
            event_type,
            code,
            CONSUMED_EVENT_TYPES[stream, event_type].example | data.draw(data_strategy(CONSUMED_EVENT_TYPES[stream, event_type].schema)),
            source=stream,
        )
        for stream, event_type in chosen
    ]
    notify_service.on_events(publish_as_mediation(tables_with_copy, facts))

    assert notice_findings(tables_with_copy) == []


def test_the_check_reports_a_notice_that_it_does_not_expect(notify_service, tables_with_copy, monkeypatch):
    """The notify service is given an additional rule that the check does not have."""

    record_all = ledger.record_all

    def with_extra_notice(entries, events_heard):
        notices, new_entries, changed_entries = record_all(entries, events_heard)
        data_of_notice = contracts.NOTICES["notice.deadline"].example | {"dispute": events_heard[0].subject}
        extra = Notice("notice.deadline", events_heard[0].subject, "police", data_of_notice, events_heard[0])
        return [*notices, extra], new_entries | {extra.id: LedgerEntry.of(extra)}, changed_entries

    monkeypatch.setattr(ledger, "record_all", with_extra_notice)
    row = contracts.DOMAIN_EVENTS["dispute.closed"]
    notify_service.on_events(publish_as_mediation(tables_with_copy, [DomainEvent(row.type, new_code(), row.example)]))

    assert {finding.split(":")[0] for finding in notice_findings(tables_with_copy)} == {"unexpected_notices", "unexpected_inbox_messages"}


def test_the_check_reports_a_notice_as_missing_if_the_notify_service_does_not_make_it(notify_service, tables_with_copy):
    row = contracts.DOMAIN_EVENTS["supervision.issued"]
    publish_as_mediation(tables_with_copy, [DomainEvent(row.type, new_code(), row.example)])

    assert {finding.split(":")[0] for finding in notice_findings(tables_with_copy)} == {"missing_notices", "notices_not_sent_to_inbox"}


def test_the_check_expects_no_notice_of_an_event_that_the_notify_service_parked_or_an_operator_discarded(notify_service, tables_with_copy):
    row = contracts.DOMAIN_EVENTS["deadline.approached"]
    code = new_code()
    first, second = publish_as_mediation(tables_with_copy, [DomainEvent(row.type, code, row.example)] * 2)
    with notify_service.db.transaction() as tx:
        tx.park(first, "the event failed")
    notify_service.on_events([second])

    assert notice_findings(tables_with_copy) == []

    ((parked, delivery),) = tables_with_copy.rows("select id, delivery from notify.parked")
    with notify_service.db.transaction() as tx:
        tx.run(SET_STATUS, {"status": "discard", "rows": [parked], "who": "tester", "action": "discard", "note": "a test"})
    first = notify_service.db.read(Delivery.unpack(notify_service.db.secret_box.decrypt(bytes(delivery))))
    first.stored_in, first.discarded = ("parked", parked), True
    notify_service.on_events([first])

    assert tables_with_copy.rows("select last_sequence, blocked from notify.heard") == [(2, False)]
    assert len(tables_with_copy.rows("select 1 from notify.notices")) == 1  # the notice of the second event
    assert notice_findings(tables_with_copy) == []
