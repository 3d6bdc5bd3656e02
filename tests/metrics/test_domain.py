"""Tests of the read model's rules: what each event changes, and that every interleaving of the producers gives the same result."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from services.metrics import domain
from tests.mediation.simulated_dispute import deep_copy
from tests.metrics.histories import CODES, deadline, event, event_streams, interleaved, registered, step_fact


class Model:
    """The read model's tables in memory; it applies changes to rows and sums as store.py does."""

    def __init__(self):
        self.disputes, self.timeline = {}, {}
        self.open_cube, self.open_waits, self.daily_counts, self.daily_totals, self.daily_disputes, self.totals = (Counter() for _ in range(6))

    def hear(self, *batches):
        for batch in batches:
            known = {event.subject: deep_copy(self.disputes[event.subject]) for event in batch if event.subject in self.disputes}
            changes = domain.fold(known, batch)
            self.disputes |= changes.disputes
            for row in changes.timeline:
                self.timeline.setdefault(row[:3], row)
            for name in ("open_cube", "open_waits", "daily_counts", "daily_totals", "daily_disputes", "totals"):
                sums = getattr(self, name)
                sums.update(getattr(changes, name))
                for cell in [cell for cell, count in sums.items() if not count]:
                    del sums[cell]
        return self

    def dispute(self, code=CODES[0]):
        return self.disputes[code]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_every_interleaving_of_the_producers_gives_the_same_read_model(data):
    streams = data.draw(event_streams())
    one, other = Model().hear(*data.draw(interleaved(streams))), Model().hear(*data.draw(interleaved(streams)))

    assert vars(one) == vars(other)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_sums_equal_a_recount_of_the_rows(data):
    model = Model().hear(*data.draw(interleaved(data.draw(event_streams()))))

    cube, waits = Counter(), Counter()
    for dispute in model.disputes.values():
        if dispute.is_open:
            cube[dispute.township, dispute.state, dispute.kind, dispute.overdue] += 1
            waits.update((dispute.township, agency, dispute.overdue) for agency in dispute.next_actors)
    assert (model.open_cube, model.open_waits) == (cube, waits)
    days = Counter()
    for (day, figure, _, _), count in model.daily_counts.items():
        days[day, figure] += count
    assert days == model.daily_totals
    assert all(
        count > 0
        for sums in (model.open_cube, model.open_waits, model.daily_counts, model.daily_totals, model.daily_disputes, model.totals)
        for count in sums.values()
    )


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_events_of_the_sealed_stream_are_not_stored(data):
    model = Model().hear(*data.draw(interleaved(data.draw(event_streams()))))

    stored = repr(vars(model))
    assert "safeguard" not in stored and "protection_order" not in stored


def test_a_dispute_counts_without_township_and_kind_until_its_registration_arrives():
    model = Model().hear([step_fact(1, "referral.accepted", "accepted", ["court"])])
    assert model.open_cube == {("", "accepted", "", "none"): 1}
    assert model.daily_counts == {("2026-11-20", "accepted", "", ""): 1}

    model.hear([registered()])

    assert model.open_cube == {("620702102", "accepted", "family", "none"): 1}
    assert model.daily_counts == {("2026-11-20", "accepted", "620702102", "family"): 1, ("2026-11-20", "reported", "620702102", "family"): 1}


def test_only_a_passed_deadline_of_kind_law_makes_a_dispute_legally_overdue():
    model = Model().hear([registered(), deadline(1, "set", "a", "POLICY"), deadline(2, "passed", "a", "POLICY")])
    assert model.dispute().overdue == "other"

    model.hear([deadline(3, "set", "b", "LOCAL_RULE"), deadline(4, "passed", "b", "LOCAL_RULE")])
    assert model.dispute().overdue == "other"

    model.hear([deadline(5, "set", "c", "LAW"), deadline(6, "passed", "c", "LAW")])
    assert model.dispute().overdue == "both"

    model.hear([deadline(7, "met", "a", "POLICY", late=True), deadline(8, "met", "b", "LOCAL_RULE")])
    assert model.dispute().overdue == "law"


def test_a_passed_deadline_recomputed_to_a_later_end_is_no_longer_overdue():
    model = Model().hear([registered(), deadline(1, "set", "a", "LAW"), deadline(2, "passed", "a", "LAW")])
    assert model.dispute().overdue == "law"

    model.hear([deadline(3, "recomputed", "a", "LAW", due=200, because="extended")])

    assert model.dispute().overdue == "none"


def test_a_deadline_met_in_time_but_reported_late_is_no_longer_overdue():
    model = Model().hear([registered(), deadline(1, "set", "a", "LAW"), deadline(2, "passed", "a", "LAW")])

    model.hear([deadline(3, "met", "a", "LAW", late=False, was_passed=True)])

    assert model.dispute().overdue == "none"


def test_a_lapsed_right_does_not_make_the_dispute_overdue():
    model = Model().hear([registered(), deadline(1, "set", "confirmation_apply", "LAW"), deadline(2, "passed", "confirmation_apply", "LAW", lapsed=True)])

    assert (model.dispute().overdue, model.dispute().runs_out_at) == ("none", None)


def test_a_stopped_deadline_is_no_longer_overdue():
    model = Model().hear([registered(), deadline(1, "set", "a", "LAW"), deadline(2, "passed", "a", "LAW"), deadline(3, "stopped", "a", "LAW")])

    assert (model.dispute().overdue, model.dispute().deadlines["a"].state) == ("none", "stopped")


def test_a_paused_deadline_is_not_the_nearest_deadline():
    model = Model().hear(
        [registered(), deadline(1, "set", "a", due=50), deadline(2, "recomputed", "a", due=50, because="paused"), deadline(3, "set", "b", due=90)]
    )

    assert model.dispute().runs_out_clock == "b"


def test_nearest_deadline_is_the_earliest_that_is_not_met():
    model = Model().hear([registered(), deadline(1, "set", "far", due=100), deadline(2, "set", "near", due=50)])
    assert model.dispute().runs_out_clock == "near"

    model.hear([deadline(3, "met", "near", due=50)])
    assert model.dispute().runs_out_clock == "far"


def test_before_any_step_the_agency_that_owes_a_deadline_must_act():
    model = Model().hear([registered(), deadline(1, "set", "screening", owed_by=["mediation_centre"])])
    assert model.dispute().next_actors == ["mediation_centre"]

    model.hear([step_fact(2, "dispute.routed", "routed", ["judicial_bureau"], to="judicial_bureau")])
    assert model.dispute().next_actors == ["judicial_bureau"]
    assert model.dispute().body == "judicial_bureau"


def test_next_actors_do_not_depend_on_batch_boundaries():
    events = [registered(), deadline(1, "set", owed_by=["court"]), event("mediation", 2, "step.applied", state="screened", step="x"), deadline(3, "met")]
    assert vars(Model().hear(events)) == vars(Model().hear(*([one] for one in events)))


def test_closing_stops_the_deadlines_and_removes_the_dispute_from_the_open_sums():
    model = Model().hear(
        [
            registered(),
            deadline(1, "set"),
            step_fact(2, "dispute.archived", "closed"),
            event("mediation", 3, "dispute.closed", state="closed", outcome="settled"),
        ]
    )

    assert model.dispute().deadlines["referral_answer"].state == "stopped"
    assert (model.open_cube, model.open_waits) == ({}, {})
    assert model.totals["closed", "settled"] == 1


def test_archiving_a_resolved_dispute_does_not_reopen_it():
    model = Model().hear(
        [registered(), event("mediation", 1, "dispute.closed", state="resolved", outcome="settled"), step_fact(2, "dispute.archived", "closed")]
    )
    assert not model.dispute().is_open


def test_a_new_step_reopens_a_closed_dispute():
    model = Model().hear([registered(), event("mediation", 1, "dispute.closed", state="closed"), step_fact(2, "dispute.screened", "screened", ["court"])])
    assert model.open_cube == {("620702102", "screened", "family", "none"): 1}


def merged_events(into=CODES[1], was=CODES[0]):
    """Return the events of intake and mediation by which one of two disputes registered on the same day is merged into the other."""
    both = [registered(), registered(code=CODES[1])]
    merge = [event("intake", 2, "dispute.merged", into=into, was=was), step_fact(1, "reports.joined", "closed", into=into),
              event("mediation", 2, "step.applied", step="reports.joined", state="closed"), event("mediation", 3, "dispute.closed", state="closed", outcome="merged")]  # fmt: skip
    return [*both, *merge, event("intake", 2, "dispute.merged", CODES[1], into=into, was=was)]


def test_merged_disputes_count_as_one_in_every_sum():
    model = Model().hear(merged_events())

    assert model.open_cube == {("620702102", "registered", "family", "none"): 1}
    assert model.daily_totals == {("2026-11-20", "reported"): 1}
    assert model.daily_disputes == {("2026-11-20", "reported", CODES[1]): 1}
    assert (model.dispute().merged_into, model.dispute(CODES[1]).merged_into) == (CODES[1], None)
    assert model.totals["closed", "merged"] == 1


def test_disputes_whose_merge_is_undone_count_as_two_again():
    undone = [event("intake", 3, "dispute.unmerged", into=CODES[0], was=CODES[1]), step_fact(4, "reports.unjoined", "screened", ["mediation_centre"])]
    model = Model().hear(merged_events(), undone, [event("intake", 3, "dispute.unmerged", CODES[1], into=CODES[0], was=CODES[1])])

    assert sum(model.open_cube.values()) == 2 and model.daily_totals == {("2026-11-20", "reported"): 2}
    assert model.dispute().is_open and model.dispute().merged_into is None


def test_a_second_report_added_to_a_dispute_by_intake_changes_no_count():
    model = Model().hear([registered(), event("intake", 2, "step.reported", step="dispute.reported"), event("intake", 3, "dispute.merged", into=CODES[0])])

    assert model.dispute().is_open and model.daily_totals == {("2026-11-20", "reported"): 1}
    assert model.timeline[CODES[0], "intake", 3][7] == {"into": CODES[0]}


def test_daily_figures_count_by_the_date_in_shanghai():
    model = Model().hear([registered(hours=15.5)])  # 16:30 UTC on the 20th is half past midnight on the 21st
    assert list(model.daily_totals) == [("2026-11-21", "reported")]


def test_a_refused_step_is_counted_by_reason_and_is_in_the_timeline():
    reason = {"code": "illegal_here", "zh": "此状态下不可", "en": "not in this state"}
    model = Model().hear([registered(), event("mediation", 1, "step.refused", step="agreement.reached", state="registered", reason=reason)])

    assert model.totals["refused", "illegal_here"] == 1
    assert model.timeline[CODES[0], "mediation", 1][7]["reason"] == reason


def test_a_dispute_counts_as_closed_on_the_day_of_its_last_step_not_of_the_event():
    model = Model().hear(
        [registered(), step_fact(1, "dispute.archived", "closed", hours=30), event("mediation", 2, "dispute.closed", hours=90, state="closed")]
    )

    assert model.daily_totals["2026-11-21", "closed"] == 1 and ("2026-11-24", "closed") not in model.daily_totals
    assert model.dispute().closed_at == model.dispute().entered_at == model.timeline[CODES[0], "mediation", 2][3]


def test_deadline_events_are_in_the_timeline_at_their_start_and_end():
    model = Model().hear([registered(), deadline(1, "set", hours=90, started_at="2026-11-21T00:00:00+08:00"), deadline(2, "passed", hours=90, due=5)])
    assert [row[3].isoformat() for (_, source, _), row in sorted(model.timeline.items()) if source == "mediation"] == [
        "2026-11-21T00:00:00+08:00",
        "2026-11-20T06:00:00+00:00",
    ]


def test_a_reason_in_free_text_is_not_stored():
    model = Model().hear([registered(), step_fact(1, "referral.declined", "referral_declined", reason="his brother-in-law is the mediator", mediator="M-17")])
    assert model.timeline[CODES[0], "mediation", 1][7] == {"state": "referral_declined", "before": ""}
