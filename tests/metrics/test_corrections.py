"""Property tests with the decisions of the mediation service: what the read model counts follows every step, correction, join, undone join and hold.

The events are those that intake and mediation publish about a simulated dispute, heard by the read model in random batches and in any order between the two.
"""

from collections import Counter
from datetime import datetime, timedelta
from random import Random

from hypothesis import given, settings

import contracts
from contracts import samples
from contracts.steps import CORRECTABLE_STEPS
from plumbing.events import Event
from services.mediation.law.policy import USUAL_POLICY
from services.mediation.lifecycle import recomputing
from services.mediation.safeguard import lane
from services.metrics.domain import DAILY_FIGURE_OF_STATE, shanghai_date
from tests.mediation.lifecycle.test_walks import random_steps, seeds
from tests.mediation.safeguard.test_lane import POLICE, sealed_step
from tests.mediation.simulated_dispute import CENTRE, CODE, MONDAY, WOMEN, SimulatedDispute, registered_event, reported_event
from tests.metrics.test_domain import InMemoryReadModel

INTAKE, SEALED = "intake", "intake-safeguard"
HOLD_PROBABILITY, CORRECTION_PROBABILITY, JOIN_PROBABILITY, UNJOIN_PROBABILITY = 0.05, 0.08, 0.04, 0.5


class PublishingDispute(SimulatedDispute):
    """A simulated dispute whose intake and mediation events are collected as the read model receives them. It can be held in the safeguard lane."""

    def __init__(self):
        super().__init__()
        self.streams = {INTAKE: [], "mediation": []}

    def publish(self, stream, type, data, time):
        events = self.streams[stream]
        events.append(Event(stream, f"{CODE}/{len(events) + 1}", type, CODE, time, contracts.dump(type, data, stream), len(events) + 1))

    def hear(self, event, source=INTAKE):
        """Decide on the event in the safeguard lane or in the ordinary stream, and publish what the two services publish."""
        self.event_count += 1
        event.source, event.data["event"]["id"] = source, f"e-{self.event_count}"
        if source == INTAKE:
            self.publish(INTAKE, event.type, event.data, event.time)
        decision = lane.decide(self.dispute, event, self.now, USUAL_POLICY)
        self.dispute = decision.dispute
        self.record(decision, event.time)
        if source == INTAKE and not decision.refused and event.data.get("step") in ("reports.joined", "reports.unjoined"):
            self._publish_join(event)
        return decision

    def record(self, decision, reported_at=None):
        for type, data in decision.new_events:
            self.publish("mediation", type, data, reported_at if reported_at and "happened_at" in data else self.now)
        for type, data in decision.delayed_events:
            self.publish("mediation", type, data, _instant(data["happened_at"]) if "happened_at" in data else self.now)

    def _publish_join(self, event):
        into, was = (samples.OTHER_DISPUTE, CODE) if event.data["step"] == "reports.joined" else (CODE, samples.OTHER_DISPUTE)
        data = {"event": event.data["event"], "agency": CENTRE, "into": into, "was": was}
        if event.data["step"] == "reports.joined":
            self.publish(INTAKE, "dispute.merged", {**data, "found_by": "centre"}, event.time)
        else:
            self.publish(INTAKE, "dispute.unmerged", {**data, "reported_by": WOMEN}, event.time)

    @property
    def is_merged(self):
        """Whether the dispute is joined to another one, according to the events of intake."""
        return [event.type for event in self.streams[INTAKE] if event.type in ("dispute.merged", "dispute.unmerged")][-1:] == ["dispute.merged"]

    @property
    def is_held(self):
        return lane.is_held(self.dispute)

    def toggle_hold(self):
        """Let the police open a safeguard hold, or release it."""
        step, facts = ("hold.released", {"reason": "danger_passed"}) if self.is_held else ("dv.warning_issued", {})
        return self.hear(sealed_step(step, POLICE, self.now, **facts), SEALED)


def _instant(value):
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def simulate(seed):
    """Return a dispute after random steps, some of which are late, corrections of its registration, joins, undone joins and holds. It is not held at the end."""
    random, dispute = Random(seed), PublishingDispute()
    dispute.hear(registered_event(dispute.now))
    steps = random_steps(seed, dispute, length=30)
    for step, agency, facts, wait in steps:
        dispute.advance_to(dispute.now + wait)
        if random.random() < HOLD_PROBABILITY:
            dispute.toggle_hold()
        if "dispute.reported" in CORRECTABLE_STEPS and random.random() < CORRECTION_PROBABILITY:
            _correct_the_registration(dispute, random)
        if not dispute.is_merged and random.random() < JOIN_PROBABILITY:
            dispute.hear(reported_event("reports.joined", dispute.now, CENTRE))
        if dispute.is_merged and random.random() < UNJOIN_PROBABILITY:
            dispute.hear(reported_event("reports.unjoined", dispute.now, CENTRE))
        happened = dispute.now - timedelta(hours=random.choice([0, 0, 0, 20, 90]))
        dispute.hear(reported_event(step, happened, agency, **facts))
    if dispute.is_held:
        dispute.toggle_hold()
    return dispute


def _correct_the_registration(dispute, random):
    facts = {
        "channel": "hotline",
        "place": {"township": random.choice(["620702102", "620702003"])},
        "kind": random.choice(["family", "labour", "contract"]),
        "wants": "mediation",
    }
    correction = {"event": "e-1", "reason": "wrong_facts", "corrects": "dispute.reported", "facts": facts}
    dispute.hear(reported_event("report.corrected", dispute.now, WOMEN, **correction))


def read_model_of(dispute, seed):
    """Return the read model after it heard the events of the two streams in random batches."""
    random, remaining, batches = Random(seed), {name: list(events) for name, events in dispute.streams.items() if events}, [[]]
    while remaining:
        name = random.choice(sorted(remaining))
        batches[-1].append(remaining[name].pop(0))
        if not remaining[name]:
            del remaining[name]
        if random.random() < 0.3:
            batches.append([])
    return InMemoryReadModel().hear(*(batch for batch in batches if batch))


def entries_that_count(dispute):
    """Return the days and daily figures of the entries into states that the history of the dispute contains, as mediation applies it now."""
    steps = recomputing.steps_that_count(dispute.dispute.applied_steps, USUAL_POLICY)
    entries = recomputing.apply_history(dispute.dispute, steps, recomputing.passed_deadlines(dispute.dispute), MONDAY, USUAL_POLICY).entries
    joined_at = {
        event.time for event in dispute.streams["mediation"] if event.type == "reports.joined"
    }  # a join closes a dispute, but is no closing that counts
    return {
        (shanghai_date(at), DAILY_FIGURE_OF_STATE[state])
        for state, at in entries
        if state in DAILY_FIGURE_OF_STATE and not (state == "closed" and at in joined_at)
    }


@settings(max_examples=40, deadline=None)
@given(seeds, seeds)
def test_every_stored_count_equals_a_recount_after_any_steps_corrections_joins_and_holds(seed, order):
    model = read_model_of(simulate(seed), order)

    for table, counted in model.recounted().items():
        assert getattr(model, table) == counted, table


@settings(max_examples=40, deadline=None)
@given(seeds, seeds)
def test_a_dispute_counts_in_the_daily_figures_of_its_present_history_and_in_no_others(seed, order):
    dispute = simulate(seed)
    model = read_model_of(dispute, order)

    counted = {(day, figure) for (day, figure, code) in model.daily_disputes if figure not in ("reported", "refused")}
    assert counted == (set() if dispute.is_merged else entries_that_count(dispute))
    assert sum(count for (_, figure), count in model.daily_totals.items() if figure == "reported") == (0 if dispute.is_merged else 1)


@settings(max_examples=40, deadline=None)
@given(seeds, seeds)
def test_the_row_of_a_dispute_shows_state_place_kind_and_unmet_deadlines_as_mediation_has_them(seed, order):
    dispute = simulate(seed)
    row = read_model_of(dispute, order).dispute(CODE)

    decided = dispute.dispute
    assert (row.state, row.kind, row.township, row.is_open) == (
        decided.state,
        decided.kind,
        decided.township,
        decided.state != "closed" and not dispute.is_merged,
    )
    assert row.particulars.get("cause") == decided.cause
    unmet = {deadline.clock: deadline.state == "passed" for deadline in decided.deadlines.values()}
    assert {clock: deadline.state in ("passed", "lapsed") for clock, deadline in row.deadlines.items() if deadline.state not in ("met", "stopped")} == unmet


def test_the_simulated_disputes_contain_corrections_recomputed_histories_joins_and_holds():
    types = Counter(event.type for seed in range(60) for events in simulate(seed).streams.values() for event in events)

    assert all(types[type] > 5 for type in ("dispute.recomputed", "report.corrected", "report.withdrawn", "dispute.merged", "dispute.unmerged", "step.refused"))
