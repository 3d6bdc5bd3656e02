"""Scripts of the drill's disputes: steps of several agencies, most of them permitted in this order only.

The agencies are taken from the county's folder. No database, no broker.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from random import Random

from contracts import COUNTY, Agency
from scenarios.course import mediation_steps
from scenarios.facts import facts_of
from services.mediation.county_files import read_rosters
from services.mediation.rosters.roster import Roster

TOWNSHIPS = tuple(COUNTY.townships)[:3]


@dataclass(frozen=True)
class AgencyGroup:
    """The agencies that one producer simulates; no agency is in two groups. `transport`: pika, kit or http."""

    name: str
    transport: str
    reporters: tuple[str, ...]
    screener: str
    router: str
    bodies: tuple[str, str]
    archiver: str | None = None  # an agency that may archive a dispute that was routed to no mediation body
    safeguard_agency: str | None = None  # an agency that may report into the safeguard lane and end a hold

    @property
    def agencies(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.reporters, self.screener, self.router, *self.bodies)))


def _active(role: str) -> list[Agency]:
    return [agency for agency in COUNTY.agencies.values() if agency.role == role and agency.is_active]


def _agency_groups() -> tuple[AgencyGroup, ...]:
    """Return up to four groups, as many as the county's courts and mediation bodies allow: each group needs two bodies of its own."""
    women, centre, grid, bureau, police, petitions, court = (COUNTY.lead(role).code for role in "WMGJPXC")
    courts = [court, *(agency.code for agency in _active("C") if COUNTY.has_superior(agency))]
    with_own_system = [agency for agency in _active("B") if agency.platform == "own"]
    pairs = zip((body.code for body in with_own_system if body.townships), (body.code for body in with_own_system if not body.townships), strict=False)
    rows = [  # name, transport, reporting agencies, screening and routing agency
        ("federation", "pika", (women,), centre),
        *zip(("grid", "police", "petitions"), ("pika", "kit", "http"), ((grid, bureau), (police,), (petitions,)), courts, strict=False),
    ]
    return tuple(
        AgencyGroup(name, transport, reporters, router, router, bodies, centre if router == centre else None, police if police in reporters else None)
        for (name, transport, reporters, router), bodies in zip(rows, pairs, strict=False)
    )


GROUPS = _agency_groups()


@dataclass(slots=True)
class Step:
    """One event that an agency will report. `waits_for_outcome`: whether the next step waits for the outcome receipt, or only for the acknowledgement."""

    type: str
    agency: str
    facts: dict = field(default_factory=dict)
    waits_for_outcome: bool = True
    expected: str | None = "applied"  # applied, rejected, refused; None: any outcome is accepted


@dataclass(slots=True)
class DisputeScript:
    """One dispute's steps. The first one happened at `starts_at`, each further one `interval` later. `sent`: number of steps sent so far."""

    report_no: str
    starts_at: datetime
    interval: timedelta
    steps: list[Step]
    code: str | None = None
    sent: int = 0

    def time_of(self, number: int) -> datetime:
        return self.starts_at + number * self.interval


def dispute_scripts(group: AgencyGroup, rng: Random, name: str, now: datetime) -> Iterator[DisputeScript]:
    """Yield scripts without end, the same ones for the same state of `rng`. Report numbers begin with `name`."""
    number = 0
    while True:
        number += 1
        is_old = rng.random() < 0.3  # its deadlines have passed, so that overdue events and notices are produced too
        starts_at, interval = (now - timedelta(days=50), timedelta(hours=1)) if is_old else (now - timedelta(minutes=20), timedelta(seconds=30))
        yield DisputeScript(f"{name}-{number}", starts_at, interval, _steps(group, rng))


def _steps(group, rng):
    body, other = group.bodies
    reporter = rng.choice(group.reporters)
    courses = [_agreement_performed, _agreement_performed, _consent_refused, _referral_declined_once, _mediation_terminated]
    if group.archiver:
        courses.append(_not_suitable)
    first_steps = [Step("dispute.reported", reporter, _report_facts(rng))]
    if group.safeguard_agency and rng.random() < 0.15:
        first_steps = _safeguarded_report(group.safeguard_agency, rng)
    if rng.random() < 0.5:
        invalid_reports = [_invalid_report(reporter, rng)] if group.transport != "kit" and rng.random() < 0.3 else []
        return [
            *invalid_reports,
            _with_any_outcome(first_steps[0], waits_for_outcome=False),
        ]  # a report without further steps, so that many reports arrive in a row
    steps = rng.choice(courses)(group, body, other, rng)
    if COUNTY.agencies[group.router].role == "C":
        steps = list(_with_court_steps(group, steps))
    return [*first_steps, *_with_interruptions(group, rng, reporter, steps)]


def _safeguarded_report(agency, rng):
    """Return steps that report a dispute into the safeguard lane and release its hold; from then on it is an ordinary dispute."""
    report = {**_report_facts(rng), "risk": {"domestic_violence": True, "minor": False, "mass": False, "violence_threat": False}}
    return [
        Step("dispute.reported", agency, report),
        Step("dv.warning_issued", agency, {}),
        Step("hold.released", agency, {"reason": "unfounded"}),
    ]


def _with_interruptions(group, rng, reporter, steps):
    """Insert up to two repeated reports, steps that the agency may not report, or invalid reports (the kit refuses to send invalid ones)."""
    for at in sorted(rng.sample(range(len(steps)), k=min(len(steps), rng.choice((0, 0, 1, 2)))), reverse=True):
        repeated_report = Step("dispute.reported", reporter, _report_facts(rng))
        not_permitted = Step("case.closed", reporter, facts_of("case.closed"), expected="refused")
        steps.insert(
            at, rng.choice((repeated_report, repeated_report, not_permitted, not_permitted if group.transport == "kit" else _invalid_report(reporter, rng)))
        )
    return steps


def _invalid_report(reporter, rng):
    return Step("dispute.reported", reporter, {**_report_facts(rng), "kind": "no-such-kind"}, expected="refused")


def _report_facts(rng):
    return {
        "channel": rng.choice(("walk_in", "phone")),
        "place": {"township": rng.choice(TOWNSHIPS)},
        "kind": rng.choice(("family", "neighbour", "contract")),
        "wants": "mediation",
        "parties": [{"role": "applicant", "name": "虚构甲"}, {"role": "respondent", "name": "虚构乙"}],
    }


def _screening_step(group, suitable=True):
    return Step("dispute.screened", group.screener, facts_of("dispute.screened", suitable=suitable))


def _with_court_steps(group, steps):
    """Add the court's own steps: it files the case after screening, and closes it before the dispute is archived."""
    for step in steps:
        if step.type == "dispute.archived":
            yield Step("case.closed", group.router, facts_of("case.closed"))
        yield step
        if step.type == "dispute.screened":
            day = "2026-03-02"
            yield Step("case.filed", group.router, {"received_on": day, "decided_on": day, "cause": "10", "procedure": "simplified"})


def _routing_step(group, body):
    if COUNTY.agencies[group.router].role == "C":
        return Step("case.entrusted", group.router, facts_of("case.entrusted", to=body))
    return Step("dispute.routed", group.router, {"to": body, "reason": "by_place", "joint_with": [group.reporters[0]]})  # the joint agency gets a notice, too


def _routed_and_accepted(group, body):
    return [_screening_step(group), _routing_step(group, body), Step("referral.accepted", body, _acceptance_facts(body))]


@cache
def _roster():
    rosters, _ = read_rosters(COUNTY.folder)
    return Roster.of(rosters["organisations"], rosters["members"])


def _mediator(body):
    """Return a mediator's roster number of that body; an invented one if the body has no roster."""
    return next(iter(_roster().mediators_of(body, date.today())), f"{body}-001")


def _acceptance_facts(body):
    return facts_of("referral.accepted", mediator=_mediator(body))


def _mediation_steps(body, without_waiting, rng):
    """Return the body's steps from consent to the last session. `without_waiting`: sent without waiting for outcomes, so that the broker's order counts."""
    steps = [Step(type, body, facts) for type, facts in mediation_steps(_mediator(body), sessions=({},) * rng.randint(1, 4))]
    return [_with_any_outcome(step, waits_for_outcome=False) for step in steps] if without_waiting else steps


def _with_any_outcome(step, waits_for_outcome=True):
    """Return the step without an expected outcome: after a crash the broker may redeliver in another order, and then a rejection is right."""
    return Step(step.type, step.agency, step.facts, waits_for_outcome, None)


def _agreement_performed(group, body, other, rng):
    terms = [{"kind": "payment", "due_on": "2026-06-30", "amount_cny": "600.00"} for _ in range(rng.randint(1, 3))]
    without_waiting = rng.random() < 0.5
    ending = [
        Step("agreement.reached", body, facts_of("agreement.reached", terms=terms)),
        *(Step("performance.recorded", body, facts_of("performance.recorded", term=number, on="2026-06-20")) for number in range(1, len(terms) + 1)),
        Step("dispute.followed_up", body, facts_of("dispute.followed_up")),
        Step("dispute.archived", body, {"archive_no": "A-1"}),
    ]
    return [
        *_routed_and_accepted(group, body),
        *_mediation_steps(body, without_waiting, rng),
        *(map(_with_any_outcome, ending) if without_waiting else ending),
    ]


def _consent_refused(group, body, other, rng):
    return [
        *_routed_and_accepted(group, body),
        Step("consent.given", body, facts_of("consent.given")),
        Step("consent.refused", body, facts_of("consent.refused")),
        Step("mediation.started", body, expected="rejected"),
        Step("dispute.archived", body, {"archive_no": "A-2"}),
        Step("dispute.followed_up", body, {"settled": False}, expected="rejected"),
    ]


def _referral_declined_once(group, body, other, rng):
    return [
        _screening_step(group),
        _routing_step(group, other),
        Step("referral.accepted", body, _acceptance_facts(body), expected="rejected"),
        Step("referral.declined", other, facts_of("referral.declined")),
        _routing_step(group, body),
        Step("referral.accepted", body, _acceptance_facts(body)),
        *_mediation_steps(body, False, rng),
    ]


def _mediation_terminated(group, body, other, rng):
    return [
        *_routed_and_accepted(group, body),
        Step("mediation.terminated", body, facts_of("mediation.terminated")),
        Step("dispute.archived", body, {"archive_no": "A-3"}),
    ]


def _not_suitable(group, body, other, rng):
    return [
        _screening_step(group, suitable=False),
        Step("dispute.routed", group.router, {"to": body, "reason": "by_place"}, expected="rejected"),
        Step("dispute.archived", group.archiver, {"archive_no": "A-4"}),
    ]
