"""Simulated disputes for the benchmarks, at every stage at the same time as in a busy county. Agencies and places come from the county's folder.

No database, no broker. A round has one stage of each open dispute. In a stage all events of a dispute come from one agency, so that the order
in which intake reads the agencies' queues makes no step invalid.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from contracts import COUNTY
from fengqiao_agency.events import OutgoingEvent, make_outgoing_event
from scenarios.course import mediation_steps
from scenarios.facts import facts_of
from services.mediation.county_files import read_rosters
from services.mediation.rosters.roster import Roster

CENTRE = COUNTY.lead("M").code
SECOND_AGENCY = COUNTY.lead("P").code  # its response time is measured during the burst of another agency
BODIES_OF_EACH_KIND = 3


def _agencies(role: str, is_local: bool = False) -> list[str]:
    """Return the active agencies of a role that use their own system, in file order. `is_local`: only those responsible for some townships."""
    agencies = (agency for agency in COUNTY.agencies.values() if agency.role == role and agency.is_active and agency.platform == "own")
    return [agency.code for agency in agencies if not is_local or agency.townships]


def _reporters() -> tuple[str, ...]:
    local_offices = _agencies("J", is_local=True) or [COUNTY.lead("J").code]
    return (*(COUNTY.lead(role).code for role in "WPCXMG"), local_offices[0])


def _burst_body() -> str:
    """Return the mediation body that receives the burst: the one for financial disputes, else the last one."""
    bodies = [agency for agency in COUNTY.agencies.values() if agency.role == "B" and agency.is_active]
    return next((body.code for body in bodies if "finance" in body.takes), bodies[-1].code if bodies else COUNTY.lead("J").code)


def _bodies() -> tuple[str, ...]:
    """Return up to three township committees and up to three industry bodies, without the burst's body if there are others."""
    bodies = [body for body in _agencies("B") if body != BURST_BODY]
    committees = [body for body in bodies if COUNTY.agencies[body].townships]
    return (*committees[:BODIES_OF_EACH_KIND], *[body for body in bodies if body not in committees][:BODIES_OF_EACH_KIND]) or (BURST_BODY,)


def _places() -> dict[str, str]:
    """Return {township: one of its villages} for up to five townships; only the first township and no village if the county lists none."""
    first: dict[str, str] = {}
    for code, village in COUNTY.villages.items():
        if village.kind == "village":
            first.setdefault(code[:9], code)
    return dict(islice(first.items(), 5)) or {next(iter(COUNTY.townships)): ""}


def _mediators() -> dict[str, tuple[str, ...]]:
    """Return up to nine mediators' roster numbers of each body; an invented one if the body has no roster."""
    rosters, _ = read_rosters(COUNTY.folder)
    roster = Roster.of(rosters["organisations"], rosters["members"])
    return {body: roster.mediators_of(body, date.today())[:9] or (f"{body}-001",) for body in (*BODIES, BURST_BODY)}


REPORTERS, BURST_BODY = _reporters(), _burst_body()
BODIES, PLACES = _bodies(), _places()
TOWNSHIPS, MEDIATORS = tuple(PLACES), _mediators()
KINDS = ("family", "neighbour", "contract", "labour", "traffic", "consumer", "damages")
NO_RISK = {"domestic_violence": False, "minor": False, "mass": False, "violence_threat": False}


@dataclass(slots=True)
class Dispute:
    """One simulated dispute. `code` is None until intake has assigned it; `stage` is the index of its next stage in STAGES."""

    number: int
    reporter: str
    body: str
    kind: str
    township: str
    code: str | None = None
    stage: int = 0

    @property
    def report_no(self) -> str:
        return f"{self.reporter[:4].upper()}-2026-{self.number:06d}"


@dataclass(slots=True)
class AgencyEvent:
    """An event to be published by an agency."""

    agency: str
    outgoing: OutgoingEvent
    dispute: Dispute

    @property
    def routing_key(self) -> str:
        return f"{self.agency}.{self.outgoing.type}"


def _reporting_steps(dispute):
    parties = [
        {"role": "applicant", "name": f"虚构甲{dispute.number}", "phone": f"137{dispute.number * 7919 % 10**8:08d}", "address": "虚构路一号"},
        {"role": "respondent", "name": f"虚构乙{dispute.number}", "id_number": f"{COUNTY.area}190001010000"},
    ]
    village = PLACES[dispute.township]
    data = {"report_no": dispute.report_no, "channel": "walk_in", "place": {"township": dispute.township} | ({"village": village} if village else {}),
            "kind": dispute.kind, "amount_cny": "12000.00", "wants": "mediation", "parties": parties, "risk": NO_RISK}  # fmt: skip
    return [(dispute.reporter, "dispute.reported", data)]


def _routing_steps(dispute):
    return [
        (CENTRE, "dispute.screened", facts_of("dispute.screened", kind=dispute.kind, risk=NO_RISK)),
        (CENTRE, "dispute.routed", {"to": dispute.body, "reason": "by_place"}),
    ]


def _mediator(dispute):
    numbers = MEDIATORS[dispute.body]
    return numbers[dispute.number % len(numbers)]


def _mediation_steps(dispute):
    today = date.today()
    terms = [{"kind": "payment", "due_on": (today + timedelta(days=90)).isoformat(), "amount_cny": "12000.00"}]
    return [
        (dispute.body, "referral.accepted", facts_of("referral.accepted", mediator=_mediator(dispute))),
        *((dispute.body, *step) for step in mediation_steps(_mediator(dispute), sessions=({}, {"mode": "video", "minutes": 45}))),
        (dispute.body, "agreement.reached", facts_of("agreement.reached", effective_on=today.isoformat(), terms=terms)),
    ]


def _closing_steps(dispute):
    return [
        (dispute.body, "performance.recorded", facts_of("performance.recorded", on=date.today().isoformat())),
        (dispute.body, "dispute.followed_up", facts_of("dispute.followed_up")),
        (dispute.body, "dispute.archived", {"archive_no": f"调-2026-{dispute.number:06d}"}),
    ]


STAGES = (_reporting_steps, _routing_steps, _mediation_steps, _closing_steps)
EVENTS_PER_DISPUTE = 14


class Caseload:
    """All open disputes of the simulated county. Each round adds `new_per_round` disputes and advances every open dispute by one stage."""

    def __init__(self, new_per_round: int, seed: int = 7, first: int = 0):
        """`first`: offset of the dispute numbers, so that two caseloads on the same servers do not use the same ones."""
        self.new_per_round, self.random = new_per_round, random.Random(seed)
        self.disputes: list[Dispute] = []
        self.last_number = first

    def advance_all(self) -> list[AgencyEvent]:
        """Advance every open dispute by one stage and return all their events, interleaved at random. From the fourth call on, every stage is represented."""
        self.disputes = [dispute for dispute in self.disputes if dispute.stage < len(STAGES)] + [self.new_dispute() for _ in range(self.new_per_round)]
        events = interleave([events_of_stage(dispute) for dispute in self.disputes], self.random)
        for dispute in self.disputes:
            dispute.stage += 1
        return events

    def new_dispute(self, reporter: str | None = None, body: str | None = None) -> Dispute:
        self.last_number += 1
        choose = self.random.choice
        return Dispute(self.last_number, reporter or choose(REPORTERS), body or choose(BODIES), choose(KINDS), choose(TOWNSHIPS))


def events_of_stage(dispute: Dispute, stage: int | None = None) -> list[AgencyEvent]:
    """Return the events of a dispute's stage, by default of its next one, in order."""
    began = datetime.now(UTC) - timedelta(minutes=2)
    number = dispute.stage if stage is None else stage
    return [
        AgencyEvent(
            agency,
            make_outgoing_event(
                agency, event_type, dispute.code or dispute.report_no, data, began + timedelta(seconds=step), f"b-{dispute.number:06d}-{number}-{step}"
            ),
            dispute,
        )
        for step, (agency, event_type, data) in enumerate(STAGES[number](dispute))
    ]


def interleave(events_by_dispute: list[list[AgencyEvent]], rng: random.Random) -> list[AgencyEvent]:
    """Return all events in one random order that keeps the order of each dispute's events."""
    turns = [index for index, events in enumerate(events_by_dispute) for _ in events]
    rng.shuffle(turns)
    remaining: list[Iterator[AgencyEvent]] = [iter(events) for events in events_by_dispute]
    return [next(remaining[index]) for index in turns]
