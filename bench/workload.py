"""Simulated disputes for the benchmarks. As in a busy county, there are disputes at every stage at the same time.

In a round each open dispute completes one stage. All events of one stage of a dispute come from one agency, so that no step is invalid, in whatever order
intake consumes the agencies' queues. Agencies and places are taken from the county's folder. No database, no broker.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from contracts import COUNTY
from fengqiao_agency.events import OutgoingEvent, make_outgoing_event
from scenarios.course import mediation_steps
from scenarios.facts import typical_facts
from services.mediation.county_files import read_rosters
from services.mediation.rosters.roster import Roster

MEDIATION_CENTRE = COUNTY.lead_agency("M").code
SECOND_AGENCY = COUNTY.lead_agency("P").code  # agency whose delays are measured while another agency publishes the burst
BODIES_OF_EACH_KIND = 3


def _agencies_with_own_system(role: str, is_local: bool = False) -> list[str]:
    """Return the active agencies of this role that use their own system, in the order of the county's file.

    `is_local`: return only agencies that are responsible for certain townships.
    """
    agencies = (agency for agency in COUNTY.agencies.values() if agency.role == role and agency.is_active and agency.platform == "own")
    return [agency.code for agency in agencies if not is_local or agency.townships]


def _reporters() -> tuple[str, ...]:
    local_offices = _agencies_with_own_system("J", is_local=True) or [COUNTY.lead_agency("J").code]
    return (*(COUNTY.lead_agency(role).code for role in "WPCXMG"), local_offices[0])


def _burst_body() -> str:
    """Return the mediation body whose events form the burst: the body for financial disputes, else the last body, else the judicial bureau."""
    bodies = [agency for agency in COUNTY.agencies.values() if agency.role == "B" and agency.is_active]
    return next((body.code for body in bodies if "finance" in body.takes), bodies[-1].code if bodies else COUNTY.lead_agency("J").code)


def _mediation_bodies() -> tuple[str, ...]:
    """Return up to three township committees and up to three industry bodies, without the burst's body if the county has other bodies."""
    bodies = [body for body in _agencies_with_own_system("B") if body != BURST_BODY]
    committees = [body for body in bodies if COUNTY.agencies[body].townships]
    return (*committees[:BODIES_OF_EACH_KIND], *[body for body in bodies if body not in committees][:BODIES_OF_EACH_KIND]) or (BURST_BODY,)


def _village_of_township() -> dict[str, str]:
    """Return {township: one of its villages} for up to five townships; {first township: ""} if the county's folder lists no villages."""
    first: dict[str, str] = {}
    for code, village in COUNTY.villages.items():
        if village.kind == "village":
            first.setdefault(code[:9], code)
    return dict(islice(first.items(), 5)) or {next(iter(COUNTY.townships)): ""}


def _mediators_of_bodies() -> dict[str, tuple[str, ...]]:
    """Return {body: up to nine roster numbers of its mediators}; an invented number for a body without a roster."""
    rosters, _ = read_rosters(COUNTY.folder)
    roster = Roster.of(rosters["organisations"], rosters["members"])
    return {body: roster.mediators_of(body, date.today())[:9] or (f"{body}-001",) for body in (*MEDIATION_BODIES, BURST_BODY)}


REPORTERS, BURST_BODY = _reporters(), _burst_body()
MEDIATION_BODIES, VILLAGE_OF_TOWNSHIP = _mediation_bodies(), _village_of_township()
TOWNSHIPS, MEDIATORS_OF_BODIES = tuple(VILLAGE_OF_TOWNSHIP), _mediators_of_bodies()
DISPUTE_KINDS = ("family", "neighbour", "contract", "labour", "traffic", "consumer", "damages")
NO_RISK_FLAGS = {"domestic_violence": False, "minor": False, "mass": False, "violence_threat": False}


@dataclass(slots=True)
class Dispute:
    """One simulated dispute. `code` is None until intake has assigned a code; `stage` is the index of the dispute's next stage in STAGE_FUNCTIONS."""

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
    """An event that an agency will publish, and the dispute that it is about."""

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
    village = VILLAGE_OF_TOWNSHIP[dispute.township]
    data = {"report_no": dispute.report_no, "channel": "walk_in", "place": {"township": dispute.township} | ({"village": village} if village else {}),
            "kind": dispute.kind, "amount_cny": "12000.00", "wants": "mediation", "parties": parties, "risk": NO_RISK_FLAGS}  # fmt: skip
    return [(dispute.reporter, "dispute.reported", data)]


def _routing_steps(dispute):
    return [
        (MEDIATION_CENTRE, "dispute.screened", typical_facts("dispute.screened", kind=dispute.kind, risk=NO_RISK_FLAGS)),
        (MEDIATION_CENTRE, "dispute.routed", {"to": dispute.body, "reason": "by_place"}),
    ]


def _mediator_of_dispute(dispute):
    numbers = MEDIATORS_OF_BODIES[dispute.body]
    return numbers[dispute.number % len(numbers)]


def _mediation_steps(dispute):
    today = date.today()
    terms = [{"kind": "payment", "due_on": (today + timedelta(days=90)).isoformat(), "amount_cny": "12000.00"}]
    return [
        (dispute.body, "referral.accepted", typical_facts("referral.accepted", mediator=_mediator_of_dispute(dispute))),
        *((dispute.body, *step) for step in mediation_steps(_mediator_of_dispute(dispute), sessions=({}, {"mode": "video", "minutes": 45}))),
        (dispute.body, "agreement.reached", typical_facts("agreement.reached", effective_on=today.isoformat(), terms=terms)),
    ]


def _closing_steps(dispute):
    return [
        (dispute.body, "performance.recorded", typical_facts("performance.recorded", on=date.today().isoformat())),
        (dispute.body, "dispute.followed_up", typical_facts("dispute.followed_up")),
        (dispute.body, "dispute.archived", {"archive_no": f"调-2026-{dispute.number:06d}"}),
    ]


STAGE_FUNCTIONS = (_reporting_steps, _routing_steps, _mediation_steps, _closing_steps)
EVENTS_PER_DISPUTE = 14


class Caseload:
    """All open disputes of the simulated county. Each round adds `new_per_round` disputes and advances every open dispute by one stage."""

    def __init__(self, new_per_round: int, seed: int = 7, number_offset: int = 0):
        """`number_offset`: offset of the dispute numbers, so that two caseloads on the same servers use different numbers."""
        self.new_per_round, self.random = new_per_round, random.Random(seed)
        self.disputes: list[Dispute] = []
        self.last_number = number_offset

    def advance_all_disputes(self) -> list[AgencyEvent]:
        """Advance every open dispute by one stage. Return the events of all disputes, interleaved at random. From the fourth call on, every stage occurs."""
        self.disputes = [dispute for dispute in self.disputes if dispute.stage < len(STAGE_FUNCTIONS)] + [self.new_dispute() for _ in range(self.new_per_round)]
        events = interleave_events([events_of_stage(dispute) for dispute in self.disputes], self.random)
        for dispute in self.disputes:
            dispute.stage += 1
        return events

    def new_dispute(self, reporter: str | None = None, body: str | None = None) -> Dispute:
        self.last_number += 1
        choose = self.random.choice
        return Dispute(self.last_number, reporter or choose(REPORTERS), body or choose(MEDIATION_BODIES), choose(DISPUTE_KINDS), choose(TOWNSHIPS))


def events_of_stage(dispute: Dispute, stage: int | None = None) -> list[AgencyEvent]:
    """Return the events of one stage of a dispute, in order. `stage`: index in STAGE_FUNCTIONS; by default the dispute's next stage."""
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
        for step, (agency, event_type, data) in enumerate(STAGE_FUNCTIONS[number](dispute))
    ]


def interleave_events(events_by_dispute: list[list[AgencyEvent]], rng: random.Random) -> list[AgencyEvent]:
    """Return the events of all disputes in one list, interleaved at random; the order of each dispute's events is kept."""
    turns = [index for index, events in enumerate(events_by_dispute) for _ in events]
    rng.shuffle(turns)
    remaining: list[Iterator[AgencyEvent]] = [iter(events) for events in events_by_dispute]
    return [next(remaining[index]) for index in turns]
