"""The bodies to which simulated disputes are sent, and their mediators, from the county's own rosters and routing rules."""

from datetime import date
from functools import cache

from contracts import COUNTY
from services.mediation.county_files import read_rosters, read_routing
from services.mediation.rosters.roster import Roster
from services.mediation.routing.proposing import Candidate, RoutingFacts, propose
from services.mediation.routing.rules import Rules

ROSTER_DATE = date(2020, 1, 1)  # first day of the synthetic rosters


@cache
def roster() -> Roster:
    rosters, errors = read_rosters(COUNTY.folder)
    assert not errors, errors[:3]
    return Roster.of(rosters["organisations"], rosters["members"])


@cache
def villages(township: str) -> tuple[str, ...]:
    """Return the villages of the township that have their own committee."""
    return tuple(
        row.village for row in roster().valid_on(ROSTER_DATE) if row.kind == "peoples_mediation_committee" and row.village and row.township == township
    )


@cache
def proposed_bodies(kind: str, township: str, village: str | None, track: str = "A") -> tuple[Candidate, ...]:
    """Return the bodies that the routing rules propose, in order, without any statistics of the bodies' earlier work."""
    proposal = propose(RoutingFacts(kind, township, village, track), _rules(), roster(), {}, ROSTER_DATE)
    return tuple(Candidate(candidate["to"], candidate.get("organisation"), joint_with=candidate["joint_with"]) for candidate in proposal["candidates"])


@cache
def mediators(agency: str, organisation: str | None) -> tuple[str, ...]:
    """Return mediators' roster numbers: the organisation's if it has several, else the agency's, else invented ones."""
    numbers = [member.id for member in roster().members_of(organisation or "", ROSTER_DATE) if member.role == "mediator"]
    return tuple(numbers) if len(numbers) > 1 else roster().mediators_of(agency, ROSTER_DATE) or tuple(f"{agency}-{number:03}" for number in range(1, 10))


@cache
def invited() -> tuple[tuple[str, str], ...]:
    """Return the court's invited mediators (特邀调解员), each as (agency that reports for the mediator, number)."""
    all_rosters = roster()
    invited_bodies = [row for row in all_rosters.valid_on(ROSTER_DATE) if row.kind == "invited_mediation_body"]
    numbers = (
        (row.agency, member.id) for row in invited_bodies for member in all_rosters.members_of(row.code, ROSTER_DATE) if member.role == "invited_mediator"
    )
    return tuple(sorted(numbers))


@cache
def committees(township: str) -> tuple[str, ...]:
    """Return the codes of the township's own committees, without those of its villages."""
    return tuple(
        sorted(row.code for row in roster().valid_on(ROSTER_DATE) if row.kind == "peoples_mediation_committee" and row.township == township and not row.village)
    )


@cache
def invited_bodies() -> tuple[str, ...]:
    return tuple(sorted(row.code for row in roster().valid_on(ROSTER_DATE) if row.kind == "invited_mediation_body"))


@cache
def _rules() -> Rules:
    return read_routing(COUNTY.folder)[0]
