"""Tests of the rules of the read model: what each event changes, and that every interleaving of the producers' events gives the same read model."""

from collections import Counter, defaultdict
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.metrics import domain, recount
from services.metrics.web.timeline import build_entries
from tests.mediation.simulated_dispute import deep_copy
from tests.metrics.histories import (
    CODES,
    START,
    confirmed_step,
    deadline_change,
    deadline_event,
    event_streams,
    interleaved_batches,
    make_event,
    recomputed_event,
    registered_event,
    watermarks_event,
)


class InMemoryReadModel:
    """The tables of the read model in memory. Changes are applied to rows and counts as store.py does in the database."""

    def __init__(self):
        self.disputes, self.timeline = {}, {}
        self.open_cube, self.open_waits, self.daily_counts, self.daily_totals, self.daily_disputes, self.totals = (Counter() for _ in range(6))

    def hear(self, *batches):
        for batch in batches:
            disputes = {event.subject: deep_copy(self.disputes[event.subject]) for event in batch if event.subject in self.disputes}
            changes = domain.fold(disputes, batch)
            self.disputes |= changes.disputes
            for row in changes.timeline:
                self.timeline.setdefault(row[:3], row)
            for name in recount.COUNTED_TABLES:
                counts = getattr(self, name)
                counts.update(getattr(changes, name))
                for key in [key for key, count in counts.items() if not count]:
                    del counts[key]
        return self

    def recounted(self):
        """Return the recounted counts by table. Fails if a row differs from its history."""
        timelines = defaultdict(list)
        for row in self.timeline.values():
            timelines[row[0]].append(row)
        counts, differences = recount.recount(self.disputes.values(), timelines)
        assert differences == []
        return counts

    def dispute(self, code=CODES[0]):
        return self.disputes[code]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_every_interleaving_of_the_producers_events_gives_the_same_read_model(data):
    streams = data.draw(event_streams())
    first_model, second_model = (
        InMemoryReadModel().hear(*data.draw(interleaved_batches(streams))),
        InMemoryReadModel().hear(*data.draw(interleaved_batches(streams))),
    )

    assert vars(first_model) == vars(second_model)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_stored_count_equals_a_recount_from_the_history(data):
    """The histories contain steps, corrections, withdrawals, joins, undone joins and disputes whose whole history was applied again, in any interleaving."""
    model = InMemoryReadModel().hear(*data.draw(interleaved_batches(data.draw(event_streams()))))

    for table, counted in model.recounted().items():
        assert getattr(model, table) == counted, table
        assert all(count > 0 for count in counted.values()), table


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_events_about_a_safeguard_hold_are_not_stored_in_the_read_model(data):
    model = InMemoryReadModel().hear(*data.draw(interleaved_batches(data.draw(event_streams()))))

    stored = repr(vars(model))
    assert "safeguard" not in stored and "protection_order" not in stored


def test_a_dispute_counts_without_township_and_kind_until_its_registration_arrives():
    model = InMemoryReadModel().hear([confirmed_step(1, "referral.accepted", "accepted", ["court"])])
    assert model.open_cube == {("", "accepted", "", "none"): 1}
    assert model.daily_counts == {("2026-11-20", "accepted", "", ""): 1}

    model.hear([registered_event()])

    assert model.open_cube == {("620702102", "accepted", "family", "none"): 1}
    assert model.daily_counts == {("2026-11-20", "accepted", "620702102", "family"): 1, ("2026-11-20", "reported", "620702102", "family"): 1}


def test_only_a_passed_deadline_of_kind_law_makes_a_dispute_legally_overdue():
    model = InMemoryReadModel().hear([registered_event(), deadline_event(1, "set", "a", "POLICY"), deadline_event(2, "passed", "a", "POLICY")])
    assert model.dispute().overdue == "other"

    model.hear([deadline_event(3, "set", "b", "LOCAL_RULE"), deadline_event(4, "passed", "b", "LOCAL_RULE")])
    assert model.dispute().overdue == "other"

    model.hear([deadline_event(5, "set", "c", "LAW"), deadline_event(6, "passed", "c", "LAW")])
    assert model.dispute().overdue == "both"

    model.hear([deadline_event(7, "met", "a", "POLICY", late=True), deadline_event(8, "met", "b", "LOCAL_RULE")])
    assert model.dispute().overdue == "law"


def test_a_passed_deadline_recomputed_to_a_later_end_is_no_longer_overdue():
    model = InMemoryReadModel().hear([registered_event(), deadline_event(1, "set", "a", "LAW"), deadline_event(2, "passed", "a", "LAW")])
    assert model.dispute().overdue == "law"

    model.hear([deadline_event(3, "recomputed", "a", "LAW", due=200, because="extended")])

    assert model.dispute().overdue == "none"


def test_a_passed_deadline_is_no_longer_overdue_after_a_late_report_that_it_was_met_in_time():
    model = InMemoryReadModel().hear([registered_event(), deadline_event(1, "set", "a", "LAW"), deadline_event(2, "passed", "a", "LAW")])

    model.hear([deadline_event(3, "met", "a", "LAW", late=False, was_passed=True)])

    assert model.dispute().overdue == "none"


def test_a_lapsed_right_does_not_make_the_dispute_overdue():
    model = InMemoryReadModel().hear(
        [registered_event(), deadline_event(1, "set", "confirmation_apply", "LAW"), deadline_event(2, "passed", "confirmation_apply", "LAW", lapsed=True)]
    )

    assert (model.dispute().overdue, model.dispute().runs_out_at) == ("none", None)


def test_a_passed_deadline_that_is_stopped_is_no_longer_overdue():
    model = InMemoryReadModel().hear(
        [registered_event(), deadline_event(1, "set", "a", "LAW"), deadline_event(2, "passed", "a", "LAW"), deadline_event(3, "stopped", "a", "LAW")]
    )

    assert (model.dispute().overdue, model.dispute().deadlines["a"].state) == ("none", "stopped")


def test_a_paused_deadline_is_never_the_nearest_deadline_of_a_dispute():
    model = InMemoryReadModel().hear(
        [
            registered_event(),
            deadline_event(1, "set", "a", due=50),
            deadline_event(2, "recomputed", "a", due=50, because="paused", paused=True),
            deadline_event(3, "set", "b", due=90),
        ]
    )

    assert model.dispute().runs_out_clock == "b"


def test_the_nearest_deadline_of_a_dispute_is_the_earliest_unmet_one():
    model = InMemoryReadModel().hear([registered_event(), deadline_event(1, "set", "far", due=100), deadline_event(2, "set", "near", due=50)])
    assert model.dispute().runs_out_clock == "near"

    model.hear([deadline_event(3, "met", "near", due=50)])
    assert model.dispute().runs_out_clock == "far"


def test_before_any_step_the_agency_responsible_for_the_deadline_must_act():
    model = InMemoryReadModel().hear([registered_event(), deadline_event(1, "set", "screening", owed_by=["mediation_centre"])])
    assert model.dispute().next_actors == ["mediation_centre"]

    model.hear([confirmed_step(2, "dispute.routed", "routed", ["judicial_bureau"], to="judicial_bureau")])
    assert model.dispute().next_actors == ["judicial_bureau"]
    assert model.dispute().body == "judicial_bureau"


def test_the_read_model_does_not_depend_on_how_events_are_divided_into_batches():
    events = [
        registered_event(),
        deadline_event(1, "set", owed_by=["court"]),
        confirmed_step(2, "dispute.screened", "screened", ["court"]),
        deadline_event(3, "met"),
    ]
    assert vars(InMemoryReadModel().hear(events)) == vars(InMemoryReadModel().hear(*([event] for event in events)))


def test_a_closed_dispute_is_in_no_count_of_open_disputes():
    archived = confirmed_step(2, "dispute.archived", "closed", decided_at=START.isoformat(), deadlines=[deadline_change("stopped")])
    model = InMemoryReadModel().hear(
        [registered_event(), deadline_event(1, "set"), archived, make_event("mediation", 3, "dispute.closed", state="closed", outcome="settled")]
    )

    assert model.dispute().deadlines["referral_answer"].state == "stopped"
    assert (model.open_cube, model.open_waits) == ({}, {})
    assert model.totals["closed", "settled"] == 1


def test_archiving_a_resolved_dispute_does_not_reopen_it():
    model = InMemoryReadModel().hear(
        [registered_event(), make_event("mediation", 1, "dispute.closed", state="resolved", outcome="settled"), confirmed_step(2, "dispute.archived", "closed")]
    )
    assert not model.dispute().is_open


def test_a_step_to_a_state_that_is_not_final_reopens_a_closed_dispute():
    model = InMemoryReadModel().hear(
        [registered_event(), make_event("mediation", 1, "dispute.closed", state="closed"), confirmed_step(2, "dispute.screened", "screened", ["court"])]
    )
    assert model.open_cube == {("620702102", "screened", "family", "none"): 1}


def events_of_a_merge(into=CODES[1], was=CODES[0]):
    """Return the events of intake and mediation that register two disputes on one day and merge one (`was`) into the other (`into`)."""
    both = [registered_event(), registered_event(code=CODES[1])]
    merge = [make_event("intake", 2, "dispute.merged", into=into, was=was), confirmed_step(1, "reports.joined", "closed", into=into),
              make_event("mediation", 2, "dispute.closed", state="closed", outcome="merged")]  # fmt: skip
    return [*both, *merge, make_event("intake", 2, "dispute.merged", CODES[1], into=into, was=was)]


def test_two_merged_disputes_count_as_one_in_every_stored_count():
    model = InMemoryReadModel().hear(events_of_a_merge())

    assert model.open_cube == {("620702102", "registered", "family", "none"): 1}
    assert model.daily_totals == {("2026-11-20", "reported"): 1}
    assert model.daily_disputes == {("2026-11-20", "reported", CODES[1]): 1}
    assert (model.dispute().merged_into, model.dispute(CODES[1]).merged_into) == (CODES[1], None)
    assert model.totals["closed", "merged"] == 1


def test_two_disputes_whose_merge_is_undone_count_as_two_again():
    undo_events = [
        make_event("intake", 3, "dispute.unmerged", into=CODES[0], was=CODES[1]),
        confirmed_step(3, "reports.unjoined", "screened", ["mediation_centre"]),
    ]
    model = InMemoryReadModel().hear(events_of_a_merge(), undo_events, [make_event("intake", 3, "dispute.unmerged", CODES[1], into=CODES[0], was=CODES[1])])

    assert sum(model.open_cube.values()) == 2 and model.daily_totals == {("2026-11-20", "reported"): 2}
    assert model.dispute().is_open and model.dispute().merged_into is None


def test_a_second_report_that_intake_adds_to_the_same_dispute_changes_no_count():
    model = InMemoryReadModel().hear(
        [registered_event(), make_event("intake", 2, "step.reported", step="dispute.reported"), make_event("intake", 3, "dispute.merged", into=CODES[0])]
    )

    assert model.dispute().is_open and model.daily_totals == {("2026-11-20", "reported"): 1}
    assert model.timeline[CODES[0], "intake", 3][7] == {"into": CODES[0]}


def test_daily_figures_count_by_the_date_in_the_time_zone_of_shanghai():
    model = InMemoryReadModel().hear([registered_event(hours=15.5)])  # 16:30 UTC on 20 November is 00:30 on 21 November in Shanghai
    assert list(model.daily_totals) == [("2026-11-21", "reported")]


def test_a_refused_step_is_counted_by_reason_and_appears_in_the_timeline_with_the_reason():
    reason = {"code": "illegal_here", "zh": "此状态下不可", "en": "not in this state"}
    model = InMemoryReadModel().hear(
        [registered_event(), make_event("mediation", 1, "step.refused", step="agreement.reached", state="registered", reason=reason)]
    )

    assert model.totals["refused", "illegal_here"] == 1
    assert model.timeline[CODES[0], "mediation", 1][7]["reason"] == reason


def test_a_dispute_counts_as_closed_on_the_day_of_its_last_step_and_not_on_the_day_of_dispute_closed():
    model = InMemoryReadModel().hear(
        [registered_event(), confirmed_step(1, "dispute.archived", "closed", hours=30), make_event("mediation", 2, "dispute.closed", hours=90, state="closed")]
    )

    assert model.daily_totals["2026-11-21", "closed"] == 1 and ("2026-11-24", "closed") not in model.daily_totals
    assert model.dispute().closed_at == model.dispute().entered_at == model.timeline[CODES[0], "mediation", 2][3]


def test_the_timeline_shows_a_set_deadline_at_its_start_and_a_passed_deadline_at_its_end():
    set_, passed = deadline_change("set", started_at="2026-11-21T00:00:00+08:00"), deadline_event(2, "passed", hours=90, due=5)
    step = confirmed_step(1, "dispute.screened", "screened", hours=1, decided_at="2026-11-23T00:00:00+00:00", deadlines=[set_])
    model = InMemoryReadModel().hear([registered_event(), step, passed])

    assert [(entry.type, entry.at.isoformat()) for entry in timeline_entries(model) if entry.category == "deadline"] == [
        ("deadline.passed", "2026-11-20T06:00:00+00:00"),
        ("deadline.set", "2026-11-21T00:00:00+08:00"),
    ]


def timeline_entries(model):
    names = ("code", "source", "sequence", "at", "type", "agency", "event", "detail")
    return build_entries([dict(zip(names, row, strict=True)) for row in model.timeline.values()])


def test_a_step_has_one_timeline_row_with_the_deadlines_that_it_changed_in_order():
    changes = [deadline_change("met", "screening", late=True, was_passed=True), deadline_change("set", "routing", provisional=True)]
    step = confirmed_step(1, "dispute.screened", "screened", ["court"], decided_at="2026-11-20T02:00:03+00:00", deadlines=changes)
    model = InMemoryReadModel().hear([registered_event(), step])

    (row,) = [row for row in model.timeline.values() if row[1] == "mediation"]
    assert [(change["change"], change["clock"]) for change in row[7]["deadlines"]] == [("met", "screening"), ("set", "routing")]
    assert row[7]["deadlines"][1]["provisional"] is True
    assert {clock: (deadline.state, deadline.late) for clock, deadline in model.dispute().deadlines.items()} == {
        "screening": ("met", True),
        "routing": ("running", False),
    }


def test_a_dispute_was_last_changed_when_a_step_was_decided_and_entered_its_state_when_the_step_happened():
    step = confirmed_step(1, "dispute.screened", "screened", hours=1, decided_at="2026-11-22T03:00:00+00:00")
    model = InMemoryReadModel().hear([registered_event(), step])

    assert model.dispute().last_at.isoformat() == "2026-11-22T03:00:00+00:00"
    assert model.dispute().entered_at == START + timedelta(hours=1)


def test_a_report_does_not_decide_which_agencies_must_act():
    """After the first step of mediation, the agencies that it names must act. Until then, those responsible for an unmet deadline must."""
    report = make_event("mediation", 1, "dispute.reported", state="registered", next_actors=["court"], decided_at="2026-11-20T01:00:02+00:00",
                        deadlines=[deadline_change("set", "screening", owed_by=["mediation_centre"])])  # fmt: skip
    model = InMemoryReadModel().hear([registered_event(), report])

    assert (model.dispute().next_actors, model.dispute().entered_at) == (["mediation_centre"], None)


def test_a_step_with_a_deadline_of_the_safeguard_lane_is_not_stored_at_all():
    changes = [deadline_change("set", "routing"), deadline_change("set", "protection_order_urgent")]
    step = confirmed_step(1, "dispute.screened", "screened", ["court"], decided_at="2026-11-20T02:00:03+00:00", deadlines=changes)
    model = InMemoryReadModel().hear([registered_event(), step])

    assert [row[1] for row in model.timeline.values()] == ["intake"]
    assert (model.dispute().state, model.dispute().deadlines) == ("registered", {})


def test_a_reason_in_free_text_is_not_stored_in_the_timeline():
    model = InMemoryReadModel().hear(
        [registered_event(), confirmed_step(1, "referral.declined", "referral_declined", reason="his brother-in-law is the mediator", mediator="M-17")]
    )
    assert model.timeline[CODES[0], "mediation", 1][7] == {"state": "referral_declined", "before": ""}


def test_archived_taken_back_and_archived_again_counts_once_as_closed():
    archived = [("registered", 0), ("resolved", 1), ("closed", 30)]
    model = InMemoryReadModel().hear(
        [
            registered_event(),
            confirmed_step(1, "performance.recorded", "resolved", hours=1),
            confirmed_step(2, "dispute.archived", "closed", hours=2),
            make_event("mediation", 3, "dispute.closed", hours=2, state="closed", outcome="performed"),
            confirmed_step(4, "report.withdrawn", "resolved", hours=26),
            recomputed_event(5, archived[:2], hours=26),
        ]
    )
    assert {figure for (_, figure, _) in model.daily_disputes} == {"reported", "resolved"} and model.dispute().is_open

    model.hear([confirmed_step(6, "dispute.archived", "closed", hours=30), make_event("mediation", 7, "dispute.closed", hours=30, state="closed")])

    assert {(day, figure): count for (day, figure), count in model.daily_totals.items() if figure == "closed"} == {("2026-11-21", "closed"): 1}
    assert model.totals["closed", "performed"] == 1  # a counter for Prometheus: it never decreases
    assert model.recounted()["daily_totals"] == model.daily_totals


def test_a_recomputed_history_moves_all_counts_of_the_dispute_to_its_corrected_place_and_kind():
    model = InMemoryReadModel().hear([registered_event(), confirmed_step(1, "referral.accepted", "accepted", ["court"], hours=2)])

    model.hear([recomputed_event(2, [("registered", 0), ("accepted", 2)], township="620702003", kind="labour", cause="17", amount_cny="500.00")])

    assert model.open_cube == {("620702003", "accepted", "labour", "none"): 1}
    assert {key[2:] for key in model.daily_counts} == {("620702003", "labour")}
    assert model.dispute().particulars["cause"] == "17" and model.dispute().particulars["amount_cny"] == "500.00"


def test_a_recomputed_history_that_arrives_before_the_registration_keeps_its_corrected_place_and_kind():
    recomputed = recomputed_event(1, [("registered", 0)], township="620702003", kind="labour")
    model = InMemoryReadModel().hear([recomputed], [registered_event()])

    assert (model.dispute().township, model.dispute().kind) == ("620702003", "labour")
    assert vars(model) == vars(InMemoryReadModel().hear([registered_event()], [recomputed]))


def test_the_kind_found_at_screening_is_the_kind_of_the_dispute_in_every_count():
    model = InMemoryReadModel().hear([registered_event(kind="contract"), confirmed_step(1, "dispute.screened", "screened", kind="labour", cause="17")])

    assert model.open_cube == {("620702102", "screened", "labour", "none"): 1}
    assert model.daily_counts == {("2026-11-20", "reported", "620702102", "labour"): 1}
    assert (model.dispute().kind, model.dispute().particulars["cause"]) == ("labour", "17")


def test_a_merged_dispute_counts_in_no_figure_until_the_merge_is_undone():
    resolved = confirmed_step(1, "performance.recorded", "resolved", hours=1)
    model = InMemoryReadModel().hear([registered_event(), resolved], [make_event("intake", 2, "dispute.merged", into=CODES[1], was=CODES[0])])
    assert model.daily_totals == {}

    model.hear([make_event("intake", 3, "dispute.unmerged", into=CODES[0], was=CODES[1])])

    assert model.daily_totals == {("2026-11-20", "reported"): 1, ("2026-11-20", "resolved"): 1}


def test_a_dispute_that_enters_a_state_twice_on_one_day_counts_once():
    steps = [
        confirmed_step(n, type, state, hours=n) for n, (type, state) in enumerate([("referral.accepted", "accepted"), ("dispute.routed", "routed")] * 2, 1)
    ]
    model = InMemoryReadModel().hear([registered_event(), *steps])

    assert model.daily_totals["2026-11-20", "accepted"] == 1


def test_an_automatic_step_counts_on_the_day_on_which_it_was_due_and_not_on_the_day_on_which_it_was_found():
    lapsed = make_event(
        "mediation", 1, "confirmation.lapsed", hours=90, before="agreed", state="closed", next_actors=[],
        happened_at=START.isoformat(), decided_at=(START + timedelta(hours=90)).isoformat(),
    )  # fmt: skip
    model = InMemoryReadModel().hear([registered_event(), lapsed])

    assert model.daily_totals["2026-11-20", "closed"] == 1
    assert model.dispute().entered_at == START


def test_watermarks_create_no_dispute_and_keep_the_latest_time_of_each_agency():
    changes = domain.fold({}, [watermarks_event(1, court=5), watermarks_event(2, court=(3, True), police=9), watermarks_event(3, partition=1, court=4)])

    assert (changes.disputes, changes.timeline) == ({}, [])
    assert changes.watermarks == {
        "court": (START + timedelta(hours=5), START + timedelta(hours=3)),
        "police": (START + timedelta(hours=9), None),
    }


def test_a_deadline_is_provisional_until_it_is_set_or_recomputed_without_that_mark():
    model = InMemoryReadModel().hear([registered_event(), deadline_event(1, "set", provisional=True), deadline_event(2, "approached", provisional=True)])
    assert model.dispute().deadlines["referral_answer"].provisional

    model.hear([deadline_event(3, "recomputed", because="calendar", was_due_at=START.isoformat())])

    assert not model.dispute().deadlines["referral_answer"].provisional


def test_a_passed_deadline_that_is_recomputed_and_has_passed_under_the_changed_rule_remains_overdue():
    model = InMemoryReadModel().hear([registered_event(), deadline_event(1, "set", "a", "LAW"), deadline_event(2, "passed", "a", "LAW")])

    model.hear([deadline_event(3, "recomputed", "a", "LAW", because="county_period", passed=True)])

    assert model.dispute().overdue == "law"


def test_every_reported_step_and_its_decision_are_counted_once():
    """A dispute.recomputed and an automatic step decide on no reported step."""
    reference = {"source": "/agencies/court", "id": "c-1"}
    changes = domain.fold(
        {},
        [
            registered_event(),
            make_event("intake", 2, "step.reported", event=reference, step="dispute.screened"),
            confirmed_step(1, "dispute.screened", "screened", event=reference),
            recomputed_event(2, [("registered", 0)], event=reference),
            confirmed_step(3, "supervision.issued", "screened"),
            make_event("mediation", 4, "step.refused", event=reference, step="case.closed", state="screened"),
        ],
    )

    assert changes.steps == {"intake": 2, "mediation": 2}
