"""Scripts of the drill's simulated disputes: the steps that several agencies report, with the expected outcome of each.

Most steps are permitted only in the given order. The agencies are taken from the county's folder. No database, no broker.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from random import Random

from contracts import COUNTY, Agency
from scenarios.course import mediation_steps
from scenarios.facts import typical_facts
from services.mediation.county_files import read_rosters
from services.mediation.rosters.roster import Roster

TOWNSHIPS = tuple(COUNTY.townships)[:3]


@dataclass(frozen=True)
class AgencyGroup:
    """The agencies that one producer process simulates. No agency belongs to two groups. `transport`: "pika", "kit" (agency client library) or "http"."""

    name: str
    transport: str
    reporters: tuple[str, ...]
    screener: str
    router: str
    bodies: tuple[str, str]
    archiver: str | None = None  # agency that may archive a dispute which was routed to no mediation body; None: the group has none
    safeguard_agency: str | None = None  # agency that may report a safeguarded dispute and end a safeguard hold; None: the group has none

    @property
    def agencies(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.reporters, self.screener, self.router, *self.bodies)))


def _active_agencies(role: str) -> list[Agency]:
    return [agency for agency in COUNTY.agencies.values() if agency.role == role and agency.is_active]


def _agency_groups() -> tuple[AgencyGroup, ...]:
    """Return up to four groups of agencies. Each group needs its own two mediation bodies, and most need their own court; small counties have fewer groups."""
    women, centre, grid, bureau, police, petitions, court = (COUNTY.lead_agency(role).code for role in "WMGJPXC")
    courts = [court, *(agency.code for agency in _active_agencies("C") if COUNTY.has_superior(agency))]
    with_own_system = [agency for agency in _active_agencies("B") if agency.platform == "own"]
    pairs = zip((body.code for body in with_own_system if body.townships), (body.code for body in with_own_system if not body.townships), strict=False)
    rows = [  # one group per row: name, transport, reporting agencies, agency that screens and routes
        ("federation", "pika", (women,), centre),
        *zip(("grid", "police", "petitions"), ("pika", "kit", "http"), ((grid, bureau), (police,), (petitions,)), courts, strict=False),
    ]
    return tuple(
        AgencyGroup(name, transport, reporters, router, router, bodies, centre if router == centre else None, police if police in reporters else None)
        for (name, transport, reporters, router), bodies in zip(rows, pairs, strict=False)
    )


AGENCY_GROUPS = _agency_groups()


@dataclass(slots=True)
class Step:
    """One event that an agency will report.

    `waits_for_outcome`: whether the dispute's next step is sent only after the outcome receipt; otherwise it is sent after the acknowledgement.
    `expected`: expected outcome ("applied", "rejected" or "refused"); None: any outcome is accepted.
    """

    type: str
    agency: str
    facts: dict = field(default_factory=dict)
    waits_for_outcome: bool = True
    expected: str | None = "applied"


@dataclass(slots=True)
class DisputeScript:
    """Steps of one dispute. The first step happened at `starts_at`, each further step `interval` later. `sent`: number of steps sent so far."""

    report_no: str
    starts_at: datetime
    interval: timedelta
    steps: list[Step]
    code: str | None = None
    sent: int = 0

    def time_of_step(self, number: int) -> datetime:
        return self.starts_at + number * self.interval


def dispute_scripts(group: AgencyGroup, rng: Random, name: str, now: datetime) -> Iterator[DisputeScript]:
    """Yield an endless sequence of dispute scripts, which depends on `rng` only. Report numbers begin with `name`."""
    number = 0
    while True:
        number += 1
        is_old = rng.random() < 0.3  # an old dispute has deadlines in the past, so that the services publish overdue events and notices, too
        starts_at, interval = (now - timedelta(days=50), timedelta(hours=1)) if is_old else (now - timedelta(minutes=20), timedelta(seconds=30))
        yield DisputeScript(f"{name}-{number}", starts_at, interval, _random_steps(group, rng))


def _random_steps(group, rng):
    body, other = group.bodies
    reporter = rng.choice(group.reporters)
    courses = [
        _steps_with_agreement_performed,
        _steps_with_agreement_performed,
        _steps_with_consent_refused,
        _steps_with_referral_declined,
        _steps_with_mediation_terminated,
    ]
    if group.archiver:
        courses.append(_steps_if_not_suitable)
    first_steps = [Step("dispute.reported", reporter, _report_facts(rng))]
    if group.safeguard_agency and rng.random() < 0.15:
        first_steps = _safeguarded_report_steps(group.safeguard_agency, rng)
    if rng.random() < 0.5:
        invalid_reports = [_invalid_report(reporter, rng)] if group.transport != "kit" and rng.random() < 0.3 else []
        # A dispute report without further steps, so that many reports arrive in a row.
        return [*invalid_reports, _with_any_outcome(first_steps[0], waits_for_outcome=False)]
    steps = rng.choice(courses)(group, body, other, rng)
    if COUNTY.agencies[group.router].role == "C":
        steps = list(_with_court_steps(group, steps))
    return [*first_steps, *_with_insertions(group, rng, reporter, steps)]


def _safeguarded_report_steps(agency, rng):
    """Return steps that report a safeguarded dispute and release its safeguard hold. After them it is an ordinary dispute."""
    report = {**_report_facts(rng), "risk": {"domestic_violence": True, "minor": False, "mass": False, "violence_threat": False}}
    return [
        Step("dispute.reported", agency, report),
        Step("dv.warning_issued", agency, {}),
        Step("hold.released", agency, {"reason": "unfounded"}),
    ]


def _with_insertions(group, rng, reporter, steps):
    """Return the steps with up to two insertions: a repeated dispute report, a step that the agency may not report, or an invalid report.

    No invalid reports are inserted for the kit, which refuses to send them.
    """
    for at in sorted(rng.sample(range(len(steps)), k=min(len(steps), rng.choice((0, 0, 1, 2)))), reverse=True):
        repeated_report = Step("dispute.reported", reporter, _report_facts(rng))
        not_permitted = Step("case.closed", reporter, typical_facts("case.closed"), expected="refused")
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
    return Step("dispute.screened", group.screener, typical_facts("dispute.screened", suitable=suitable))


def _with_court_steps(group, steps):
    """Yield the steps and the court's own steps between them: filing of the case after screening, and closing before the dispute is archived."""
    for step in steps:
        if step.type == "dispute.archived":
            yield Step("case.closed", group.router, typical_facts("case.closed"))
        yield step
        if step.type == "dispute.screened":
            day = "2026-03-02"
            yield Step("case.filed", group.router, {"received_on": day, "decided_on": day, "cause": "10", "procedure": "simplified"})


def _routing_step(group, body):
    if COUNTY.agencies[group.router].role == "C":
        return Step("case.entrusted", group.router, typical_facts("case.entrusted", to=body))
    # The agency in `joint_with` gets a notice, too.
    return Step("dispute.routed", group.router, {"to": body, "reason": "by_place", "joint_with": [group.reporters[0]]})


def _steps_until_acceptance(group, body):
    return [_screening_step(group), _routing_step(group, body), Step("referral.accepted", body, _acceptance_facts(body))]


@cache
def _county_roster():
    rosters, _ = read_rosters(COUNTY.folder)
    return Roster.of(rosters["organisations"], rosters["members"])


def _mediator_of_body(body):
    """Return the roster number of a mediator of this body; an invented number if the body has no roster."""
    return next(iter(_county_roster().mediators_of(body, date.today())), f"{body}-001")


def _acceptance_facts(body):
    return typical_facts("referral.accepted", mediator=_mediator_of_body(body))


def _mediation_steps(body, without_waiting, rng):
    """Return the body's steps from consent to the last session.

    `without_waiting`: whether the steps are sent without waiting for outcomes; their order then depends on the broker.
    """
    steps = [Step(type, body, facts) for type, facts in mediation_steps(_mediator_of_body(body), sessions=({},) * rng.randint(1, 4))]
    return [_with_any_outcome(step, waits_for_outcome=False) for step in steps] if without_waiting else steps


def _with_any_outcome(step, waits_for_outcome=True):
    """Return a copy of the step that accepts any outcome: after a crash the broker may redeliver events in another order, and then a rejection is right."""
    return Step(step.type, step.agency, step.facts, waits_for_outcome, None)


def _steps_with_agreement_performed(group, body, other, rng):
    terms = [{"kind": "payment", "due_on": "2026-06-30", "amount_cny": "600.00"} for _ in range(rng.randint(1, 3))]
    without_waiting = rng.random() < 0.5
    ending = [
        Step("agreement.reached", body, typical_facts("agreement.reached", terms=terms)),
        *(Step("performance.recorded", body, typical_facts("performance.recorded", term=number, on="2026-06-20")) for number in range(1, len(terms) + 1)),
        Step("dispute.followed_up", body, typical_facts("dispute.followed_up")),
        Step("dispute.archived", body, {"archive_no": "A-1"}),
    ]
    return [
        *_steps_until_acceptance(group, body),
        *_mediation_steps(body, without_waiting, rng),
        *(map(_with_any_outcome, ending) if without_waiting else ending),
    ]


def _steps_with_consent_refused(group, body, other, rng):
    return [
        *_steps_until_acceptance(group, body),
        Step("consent.given", body, typical_facts("consent.given")),
        Step("consent.refused", body, typical_facts("consent.refused")),
        Step("mediation.started", body, expected="rejected"),
        Step("dispute.archived", body, {"archive_no": "A-2"}),
        Step("dispute.followed_up", body, {"settled": False}, expected="rejected"),
    ]


def _steps_with_referral_declined(group, body, other, rng):
    return [
        _screening_step(group),
        _routing_step(group, other),
        Step("referral.accepted", body, _acceptance_facts(body), expected="rejected"),
        Step("referral.declined", other, typical_facts("referral.declined")),
        _routing_step(group, body),
        Step("referral.accepted", body, _acceptance_facts(body)),
        *_mediation_steps(body, False, rng),
    ]


def _steps_with_mediation_terminated(group, body, other, rng):
    return [
        *_steps_until_acceptance(group, body),
        Step("mediation.terminated", body, typical_facts("mediation.terminated")),
        Step("dispute.archived", body, {"archive_no": "A-3"}),
    ]


def _steps_if_not_suitable(group, body, other, rng):
    return [
        _screening_step(group, suitable=False),
        Step("dispute.routed", group.router, {"to": body, "reason": "by_place"}, expected="rejected"),
        Step("dispute.archived", group.archiver, {"archive_no": "A-4"}),
    ]
