"""Does one dispute have one code, whoever reports it, and can that be undone? With intake's own tables."""

import json
import threading

import pytest

from contracts import REASONS
from plumbing.pool import should_try_again
from services.intake import duplicates, envelope, ingest, joining
from services.intake.store import reports as store
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


def decided(pool, code, state, agency=CENTRE, id="m-1", word="step.applied", step="dispute.archived"):
    """Mediation decided about an agency's event."""
    event = heard(None, code, id=f"{code}/{id}/{state}")
    event.source, event.type = "mediation", word
    event.data = {"event": {"source": f"/agencies/{agency}", "id": id}, "step": step, "state": state}
    if word == "step.refused":
        event.data["reason"] = REASONS["dispute_closed"].text(step=step)
    with pool.transaction() as tx:
        ingest.answer(tx, [event])


def stands(pool, code, state):
    with pool.transaction() as tx:
        store.stand(tx, {code: joining.standing_in(state)})


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
        store.forget(tx)

    assert intake.rows("select count(*) from intake.party_tokens") == [(2,)]


def test_what_was_born_in_the_sealed_lane_is_compared_with_nobody(intake, take):
    (danger,) = take(report("womens_federation", risk={"domestic_violence": True}))
    (other,) = take(report("police", kind="family"))
    (again,) = take(report("court", subject="R-2", risk={"violence_threat": True}))

    assert len({danger.dispute.code, other.dispute.code, again.dispute.code}) == 3
    assert said(intake, "duplicate.proposed", "dispute.merged") == []
    assert intake.rows("select count(*) from intake.party_tokens") == [(2,)]  # of the one that is no secret


# ── the centre decides ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_centre_joins_two_codes_and_what_comes_later_goes_to_the_one_that_holds(intake, take, known):
    ending, into = known
    (verdict,) = take(joins(ending, into))
    (later,) = take(delivery(CENTRE, {"suitable": True, "track": "A", "kind": "family"}, type="dispute.screened", subject=ending, id="m-2"))

    assert (verdict.refused, verdict.dispute.code, later.dispute.code) == (None, ending, into)
    assert words(intake)[2:] == [("step.reported", ending), ("dispute.merged", ending), ("dispute.merged", into), ("step.reported", into)]
    (_, _, step), *_, (_, _, merged), _ = said(intake)[2:]
    assert (step["step"], step["facts"]) == ("reports.joined", {"into": into})
    assert (merged["was"], merged["into"], merged["found_by"], merged["agency"]) == (ending, into, "centre", CENTRE)
    assert moved(intake) == [("police", "e-1", ending, into)]


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


def test_what_is_joined_cannot_be_joined_again_nor_in_a_circle(take, known):
    (third,) = take(report("grid", two(5, 6)))
    one, other = known
    take(joins(one, other))
    again, circle, through = take(joins(one, third.dispute.code, id="m-2"), joins(other, one, id="m-3"), joins(third.dispute.code, one, id="m-4"))

    assert [verdict.refused["code"] for verdict in (again, circle, through)] == ["joined_already"] * 3


def test_what_has_ended_cannot_be_joined(take, known, pool):
    one, other = known
    stands(pool, one, "closed")

    assert [verdict.refused["code"] for verdict in take(joins(one, other), joins(other, one, id="m-2"))] == ["joins_an_ended_one"] * 2


def test_only_the_centre_decides(take, known):
    (verdict,) = take(delivery("police", {"into": known[1]}, type="reports.joined", subject=known[0], id="p-2"))

    assert verdict.refused["code"] == "not_yours_to_say"


def test_undone_the_reports_have_their_old_code_back(intake, take, known):
    ending, into = known
    take(joins(ending, into))
    (undone,) = take(unjoins(into, "police", id="m-2"))
    (later,) = take(delivery(CENTRE, {"suitable": True, "track": "A", "kind": "family"}, type="dispute.screened", subject=ending, id="m-3"))

    assert (undone.refused, undone.dispute.code, later.dispute.code) == (None, ending, ending)
    assert words(intake)[5:] == [("step.reported", ending), ("dispute.unmerged", into), ("dispute.unmerged", ending), ("step.reported", ending)]
    assert moved(intake) == [("police", "e-1", ending, into), ("police", "e-1", into, ending)]
    assert take(report("grid"))[0].dispute.code == ending  # it is open, and found again


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


def test_undone_and_joined_again(intake, take):
    (first, _) = take(report("police"), report("womens_federation", subject="W-7"))
    (undone,) = take(unjoins(first.dispute.code, "womens_federation"))
    (again,) = take(joins(undone.dispute.code, first.dispute.code, id="m-2"))

    assert again.refused is None
    assert [into for *_, into in moved(intake)] == [undone.dispute.code, first.dispute.code]


@pytest.mark.parametrize("agency", ["police", "petition_office"])
def test_there_is_nothing_to_undo_where_nothing_was_joined(take, agency):
    """The agency that the dispute has its code from keeps it: the others' reports can be taken out."""
    (first, _) = take(report("police"), report("womens_federation"))
    (verdict,) = take(unjoins(first.dispute.code, agency))

    assert verdict.refused["code"] == "nothing_to_unjoin"


def test_a_chain_is_taken_apart_where_it_was_joined(take, known):
    """One into the second, the second into the third; then the second is taken out, and the first goes with it."""
    one, second = known
    third = take(report("grid", two(5, 6)))[0].dispute.code
    take(joins(one, second), joins(second, third, id="m-2"))
    (undone,) = take(unjoins(third, "court", id="m-3"))
    (about_one,) = take(delivery(CENTRE, {"suitable": True, "track": "A", "kind": "family"}, type="dispute.screened", subject=one, id="m-4"))

    assert undone.dispute.code == about_one.dispute.code == second


def test_a_join_that_the_life_of_the_dispute_refuses_is_taken_back(intake, take, known, pool):
    """It ended in the moment in which the centre joined it: its code stays its own."""
    ending, into = known
    take(joins(ending, into))
    decided(pool, ending, "closed", word="step.refused", step="reports.joined")

    assert intake.rows("select merged_into, standing from intake.disputes where code = %s", ending) == [(None, "ended")]
    assert [subject for _, subject, _ in said(intake, "dispute.unmerged")] == [into, ending]
    assert moved(intake) == [("police", "e-1", ending, into), ("police", "e-1", into, ending)]


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
