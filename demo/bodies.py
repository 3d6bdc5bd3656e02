"""Mediation bodies and mediators of simulated disputes, taken from the rosters and routing rules in the county's folder."""

from datetime import date
from functools import cache

from contracts import COUNTY
from services.mediation.county_files import read_rosters, read_routing
from services.mediation.rosters.roster import Roster
from services.mediation.routing.proposing import Candidate, RoutingFacts, propose
from services.mediation.routing.rules import Rules

ROSTER_VALIDITY_DATE = date(2020, 1, 1)  # first day on which the organisations and members of the invented rosters are valid


@cache
def roster() -> Roster:
    rosters, errors = read_rosters(COUNTY.folder)
    assert not errors, errors[:3]
    return Roster.of(rosters["organisations"], rosters["members"])


@cache
def villages_with_committee(township: str) -> tuple[str, ...]:
    """Return the villages of the township that have their own people's mediation committee."""
    return tuple(
        row.village
        for row in roster().organisations_valid_on(ROSTER_VALIDITY_DATE)
        if row.kind == "peoples_mediation_committee" and row.village and row.township == township
    )


@cache
def proposed_bodies(kind: str, township: str, village: str | None, track: str = "A") -> tuple[Candidate, ...]:
    """Return the mediation bodies that the routing rules propose for a dispute, best first. Statistics of earlier referrals are not used."""
    proposal = propose(RoutingFacts(kind, township, village, track), _routing_rules(), roster(), {}, ROSTER_VALIDITY_DATE)
    return tuple(Candidate(candidate["to"], candidate.get("organisation"), joint_with=candidate["joint_with"]) for candidate in proposal["candidates"])


@cache
def mediator_numbers(agency: str, organisation: str | None) -> tuple[str, ...]:
    """Return roster numbers of mediators: those of the organisation if it has several, else those of the agency, else invented numbers."""
    numbers = [member.id for member in roster().members_of(organisation or "", ROSTER_VALIDITY_DATE) if member.role == "mediator"]
    return (
        tuple(numbers) if len(numbers) > 1 else roster().mediators_of(agency, ROSTER_VALIDITY_DATE) or tuple(f"{agency}-{number:03}" for number in range(1, 10))
    )


@cache
def invited_mediators() -> tuple[tuple[str, str], ...]:
    """Return the mediators invited by the court (特邀调解员), each as (agency that reports for the mediator, roster number)."""
    all_rosters = roster()
    organisations = [row for row in all_rosters.organisations_valid_on(ROSTER_VALIDITY_DATE) if row.kind == "invited_mediation_body"]
    numbers = (
        (row.agency, member.id)
        for row in organisations
        for member in all_rosters.members_of(row.code, ROSTER_VALIDITY_DATE)
        if member.role == "invited_mediator"
    )
    return tuple(sorted(numbers))


@cache
def township_committees(township: str) -> tuple[str, ...]:
    """Return the codes of the township's people's mediation committees, without the committees of its villages."""
    return tuple(
        sorted(
            row.code
            for row in roster().organisations_valid_on(ROSTER_VALIDITY_DATE)
            if row.kind == "peoples_mediation_committee" and row.township == township and not row.village
        )
    )


@cache
def invited_mediation_bodies() -> tuple[str, ...]:
    return tuple(sorted(row.code for row in roster().organisations_valid_on(ROSTER_VALIDITY_DATE) if row.kind == "invited_mediation_body"))


@cache
def _routing_rules() -> Rules:
    return read_routing(COUNTY.folder)[0]
