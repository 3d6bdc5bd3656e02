"""Lives of disputes, told step by step: what the tests of the rules share. Hand-written, no mocks."""

import pickle
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import contracts
from contracts.dates import SHANGHAI
from scenarios.course import COURSE
from scenarios.facts import FACTS, facts_of
from services.mediation.dispute.model import Dispute
from services.mediation.law.policy import USUAL_POLICY, DeadlinePolicy
from services.mediation.life import decisions

CODE = "620702-2026-000123-1"
CENTRE, COURT, WOMEN, PETITIONS, DAMAN, XIJIE = (
    "mediation_centre",
    "court",
    "womens_federation",
    "petition_office",
    "peoples_mediation_committee-daman",
    "peoples_mediation_committee-xijie",
)
MONDAY = datetime(2026, 3, 2, 10, 30, tzinfo=SHANGHAI)  # no festival near; Qingming is a month away

# What these stories need otherwise than the usual facts: this town, this committee and its people.
FACTS = FACTS | {
    "dispute.reported": facts_of("dispute.reported", place={"township": "620702102"}),
    "dispute.routed": facts_of("dispute.routed", to=DAMAN),
    "referral.accepted": facts_of("referral.accepted", mediator="daman-014"),
    "mediator.agreed": {"mediator": "daman-014"},
    "mediator.appointed": {"mediator": "daman-015"},
    "supervision.issued": facts_of("supervision.issued", to=DAMAN),
    "conflict.disclosed": facts_of("conflict.disclosed", mediator="daman-014"),
    "case.entrusted": facts_of("case.entrusted", to=DAMAN),
    "participant.named": facts_of("participant.named", mediator="daman-019"),
}

# fmt: off
SPEAKER = {                            # who says it, when a story does not say otherwise
    "departments.called": CENTRE, "call.answered": "police", "level.escalated": "grid", "supervision.issued": CENTRE,
    "dispute.reported": WOMEN, "dispute.screened": CENTRE, "dispute.routed": CENTRE, "dispute.redirected": CENTRE,
    "reports.joined": CENTRE, "reports.unjoined": CENTRE,
    "confirmation.extended": COURT, "confirmation.objected": COURT, "papers.received": COURT, "trial.extended": COURT,
    "petition.extended": PETITIONS, "petition.transferred": PETITIONS, "petition.returned": PETITIONS,
    "confirmation.accepted": COURT, "confirmation.granted": COURT, "confirmation.refused": COURT,
    "case.filed": COURT, "case.filing_refused": COURT, "case.entrusted": COURT, "case.procedure_set": COURT, "case.closed": COURT,
    "participant.named": COURT, "enforcement.applied": COURT, "enforcement.completed": COURT,
    "petition.registered": PETITIONS, "petition.accepted": PETITIONS, "petition.decided": PETITIONS,
}
# fmt: on


@dataclass
class Heard:
    type: str
    data: dict
    time: datetime
    id: str = f"{CODE}/1"
    subject: str = CODE


def registered(at=MONDAY, agency=WOMEN, **facts):
    data = {"channel": "walk_in", "township": "620702102", "kind": "family", "wants": "mediation", "party_labels": ["applicant", "respondent"], **facts}
    return Heard("dispute.registered", {"event": {"source": f"/agencies/{agency}", "id": "1"}, "agency": agency, "happened_at": at.isoformat(), **data}, at)


def reported(step, at, agency=None, **facts):
    agency = agency or SPEAKER.get(step, DAMAN)
    data = {"event": {"source": f"/agencies/{agency}", "id": "2"}, "agency": agency, "step": step, "happened_at": at.isoformat()}
    return Heard("step.reported", {**data, "facts": {**FACTS[step], **facts}}, at)


@dataclass
class Life:
    """One dispute under the rules. Each `says` moves the clock to that moment; everything said is checked against the contract."""

    now: datetime = MONDAY
    dispute: Dispute | None = None
    said: list = field(default_factory=list)
    history: list = field(default_factory=list)
    rows: dict = field(default_factory=dict)  # how each deadline stands, as it would be kept
    heard: int = 0
    policy: DeadlinePolicy = USUAL_POLICY

    def begins(self, **facts):
        return self._hears(registered(self.now, **facts))

    def says(self, step, agency=None, after=timedelta(hours=1), happened=None, **facts):
        self.now += after
        return self._hears(reported(step, happened or self.now, agency, **facts))

    def until(self, now):
        """Time passes to `now`, every deadline asked when it wants to be asked."""
        while due := [d for d in self.dispute.deadlines.values() if d.next_check_at is not None and d.next_check_at <= now]:
            deadline = min(due, key=lambda d: d.next_check_at)
            self.now = max(self.now, deadline.next_check_at)
            self._keeps(decisions.time_passes(self.dispute, deadline, self.now, self.policy))
        self.now = now
        return self

    def _hears(self, event):
        self.heard += 1
        event.data["event"]["id"] = f"e-{self.heard}"
        contracts.dump(event.type, event.data, "intake")
        decision = decisions.decide(self.dispute, event, self.now, self.policy)
        self.dispute = decision.dispute
        self._keeps(decision)
        return decision

    def _keeps(self, decision):
        for type, data in decision.said:
            contracts.dump(type, data, "mediation")
        self.said += decision.said
        self.rows |= {deadline.key: deadline.state for deadline in decision.deadlines}
        if decision.transition:
            self.history.append(decision.transition)

    @property
    def state(self):
        return self.dispute.state

    def words(self):
        return [type for type, _ in self.said]

    def last(self, type, clock=None):
        return next(data for word, data in reversed(self.said) if word == type and clock in (None, data.get("clock")))

    def due(self, clock):
        return next(d.due_at for d in self.dispute.deadlines.values() if d.clock == clock)


WAYS = {  # how else a dispute comes to a state: so far along the road, then these
    "referral_declined": (2, ["referral.declined"]),
    "clock_paused": (7, ["clock.paused"]),
    "terminated": (7, ["mediation.terminated"]),
    "suspended": (7, ["mediation.suspended"]),
    "confirm_applied": (9, ["confirmation.applied"]),
    "confirm_decided": (9, ["confirmation.applied", "confirmation.accepted", "confirmation.granted"]),
    "defaulted": (9, [("performance.recorded", {"result": "default"})]),
    "enforcement": (9, ["confirmation.applied", "confirmation.accepted", "confirmation.granted", "enforcement.applied"]),
    "filed": (7, ["case.filed"]),
    "court_track": (7, ["case.filed", "case.procedure_set"]),
    "redirected": (1, ["dispute.redirected"]),
}


def life_until(state, now=MONDAY, **begins):
    """A dispute that has come to `state` by the shortest way that agencies go."""
    life = Life(now)
    life.begins(**begins)
    length, then = WAYS.get(state, (len(COURSE), []))
    for step, facts in (*COURSE[:length], *(one if isinstance(one, tuple) else (one, {}) for one in then)):
        if life.state == state:
            break
        decision = life.says(step, **facts)
        assert decision.refused is None, (step, decision.refused)
    assert life.state == state
    return life


def copied(value):
    """A copy down to the last field, as copy.deepcopy makes it, in a tenth of the time."""
    return pickle.loads(pickle.dumps(value))
