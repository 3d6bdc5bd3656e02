"""Where routing meets the life of a dispute: what it remembers, what a decision asks of the rules, what becomes of a body's record. Pure."""

from datetime import datetime

from services.mediation.clocks import SHANGHAI
from services.mediation.rosters.roster import Roster
from services.mediation.routing.proposing import Asked, Record, propose
from services.mediation.routing.table import Rules

ROUTING = "routing"  # the clock
AT_HAND = ("accepted", "consent_pending", "mediating", "clock_paused", "suspended", "agreed", "performing")
OUT = {"conflict_of_interest": "conflict_disclosed"}  # why a body that gave it back is not asked again; else: declined before


# ── What a dispute remembers; values are replaced, never changed in place ─────────────────────────────────────────────────────────


def registered(dispute, step) -> None:
    facts = step.facts
    dispute.village = facts.get("village")
    dispute.standings, dispute.flags = tuple(facts.get("standings") or ()), tuple(facts.get("flags") or ())


def screened(dispute, step) -> None:
    """A second look adds to what is known of the parties and of what calls for care."""
    for name in ("standings", "flags"):
        if step.facts.get(name):
            setattr(dispute, name, tuple(sorted({*getattr(dispute, name), *step.facts[name]})))


def routed(dispute, step) -> None:
    """A body that is asked in another's place had not answered."""
    asked = dispute.organisation or dispute.body
    if dispute.state == "routed" and asked:
        dispute.left_out = {**dispute.left_out, asked: "did_not_answer"}
    dispute.organisation = step.facts.get("organisation")
    dispute.joint = tuple(step.facts.get("joint_with") or ())


def declined(dispute, step) -> None:
    asked = dispute.organisation or step.agency
    dispute.left_out = {**dispute.left_out, asked: OUT.get(step.facts["reason"], "declined_before")}
    dispute.organisation, dispute.joint = None, ()


# ── Guards ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def to_an_organisation_of_the_agency(dispute, step) -> bool:
    """A body that is named stands on the roster that day, and the agency speaks for it."""
    code = step.facts.get("organisation")
    if code is None or step.roster is None:
        return True
    organisation = step.roster.organisation(code, _day(step.happened))
    return organisation is not None and organisation.agency == step.facts["to"]


# ── The proposal ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def begins_routing(decision) -> bool:
    return any(word == "deadline.set" and data["clock"] == ROUTING for word, data in decision.said)


def asked(dispute) -> Asked:
    left_out = dict(dispute.left_out)
    left_out |= {code: "conflict_disclosed" for code, agreed in dispute.conflicts.items() if not agreed}
    return Asked(dispute.kind, dispute.township, dispute.village, dispute.track, frozenset(dispute.standings), frozenset(dispute.flags), left_out)


def add_proposal(decision, rules: Rules, roster: Roster, records: dict[str, Record], now: datetime) -> None:
    """Says whom it may be sent to, beside the deadline within which the centre decides."""
    said = []
    for word, data in decision.said:
        said.append((word, data))
        if word == "deadline.set" and data["clock"] == ROUTING:
            proposal = propose(asked(decision.dispute), rules, roster, records, _day(now))
            told = {name: data[name] for name in ("clock", "kind", "article", "started_at", "due_at", "owed_by")}
            said.append(("routing.proposed", {**proposal, **told}))
    decision.said = said


# ── A body's record ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def standing(dispute) -> tuple[str | None, str | None]:
    """The body that was asked, and the body that has the dispute at hand."""
    if dispute is None:
        return None, None
    body = dispute.organisation or dispute.body
    return body, body if dispute.state in AT_HAND else None


def count(moved: dict[str, Record], before: tuple[str | None, str | None], decision) -> None:
    """What one decision adds to the records of bodies. `before`: how it stood until then."""
    asked, had = before
    has = standing(decision.dispute)[1]
    for body, by in ((had, -1), (has, 1)):
        if body is not None and had != has:
            moved.setdefault(body, Record()).open += by
    for word, _ in decision.said:
        if word == "referral.accepted":
            moved.setdefault(asked, Record()).accepted += 1
        elif word == "referral.declined":
            moved.setdefault(asked, Record()).declined += 1


def _day(instant: datetime):
    return instant.astimezone(SHANGHAI).date()
