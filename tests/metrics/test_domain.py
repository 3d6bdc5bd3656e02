"""What does an event change in the read model, and does the model converge whatever the order in which speakers are heard?"""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from services.metrics import domain
from tests.mediation.lives import copied
from tests.metrics.histories import CODES, county, deadline, event, fact, interleaved, registered


class Model:
    """The tables, in memory: what store.py does to rows and sums."""

    def __init__(self):
        self.disputes, self.timeline = {}, {}
        self.cube, self.waits, self.flow, self.days, self.moves, self.totals = (Counter() for _ in range(6))

    def hear(self, *batches):
        for batch in batches:
            known = {event.subject: copied(self.disputes[event.subject]) for event in batch if event.subject in self.disputes}
            changes = domain.fold(known, batch)
            self.disputes |= changes.disputes
            for line in changes.timeline:
                self.timeline.setdefault(line[:3], line)
            for name in ("cube", "waits", "flow", "days", "moves", "totals"):
                sums = getattr(self, name)
                sums.update(getattr(changes, name))
                for cell in [cell for cell, count in sums.items() if not count]:
                    del sums[cell]
        return self

    def dispute(self, code=CODES[0]):
        return self.disputes[code]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_the_model_converges_whatever_the_interleaving_of_speakers(data):
    told = data.draw(county())
    one, other = Model().hear(*data.draw(interleaved(told))), Model().hear(*data.draw(interleaved(told)))

    assert vars(one) == vars(other)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_sums_are_what_counting_the_rows_gives(data):
    model = Model().hear(*data.draw(interleaved(data.draw(county()))))

    cube, waits = Counter(), Counter()
    for dispute in model.disputes.values():
        if dispute.is_open:
            cube[dispute.township, dispute.state, dispute.kind, dispute.overdue] += 1
            waits.update((dispute.township, agency, dispute.overdue) for agency in dispute.next_actors)
    assert (model.cube, model.waits) == (cube, waits)
    days = Counter()
    for (day, what, _, _), count in model.flow.items():
        days[day, what] += count
    assert days == model.days
    assert all(count > 0 for sums in (model.cube, model.waits, model.flow, model.days, model.moves, model.totals) for count in sums.values())


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_nothing_of_the_sealed_lane_is_kept(data):
    model = Model().hear(*data.draw(interleaved(data.draw(county()))))

    kept = repr(vars(model))
    assert "safeguard" not in kept and "protection_order" not in kept


def test_a_dispute_counts_under_unknown_until_intake_is_heard():
    model = Model().hear([fact(1, "referral.accepted", "accepted", ["court"])])
    assert model.cube == {("", "accepted", "", "none"): 1}
    assert model.flow == {("2026-11-20", "accepted", "", ""): 1}

    model.hear([registered()])

    assert model.cube == {("620702102", "accepted", "family", "none"): 1}
    assert model.flow == {("2026-11-20", "accepted", "620702102", "family"): 1, ("2026-11-20", "reported", "620702102", "family"): 1}


def test_only_the_law_makes_a_dispute_legally_overdue():
    model = Model().hear([registered(), deadline(1, "set", "a", "POLICY"), deadline(2, "passed", "a", "POLICY")])
    assert model.dispute().overdue == "other"

    model.hear([deadline(3, "set", "b", "LOCAL_RULE"), deadline(4, "passed", "b", "LOCAL_RULE")])
    assert model.dispute().overdue == "other"

    model.hear([deadline(5, "set", "c", "LAW"), deadline(6, "passed", "c", "LAW")])
    assert model.dispute().overdue == "both"

    model.hear([deadline(7, "met", "a", "POLICY", late=True), deadline(8, "met", "b", "LOCAL_RULE")])
    assert model.dispute().overdue == "law"


def test_a_deadline_reckoned_again_after_it_passed_is_overdue_no_more():
    model = Model().hear([registered(), deadline(1, "set", "a", "LAW"), deadline(2, "passed", "a", "LAW")])
    assert model.dispute().overdue == "law"

    model.hear([deadline(3, "recomputed", "a", "LAW", due=200, because="extended")])

    assert model.dispute().overdue == "none"


def test_what_happened_in_time_and_was_told_late_is_overdue_no_more():
    model = Model().hear([registered(), deadline(1, "set", "a", "LAW"), deadline(2, "passed", "a", "LAW")])

    model.hear([deadline(3, "met", "a", "LAW", late=False, was_passed=True)])

    assert model.dispute().overdue == "none"


def test_a_right_that_lapsed_leaves_nobody_overdue():
    model = Model().hear([registered(), deadline(1, "set", "confirmation_apply", "LAW"), deadline(2, "passed", "confirmation_apply", "LAW", lapsed=True)])

    assert (model.dispute().overdue, model.dispute().runs_out_at) == ("none", None)


def test_a_clock_that_was_stopped_is_overdue_no_more():
    model = Model().hear([registered(), deadline(1, "set", "a", "LAW"), deadline(2, "passed", "a", "LAW"), deadline(3, "stopped", "a", "LAW")])

    assert (model.dispute().overdue, model.dispute().deadlines["a"].state) == ("none", "stopped")


def test_a_clock_that_stands_still_does_not_run_out_next():
    model = Model().hear(
        [registered(), deadline(1, "set", "a", due=50), deadline(2, "recomputed", "a", due=50, because="paused"), deadline(3, "set", "b", due=90)]
    )

    assert model.dispute().runs_out_clock == "b"


def test_the_nearest_deadline_still_to_be_met_runs_out_next():
    model = Model().hear([registered(), deadline(1, "set", "far", due=100), deadline(2, "set", "near", due=50)])
    assert model.dispute().runs_out_clock == "near"

    model.hear([deadline(3, "met", "near", due=50)])
    assert model.dispute().runs_out_clock == "far"


def test_before_any_step_whoever_owes_a_deadline_must_act():
    model = Model().hear([registered(), deadline(1, "set", "screening", owed_by=["mediation_centre"])])
    assert model.dispute().next_actors == ["mediation_centre"]

    model.hear([fact(2, "dispute.routed", "routed", ["judicial_bureau"], to="judicial_bureau")])
    assert model.dispute().next_actors == ["judicial_bureau"]
    assert model.dispute().body == "judicial_bureau"


def test_who_must_act_does_not_depend_on_where_a_batch_ends():
    said = [registered(), deadline(1, "set", owed_by=["court"]), event("mediation", 2, "step.applied", state="screened", step="x"), deadline(3, "met")]
    assert vars(Model().hear(said)) == vars(Model().hear(*([one] for one in said)))


def test_closing_stops_the_deadlines_and_leaves_the_open_sums():
    model = Model().hear(
        [registered(), deadline(1, "set"), fact(2, "dispute.archived", "closed"), event("mediation", 3, "dispute.closed", state="closed", outcome="settled")]
    )

    assert model.dispute().deadlines["referral_answer"].state == "stopped"
    assert (model.cube, model.waits) == ({}, {})
    assert model.totals["closed", "settled"] == 1


def test_a_resolved_dispute_that_is_archived_later_is_not_reopened():
    model = Model().hear([registered(), event("mediation", 1, "dispute.closed", state="resolved", outcome="settled"), fact(2, "dispute.archived", "closed")])
    assert not model.dispute().is_open


def test_a_closed_dispute_that_is_taken_up_again_is_open():
    model = Model().hear([registered(), event("mediation", 1, "dispute.closed", state="closed"), fact(2, "dispute.screened", "screened", ["court"])])
    assert model.cube == {("620702102", "screened", "family", "none"): 1}


def joined(into=CODES[1], was=CODES[0]):
    """One dispute, of two registered on a day, ends in the other: what both speakers say about both."""
    both = [registered(), registered(code=CODES[1])]
    ending = [event("intake", 2, "dispute.merged", into=into, was=was), fact(1, "reports.joined", "closed", into=into),
              event("mediation", 2, "step.applied", step="reports.joined", state="closed"), event("mediation", 3, "dispute.closed", state="closed", outcome="merged")]  # fmt: skip
    return [*both, *ending, event("intake", 2, "dispute.merged", CODES[1], into=into, was=was)]


def test_two_that_are_one_count_as_one_wherever_they_are_counted():
    model = Model().hear(joined())

    assert model.cube == {("620702102", "registered", "family", "none"): 1}
    assert model.days == {("2026-11-20", "reported"): 1}
    assert model.moves == {("2026-11-20", "reported", CODES[1]): 1}
    assert (model.dispute().merged_into, model.dispute(CODES[1]).merged_into) == (CODES[1], None)
    assert model.totals["closed", "merged"] == 1


def test_two_that_are_two_after_all_count_as_two_again():
    undone = [event("intake", 3, "dispute.unmerged", into=CODES[0], was=CODES[1]), fact(4, "reports.unjoined", "screened", ["mediation_centre"])]
    model = Model().hear(joined(), undone, [event("intake", 3, "dispute.unmerged", CODES[1], into=CODES[0], was=CODES[1])])

    assert sum(model.cube.values()) == 2 and model.days == {("2026-11-20", "reported"): 2}
    assert model.dispute().is_open and model.dispute().merged_into is None


def test_a_report_that_joins_at_the_door_changes_no_count():
    model = Model().hear([registered(), event("intake", 2, "step.reported", step="dispute.reported"), event("intake", 3, "dispute.merged", into=CODES[0])])

    assert model.dispute().is_open and model.days == {("2026-11-20", "reported"): 1}
    assert model.timeline[CODES[0], "intake", 3][7] == {"into": CODES[0]}


def test_a_day_is_a_day_in_shanghai():
    model = Model().hear([registered(hours=15.5)])  # 16:30 UTC on the 20th is half past midnight on the 21st
    assert list(model.days) == [("2026-11-21", "reported")]


def test_a_refused_step_is_counted_with_its_reason_and_shown():
    reason = {"code": "illegal_here", "zh": "此状态下不可", "en": "not in this state"}
    model = Model().hear([registered(), event("mediation", 1, "step.refused", step="agreement.reached", state="registered", reason=reason)])

    assert model.totals["refused", "illegal_here"] == 1
    assert model.timeline[CODES[0], "mediation", 1][7]["reason"] == reason


def test_a_dispute_closes_when_its_last_step_happened_not_when_it_was_said():
    model = Model().hear([registered(), fact(1, "dispute.archived", "closed", hours=30), event("mediation", 2, "dispute.closed", hours=90, state="closed")])

    assert model.days["2026-11-21", "closed"] == 1 and ("2026-11-24", "closed") not in model.days
    assert model.dispute().closed_at == model.dispute().entered_at == model.timeline[CODES[0], "mediation", 2][3]


def test_a_deadline_is_told_at_the_time_from_which_it_ran():
    model = Model().hear([registered(), deadline(1, "set", hours=90, started_at="2026-11-21T00:00:00+08:00"), deadline(2, "passed", hours=90, due=5)])
    assert [line[3].isoformat() for (_, source, _), line in sorted(model.timeline.items()) if source == "mediation"] == [
        "2026-11-21T00:00:00+08:00",
        "2026-11-20T06:00:00+00:00",
    ]


def test_an_agency_s_own_words_are_not_kept():
    model = Model().hear([registered(), fact(1, "referral.declined", "referral_declined", reason="his brother-in-law is the mediator", mediator="M-17")])
    assert model.timeline[CODES[0], "mediation", 1][7] == {"state": "referral_declined", "before": ""}
