"""Whom a made-up dispute is sent to: what the county's own rules propose of its own rosters, and who of a body mediates. Reads the county's folder."""

from datetime import date
from functools import cache

from contracts import COUNTY
from services.mediation.county_files import read_rosters, read_routing
from services.mediation.rosters.roster import Roster
from services.mediation.routing.proposing import Asked, Candidate, propose
from services.mediation.routing.rules import Rules

SINCE = date(2020, 1, 1)  # from which the synthetic rosters hold


@cache
def roster() -> Roster:
    found, wrong = read_rosters(COUNTY.folder)
    assert not wrong, wrong[:3]
    return Roster.of(found["organisations"], found["members"])


@cache
def villages(township: str) -> tuple[str, ...]:
    """Of a township: those with a committee of their own."""
    return tuple(one.village for one in roster().on(SINCE) if one.kind == "peoples_mediation_committee" and one.village and one.township == township)


@cache
def proposed(kind: str, township: str, village: str | None, track: str = "A") -> tuple[Candidate, ...]:
    """Whom the rules would send it to, in order, as long as no body's record says anything."""
    told = propose(Asked(kind, township, village, track), _rules(), roster(), {}, SINCE)
    return tuple(Candidate(one["to"], one.get("organisation"), joint_with=one["joint_with"]) for one in told["candidates"])


@cache
def mediators(agency: str, organisation: str | None) -> tuple[str, ...]:
    """The numbers on its roster: the organisation's own, else its agency's, else made-up ones of a body that keeps no roster."""
    own = [member.id for member in roster().members_of(organisation or "", SINCE) if member.role == "mediator"]
    return tuple(own) if len(own) > 1 else roster().mediators_of(agency, SINCE) or tuple(f"{agency}-{number:03}" for number in range(1, 10))


@cache
def invited() -> tuple[tuple[str, str], ...]:
    """The court's own roster of invited mediators (特邀调解员): (the agency that speaks for them, number) of each."""
    found = roster()
    invited_bodies = [one for one in found.on(SINCE) if one.kind == "invited_mediation_body"]
    numbers = ((one.agency, member.id) for one in invited_bodies for member in found.members_of(one.code, SINCE) if member.role == "invited_mediator")
    return tuple(sorted(numbers))


@cache
def committees(township: str) -> tuple[str, ...]:
    """The committees of the township itself, not of its villages, by code."""
    return tuple(sorted(one.code for one in roster().on(SINCE) if one.kind == "peoples_mediation_committee" and one.township == township and not one.village))


@cache
def invited_bodies() -> tuple[str, ...]:
    return tuple(sorted(one.code for one in roster().on(SINCE) if one.kind == "invited_mediation_body"))


@cache
def _rules() -> Rules:
    return read_routing(COUNTY.folder)[0]
