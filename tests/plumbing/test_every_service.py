"""One suite that every service passes: however its events come, in whatever pieces, however often, what they lead to is the same.

Each example tells the same lives of three disputes twice, under two sets of codes: once event by event in order, once in batches that
are shuffled across disputes and speakers, reordered, and full of repeats. Then everything that the service keeps and says is compared.
"""

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
from plumbing.events import Delivery, DomainEvent, read
from services.intake import codes
from services.mediation.county_files import CountyFiles
from services.mediation.rosters.store import RosterCache
from tests.mediation.lives import DAMAN, FACTS, SPEAKER, WOMEN

NOW = datetime(2026, 8, 3, 4, 0, tzinfo=UTC)
BEGAN = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
_serials = count(1)

# ── lives: what each speaker says about one dispute, in order ─────────────────────────────────────────────────────────────


@st.composite
def reported_steps(draw):
    """What intake says of one dispute: its registration, then steps, legal and illegal ones, in no particular order."""
    road = [("dispute.screened", None), ("dispute.routed", None), ("referral.accepted", DAMAN), ("consent.given", DAMAN), ("mediation.started", DAMAN)]
    steps = road[: draw(st.integers(0, len(road)))]
    astray = st.tuples(st.sampled_from(sorted(FACTS)), st.sampled_from([DAMAN, "mediation_centre"]))
    for at, step in draw(st.lists(st.tuples(st.integers(0, 9), astray), max_size=4)):
        steps.insert(at, step)
    return [("dispute.registered", WOMEN), *((step, agency or SPEAKER[step]) for step, agency in steps)]


def by_intake(subject, steps):
    for number, (step, agency) in enumerate(steps, 1):
        at = BEGAN + timedelta(hours=20 * number)
        told = {"event": {"source": f"/agencies/{agency}", "id": f"e-{number}"}, "agency": agency, "happened_at": at}
        if step == "dispute.registered":
            data = {**told, "township": "620702102", "kind": "family", "channel": "walk_in", "wants": "mediation", "party_labels": ["applicant", "respondent"]}
        else:
            data = {**told, "step": step, "facts": contracts.dump_facts(step, contracts.load(step, FACTS[step] | _report_no(step)))}
        yield DomainEvent("dispute.registered" if step == "dispute.registered" else "step.reported", subject, data, time=at)


def _report_no(step):
    """What an agency says and intake keeps."""
    if step == "dispute.reported":
        return {"report_no": "R-1"}
    return {"petition_no": "X-1"} if step.startswith("petition.") else {}


MEDIATION_SAYS = st.sampled_from(
    ["deadline.set", "deadline.approached", "deadline.passed", "deadline.met", "step.applied", "step.refused", "referral.accepted", "dispute.closed"]
)


def by_mediation(subject, words):
    for number, word in enumerate(words, 1):
        yield DomainEvent(word, subject, contracts.DOMAIN_EVENTS[word].example, time=BEGAN + timedelta(hours=number))


def by_notify(subject, words):
    for number, word in enumerate(words, 1):
        yield DomainEvent(word, subject, contracts.DOMAIN_EVENTS[word].example, time=BEGAN + timedelta(hours=number))


@st.composite
def lives(draw):
    """Three disputes: {speaker: words or steps} each."""
    return [
        {
            "intake": draw(reported_steps()),
            "mediation": draw(st.lists(MEDIATION_SAYS, max_size=8)),
            "notify": draw(st.lists(st.sampled_from(["notice.sent", "notice.undeliverable"]), max_size=2)),
        }
        for _ in range(3)
    ]


SAYING = {"intake": by_intake, "mediation": by_mediation, "notify": by_notify}


def deliveries(all_lives, subjects, producers):
    """{(speaker, dispute): its events as bytes, in order}."""
    return {
        (producer, subject): [
            Delivery(events.write(producer, said, f"{subject}/{number}", NOW, number))
            for number, said in enumerate(SAYING[producer](subject, life[producer]), 1)
        ]
        for subject, life in zip(subjects, all_lives, strict=True)
        for producer in producers
    }


# ── ways to be delivered ──────────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def carelessly(draw, lines):
    """Batches of (line, position) in which everything comes at least once: out of order, more than once, in any company."""
    everything = [(line, position) for line, events in enumerate(lines) for position in range(len(events))]
    told = draw(st.permutations(everything))
    if everything:
        told = told + draw(st.lists(st.sampled_from(everything), max_size=8))
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(told))), max_size=5)))
    return [told[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(told)], strict=True) if told[begin:end]]


# ── services, with their hands on a real database and nothing around them ─────────────────────────────────────────────────


def mediation(pool):
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


def metrics(pool):
    from services.metrics.service import MetricsService

    return (
        MetricsService,
        ("intake", "mediation", "notify"),
        {
            "disputes": "select * from metrics.disputes where code = any(%s)",
            "deadlines": "select * from metrics.deadlines where code = any(%s)",
            "timeline": "select * from metrics.timeline where code = any(%s)",
            "moves": "select * from metrics.moves where code = any(%s)",
        },
    )


def notify(pool):
    from services.notify.service import NotifyService

    return NotifyService, ("mediation",), {"notices": "select * from notify.notices where dispute = any(%s)"}


SUMS = {"metrics": ("open_cube", "open_waits", "flow", "days", "totals")}  # over all disputes: compared by how much they move


class Hearer:
    """One service, fed by hand."""

    def __init__(self, apart, name, describe):
        self.apart, self.name = apart, name
        self.pool = apart.pool(name)
        cls, self.producers, self.tables = describe(self.pool)
        self.service = cls()
        self.service.db = self.pool
        if name == "mediation":
            self.service.county, self.service.rosters = CountyFiles(COUNTY.folder), RosterCache()

    def hears(self, *deliveries):
        self.service.on_events([read(delivery) for delivery in deliveries])

    def kept(self, subjects):
        """Everything that is kept and was said about these disputes, under the names first, second, third."""
        names = {subject: f"«{n}»" for n, subject in enumerate(subjects)}
        subjects = list(subjects)
        found = {table: self.apart.rows(sql, subjects) for table, sql in self.tables.items()}
        found["heard"] = self.apart.rows(f"select source, subject, last_sequence, held, waits from {self.name}.heard where subject = any(%s)", subjects)
        found["waiting"] = self.apart.rows(f"select source, subject from {self.name}.waiting where subject = any(%s)", subjects)
        said = self.apart.rows(f"select event_id, exchange, routing_key, body from {self.name}.outbox order by id")
        found["said"] = [_facts(event_id, exchange, key, body) for event_id, exchange, key, body in said if event_id.rpartition("/")[0].split("/")[0] in names]
        return {table: sorted(_renamed(row, names) for row in rows) for table, rows in found.items()}

    def sums(self):
        return Counter(
            {(table, *map(str, row[:-1])): row[-1] for table in SUMS.get(self.name, ()) for row in self.apart.rows(f"select * from {self.name}.{table}")}
        )


def _facts(event_id, exchange, key, body):
    """One thing said, without the trace that it began and the partition that follows from its code."""
    said = json.loads(bytes(body))
    del said["traceparent"]
    return (event_id, exchange, key.partition(".")[2], json.dumps(said, sort_keys=True))


def _renamed(row, names):
    text = json.dumps([str(cell) for cell in row], ensure_ascii=False)
    for code, name in names.items():
        text = text.replace(code, name)
    return text


@pytest.fixture(params=[mediation, metrics, notify], ids=lambda describe: describe.__name__)
def hearer(request, apart, monkeypatch):
    monkeypatch.setattr(events, "utc_now", lambda: NOW)  # the only clock
    return Hearer(apart, request.param.__name__, request.param)


def moved(before, after):
    return {cell: after[cell] - before[cell] for cell in after | before if after[cell] != before[cell]}


def new_codes():
    return [codes.make("620702", 2026, next(_serials)) for _ in range(3)]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(lives(), st.data())
def test_however_they_come_they_lead_to_the_same(hearer, told, data):
    plain, mixed = new_codes(), new_codes()
    zero = hearer.sums()
    for line in deliveries(told, plain, hearer.producers).values():
        for delivery in line:
            hearer.hears(delivery)
    one_by_one = moved(zero, hearer.sums())
    lines = list(deliveries(told, mixed, hearer.producers).values())
    before = hearer.sums()
    for batch in data.draw(carelessly(lines)):
        hearer.hears(*(lines[line][position] for line, position in batch))

    assert hearer.kept(mixed) == hearer.kept(plain)
    assert moved(before, hearer.sums()) == one_by_one


def test_it_has_something_to_show(hearer):
    """The suite above would be content with a service that does nothing."""
    straight = [("dispute.registered", WOMEN), ("dispute.screened", "mediation_centre"), ("dispute.archived", DAMAN)]
    told = [{"intake": straight, "mediation": ["deadline.set", "deadline.passed"], "notify": ["notice.sent"]}] * 3
    subjects = new_codes()
    for line in deliveries(told, subjects, hearer.producers).values():
        hearer.hears(*line)

    kept = hearer.kept(subjects)
    assert all(len(kept[table]) >= 3 for table in hearer.tables)
    assert hearer.name == "metrics" or len(kept["said"]) >= 6
