"""Where routing meets the life of a dispute: what it remembers, what a decision asks of the rules, what becomes of a body's record. Pure."""

from datetime import datetime

from services.mediation.dispute.model import who
from services.mediation.law.dates import day_of
from services.mediation.rosters.roster import Roster
from services.mediation.routing.proposing import MEDIATES, Asked, Record, mediators, propose
from services.mediation.routing.rules import Rules

ROUTING = "routing"  # the clock
AT_HAND = ("accepted", "consent_pending", "mediating", "clock_paused", "suspended", "agreed", "performing")
CHOOSING = ("accepted", "consent_pending", "mediating")  # a mediator
LEAVES_IT_OPEN = ("referral.accepted", "mediator.refused", "mediator.requested")
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
    organisation = step.roster.organisation(code, day_of(step.happened))
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
            proposal = propose(asked(decision.dispute), rules, roster, records, day_of(now))
            deadline = {name: data[name] for name in ("clock", "kind", "article", "started_at", "due_at", "owed_by")}
            said.append(("routing.proposed", {**proposal, **deadline}))
    decision.said = said


# ── Who might mediate ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def needs_a_mediator(decision) -> bool:
    """A body took it and named nobody; a party refused whom it named; or the parties ask for somebody to be appointed."""
    dispute = decision.dispute
    return dispute is not None and dispute.mediator is None and dispute.state in CHOOSING and any(word in LEAVES_IT_OPEN for word, _ in decision.said)


def people_to_choose_from(dispute, roster: Roster, now: datetime) -> list[str]:
    """Everybody on the rosters of the body that has it: their numbers."""
    return sorted({member.id for code in _its_organisations(dispute, roster, day_of(now)) for member in roster.members_of(code, day_of(now))})


def add_mediators(decision, roster: Roster, open_now: dict[str, int], now: datetime) -> None:
    """Says who of the body's people takes such a dispute; nothing where its roster has nobody."""
    dispute = decision.dispute
    out = {code for code, agreed in dispute.conflicts.items() if not agreed} | set(dispute.not_again)
    chosen = next((data["prefers"] for word, data in decision.said if word == "mediator.requested" and data.get("prefers")), None)
    able = mediators(_its_organisations(dispute, roster, day_of(now)), asked(dispute), roster, open_now, out, chosen, day_of(now))
    if able:
        appoints = any(word == "mediator.requested" for word, _ in decision.said)
        decision.said = [*decision.said, ("mediators.proposed", {"mediators": able, "owed_by": who(dispute, ("appoints" if appoints else "body",))})]


def _its_organisations(dispute, roster, day) -> list[str]:
    """The one that was named; else those of its agency that sit where the dispute is, or have no place of their own."""
    if dispute.organisation:
        return [dispute.organisation]
    theirs = [one for one in roster.on(day) if one.agency == dispute.body and one.kind in MEDIATES]
    return [one.code for one in theirs if len(theirs) == 1 or (one.township == dispute.township and one.village in (None, dispute.village))]


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
