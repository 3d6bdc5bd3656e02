"""Made-up disputes on their way, as many at every stage as a county has that is always busy. No database, no broker; who takes part, and where, is
computed from the county's folder.

A wave takes a stage of each dispute under way. Within a wave one dispute is one agency's: whatever agency is heard first, its steps are legal.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from contracts import COUNTY
from fengqiao_agency.events import Outgoing, outgoing
from scenarios.course import mediation
from scenarios.facts import facts_of
from services.mediation.county_files import read_rosters
from services.mediation.rosters.roster import Roster

CENTRE = COUNTY.lead("M").code
USUAL = COUNTY.lead("P").code  # the agency that goes on as usual beside a burst
OF_EACH_SORT = 3


def _agencies(role: str, is_local: bool = False) -> list[str]:
    """Active agencies of a role with a system of their own, in the order of the county's file; `is_local`: those that serve some townships only."""
    found = (agency for agency in COUNTY.agencies.values() if agency.role == role and agency.is_active and agency.platform == "own")
    return [agency.code for agency in found if not is_local or agency.townships]


def _reporters() -> tuple[str, ...]:
    local_offices = _agencies("J", is_local=True) or [COUNTY.lead("J").code]
    return (*(COUNTY.lead(role).code for role in "WPCXMG"), local_offices[0])


def _burst_body() -> str:
    """The body that thousands of disputes come to at once: the one for finance, else the last one."""
    bodies = [agency for agency in COUNTY.agencies.values() if agency.role == "B" and agency.is_active]
    return next((body.code for body in bodies if "finance" in body.takes), bodies[-1].code if bodies else COUNTY.lead("J").code)


def _bodies() -> tuple[str, ...]:
    """Some committees of townships and some bodies for one kind of dispute, without the one of the burst if there are others."""
    own = [body for body in _agencies("B") if body != BURST]
    committees = [body for body in own if COUNTY.agencies[body].townships]
    return (*committees[:OF_EACH_SORT], *[body for body in own if body not in committees][:OF_EACH_SORT]) or (BURST,)


def _places() -> dict[str, str]:
    """Township -> a village of it, of up to five townships; the first township without one if the county lists no villages."""
    first: dict[str, str] = {}
    for code, village in COUNTY.villages.items():
        if village.kind == "village":
            first.setdefault(code[:9], code)
    return dict(islice(first.items(), 5)) or {next(iter(COUNTY.townships)): ""}


def _mediators() -> dict[str, tuple[str, ...]]:
    """The numbers on the roster of each body; made-up ones where it keeps none."""
    found, _ = read_rosters(COUNTY.folder)
    roster = Roster.of(found["organisations"], found["members"])
    return {body: roster.mediators_of(body, date.today())[:9] or (f"{body}-001",) for body in (*BODIES, BURST)}


REPORTERS, BURST = _reporters(), _burst_body()
BODIES, PLACES = _bodies(), _places()
TOWNSHIPS, MEDIATORS = tuple(PLACES), _mediators()
KINDS = ("family", "neighbour", "contract", "labour", "traffic", "consumer", "damages")
NO_RISK = {"domestic_violence": False, "minor": False, "mass": False, "violence_threat": False}


@dataclass(slots=True)
class Life:
    """One dispute, as its agencies know it. `code` is None until intake has given it."""

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
class Letter:
    """What an agency is about to publish."""

    agency: str
    event: Outgoing
    life: Life

    @property
    def routing_key(self) -> str:
        return f"{self.agency}.{self.event.type}"


def _reported(life):
    parties = [
        {"role": "applicant", "name": f"虚构甲{life.number}", "phone": f"137{life.number * 7919 % 10**8:08d}", "address": "虚构路一号"},
        {"role": "respondent", "name": f"虚构乙{life.number}", "id_number": f"{COUNTY.area}190001010000"},
    ]
    village = PLACES[life.township]
    data = {"report_no": life.report_no, "channel": "walk_in", "place": {"township": life.township} | ({"village": village} if village else {}),
            "kind": life.kind, "amount_cny": "12000.00", "wants": "mediation", "parties": parties, "risk": NO_RISK}  # fmt: skip
    return [(life.reporter, "dispute.reported", data)]


def _sent_to_a_body(life):
    return [
        (CENTRE, "dispute.screened", facts_of("dispute.screened", kind=life.kind, risk=NO_RISK)),
        (CENTRE, "dispute.routed", {"to": life.body, "reason": "by_place"}),
    ]


def _mediator(life):
    numbers = MEDIATORS[life.body]
    return numbers[life.number % len(numbers)]


def _mediated(life):
    today = date.today()
    terms = [{"kind": "payment", "due_on": (today + timedelta(days=90)).isoformat(), "amount_cny": "12000.00"}]
    return [
        (life.body, "referral.accepted", facts_of("referral.accepted", mediator=_mediator(life))),
        *((life.body, *step) for step in mediation(_mediator(life), sessions=({}, {"mode": "video", "minutes": 45}))),
        (life.body, "agreement.reached", facts_of("agreement.reached", effective_on=today.isoformat(), terms=terms)),
    ]


def _performed(life):
    return [
        (life.body, "performance.recorded", facts_of("performance.recorded", on=date.today().isoformat())),
        (life.body, "dispute.followed_up", facts_of("dispute.followed_up")),
        (life.body, "dispute.archived", {"archive_no": f"调-2026-{life.number:06d}"}),
    ]


STAGES = (_reported, _sent_to_a_body, _mediated, _performed)
EVENTS_A_LIFE = 14


class County:
    """All lives under way. Every wave begins `births` new ones and carries each of the others one stage on."""

    def __init__(self, births: int, seed: int = 7, first: int = 0):
        """`first` keeps two counties on the same ground apart."""
        self.births, self.random = births, random.Random(seed)
        self.lives: list[Life] = []
        self.born = first

    def wave(self) -> list[Letter]:
        """The next wave, its disputes' events in each other's way at random. After three waves, every stage is in each."""
        self.lives = [life for life in self.lives if life.stage < len(STAGES)] + [self.newborn() for _ in range(self.births)]
        letters = mingled([letters_of(life) for life in self.lives], self.random)
        for life in self.lives:
            life.stage += 1
        return letters

    def newborn(self, reporter: str | None = None, body: str | None = None) -> Life:
        self.born += 1
        choose = self.random.choice
        return Life(self.born, reporter or choose(REPORTERS), body or choose(BODIES), choose(KINDS), choose(TOWNSHIPS))


def letters_of(life: Life, stage: int | None = None) -> list[Letter]:
    """What happens to a dispute in its stage, in order."""
    began = datetime.now(UTC) - timedelta(minutes=2)
    number = life.stage if stage is None else stage
    return [
        Letter(agency, outgoing(agency, word, life.code or life.report_no, data, began + timedelta(seconds=step), f"b-{life.number:06d}-{number}-{step}"), life)
        for step, (agency, word, data) in enumerate(STAGES[number](life))
    ]


def mingled(lives: list[list[Letter]], dice: random.Random) -> list[Letter]:
    """All of them in one line, each dispute's own in order."""
    turns = [turn for turn, letters in enumerate(lives) for _ in letters]
    dice.shuffle(turns)
    following: list[Iterator[Letter]] = [iter(letters) for letters in lives]
    return [next(following[turn]) for turn in turns]
