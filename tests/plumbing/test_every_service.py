"""Tests of a property that every service has: its result does not depend on how its events are delivered.

Each example publishes the same events of three disputes twice, under two sets of dispute codes: first one by one in order, then in batches
shuffled across disputes and producers, reordered and with duplicates. Then the service's tables and its published events are compared."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import contracts
from contracts import COUNTY
from plumbing import events
from plumbing.due_times import DueTimes
from plumbing.events import Delivery, DomainEvent, read
from services.intake import codes
from services.mediation.county_files import CountyFiles
from services.mediation.rosters.store import RosterCache
from services.metrics.store import DisputeCache
from tests.mediation.simulated_dispute import DAMAN, FACTS, REPORTING_AGENCY, WOMEN

PROCESSING_TIME = datetime(2026, 8, 3, 4, 0, tzinfo=UTC)
FIRST_EVENT_AT = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
_serials = count(1)

# ── histories: the events of each producer about one dispute, in order ────────────────────────────────────────────────────


@st.composite
def intake_steps(draw):
    """Hypothesis strategy: (step, agency) pairs that intake publishes about one dispute: the registration, then allowed and refused steps in any order."""
    usual_steps = [("dispute.screened", None), ("dispute.routed", None), ("referral.accepted", DAMAN), ("consent.given", DAMAN), ("mediation.started", DAMAN)]
    steps = usual_steps[: draw(st.integers(0, len(usual_steps)))]
    any_step = st.tuples(st.sampled_from(sorted(FACTS)), st.sampled_from([DAMAN, "mediation_centre"]))
    for position, step in draw(st.lists(st.tuples(st.integers(0, 9), any_step), max_size=4)):
        steps.insert(position, step)
    return [("dispute.registered", WOMEN), *((step, agency or REPORTING_AGENCY[step]) for step, agency in steps)]


def intake_events(subject, steps):
    for number, (step, agency) in enumerate(steps, 1):
        at = FIRST_EVENT_AT + timedelta(hours=20 * number)
        fields = {"event": {"source": f"/agencies/{agency}", "id": f"e-{number}"}, "agency": agency, "happened_at": at}
        if step == "dispute.registered":
            data = {
                **fields,
                "township": "620702102",
                "kind": "family",
                "channel": "walk_in",
                "wants": "mediation",
                "party_labels": ["applicant", "respondent"],
            }
        else:
            data = {**fields, "step": step, "facts": contracts.dump_facts(step, contracts.load(step, FACTS[step] | _required_fields(step)))}
        yield DomainEvent("dispute.registered" if step == "dispute.registered" else "step.reported", subject, data, time=at)


def _required_fields(step):
    """Return the fields that an agency must report with this step and that intake does not publish."""
    if step == "dispute.reported":
        return {"report_no": "R-1"}
    return {"petition_no": "X-1"} if step.startswith("petition.") else {}


MEDIATION_EVENT_TYPES = st.sampled_from(
    ["dispute.reported", "deadline.approached", "deadline.passed", "deadline.recomputed", "step.refused", "referral.accepted", "dispute.closed"]
)


def mediation_events(subject, event_types):
    for number, event_type in enumerate(event_types, 1):
        yield DomainEvent(event_type, subject, contracts.DOMAIN_EVENTS[event_type].example, time=FIRST_EVENT_AT + timedelta(hours=number))


def notify_events(subject, event_types):
    for number, event_type in enumerate(event_types, 1):
        yield DomainEvent(event_type, subject, contracts.DOMAIN_EVENTS[event_type].example, time=FIRST_EVENT_AT + timedelta(hours=number))


@st.composite
def histories(draw):
    """Hypothesis strategy: the histories of three disputes, each {producer: list of steps or event types}."""
    return [
        {
            "intake": draw(intake_steps()),
            "mediation": draw(st.lists(MEDIATION_EVENT_TYPES, max_size=8)),
            "notify": draw(st.lists(st.sampled_from(["notice.sent", "notice.undeliverable"]), max_size=2)),
        }
        for _ in range(3)
    ]


EVENT_GENERATORS = {"intake": intake_events, "mediation": mediation_events, "notify": notify_events}


def serialize_histories(all_histories, subjects, producers):
    """Return {(producer, dispute): events of the producer about the dispute as deliveries, in order}."""
    return {
        (producer, subject): [
            Delivery(events.write(producer, event, f"{subject}/{number}", PROCESSING_TIME, number))
            for number, event in enumerate(EVENT_GENERATORS[producer](subject, history[producer]), 1)
        ]
        for subject, history in zip(subjects, all_histories, strict=True)
        for producer in producers
    }


# ── deliveries ──────────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def redelivered_batches(draw, streams):
    """Hypothesis strategy: batches of (stream, position) pairs in which every event occurs at least once, in any order and with duplicates."""
    everything = [(stream, position) for stream, events in enumerate(streams) for position in range(len(events))]
    order = draw(st.permutations(everything))
    if everything:
        order = order + draw(st.lists(st.sampled_from(everything), max_size=8))
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(order))), max_size=5)))
    return [order[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(order)], strict=True) if order[begin:end]]


# ── services: their classes with a real database, without nameko and broker ─────────────────────────────────────────────────


def describe_mediation(pool):
    """Return the class of the mediation service, the producers it consumes, and {table: query for its rows}."""
    from services.mediation.service import MediationService

    return (
        MediationService,
        ("intake",),
        {
            "disputes": "select *, null from mediation.disputes where code = any(%s)",
            "transitions": "select * from mediation.transitions where code = any(%s)",
            "deadlines": "select * from mediation.deadlines where code = any(%s)",
        },
    )


def describe_metrics(pool):
    """Return the class of the metrics service, the producers it consumes, and {table: query for its rows}."""
    from services.metrics.service import MetricsService

    return (
        MetricsService,
        ("intake", "mediation", "notify"),
        {
            "disputes": "select * from metrics.disputes where code = any(%s)",
            "deadlines": "select * from metrics.deadlines where code = any(%s)",
            "timeline": "select * from metrics.timeline where code = any(%s)",
            "daily_disputes": "select * from metrics.daily_disputes where code = any(%s)",
        },
    )


def describe_notify(pool):
    """Return the class of the service notify, the producers it consumes, and {table: query for its rows}."""
    from services.notify.service import NotifyService

    return NotifyService, ("mediation",), {"notices": "select * from notify.notices where dispute = any(%s)"}


# Service → tables with totals over all disputes; the tests compare how the totals change.
TABLES_WITH_TOTALS = {"metrics": ("open_cube", "open_waits", "daily_counts", "daily_totals", "totals")}


class ServiceUnderTest:
    """A service whose event handler the tests call directly, without nameko and broker."""

    def __init__(self, sandbox, name, describe):
        self.sandbox, self.name = sandbox, name
        self.pool = sandbox.pool(name)
        cls, self.producers, self.tables = describe(self.pool)
        self.service = cls()
        self.service.db = self.pool
        if name == "mediation":
            self.service.county, self.service.rosters = CountyFiles(COUNTY.folder), RosterCache()
            self.service.deadline_times, self.service.safeguard_times = DueTimes(), DueTimes()
        if name == "notify":
            self.service.webhook_times = DueTimes()
        if name == "metrics":
            self.service.disputes = DisputeCache()

    def process_deliveries(self, *deliveries):
        self.service.on_events([read(delivery) for delivery in deliveries])

    def load_result(self, subjects):
        """Return {table: rows} and the published events about these disputes. Dispute codes are replaced by the dispute's position in `subjects`."""
        names = {subject: f"«{n}»" for n, subject in enumerate(subjects)}
        subjects = list(subjects)
        found = {table: self.sandbox.rows(sql, subjects) for table, sql in self.tables.items()}
        found["heard"] = self.sandbox.rows(
            f"select source, subject, last_sequence, blocked, has_waiting from {self.name}.heard where subject = any(%s)", subjects
        )
        found["waiting"] = self.sandbox.rows(f"select source, subject from {self.name}.waiting where subject = any(%s)", subjects)
        found["published"] = [
            _comparable_event(exchange, key, event)
            for exchange, key, event in self.sandbox.stored_events(self.name)
            if event["id"].rpartition("/")[0].split("/")[0] in names
        ]
        return {table: sorted(_replace_codes(row, names) for row in rows) for table, rows in found.items()}

    def load_totals(self):
        return Counter(
            {
                (table, *map(str, row[:-1])): row[-1]
                for table in TABLES_WITH_TOTALS.get(self.name, ())
                for row in self.sandbox.rows(f"select * from {self.name}.{table}")
            }
        )


def _comparable_event(exchange, key, event):
    """Return a published event without trace id and partition, because these differ between disputes with the same history."""
    del event["traceparent"]
    return (event["id"], exchange, key.partition(".")[2], json.dumps(event, sort_keys=True))


def _replace_codes(row, names):
    text = json.dumps([str(cell) for cell in row], ensure_ascii=False)
    for code, name in names.items():
        text = text.replace(code, name)
    return text


@pytest.fixture(params=[describe_mediation, describe_metrics, describe_notify], ids=["mediation", "metrics", "notify"])
def service_under_test(request, sandbox, monkeypatch):
    monkeypatch.setattr(events, "utc_now", lambda: PROCESSING_TIME)  # services take the time only from this function
    return ServiceUnderTest(sandbox, request.param.__name__.removeprefix("describe_"), request.param)


def changed_totals(before, after):
    """Return {total: difference} for the totals that differ."""
    return {cell: after[cell] - before[cell] for cell in after | before if after[cell] != before[cell]}


def new_dispute_codes():
    return [codes.make_code("620702", 2026, next(_serials)) for _ in range(3)]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(histories(), st.data())
def test_the_result_of_a_service_does_not_depend_on_order_batching_or_duplicates_of_its_events(service_under_test, examples, data):
    plain, mixed = new_dispute_codes(), new_dispute_codes()
    initial = service_under_test.load_totals()
    for stream in serialize_histories(examples, plain, service_under_test.producers).values():
        for delivery in stream:
            service_under_test.process_deliveries(delivery)
    one_by_one = changed_totals(initial, service_under_test.load_totals())
    streams = list(serialize_histories(examples, mixed, service_under_test.producers).values())
    before = service_under_test.load_totals()
    for batch in data.draw(redelivered_batches(streams)):
        service_under_test.process_deliveries(*(streams[stream][position] for stream, position in batch))

    assert service_under_test.load_result(mixed) == service_under_test.load_result(plain)
    assert changed_totals(before, service_under_test.load_totals()) == one_by_one


def test_every_service_stores_rows_and_publishes_events_for_a_simple_history(service_under_test):
    """Without this test, a service that does nothing would pass the test of order, batching and duplicates."""
    steps = [("dispute.registered", WOMEN), ("dispute.screened", "mediation_centre"), ("dispute.archived", DAMAN)]
    examples = [{"intake": steps, "mediation": ["dispute.reported", "deadline.passed"], "notify": ["notice.sent"]}] * 3
    subjects = new_dispute_codes()
    for stream in serialize_histories(examples, subjects, service_under_test.producers).values():
        service_under_test.process_deliveries(*stream)

    result = service_under_test.load_result(subjects)
    assert all(len(result[table]) >= 3 for table in service_under_test.tables)
    assert service_under_test.name == "metrics" or len(result["published"]) >= 6
