"""Does one dispute have one code, whoever reports it, and can that be undone? With intake's own tables."""

import json
import threading

import pytest

import contracts
from contracts import REASONS
from plumbing.pool import should_try_again
from services.intake import duplicates, envelope, ingest, joining, outcomes
from services.intake.store import reports
from tests.everywhere import found_in_tables
from tests.intake.conftest import REPORT, delivery, sealed
from tests.intake.people import BANK, person, two
from tests.plumbing.conftest import heard

CENTRE = "mediation_centre"


def report(agency, parties=None, id="e-1", subject="R-1", **others):
    return delivery(agency, REPORT | {"parties": parties or two()} | others, id=id, subject=subject)


def decides(word, subject, id="m-1", **data):
    return delivery(CENTRE, data, type=word, subject=subject, id=id)


def joins(subject, into, **others):
    return decides("reports.joined", subject, into=into, **others)


def unjoins(subject, agency, **others):
    return decides("reports.unjoined", subject, reported_by=agency, **others)


def said(intake, *types):
    """(type, subject, data) of the domain events in the outbox, in order."""
    rows = intake.rows("select body from intake.outbox where exchange = 'intake.events' order by id")
    events = [json.loads(bytes(body)) for (body,) in rows]
    return [(event["type"], event["subject"], event["data"]) for event in events if not types or event["type"] in types]


def words(intake):
    return [(word, subject) for word, subject, _ in said(intake)]


def moved(intake):
    """(agency, its event, was, now) of every receipt that told a new code."""
    rows = intake.rows("select agency, body from intake.receipts where id like '%%/moved/%%' order by agency, position")
    data = [(agency, json.loads(bytes(body))["data"]) for agency, body in rows]
    return [(agency, told["event"]["id"], told["was"], told["dispute"]) for agency, told in data]


def decided(pool, code, state, agency=CENTRE, id="m-1", word="step.applied", step="dispute.archived", discarded=False):
    """Mediation decided about an agency's event."""
    event = heard(None, code, id=f"{code}/{id}/{state}")
    event.source, event.type, event.discarded = "mediation", word, discarded
    event.data = {"event": {"source": f"/agencies/{agency}", "id": id}, "step": step, "state": state}
    if word == "step.refused":
        event.data["reason"] = REASONS["dispute_closed"].text(step=step)
    with pool.transaction() as tx:
        outcomes.answer(tx, [event])


def joined(pool, code, id="m-1", **others):
    """Mediation took the join of `code`."""
    decided(pool, code, "closed", id=id, step="reports.joined", **others)


def unjoined(pool, code, id="m-1", **others):
    """Mediation took the undoing of a join of `code`."""
    decided(pool, code, "registered", id=id, step="reports.unjoined", **others)


def refused(pool, code, state="registered", **others):
    """Mediation refused the join of `code`."""
    decided(pool, code, state, word="step.refused", step="reports.joined", **others)


def screens(subject, id="m-9", agency=CENTRE):
    return delivery(agency, {"suitable": True, "track": "A", "kind": "family"}, type="dispute.screened", subject=subject, id=id)


def pointers(intake, *codes):
    """(merged_into, whether it is in question), by code."""
    found = intake.rows("select code, merged_into, asked is not null from intake.disputes where code = any(%s)", list(codes))
    return {code: rest for code, *rest in found}


def outcome_receipts(intake, agency=CENTRE):
    rows = intake.rows("select body from intake.receipts where agency = %s and id like '%%/outcome' order by position", agency)
    return [(told["type"], told["causationid"]) for told in (json.loads(bytes(body)) for (body,) in rows)]


def stands(pool, code, state):
    with pool.transaction() as tx:
        reports.save_standings(tx, {code: joining.standing_in(state)})


@pytest.fixture
def known(take):
    """Two disputes that nothing connects: their codes."""
    verdicts = take(report("police"), report("court", two(3, 4)))
    return [verdict.dispute.code for verdict in verdicts]


# ── by rule ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_second_agencys_report_of_the_same_dispute_gets_the_first_ones_code(intake, take):
    (first,) = take(report("police"))
    (second,) = take(report("womens_federation", [person(2), person(1, "respondent")]))
    code = first.dispute.code

    assert second.dispute.code == code and not second.registers
    assert intake.rows("select agency, code, registers from intake.reports order by seq") == [("police", code, True), ("womens_federation", code, False)]
    assert words(intake) == [("dispute.registered", code), ("step.reported", code), ("dispute.merged", code)]
    ((_, _, data),) = said(intake, "dispute.merged")
    assert data == {
        "event": {"source": "/agencies/womens_federation", "id": "e-1"}, "agency": "womens_federation", "into": code, "found_by": "rule",
        "reasons": ["same_parties", "same_place", "same_kind", "within_days"], "days": 0,
    }  # fmt: skip
    assert intake.rows("select code from intake.parties") == [(code,), (code,)]


def test_later_steps_under_either_agencys_number_are_about_the_one_dispute(take):
    first, _ = take(report("police"), report("womens_federation", subject="W-7"))
    (by_number,) = take(delivery("womens_federation", {"suitable": True, "track": "A", "kind": "family"}, type="dispute.screened", subject="W-7", id="e-2"))

    assert by_number.refused is None and by_number.dispute.code == first.dispute.code


def test_two_agencies_in_one_batch_have_one_code(intake, take):
    first, second, third = take(report("police"), report("court"), report("petition_office"))

    assert first.dispute.code == second.dispute.code == third.dispute.code
    assert intake.rows("select count(*) from intake.disputes") == [(1,)]


def test_two_agencies_at_two_doors_at_once_have_one_code(intake, pool):
    agencies = ("police", "court", "petition_office", "grid")
    ready, problems = threading.Barrier(len(agencies)), []

    def deliver(agency):
        ready.wait()
        for _ in range(20):
            try:
                with pool.transaction() as tx:
                    ingest.ingest(tx, [envelope.read(report(agency))])
                return
            except Exception as problem:  # noqa: BLE001 - looked at below
                if not should_try_again(problem):
                    problems.append(problem)
                    return

    threads = [threading.Thread(target=deliver, args=(agency,)) for agency in agencies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert problems == []
    assert intake.rows("select count(*), count(distinct code) from intake.reports") == [(4, 1)]
    assert [word for word, _ in words(intake)].count("dispute.registered") == 1


def test_delivered_again_nothing_happens_twice(intake, take):
    both = (report("police"), report("womens_federation"))
    take(*both)
    before = words(intake)
    take(*both)

    assert words(intake) == before
    assert intake.rows("select count(*) from intake.party_tokens") == [(4,)]


def test_sealed_parties_are_compared_as_those_in_clear(take):
    (first,) = take(report("police"))
    box = {name: value for name, value in REPORT.items() if name != "parties"} | {"parties_sealed": sealed(two())}
    (second,) = take(delivery("court", box))

    assert second.dispute.code == first.dispute.code


def test_what_may_be_the_same_lives_on_and_is_proposed(intake, take):
    (first,) = take(report("police"))
    (second,) = take(report("court", kind="neighbour"))

    assert second.dispute.code != first.dispute.code
    ((_, subject, data),) = said(intake, "duplicate.proposed")
    assert subject == second.dispute.code
    assert (data["other"], data["reasons"], data["days"]) == (first.dispute.code, ["same_parties", "same_place", "within_days"], 0)


@pytest.mark.parametrize(("state", "verdict"), [("mediating", "joined"), ("performing", "proposed"), ("closed", "neither"), ("redirected", "neither")])
def test_how_the_other_dispute_stands_decides(intake, take, pool, state, verdict):
    (first,) = take(report("police"))
    decided(pool, first.dispute.code, state, "police", "e-1", step="dispute.reported")
    (second,) = take(report("court"))

    assert (second.dispute.code == first.dispute.code) is (verdict == "joined")
    assert bool(said(intake, "duplicate.proposed")) is (verdict == "proposed")


def test_a_reopened_dispute_is_open_again(take, pool):
    (first,) = take(report("police"))
    for state in ("closed", "registered"):
        stands(pool, first.dispute.code, state)

    assert take(report("court"))[0].dispute.code == first.dispute.code


def test_a_banks_debtors_have_their_own_disputes_and_nobody_is_bothered(intake, take):
    debtors = [report("court", [BANK, person(n, "respondent")], id=f"e-{n}", subject=f"R-{n}", kind="finance") for n in range(1, 101)]
    for start in range(0, 100, 20):
        take(*debtors[start : start + 20])
    (other,) = take(report("finance_mediation", [BANK, person(17, "respondent")], kind="finance"))

    assert intake.rows("select count(*) from intake.disputes") == [(100,)]
    assert said(intake, "duplicate.proposed") == []
    assert other.dispute.code == intake.rows("select code from intake.reports where report_no = 'R-17'")[0][0]  # the one debtor whom both report


def test_what_a_crowd_shares_finds_nobody(intake, take):
    """A landlord with a contract with half the village: his reports come one by one."""
    for n in range(2, duplicates.CROWD + 10):
        take(report("police" if n % 2 else "court", [person(1), person(n, "respondent")], id=f"e-{n}", subject=f"R-{n}"))
    proposed = len(said(intake, "duplicate.proposed"))
    take(report("grid", [person(1), person(99, "respondent")]))

    assert len(said(intake, "duplicate.proposed")) == proposed <= duplicates.CROWD * duplicates.PROPOSED_AT_MOST


def test_no_token_holds_or_leaves_anything_that_a_party_told(intake, take):
    take(report("police"))

    assert found_in_tables(intake.rows, [told for party in two() for told in (party["name"], party["phone"], party["id_number"])]) == []
    (tokens,) = intake.rows("select array_agg(encode(number, 'hex')) from intake.party_tokens")[0]
    assert not found_in_tables(lambda sql: [row for row in intake.rows(sql) if row != ("intake", "party_tokens")], tokens)


def test_tokens_are_forgotten_when_they_can_find_nothing_any_more(intake, take, pool):
    take(report("police"))
    intake.rows("update intake.party_tokens set reported_at = now() - interval '91 days'")
    take(report("court", two(3, 4)))
    with pool.transaction() as tx:
        reports.forget(tx)

    assert intake.rows("select count(*) from intake.party_tokens") == [(2,)]


def test_what_was_born_in_the_sealed_lane_is_compared_with_nobody(intake, take):
    (danger,) = take(report("womens_federation", risk={"domestic_violence": True}))
    (other,) = take(report("police", kind="family"))
    (again,) = take(report("court", subject="R-2", risk={"violence_threat": True}))

    assert len({danger.dispute.code, other.dispute.code, again.dispute.code}) == 3
    assert said(intake, "duplicate.proposed", "dispute.merged") == []
    assert intake.rows("select count(*) from intake.party_tokens") == [(2,)]  # of the one that is no secret


# ── the centre decides, and mediation is asked ────────────────────────────────────────────────────────────────────────────


def test_a_join_asks_mediation_first_and_nothing_else_happens(intake, take, known):
    ending, into = known
    (decision,) = take(joins(ending, into))

    assert (decision.refused, decision.dispute.code) == (None, ending)
    ((word, subject, step),) = said(intake)[2:]
    assert (word, subject, step["step"], step["facts"]) == ("step.reported", ending, "reports.joined", {"into": into})
    assert moved(intake) == [] and pointers(intake, ending, into) == {ending: [None, True], into: [None, False]}


def test_when_mediation_took_it_the_codes_are_joined_and_what_comes_later_goes_to_the_one_that_holds(intake, take, pool, known):
    ending, into = known
    take(joins(ending, into))
    joined(pool, ending)
    (later,) = take(screens(ending))

    assert later.dispute.code == into
    assert words(intake)[3:] == [("dispute.merged", ending), ("dispute.merged", into), ("step.reported", into)]
    (_, _, merged) = said(intake, "dispute.merged")[0]
    assert (merged["was"], merged["into"], merged["found_by"], merged["agency"]) == (ending, into, "centre", CENTRE)
    assert merged["event"] == {"source": f"/agencies/{CENTRE}", "id": "m-1"}
    assert moved(intake) == [("police", "e-1", ending, into)]
    assert pointers(intake, ending, into) == {ending: [into, False], into: [None, False]}
    assert outcome_receipts(intake) == [("receipt.applied", "m-1")]


@pytest.mark.parametrize("state", ["registered", "closed"])
def test_when_mediation_refuses_there_is_nothing_to_undo(intake, take, pool, known, state):
    ending, into = known
    take(joins(ending, into))
    refused(pool, ending, state)

    assert words(intake)[2:] == [("step.reported", ending)] and moved(intake) == []
    assert pointers(intake, ending) == {ending: [None, False]}
    assert intake.rows("select standing from intake.disputes where code = %s", ending) == [("ended" if state == "closed" else "open",)]
    assert outcome_receipts(intake) == [("receipt.rejected", "m-1")]
    assert intake.rows("select count(*) from intake.join_requests") == [(0,)]


def test_an_outcome_that_is_heard_twice_joins_once(intake, take, pool, known):
    take(joins(*known))
    for _ in range(2):
        joined(pool, known[0])

    assert [word for word, _ in words(intake)].count("dispute.merged") == 2
    assert len(moved(intake)) == 1 and outcome_receipts(intake) == [("receipt.applied", "m-1")]


def test_the_centres_event_delivered_again_asks_once(intake, take, pool, known):
    take(joins(*known))
    take(joins(*known))
    joined(pool, known[0])
    take(joins(*known))

    assert [word for word, _ in words(intake)].count("step.reported") == 1
    assert len(moved(intake)) == 1


@pytest.mark.parametrize("in_one_batch", [True, False])
@pytest.mark.parametrize("is_taken", [True, False])
def test_a_step_about_a_dispute_in_question_is_answered_at_once_and_passed_on_when_it_is_decided(intake, take, pool, known, is_taken, in_one_batch):
    ending, into = known
    if in_one_batch:
        _, one, other = take(joins(ending, into), screens(ending), report("police", id="p-2"))
    else:
        take(joins(ending, into))
        one, other = take(screens(ending), report("police", id="p-2"))
    assert [decision.refused for decision in (one, other)] == [None, None]
    assert words(intake)[2:] == [("step.reported", ending)]
    assert intake.rows("select count(*) from intake.receipts where id like '%%/first'") == [(5,)]

    (joined if is_taken else refused)(pool, ending)

    assert [subject for _, subject, data in said(intake, "step.reported") if data["step"] != "reports.joined"] == [into if is_taken else ending] * 2
    assert [data["event"]["id"] for *_, data in said(intake, "step.reported")] == ["m-1", "m-9", "p-2"]
    assert intake.rows("select count(*) from intake.waiting_steps") == [(0,)]


def test_a_step_that_waited_keeps_its_time_its_cause_and_its_trace(intake, take, pool, known):
    take(joins(*known))
    (waits,) = take(screens(known[0]))
    joined(pool, known[0])

    ((body,),) = intake.rows("select body from intake.outbox where exchange = 'intake.events' order by id desc limit 1")
    event = json.loads(bytes(body))
    assert (event["causationid"], event["traceparent"]) == ("m-9", waits.event.traceparent)
    assert event["time"] == waits.event.time.isoformat().replace("+00:00", "Z")
    assert event["data"]["event"] == {"source": f"/agencies/{CENTRE}", "id": "m-9"}


def test_a_report_that_is_certainly_of_a_dispute_in_question_goes_where_that_goes(intake, take, pool, known):
    ending, into = known
    take(joins(ending, into))
    (second,) = take(report("womens_federation", subject="W-7"))
    joined(pool, ending)

    assert second.dispute.code == ending
    assert [(subject, data["step"]) for _, subject, data in said(intake, "step.reported")] == [(ending, "reports.joined"), (into, "dispute.reported")]
    assert moved(intake) == [("police", "e-1", ending, into), ("womens_federation", "e-1", ending, into)]
    assert take(screens("W-7", "w-2", "womens_federation"))[0].dispute.code == into


def test_what_is_about_the_dispute_that_goes_on_does_not_wait(intake, take, known):
    ending, into = known
    take(joins(ending, into), screens(into))

    assert words(intake)[2:] == [("step.reported", ending), ("step.reported", into)]


@pytest.mark.parametrize("is_taken", [True, False])
def test_a_step_of_the_safeguard_lane_does_not_wait_and_holds_the_dispute_that_goes_on_too(intake, take, pool, known, is_taken):
    ending, into = known
    take(joins(ending, into))
    warning = contracts.AGENCY_EVENTS["dv.warning_issued"].example
    take(delivery("police", warning, type="dv.warning_issued", subject=ending, id="p-2"))
    (joined if is_taken else refused)(pool, ending)

    rows = intake.rows("select body from intake.outbox where exchange = 'intake-safeguard.events' order by id")
    sealed_said = [json.loads(bytes(body)) for (body,) in rows]
    holding = [ending, into] if is_taken else [ending]
    assert [(event["subject"], event["data"]["step"]) for event in sealed_said] == [(code, "dv.warning_issued") for code in holding]
    assert intake.rows("select code from intake.seals where holds = array['hold'] order by code") == [(code,) for code in sorted(holding)]
    assert [word for word, _ in words(intake)].count("step.reported") == 1


def test_an_outcome_that_an_operator_discards_leaves_the_codes_apart_and_nothing_waiting(intake, take, pool, known):
    ending, into = known
    take(joins(ending, into))
    take(screens(ending))
    joined(pool, ending, discarded=True)

    assert pointers(intake, ending) == {ending: [None, False]}
    assert words(intake)[3:] == [("step.reported", ending)] and outcome_receipts(intake) == []


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        (lambda one, other: (one, one), "joins_itself"),
        (lambda one, other: (one, "620702-2026-000999-1"), "unknown_dispute"),
        (lambda one, other: ("620702-2026-000999-1", one), "unknown_dispute"),
    ],
)
def test_what_cannot_be_joined_is_refused(take, known, about, reason):
    (verdict,) = take(joins(*about(*known)))

    assert verdict.refused["code"] == reason


@pytest.mark.parametrize("is_decided", [True, False])
def test_what_is_joined_cannot_be_joined_again_nor_in_a_circle(take, pool, known, is_decided):
    (third,) = take(report("grid", two(5, 6)))
    one, other = known
    take(joins(one, other))
    if is_decided:
        joined(pool, one)
    again, circle, through = take(joins(one, third.dispute.code, id="m-2"), joins(other, one, id="m-3"), joins(third.dispute.code, one, id="m-4"))

    assert [decision.refused["code"] for decision in (again, circle, through)] == ["joined_already"] * 3


def test_after_a_refusal_it_can_be_joined_to_another(intake, take, pool, known):
    third = take(report("grid", two(5, 6)))[0].dispute.code
    one, other = known
    take(joins(one, other))
    refused(pool, one)
    (again,) = take(joins(one, third, id="m-2"))
    joined(pool, one, id="m-2")

    assert again.refused is None and pointers(intake, one) == {one: [third, False]}


def test_what_has_ended_cannot_be_joined(take, known, pool):
    one, other = known
    stands(pool, one, "closed")

    assert [verdict.refused["code"] for verdict in take(joins(one, other), joins(other, one, id="m-2"))] == ["joins_an_ended_one"] * 2


def test_what_it_was_joined_to_may_end_before_mediation_has_answered(intake, take, pool, known):
    """It was open when the centre decided; that it ended meanwhile is no reason to keep two codes for one dispute."""
    ending, into = known
    take(joins(ending, into))
    stands(pool, into, "closed")
    joined(pool, ending)

    assert pointers(intake, ending) == {ending: [into, False]}


def test_only_the_centre_decides(take, known):
    (verdict,) = take(delivery("police", {"into": known[1]}, type="reports.joined", subject=known[0], id="p-2"))

    assert verdict.refused["code"] == "not_yours_to_say"


def test_undone_the_reports_have_their_old_code_back(intake, take, pool, known):
    ending, into = known
    take(joins(ending, into))
    joined(pool, ending)
    (undone,) = take(unjoins(into, "police", id="m-2"))
    assert words(intake)[5:] == [("step.reported", ending)]
    unjoined(pool, ending, id="m-2")
    (later,) = take(screens(ending))

    assert (undone.refused, undone.dispute.code, later.dispute.code) == (None, ending, ending)
    assert words(intake)[6:] == [("dispute.unmerged", into), ("dispute.unmerged", ending), ("step.reported", ending)]
    assert said(intake, "dispute.unmerged")[0][2]["reported_by"] == "police"
    assert moved(intake) == [("police", "e-1", ending, into), ("police", "e-1", into, ending)]
    assert take(report("grid"))[0].dispute.code == ending  # it is open, and found again


def test_undone_before_mediation_has_answered_about_the_join_it_ends_where_it_would_have_ended_slowly(intake, take, pool, known):
    ending, into = known
    take(joins(ending, into), screens(ending, "m-8"))
    (undone, _) = take(unjoins(into, "police", id="m-2"), screens(ending))
    joined(pool, ending)
    assert pointers(intake, ending) == {ending: [into, True]}
    unjoined(pool, ending, id="m-2")

    assert undone.refused is None and undone.dispute.code == ending
    assert pointers(intake, ending) == {ending: [None, False]}
    about = [(subject, data["event"]["id"]) for _, subject, data in said(intake, "step.reported")]
    assert about == [(ending, "m-1"), (ending, "m-2"), (into, "m-8"), (ending, "m-9")]  # what came between the two is about the one that held then
    assert moved(intake) == [("police", "e-1", ending, into), ("police", "e-1", into, ending)]


def test_where_mediation_refuses_the_undoing_what_waited_goes_to_the_one_that_holds(intake, take, pool, known):
    ending, into = known
    take(joins(ending, into))
    joined(pool, ending)
    take(unjoins(into, "police", id="m-2"))
    take(screens(ending))
    decided(pool, ending, "closed", id="m-2", word="step.refused", step="reports.unjoined")

    assert words(intake)[-1] == ("step.reported", into) and pointers(intake, ending) == {ending: [into, False]}
    assert intake.rows("select standing from intake.disputes where code = %s", ending) == [("ended",)]


def test_a_join_at_the_door_is_undone_with_a_new_code(intake, take):
    first, second = take(report("police"), report("womens_federation", subject="W-7", amount_cny="12.50"))
    joint = first.dispute.code
    (undone,) = take(unjoins(joint, "womens_federation"))
    (later,) = take(delivery("womens_federation", {"suitable": True, "track": "A", "kind": "family"}, type="dispute.screened", subject="W-7", id="e-2"))
    code = undone.dispute.code

    assert second.dispute.code == joint != code == later.dispute.code
    assert words(intake)[3:] == [("dispute.registered", code), ("dispute.unmerged", joint), ("dispute.unmerged", code), ("step.reported", code)]
    ((_, _, registered),) = [each for each in said(intake, "dispute.registered") if each[1] == code]
    assert registered["event"] == {"source": "/agencies/mediation_centre", "id": "m-1"}  # whose outcome the centre gets
    assert (registered["agency"], registered["amount_cny"], registered["party_labels"]) == ("womens_federation", "12.50", ["applicant", "respondent"])
    assert intake.rows("select agency, code, registers from intake.reports order by seq") == [("police", joint, True), ("womens_federation", code, True)]
    assert intake.rows("select code from intake.parties order by seq") == [(joint,), (code,)]
    assert moved(intake) == [("womens_federation", "e-1", joint, code)]
    assert intake.rows("select registered_by from intake.disputes where code = %s", code) == [("womens_federation",)]


def test_undone_and_joined_again(intake, take, pool):
    (first, _) = take(report("police"), report("womens_federation", subject="W-7"))
    (undone,) = take(unjoins(first.dispute.code, "womens_federation"))
    (again,) = take(joins(undone.dispute.code, first.dispute.code, id="m-2"))
    joined(pool, undone.dispute.code, id="m-2")

    assert again.refused is None
    assert [into for *_, into in moved(intake)] == [undone.dispute.code, first.dispute.code]


@pytest.mark.parametrize("agency", ["police", "petition_office"])
def test_there_is_nothing_to_undo_where_nothing_was_joined(take, agency):
    """The agency that the dispute has its code from keeps it: the others' reports can be taken out."""
    (first, _) = take(report("police"), report("womens_federation"))
    (verdict,) = take(unjoins(first.dispute.code, agency))

    assert verdict.refused["code"] == "nothing_to_unjoin"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_chain_is_taken_apart_where_it_was_joined(intake, take, pool, known, order):
    """One into the second, the second into the third, decided in either order; then the second is taken out, and the first goes with it."""
    one, second = known
    third = take(report("grid", two(5, 6)))[0].dispute.code
    take(joins(one, second), joins(second, third, id="m-2"))
    take(screens(one))
    for which in order:
        joined(pool, *((one, "m-1"), (second, "m-2"))[which])
    assert words(intake)[-1] == ("step.reported", third)
    assert intake.rows("select agency from intake.receipts where id like '%%/moved/%%' group by agency order by 1") == [("court",), ("police",)]
    (undone,) = take(unjoins(third, "court", id="m-3"))
    unjoined(pool, second, id="m-3")
    (about_one,) = take(screens(one, "m-4"))

    assert undone.dispute.code == about_one.dispute.code == second


def test_a_step_that_waited_waits_again_where_the_next_dispute_is_in_question(intake, take, pool, known):
    one, second = known
    third = take(report("grid", two(5, 6)))[0].dispute.code
    take(joins(one, second), joins(second, third, id="m-2"))
    take(screens(one))
    joined(pool, one)
    assert intake.rows("select code from intake.waiting_steps") == [(second,)]
    refused(pool, second, id="m-2")

    assert words(intake)[-1] == ("step.reported", second)


def test_in_one_batch_the_order_of_things_counts(take, known):
    one, other = known
    joined, undone, again = take(joins(one, other), unjoins(other, "police", id="m-2"), joins(other, one, id="m-3"))

    assert [verdict.refused for verdict in (joined, undone, again)] == [None] * 3
    assert [verdict.dispute.code for verdict in (joined, undone, again)] == [one, one, other]


def test_looking_for_duplicates_walks_an_index_whatever_lies_before(intake, take, pool):
    (first,) = take(report("police"))
    intake.rows(
        "insert into intake.party_tokens select 1000 + n, 0, 'applicant', decode(md5(n::text), 'hex'), decode(md5((n / 7)::text), 'hex'), null, null, true, false,"
        " now() - n * interval '1 minute' from generate_series(1, 50000) n"
    )
    intake.rows("analyze intake.party_tokens")
    batch = [envelope.read(report("court", two(n, n + 1), id=f"e-{n}", subject=f"R-{n}")) for n in range(1, 200)]
    with pool.transaction() as tx:
        before = tx.rows("select seq_tup_read from pg_stat_xact_user_tables where relname = 'party_tokens' and schemaname = 'intake'")
        verdicts = ingest.ingest(tx, batch)
        after = tx.rows("select seq_tup_read from pg_stat_xact_user_tables where relname = 'party_tokens' and schemaname = 'intake'")

    assert verdicts[0].dispute.code == first.dispute.code and before == after
