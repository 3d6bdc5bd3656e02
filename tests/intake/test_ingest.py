"""Does the log keep everything, in order, unchanged, and the parties to itself?"""

import json
import threading
from itertools import pairwise

import pytest

from plumbing.events import Event
from plumbing.pool import should_try_again
from services.intake import envelope, ingest, outcomes
from services.intake.store import log
from services.intake.store import receipts as stored_receipts
from tests.everywhere import found_in_tables
from tests.intake.conftest import REPORT, SECRETS, delivery, sealed
from tests.plumbing.conftest import heard


def receipts(intake, agency="womens_federation"):
    return [json.loads(bytes(body)) for (body,) in intake.rows("select body from intake.receipts where agency = %s order by position", agency)]


def letters(intake):
    """What lies in the outbox for agencies: (agency, id)."""
    return intake.rows("select routing_key, event_id from intake.outbox where exchange = 'inboxes' order by id")


def said(intake):
    return [
        (kind, subject)
        for kind, subject in intake.rows(
            "select substr(routing_key, 3), split_part(event_id, '/', 1) from intake.outbox where exchange = 'intake.events' order by id"
        )
    ]


# ── one transaction ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_report_is_logged_answered_and_passed_on(intake, take):
    (verdict,) = take(delivery())

    code = verdict.dispute.code
    assert intake.rows("select seq, agency, event_id, type, dispute, refused_for from intake.log") == [
        (1, "womens_federation", "e-1", "dispute.reported", code, None)
    ]
    assert intake.rows("select code, registered_by from intake.disputes") == [(code, "womens_federation")]
    assert intake.rows("select agency, report_no, code from intake.reports") == [("womens_federation", "R-1", code)]
    (receipt,) = receipts(intake)
    assert (receipt["type"], receipt["subject"], receipt["causationid"], receipt["data"]["log"]["seq"]) == ("receipt.accepted", code, "e-1", 1)
    assert letters(intake) == [("womens_federation", "receipt/1/first")]
    assert said(intake) == [("dispute.registered", code)]


def test_codes_are_given_once_and_tell_no_order(intake, take):
    verdicts = take(*(delivery(id=f"e-{n}", subject=f"R-{n}") for n in range(1, 4)))
    (another,) = take(delivery("police", id="e-1", subject="R-1"))

    serials = [int(verdict.dispute.code[12:18]) for verdict in (*verdicts, another)]
    assert len(set(serials)) == 4 and intake.rows("select last from intake.serials") == [(4,)]
    assert {after - before for before, after in pairwise(serials)} != {1}


def test_a_repeat_has_no_second_effect_and_the_same_receipt(intake, take):
    (first,) = take(delivery())
    (again,) = take(delivery())

    assert again.repeats is not None and again.seq == first.seq
    assert len(intake.rows("select 1 from intake.log")) == len(receipts(intake)) == 1
    assert letters(intake) == [("womens_federation", "receipt/1/first")] * 2
    assert len(said(intake)) == 1


def test_a_repeat_after_the_outcome_gets_both_receipts_again(intake, take, pool):
    (verdict,) = take(delivery())
    answer(pool, outcome_of(verdict))
    take(delivery())

    assert [kind for _, kind in letters(intake)] == ["receipt/1/first", "receipt/1/outcome", "receipt/1/first", "receipt/1/outcome"]
    assert [receipt["type"] for receipt in receipts(intake)] == ["receipt.accepted", "receipt.applied"]


def test_a_repeat_by_the_other_door_is_a_repeat(intake, take):
    """The same event, structured by HTTP after binary by AMQP."""
    sent = delivery()
    attributes = json.loads(sent.body)
    data = attributes.pop("data")
    binary = delivery(body=json.dumps(data).encode())
    binary.content_type, binary.headers = "application/json", {f"ce-{name}": value for name, value in attributes.items()}
    take(binary)
    (again,) = take(sent)

    assert again.repeats is not None
    assert len(said(intake)) == 1


def test_other_content_under_a_used_id_is_logged_and_refused(intake, take):
    take(delivery())
    (other,) = take(delivery(data=REPORT | {"kind": "neighbour"}))
    (once_more,) = take(delivery(data=REPORT | {"kind": "neighbour"}))

    assert other.refused["code"] == "other_content_under_used_id" and once_more.repeats is not None
    assert intake.rows("select seq, refused_for from intake.log order by seq") == [(1, None), (2, "other_content_under_used_id")]


def test_whatever_an_agency_sends_it_gets_one_receipt(intake, take):
    sent = [
        delivery(body=b"\xff"),
        delivery(body=b"{}"),
        delivery(id="e-2", type="x\x00"),
        delivery(id="e-3", data={"a": "\x00"}),
        delivery("police", id="e-4"),
    ]
    for one in sent:
        take(one)

    assert [receipt["type"] for receipt in receipts(intake)] == ["receipt.refused"] * 4
    assert [receipt["type"] for receipt in receipts(intake, "police")] == ["receipt.accepted"]
    assert len(intake.rows("select 1 from intake.log")) == 5


def test_a_report_of_danger_is_kept_like_any_other_and_said_sealed_only(intake, take):
    take(delivery(data=REPORT | {"risk": {"domestic_violence": True}}))

    assert said(intake) == []
    assert intake.rows("select exchange, substr(routing_key, 3) from intake.outbox where exchange <> 'inboxes'") == [
        ("intake-safeguard.events", "dispute.registered")
    ]
    assert intake.rows("select reported_in_lane, holds from intake.seals") == [(True, ["hold"])]
    assert [receipt["type"] for receipt in receipts(intake)] == ["receipt.accepted"]


def test_a_discarded_event_is_refused_in_the_operators_name(intake, take):
    (verdict,) = take(delivery(), discarded=True)

    assert verdict.refused["code"] == "discarded_by_operator"
    assert [receipt["data"]["reason"]["code"] for receipt in receipts(intake)] == ["discarded_by_operator"]
    assert said(intake) == []


# ── outcomes ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def outcome_of(verdict, word="step.applied", sequence=1) -> Event:
    cause = {"source": verdict.event.source, "id": verdict.event.id}
    reason = {} if word == "step.applied" else {"reason": {"code": "illegal_here", "zh": "纠纷处于“已登记”状态，不能办理“纠纷登记上报”。请先核对纠纷进展。", "en": "The dispute is “registered”; “a dispute was reported” is not possible there. Check how far the dispute is."}}  # fmt: skip
    return heard(sequence, verdict.dispute.code, type=word, event=cause, step="dispute.reported", state="registered", **reason)


def answer(pool, *decisions):
    with pool.transaction() as tx:
        outcomes.answer(tx, tx.unheard(list(decisions)))


@pytest.mark.parametrize(("word", "kind"), [("step.applied", "receipt.applied"), ("step.refused", "receipt.rejected")])
def test_each_event_has_one_outcome(intake, take, pool, word, kind):
    (verdict,) = take(delivery())
    answer(pool, outcome_of(verdict, word))
    answer(pool, outcome_of(verdict, word))  # delivered again

    _, outcome = receipts(intake)
    assert (outcome["type"], outcome["causationid"], outcome["data"]["state"]) == (kind, "e-1", "registered")
    assert letters(intake) == [("womens_federation", "receipt/1/first"), ("womens_federation", "receipt/1/outcome")]


# ── the chain ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def ten(intake, take):
    take(*(delivery(id=f"e-{n}", subject=f"R-{n}") for n in range(6)), delivery(body=b"\xff"))
    take(*(delivery("police", id=f"e-{n}", subject=f"R-{n}") for n in range(3)))
    return intake


def broken(pool):
    with pool.transaction() as tx:
        return log.CHAIN.verify(tx, page=3).broken


def test_the_chain_of_an_untouched_log_holds(ten, pool):
    assert broken(pool) == []


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("update intake.log set sha256 = repeat('0', 64) where seq = 4", [4]),
        ("update intake.log set agency = 'court' where seq = 1", [1]),
        ("update intake.log set event_id = 'e-99' where seq = 2", [2]),
        ("update intake.log set type = 'dispute.screened' where seq = 2", [2]),
        ("update intake.log set refused_for = 'unknown_type' where seq = 3", [3]),
        ("update intake.log set dispute = '620702-2026-000999-9' where seq = 5", [5]),
        ("update intake.log set hash = decode(repeat('00', 32), 'hex') where seq = 6", [6, 7]),
        (
            "alter table intake.parties drop constraint parties_seq_fkey; alter table intake.reports drop constraint reports_seq_fkey; delete from intake.log where seq = 4",
            [5],
        ),
        ("alter table intake.parties drop constraint parties_seq_fkey; delete from intake.log where seq = 10", [10]),
        ("alter table intake.parties drop constraint parties_seq_fkey; delete from intake.log where seq = 1", [2]),
        ("update intake.log_head set seq = 11", [11]),
        ("update intake.log_head set hash = decode(repeat('11', 32), 'hex')", [10]),
    ],
)
def test_tampering_is_found_where_it_was_done(ten, pool, tampering, found):
    ten.rows(tampering)
    try:
        assert broken(pool) == found
    finally:
        ten.rows("alter table intake.parties drop constraint if exists parties_seq_fkey; delete from intake.parties")
        ten.rows("alter table intake.parties add constraint parties_seq_fkey foreign key (seq) references intake.log")


# ── together ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_both_doors_at_once_log_one_chain_and_number_receipts_in_commit_order(intake):
    """Three writers; whoever reads in between never sees a position below one already seen, and no gap."""
    agencies, stop, seen = ["womens_federation", "police"], threading.Event(), {agency: [] for agency in ("womens_federation", "police")}

    def write(pool, n):
        for turn in range(12):
            batch = [delivery(agency, id=f"e-{n}-{turn}", subject=f"R-{n}-{turn}") for agency in agencies]
            while True:
                try:
                    with pool.transaction() as tx:
                        ingest.ingest(tx, [envelope.read(one) for one in batch])
                    break
                except Exception as problem:  # noqa: BLE001 - looked at below
                    assert should_try_again(problem), problem

    def watch(pool):
        while not stop.is_set():
            for agency in agencies:
                with pool.transaction() as tx:
                    seen[agency] += [position for position, _ in stored_receipts.after(tx, agency, seen[agency][-1] if seen[agency] else 0, 100)]

    writers = [threading.Thread(target=write, args=(intake.pool("intake", 1), n)) for n in range(3)]
    watcher = threading.Thread(target=watch, args=(intake.pool("intake", 1),))
    for thread in (watcher, *writers):
        thread.start()
    for thread in writers:
        thread.join(60)
    stop.set()
    watcher.join(60)

    for agency in agencies:
        (total,) = intake.rows("select count(*) from intake.receipts where agency = %s", agency)[0]
        assert total == 36 and seen[agency] == list(range(1, len(seen[agency]) + 1))
    assert broken(intake.pool("intake", 1)) == []
    assert intake.rows("select count(distinct code), max(code) from intake.disputes")[0][0] == 72


# ── people ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_parties_lie_encrypted_and_nowhere_else(intake, take, pool):
    """Everything of every table of every schema is looked through, as the superuser."""
    take(
        delivery(),
        delivery(id="e-2", data=REPORT | {"kind": "neighbour", "parties": REPORT["parties"][:1]}, subject="R-2"),
        delivery(id="e-3", data={"name": SECRETS[0]}),
    )
    intake.rows("update intake.outbox set created_at = now()")
    parked = envelope.read(delivery(id="e-4", subject="R-4"))
    with pool.transaction() as tx:
        tx.park(parked, "it failed")
        tx.unheard([envelope.read(delivery(id="e-5", subject="R-4"))])

    assert [len(intake.rows(f"select 1 from intake.{table}")) for table in ("parties", "log", "parked", "waiting", "outbox")] == [2, 3, 1, 1, 5]
    assert found_in_tables(intake.rows, SECRETS) == []
    assert found_in_tables(intake.rows, ["womens_federation"]) != []  # it does look


def test_the_key_at_rest_opens_what_was_sealed(intake, take, pool):
    take(delivery())
    ((sealed, by_agency),) = intake.rows("select sealed, by_agency from intake.parties")

    assert json.loads(pool.box.decrypt(bytes(sealed))) == REPORT["parties"] and not by_agency


def test_parties_that_the_agency_sealed_stay_as_they_came(intake, take):
    box = sealed(REPORT["parties"])
    take(delivery(data={name: value for name, value in REPORT.items() if name != "parties"} | {"parties_sealed": box}))

    assert [(bytes(kept).decode(), by_agency) for kept, by_agency in intake.rows("select sealed, by_agency from intake.parties")] == [(box, True)]
