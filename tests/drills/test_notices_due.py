"""Does the drill's check expect exactly the notices that notify makes, for every event that mediation can publish?"""

from itertools import count
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError, validate

import contracts
from contracts import AGENCIES
from contracts.channels import HEARS, SEALED, SERVICES
from contracts.fields import Boolean, ListOf, Text
from contracts.step_facts import StepFacts
from drills import capture, checker
from drills.checker import Evidence, Told
from plumbing import events
from plumbing.events import Delivery, DomainEvent
from plumbing.parked import MARK
from services.notify import rules
from services.notify.rules import Notice
from services.notify.service import NotifyService
from tests.contracts.made_up import data_of

# Every type in each voice that notify hears: (source as `DomainEvent` has it, type) → its row of the contract.
PUBLISHED = {(None, word): row for word, row in contracts.DOMAIN_EVENTS.items() if row.stream == "mediation"} | {
    (stream, word): row for (stream, word), row in contracts.SEALED_EVENTS.items() if stream == SEALED["mediation"]
}
ABOUT_NOTICES = (
    checker.notices_missing,
    checker.notices_not_posted,
    checker.notices_without_a_reason,
    checker.notices_posted_twice,
    checker.notices_posted_without_a_reason,
)
ONE_OF_EACH_ROLE = tuple({agency.role: code for code, agency in AGENCIES.items()}.values())
_serials = count(1)


@pytest.fixture(scope="module")
def copied(apart):
    """The tables apart, with the copy of the outboxes that the drill makes."""
    capture.install(apart.database_admin, SERVICES)
    yield apart
    apart.rows("drop schema drill cascade")


@pytest.fixture
def service(copied):
    copied.empty(*SERVICES)
    copied.rows("delete from drill.outbox; delete from notify.notices; delete from notify.sealed_notices; delete from notify.webhooks")
    service = NotifyService()
    service.db = copied.pool("notify")
    return service


def published(apart, facts: list[DomainEvent]) -> list[events.Event]:
    """Publishes as mediation does; returns the events as the relay would deliver them to notify."""
    before = len(capture.read(apart.rows))
    with apart.pool("mediation").transaction() as tx:
        tx.say(facts)
    return [events.read(Delivery(message.body)) for message in capture.read(apart.rows)[before:]]


def findings(apart) -> list[str]:
    evidence = Evidence(apart.rows, Told())
    assert list(checker.said_but_not_copied(evidence)) == []
    return [f"{question.__name__}: {found}" for question in ABOUT_NOTICES for found in question(evidence)]


def subject():
    return f"620702-2026-{next(_serials):06}-0"


def variants(row):
    """The contract's example of an event, and what becomes of it with each other value of each single field that has a closed list."""
    yield row.example
    for name, field in row.schema().fields.items():
        for value in values(field):
            changed = {**row.example, name: value}
            try:
                contracts.dump(row.type, changed, row.stream)
            except ValidationError:
                continue  # the fields do not go together
            yield changed


def values(field):
    if isinstance(field, StepFacts):
        return []
    if isinstance(field, Boolean):
        return [True, False]
    if isinstance(field, ListOf):
        each = values(field.inner)
        return [[], *([value] for value in each), each[:10], each[:10][::-1]] if each else []
    if isinstance(field, Text) and isinstance(field.validators[0], validate.OneOf):
        choices = field.validators[0].choices
        return list(ONE_OF_EACH_ROLE if set(ONE_OF_EACH_ROLE) <= set(choices) else choices)
    return []


@pytest.mark.parametrize(("stream", "word"), PUBLISHED, ids=lambda name: name or "ordinary")
def test_every_event_that_mediation_can_publish(service, copied, stream, word):
    row = PUBLISHED[stream, word]
    facts = [DomainEvent(word, subject(), data, source=stream) for data in variants(row)]
    heard = published(copied, facts)
    for start in range(0, len(heard), 100):
        service.on_events(heard[start : start + 100])

    assert copied.rows("select count(*) from notify.heard") == [(len(facts),)]
    assert findings(copied) == []


def test_these_are_all_that_notify_hears():
    streams = {row.stream for row in PUBLISHED.values()}

    assert streams == set(HEARS["notify"])
    for word, _ in (*rules.NOTICES, *rules.ALSO):
        assert (None, word) in PUBLISHED


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_events_made_up_from_the_contract(service, copied, data):
    """Several fields at once, several events about one dispute."""
    about = subject()
    chosen = data.draw(st.lists(st.sampled_from(sorted(PUBLISHED, key=str)), min_size=5, max_size=15))
    facts = [
        DomainEvent(word, about, PUBLISHED[stream, word].example | data.draw(data_of(PUBLISHED[stream, word].schema)), source=stream) for stream, word in chosen
    ]
    service.on_events(published(copied, facts))

    assert findings(copied) == []


def test_a_notice_that_only_notify_knows_of_is_reported(service, copied, monkeypatch):
    """As if a rule were added where the check does not look."""

    def with_one_more(event):
        more = contracts.NOTICES["notice.deadline"].example | {"dispute": event.subject}
        return [*rules.notices_for(event), *([Notice("notice.deadline", event.subject, "police", more, event)] if event.type == "dispute.closed" else [])]

    monkeypatch.setattr("services.notify.service.rules", SimpleNamespace(notices_for=with_one_more))
    row = contracts.DOMAIN_EVENTS["dispute.closed"]
    service.on_events(published(copied, [DomainEvent(row.type, subject(), row.example)]))

    assert {found.split(":")[0] for found in findings(copied)} == {"notices_without_a_reason", "notices_posted_without_a_reason"}


def test_a_notice_that_notify_does_not_make_is_missing(service, copied):
    row = contracts.DOMAIN_EVENTS["supervision.issued"]
    published(copied, [DomainEvent(row.type, subject(), row.example)])

    assert {found.split(":")[0] for found in findings(copied)} == {"notices_missing", "notices_not_posted"}


def test_what_is_parked_at_notify_or_was_discarded_there_gives_no_notice(service, copied):
    row = contracts.DOMAIN_EVENTS["deadline.set"]
    about = subject()
    first, second = published(copied, [DomainEvent(row.type, about, row.example)] * 2)
    with service.db.transaction() as tx:
        tx.park(first, "it failed")
    service.on_events([second])

    assert findings(copied) == []

    ((parked, delivery),) = copied.rows("select id, delivery from notify.parked")
    with service.db.transaction() as tx:
        tx.run(MARK, {"status": "discard", "rows": [parked], "who": "tester", "action": "discard", "note": "a test"})
    first = service.db.read(Delivery.unpack(service.db.box.decrypt(bytes(delivery))))
    first.kept, first.discarded = ("parked", parked), True
    service.on_events([first])

    assert copied.rows("select last_sequence, held from notify.heard") == [(2, False)]
    assert len(copied.rows("select 1 from notify.notices")) == 1  # of the second event
    assert findings(copied) == []
