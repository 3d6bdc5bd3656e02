"""Applies the whole history of a dispute again: after a correction, a withdrawal, an undone join, or a step or deadline that belongs to an earlier time.

The steps keep the order in which they were reported, because each was decided on what was known then; the agencies act in that order. What depends on time
follows the times at which things happened: an automatic step stands before the first reported step of a later time. Whether a passed deadline was
announced before or after other steps arrived therefore makes no difference to the result. Pure computation.
"""

from collections import Counter
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.mediation.deadlines import tracking
from services.mediation.dispute.guards import undoing_steps
from services.mediation.dispute.model import AppliedStep, Deadline, Decision, Dispute
from services.mediation.dispute.step import Step
from services.mediation.law.counting import is_in_time
from services.mediation.law.policy import DeadlinePolicy
from services.mediation.lifecycle import applying
from services.mediation.lifecycle.transitions import STATE_CHANGING_WHEN_PASSED, STEP_WHEN_PASSED

REGISTERED = "dispute.registered"
RELEASED = "dispute.released"  # the dispute left the safeguard lane, and its first deadlines began; only in the history of a dispute, never published
PASSED = "deadline.passed"  # a deadline passed whose automatic step did not apply; only in the history of a dispute
UNDOING_STEPS = ("report.corrected", "report.withdrawn", "reports.unjoined")
REFERRAL_STEPS = ("referral.accepted", "referral.declined")  # steps counted in the statistics of mediation bodies
ANSWERED_STEPS = {"supervision.answered": "supervision.issued"}  # step of an agency → the automatic step that it answers
FACTS_THAT_THE_CENTRE_CORRECTS = ("township", "village", "grid", "kind")  # of the first report, if the mediation centre corrects another agency's report

DeadlineId = tuple[str, datetime]  # key and end of a deadline


class IllegalStep(Exception):
    """A step of the history is not legal at its place. `number` is the number of the step, `reason` the code of the reason to refuse it."""

    def __init__(self, number: int, reason: str):
        self.number, self.reason = number, reason
        super().__init__(f"{number}: {reason}")


class HistoryNeeded(Exception):
    """The decision needs all earlier steps of the dispute, and they are not loaded."""


@dataclass(slots=True)
class HistoricStep:
    """A step that counts: its number, and the step with its corrected facts."""

    number: int
    step: Step


@dataclass(slots=True)
class History:
    """Result of applying all steps of a dispute. `deadlines` contains every deadline that was ever set, by key, in its last condition."""

    dispute: Dispute
    deadlines: dict[str, Deadline] = field(default_factory=dict)
    entries: list[tuple[str, datetime]] = field(default_factory=list)  # every entry into a state, with its time
    automatic: list[Step] = field(default_factory=list)
    referrals: Counter = field(default_factory=Counter)  # (mediation body, type of step) → number
    failures: set[tuple[int, str]] = field(default_factory=set)  # (number of a step, reason) of each step that is not legal by the present rules


def require_history(dispute: Dispute) -> None:
    """Raise HistoryNeeded if `applied_steps` does not contain all steps of the dispute."""
    if len(dispute.applied_steps) != dispute.steps:
        raise HistoryNeeded


# ── The steps that count ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def steps_that_count(applied_steps: Iterable[AppliedStep], policy: DeadlinePolicy, roster=None) -> list[HistoricStep]:
    """Return the reported steps that are not undone, in order, with their corrected facts. Automatic steps are left out: they follow from the others."""
    applied_steps = list(applied_steps)
    undoing = undoing_steps(applied_steps)
    found = []
    for applied in applied_steps:
        if applied.step_type in UNDOING_STEPS or (applied.agency is None and applied.step_type != RELEASED):
            continue
        by, facts = undoing.get(applied.step), applied.facts
        if by is not None and by.step_type != "report.corrected":
            continue
        if by is not None and "facts" in by.facts:
            facts = corrected_facts(applied, by, applied_steps)
        found.append(HistoricStep(applied.step, Step(applied.step_type, applied.agency, applied.happened_at, facts, policy, roster)))
    return found


def corrected_facts(applied: AppliedStep, correction: AppliedStep, applied_steps: list[AppliedStep]) -> dict:
    """Return the facts of a step after its correction, and after the corrections that this one has corrected.

    The corrected facts replace all earlier ones, except that the mediation centre corrects only place and kind of another agency's dispute report, and that
    a correction without parties leaves the parties.
    """
    facts = correction.facts["facts"]
    if applied.step_type != REGISTERED:
        return facts
    earlier = next(step for step in applied_steps if step.step == correction.undoes)
    before = corrected_facts(applied, earlier, applied_steps) if "facts" in earlier.facts else applied.facts
    facts = {**{name: value for name, value in facts.items() if name != "place"}, **facts.get("place", {})}
    if correction.agency != applied.agency:
        names = FACTS_THAT_THE_CENTRE_CORRECTS
        kept = {name: value for name, value in before.items() if name not in names}
        return kept | {name: facts[name] for name in names if name in facts}
    return facts if "party_labels" in facts or "party_labels" not in before else {**facts, "party_labels": before["party_labels"]}


def passed_deadlines(dispute: Dispute) -> set[DeadlineId]:
    """Return the deadlines that were announced as passed, as far as they still matter: unmet ones, and those that an automatic step followed."""
    passed = {(deadline.key, deadline.due_at) for deadline in dispute.deadlines.values() if deadline.state == "passed"}
    return passed | {(step.facts["deadline"], step.happened_at) for step in dispute.applied_steps if step.agency is None and "deadline" in step.facts}


# ── Applying them ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def apply_history(
    dispute: Dispute, steps: list[HistoricStep], passed: set[DeadlineId], now: datetime, policy: DeadlinePolicy, tolerated: frozenset | set = frozenset()
) -> History:
    """Apply the steps to a new dispute with the code of `dispute`. `passed`: deadlines that were announced as passed.

    Raises IllegalStep for a step that is not legal, unless its failure is in `tolerated`. A deadline that a later step has met in time has not passed.
    """
    passed, met_in_time = set(passed), set()
    while True:
        run = _Run(dispute, passed, met_in_time, now, policy, tolerated)
        history = run.apply(steps)
        if history is not None:
            return history
        if run.met_in_time_after_all is not None:
            met_in_time.add(run.met_in_time_after_all)
        else:
            passed.add(run.passed_after_all)


class _Run:
    """One application of all steps.

    `apply` returns None if a step met or changed a deadline in time that this run had treated as passed before (`met_in_time_after_all`), or if a step
    shows that a deadline had passed before steps that this run has applied already (`passed_after_all`).
    """

    def __init__(self, dispute, passed, met_in_time, now, policy, tolerated):
        self._passed, self._met_in_time, self._now, self._policy, self._tolerated = passed, met_in_time, now, policy, tolerated
        self._postponed_days = {key: deadline.postponed_days for key, deadline in dispute.deadlines.items() if deadline.postponed_days}
        # The first deadlines of a dispute that was reported in the safeguard lane begin with its release, or have not begun yet.
        self._released_at = next((step.happened_at for step in dispute.applied_steps if step.step_type == RELEASED), None)
        self._was_in_lane = self._released_at is not None or bool(dispute.hold and dispute.hold.reported_in_lane)
        self._history = History(Dispute(dispute.code))
        self._passed_here: dict[str, datetime] = {}  # key and end of each deadline that has passed in this run
        self.met_in_time_after_all: DeadlineId | None = None
        self.passed_after_all: DeadlineId | None = None

    def apply(self, steps):
        for historic in steps:
            decision = Decision(self._history.dispute)
            self._pass_before(decision, historic.step)
            if self.passed_after_all is None:
                self._apply_step(decision, historic)
            if self.met_in_time_after_all is not None or self.passed_after_all is not None:
                return None
        decision = Decision(self._history.dispute)
        while (deadline := next_automatic(decision.dispute, None, self._passed - self._met_in_time, self._now, self._policy)) is not None:
            self._pass(decision, deadline)
        self._mark_passed()
        return self._history

    def _apply_step(self, decision, historic):
        history, dispute, step = self._history, self._history.dispute, historic.step
        if step.step_type == RELEASED:
            if dispute.state == "registered":
                tracking.start_clocks(decision, replace(step, step_type=REGISTERED, agency=dispute.reporter), self._now, self._policy)
            self._collect(decision)
            return
        reason = applying.refusal_by_transitions(dispute, step) or (None if step.step_type == REGISTERED else applying.refusal_by_guards(dispute, step))
        if reason is not None:
            history.failures.add((historic.number, reason))
            if (historic.number, reason) not in self._tolerated:
                raise IllegalStep(historic.number, reason)
        before, body = dispute.state, dispute.organisation or dispute.body
        applying.apply_step(decision, step, self._now, self._policy)
        if step.step_type == REGISTERED and self._was_in_lane:
            dispute.deadlines.clear()
            decision.deadlines = []
        if dispute.state != before:
            self._add_entry(step.happened_at)
        if step.step_type in REFERRAL_STEPS:
            history.referrals[body, step.step_type] += 1
        self._collect(decision)
        for deadline in decision.deadlines:
            ended_at = self._passed_here.get(deadline.key)
            if ended_at is not None and deadline.state != "passed" and is_in_time(deadline.met_at or step.happened_at, ended_at):
                self.met_in_time_after_all = (deadline.key, ended_at)

    def _pass_before(self, decision, step):
        dispute, passed = decision.dispute, self._passed - self._met_in_time
        while (deadline := next_automatic(dispute, step, passed, self._now, self._policy, self._met_in_time)) is not None:
            identity = (deadline.key, deadline.due_at)
            if identity not in passed and dispute.latest_at is not None and dispute.latest_at > deadline.due_at:
                self.passed_after_all = identity
                return
            self._pass(decision, deadline)

    def _pass(self, decision, deadline):
        while (earlier := replaced_by_automatic_step(self._history.dispute, deadline, self._policy)) is not None:
            self._pass(decision, earlier)
        self._passed_here[deadline.key] = deadline.due_at
        before = self._history.dispute.state
        tracking.mark_as_passed(decision, deadline)
        step = applying.automatic_step(self._history.dispute, deadline, self._policy)
        if step is not None:
            applying.apply_automatic_step(decision, step, self._now, self._policy)
            self._history.automatic.append(replace(step, facts={**step.facts, "deadline": deadline.key}))
            if self._history.dispute.state != before:
                self._add_entry(step.happened_at)
        self._collect(decision)

    def _add_entry(self, at):
        """Add the entry into the present state. For all who listen, nothing happened in the safeguard lane before the release."""
        self._history.entries.append((self._history.dispute.state, max(filter(None, (at, self._released_at)))))

    def _collect(self, decision):
        """Restore postponements of deadlines that were just set, and remember every deadline that changed."""
        for deadline in decision.deadlines:
            days = self._postponed_days.get(deadline.key)
            if days and deadline.state == "open" and not deadline.postponed_days:
                tracking.restore_postponement(deadline, days, self._now, self._policy)
            self._history.deadlines[deadline.key] = deadline

    def _mark_passed(self):
        """Mark the unmet deadlines without an automatic step that were announced as passed before. Those with one have passed in their place, or not at all."""
        for deadline in self._history.dispute.deadlines.values():
            if deadline.state != "open" or deadline.is_paused or deadline.clock in STEP_WHEN_PASSED:
                continue
            if (deadline.key, deadline.due_at) in self._passed:
                tracking.mark_as_passed(Decision(self._history.dispute), deadline)


def next_automatic(
    dispute: Dispute, step: Step | None, passed: set[DeadlineId], now: datetime, policy: DeadlinePolicy, not_passed: set[DeadlineId] = frozenset()
) -> Deadline | None:
    """Return the next deadline with an automatic step that passes before `step` (None: after all steps); None if there is none.

    A deadline passes if it was announced as passed, if the step itself meets or changes it too late, if the step answers its automatic step, or if its
    automatic step changes the state of the dispute, because a step of a later time must find that state.
    """
    automatic = {key: d for key, d in dispute.deadlines.items() if d.clock in STEP_WHEN_PASSED and d.state == "open"}
    if step is not None:
        automatic = {key: d for key, d in automatic.items() if step.happened_at > tracking.latest_possible_end(d, policy)}
    for deadline in tracking.in_due_order(automatic) if automatic else ():
        if deadline.is_paused:
            continue
        identity = (deadline.key, deadline.due_at)
        if step is not None and (
            identity in not_passed
            or is_in_time(step.happened_at, tracking.latest_possible_end(deadline, policy))
            or tracking.is_met_in_time(dispute, deadline, step)
        ):
            continue
        if identity in passed:
            return deadline
        if step is not None and (_presupposes_passing(step, deadline) or is_touched(dispute, deadline, step, now, policy)):
            return deadline
    return None


def _presupposes_passing(step: Step, deadline: Deadline) -> bool:
    """Return whether the step could only be made after the automatic step of this deadline, or has to find the state to which that step leads."""
    if deadline.clock in STATE_CHANGING_WHEN_PASSED:
        return True
    return ANSWERED_STEPS.get(step.step_type) == STEP_WHEN_PASSED[deadline.clock] and step.agency in deadline.owed_by


def replaced_by_automatic_step(dispute: Dispute, deadline: Deadline, policy: DeadlinePolicy) -> Deadline | None:
    """Return a deadline that ended before `deadline` and that its automatic step would replace, so that it must pass first; None if there is none."""
    step = applying.automatic_step(dispute, deadline, policy)
    if step is None:
        return None
    started = {clock.name for clock in tracking.CLOCKS_STARTED_BY.get(step.step_type, ())}
    for earlier in tracking.in_due_order(dispute.deadlines):
        if earlier is not deadline and earlier.clock in started and earlier.clock in STEP_WHEN_PASSED and earlier.state == "open" and not earlier.is_paused:
            return earlier if earlier.due_at < deadline.due_at else None
    return None


def is_touched(dispute: Dispute, deadline: Deadline, step: Step, now: datetime, policy: DeadlinePolicy) -> bool:
    """Return whether a legal step meets, stops or changes this deadline."""
    if applying.refusal_by_transitions(dispute, step) or (step.step_type != REGISTERED and applying.refusal_by_guards(dispute, step)):
        return False
    trial = Decision(copy_of(dispute))
    applying.apply_step(trial, step, now, policy)
    after = trial.dispute.deadlines.get(deadline.key)
    return after is None or (after.started_at, after.due_at) != (deadline.started_at, deadline.due_at)


def copy_of(dispute: Dispute) -> Dispute:
    """Return a copy of the dispute that can be changed without changing the original."""
    return replace(dispute, deadlines={key: copy(deadline) for key, deadline in dispute.deadlines.items()}, applied_steps=[*dispute.applied_steps])


# ── Comparing two results ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def is_equal(one: Dispute, other: Dispute) -> bool:
    """Return whether two disputes are in the same condition, apart from the times of their checks."""
    fields = [replace(dispute, deadlines={}, steps=0, applied_steps=[], hold=None) for dispute in (one, other)]
    conditions = [{key: _condition(deadline) for key, deadline in dispute.deadlines.items()} for dispute in (one, other)]
    return fields[0] == fields[1] and conditions[0] == conditions[1]


def passed_again(old: History, new: History) -> list[Deadline]:
    """Return the passed deadlines that are current now and were not before, because the deadline that had replaced them no longer exists."""
    return [
        deadline
        for key, deadline in new.dispute.deadlines.items()
        if deadline.state == "passed" and not (key in old.dispute.deadlines and old.dispute.deadlines[key].state == "passed")
    ]


def keep_announcements(old: Dispute, new: History, now: datetime) -> None:
    """Give each deadline that is unchanged the times at which it was set and is checked next, so that nothing is announced twice."""
    for key, deadline in new.dispute.deadlines.items():
        earlier = old.deadlines.get(key)
        if earlier is not None and (earlier.started_at, earlier.due_at, earlier.state, earlier.is_paused) == (
            deadline.started_at, deadline.due_at, deadline.state, deadline.is_paused,
        ):  # fmt: skip
            deadline.set_at, deadline.next_check_at, deadline.awaits = earlier.set_at, earlier.next_check_at, earlier.awaits
            deadline.reminded_at = earlier.reminded_at


def changed_deadlines(old: History, new: History) -> list[Deadline]:
    """Return the deadlines that differ, each in its new condition; one that does not exist any more is stopped. Stopped ones first, as listeners need it."""
    found = []
    for key in sorted({*old.deadlines, *new.deadlines}):
        before, after = old.deadlines.get(key), new.deadlines.get(key)
        if after is None:
            if before.state == "stopped":
                continue
            after = replace(before, state="stopped", next_check_at=None)
        if before is None or _condition(before) != _condition(after) or (key in new.dispute.deadlines) != (key in old.dispute.deadlines):
            found.append(after)
    return sorted(found, key=lambda deadline: (deadline.state != "stopped", deadline.due_at, deadline.key))


def _condition(deadline):
    return deadline.state, deadline.started_at, deadline.due_at, deadline.owed_by, deadline.met_at, deadline.provisional, deadline.is_paused
