"""The lives that the drill's disputes lead: scripts of steps through several agencies, most of them legal in this order only.

Who leads them is computed from the county's folder. No database, no broker.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from random import Random

from contracts import COUNTY, Agency
from scenarios.course import mediation
from scenarios.facts import facts_of
from services.mediation.county_files import read_rosters
from services.mediation.rosters.roster import Roster

TOWNSHIPS = tuple(COUNTY.townships)[:3]


@dataclass(frozen=True)
class House:
    """The agencies that one producer speaks for, nobody else does. `speaks` is how: pika, kit or door."""

    name: str
    speaks: str
    reporters: tuple[str, ...]
    screener: str
    router: str
    bodies: tuple[str, str]
    watcher: str | None = None  # an agency that may archive what went to no body
    inside: str | None = None  # an agency that is inside the safeguard lane and may end a hold

    @property
    def agencies(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.reporters, self.screener, self.router, *self.bodies)))


def _active(role: str) -> list[Agency]:
    return [agency for agency in COUNTY.agencies.values() if agency.role == role and agency.is_active]


def _houses() -> tuple[House, ...]:
    """Up to four, by how many courts and mediation bodies the county has: no agency is in two houses, and each house needs two bodies."""
    women, centre, grid, bureau, police, petitions, court = (COUNTY.lead(role).code for role in "WMGJPXC")
    courts = [court, *(agency.code for agency in _active("C") if COUNTY.has_superior(agency))]
    own = [agency for agency in _active("B") if agency.platform == "own"]
    pairs = zip((body.code for body in own if body.townships), (body.code for body in own if not body.townships), strict=False)
    rows = [  # name, how it speaks, who reports, who screens and routes
        ("federation", "pika", (women,), centre),
        *zip(("grid", "police", "petitions"), ("pika", "kit", "door"), ((grid, bureau), (police,), (petitions,)), courts, strict=False),
    ]
    return tuple(
        House(name, speaks, reporters, router, router, bodies, centre if router == centre else None, police if police in reporters else None)
        for (name, speaks, reporters, router), bodies in zip(rows, pairs, strict=False)
    )


HOUSES = _houses()


@dataclass(slots=True)
class Step:
    """One thing that an agency will say. `waits`: whether the next one waits for its outcome, or only until it is acknowledged."""

    word: str
    agency: str
    facts: dict = field(default_factory=dict)
    waits: bool = True
    expects: str | None = "applied"  # None: whatever comes is right


@dataclass(slots=True)
class Life:
    """One dispute to be led through its steps. `begins` is when the first of them happened; each next one a little later."""

    report_no: str
    begins: datetime
    every: timedelta
    steps: list[Step]
    code: str | None = None
    said: int = 0

    def time_of(self, number: int) -> datetime:
        return self.begins + number * self.every


def lives(house: House, chance: Random, name: str, now: datetime) -> Iterator[Life]:
    """Lives without end; the same for the same `chance`. Report numbers begin with `name`."""
    number = 0
    while True:
        number += 1
        long_ago = chance.random() < 0.3  # its deadlines have passed: time speaks too, and notices go out
        begins, every = (now - timedelta(days=50), timedelta(hours=1)) if long_ago else (now - timedelta(minutes=20), timedelta(seconds=30))
        yield Life(f"{name}-{number}", begins, every, _script(house, chance))


def _script(house, chance):
    body, other = house.bodies
    reporter = chance.choice(house.reporters)
    roads = [_performed, _performed, _refused, _declined_once, _terminated]
    if house.watcher:
        roads.append(_not_suitable)
    begun = [Step("dispute.reported", reporter, _report(chance))]
    if house.inside and chance.random() < 0.15:
        begun = _in_danger(house.inside, chance)
    if chance.random() < 0.5:
        mistyped = [_mistyped(reporter, chance)] if house.speaks != "kit" and chance.random() < 0.3 else []
        return [*mistyped, _whatever_comes(begun[0], waits=False)]  # one of many that come in a row: nothing more is said about it here
    steps = chance.choice(roads)(house, body, other, chance)
    if COUNTY.agencies[house.router].role == "C":
        steps = list(_in_court(house, steps))
    return [*begun, *_interrupted(house, chance, reporter, steps)]


def _in_danger(agency, chance):
    """Reported into the safeguard lane by somebody inside it, warned of there, and let out again: then it is a dispute like any other."""
    report = {**_report(chance), "risk": {"domestic_violence": True, "minor": False, "mass": False, "violence_threat": False}}
    return [
        Step("dispute.reported", agency, report),
        Step("dv.warning_issued", agency, {}),
        Step("hold.released", agency, {"reason": "unfounded"}),
    ]


def _interrupted(house, chance, reporter, steps):
    """Now and then somebody tells it again, says what is not his to say, or makes a mistake (the kit would not let him)."""
    for at in sorted(chance.sample(range(len(steps)), k=min(len(steps), chance.choice((0, 0, 1, 2)))), reverse=True):
        told_again = Step("dispute.reported", reporter, _report(chance))
        not_theirs = Step("case.closed", reporter, facts_of("case.closed"), expects="refused")
        steps.insert(at, chance.choice((told_again, told_again, not_theirs, not_theirs if house.speaks == "kit" else _mistyped(reporter, chance))))
    return steps


def _mistyped(reporter, chance):
    return Step("dispute.reported", reporter, {**_report(chance), "kind": "no-such-kind"}, expects="refused")


def _report(chance):
    return {
        "channel": chance.choice(("walk_in", "phone")),
        "place": {"township": chance.choice(TOWNSHIPS)},
        "kind": chance.choice(("family", "neighbour", "contract")),
        "wants": "mediation",
        "parties": [{"role": "applicant", "name": "虚构甲"}, {"role": "respondent", "name": "虚构乙"}],
    }


def _screened(house, suitable=True):
    return Step("dispute.screened", house.screener, facts_of("dispute.screened", suitable=suitable))


def _in_court(house, steps):
    """A court files a case before it sends it out, and closes it before the dispute is put away."""
    for step in steps:
        if step.word == "dispute.archived":
            yield Step("case.closed", house.router, facts_of("case.closed"))
        yield step
        if step.word == "dispute.screened":
            day = "2026-03-02"
            yield Step("case.filed", house.router, {"received_on": day, "decided_on": day, "cause": "10", "procedure": "simplified"})


def _routed(house, body):
    if COUNTY.agencies[house.router].role == "C":
        return Step("case.entrusted", house.router, facts_of("case.entrusted", to=body))
    return Step("dispute.routed", house.router, {"to": body, "reason": "by_place", "joint_with": [house.reporters[0]]})  # who gets a notice by name


def _routed_and_taken(house, body):
    return [_screened(house), _routed(house, body), Step("referral.accepted", body, _takes_it(body))]


@cache
def _roster():
    found, _ = read_rosters(COUNTY.folder)
    return Roster.of(found["organisations"], found["members"])


def _mediator(body):
    """A number on the roster of that body; a made-up one where it keeps none."""
    return next(iter(_roster().mediators_of(body, date.today())), f"{body}-001")


def _takes_it(body):
    return facts_of("referral.accepted", mediator=_mediator(body))


def _mediated(body, in_a_hurry, chance):
    """The body's own steps. In a hurry it says them one after the other without waiting: their order is the broker's, then ours."""
    steps = [Step(type, body, facts) for type, facts in mediation(_mediator(body), sessions=({},) * chance.randint(1, 4))]
    return [_whatever_comes(step, waits=False) for step in steps] if in_a_hurry else steps


def _whatever_comes(step, waits=True):
    """The broker may change the order of what it gives back after a crash: then a step is rejected, rightly."""
    return Step(step.word, step.agency, step.facts, waits, None)


def _performed(house, body, other, chance):
    terms = [{"kind": "payment", "due_on": "2026-06-30", "amount_cny": "600.00"} for _ in range(chance.randint(1, 3))]
    in_a_hurry = chance.random() < 0.5
    ending = [
        Step("agreement.reached", body, facts_of("agreement.reached", terms=terms)),
        *(Step("performance.recorded", body, facts_of("performance.recorded", term=number, on="2026-06-20")) for number in range(1, len(terms) + 1)),
        Step("dispute.followed_up", body, facts_of("dispute.followed_up")),
        Step("dispute.archived", body, {"archive_no": "A-1"}),
    ]
    return [
        *_routed_and_taken(house, body),
        *_mediated(body, in_a_hurry, chance),
        *(map(_whatever_comes, ending) if in_a_hurry else ending),
    ]


def _refused(house, body, other, chance):
    return [
        *_routed_and_taken(house, body),
        Step("consent.given", body, facts_of("consent.given")),
        Step("consent.refused", body, facts_of("consent.refused")),
        Step("mediation.started", body, expects="rejected"),
        Step("dispute.archived", body, {"archive_no": "A-2"}),
        Step("dispute.followed_up", body, {"settled": False}, expects="rejected"),
    ]


def _declined_once(house, body, other, chance):
    return [
        _screened(house),
        _routed(house, other),
        Step("referral.accepted", body, _takes_it(body), expects="rejected"),
        Step("referral.declined", other, facts_of("referral.declined")),
        _routed(house, body),
        Step("referral.accepted", body, _takes_it(body)),
        *_mediated(body, False, chance),
    ]


def _terminated(house, body, other, chance):
    return [
        *_routed_and_taken(house, body),
        Step("mediation.terminated", body, facts_of("mediation.terminated")),
        Step("dispute.archived", body, {"archive_no": "A-3"}),
    ]


def _not_suitable(house, body, other, chance):
    return [
        _screened(house, suitable=False),
        Step("dispute.routed", house.router, {"to": body, "reason": "by_place"}, expects="rejected"),
        Step("dispute.archived", house.watcher, {"archive_no": "A-4"}),
    ]
