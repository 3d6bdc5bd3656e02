"""Simulated dispute: steps are decided by the rules of the mediation service in memory, with a simulated clock. Used by the tests of the rules."""

import pickle
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import contracts
from contracts.dates import SHANGHAI
from scenarios.course import SETTLED_DISPUTE_STEPS
from scenarios.facts import FACTS, typical_facts
from services.mediation.dispute.model import Dispute
from services.mediation.law.policy import USUAL_POLICY, DeadlinePolicy
from services.mediation.lifecycle import decisions

CODE = "620702-2026-000123-1"
CENTRE, COURT, WOMEN, PETITIONS, DAMAN, XIJIE = (
    "mediation_centre",
    "court",
    "womens_federation",
    "petition_office",
    "peoples_mediation_committee-daman",
    "peoples_mediation_committee-xijie",
)
MONDAY = datetime(2026, 3, 2, 10, 30, tzinfo=SHANGHAI)  # no public holiday within a month; the next one is Qingming

# Step type: usual facts, with the township, the mediation body and the mediators of these tests.
FACTS = FACTS | {
    "dispute.reported": typical_facts("dispute.reported", place={"township": "620702102"}),
    "dispute.routed": typical_facts("dispute.routed", to=DAMAN),
    "referral.accepted": typical_facts("referral.accepted", mediator="daman-014"),
    "mediator.agreed": {"mediator": "daman-014"},
    "mediator.appointed": {"mediator": "daman-015"},
    "supervision.issued": typical_facts("supervision.issued", to=DAMAN),
    "conflict.disclosed": typical_facts("conflict.disclosed", mediator="daman-014"),
    "case.entrusted": typical_facts("case.entrusted", to=DAMAN),
    "participant.named": typical_facts("participant.named", mediator="daman-019"),
}

# fmt: off
# Step type: agency that reports the step by default. Steps that are not listed are reported by DAMAN.
REPORTING_AGENCY = {
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
class IncomingEvent:
    """Event of the intake service, with the attributes that the mediation service reads."""

    type: str
    data: dict
    time: datetime
    id: str = f"{CODE}/1"
    subject: str = CODE


def registered_event(at=MONDAY, agency=WOMEN, **facts):
    """Return an event `dispute.registered` of a family dispute. `facts` replace the default data."""
    data = {"channel": "walk_in", "township": "620702102", "kind": "family", "wants": "mediation", "party_labels": ["applicant", "respondent"], **facts}
    event = {"event": {"source": f"/agencies/{agency}", "id": "1"}, "agency": agency, "happened_at": at.isoformat(), **data}
    return IncomingEvent("dispute.registered", event, at)


def reported_event(step, at, agency=None, **facts):
    """Return an event `step.reported` with the default agency and the usual facts of the step. `facts` replace usual facts."""
    agency = agency or REPORTING_AGENCY.get(step, DAMAN)
    data = {"event": {"source": f"/agencies/{agency}", "id": "2"}, "agency": agency, "step": step, "happened_at": at.isoformat()}
    return IncomingEvent("step.reported", {**data, "facts": {**FACTS[step], **facts}}, at)


@dataclass
class SimulatedDispute:
    """Dispute with a simulated clock, its published events and its history. Every incoming and published event is validated against the package contracts."""

    now: datetime = MONDAY
    dispute: Dispute | None = None
    events: list = field(default_factory=list)  # published events: (event type, data)
    history: list = field(default_factory=list)  # transitions in order
    deadline_states: dict = field(default_factory=dict)  # deadline key: last state, as the database stores it
    event_count: int = 0
    policy: DeadlinePolicy = USUAL_POLICY

    def register(self, **facts):
        """Register the dispute at the simulated time. Return the decision."""
        return self.hear(registered_event(self.now, **facts))

    def report(self, step, agency=None, after=timedelta(hours=1), happened=None, **facts):
        """Advance the simulated clock by `after` and report a step that happened at `happened` (default: that time). Return the decision."""
        self.now += after
        return self.hear(reported_event(step, happened or self.now, agency, **facts))

    def advance_to(self, now):
        """Advance the simulated clock to `now`, and check each deadline at the time of its next check on the way. Return the simulation."""
        while due := [d for d in self.dispute.deadlines.values() if d.next_check_at is not None and d.next_check_at <= now]:
            deadline = min(due, key=lambda d: d.next_check_at)
            self.now = max(self.now, deadline.next_check_at)
            decision = decisions.check_deadline(self.dispute, deadline, self.now, self.policy)
            self.dispute = decision.dispute
            self.record(decision)
        self.now = now
        return self

    def hear(self, event):
        """Decide on the event at the simulated time, with a new event id. Return the decision."""
        self.event_count += 1
        event.data["event"]["id"] = f"e-{self.event_count}"
        contracts.dump(event.type, event.data, "intake")
        decision = decisions.decide(self.dispute, event, self.now, self.policy)
        self.dispute = decision.dispute
        self.record(decision)
        return decision

    def record(self, decision):
        """Validate and store the events, deadlines and transition of a decision."""
        for type, data in decision.new_events:
            contracts.dump(type, data, "mediation")
        self.events += decision.new_events
        self.deadline_states |= {deadline.key: deadline.state for deadline in decision.deadlines}
        self.history += [transition for transition, _ in decision.steps_taken]

    @property
    def state(self):
        return self.dispute.state

    def event_types(self):
        """Return the types of all published events, in order."""
        return [type for type, _ in self.events]

    def last_event(self, type, clock=None):
        """Return the data of the last published event of this type, and of this clock if given."""
        return next(data for event_type, data in reversed(self.events) if event_type == type and clock in (None, data.get("clock")))

    def last_change(self, change, clock=None):
        """Return the data of the last change of this kind that a step made to a deadline, and to the deadline of this clock if given.

        A field that the event leaves out because it is False is False in the result.
        """
        last = next(data for data in reversed(deadline_changes(self.events)) if data["change"] == change and clock in (None, data["clock"]))
        return {"late": False, "was_passed": False, "provisional": False, **last}

    def due_at(self, clock):
        """Return the end of the unmet deadline of this clock."""
        return next(d.due_at for d in self.dispute.deadlines.values() if d.clock == clock)


def deadline_changes(events):
    """Return what the steps of these events, (type, data), did to deadlines, in order."""
    return [change for _, data in events for change in data.get("deadlines", ())]


# States that SETTLED_DISPUTE does not reach: number of its first steps to take, then the further steps that lead to the state.
BRANCHES = {
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


def dispute_in_state(state, now=MONDAY, **facts):
    """Return a simulated dispute in `state`, reached by the first steps of SETTLED_DISPUTE and, if needed, by steps in BRANCHES.

    `facts` replace the default data of the registration.
    """
    simulation = SimulatedDispute(now)
    simulation.register(**facts)
    length, branch = BRANCHES.get(state, (len(SETTLED_DISPUTE_STEPS), []))
    for step, step_facts in (*SETTLED_DISPUTE_STEPS[:length], *(entry if isinstance(entry, tuple) else (entry, {}) for entry in branch)):
        if simulation.state == state:
            break
        decision = simulation.report(step, **step_facts)
        assert decision.refused is None, (step, decision.refused)
    assert simulation.state == state
    return simulation


def deep_copy(value):
    """Return a deep copy of the value. Ten times as fast as copy.deepcopy."""
    return pickle.loads(pickle.dumps(value))
