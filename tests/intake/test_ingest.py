"""Tests of processing agencies' events with intake's tables: the log, receipts, duplicates, the hash chain, and personal data."""

import json
import threading
from itertools import pairwise

import pytest

from plumbing.events import Event
from plumbing.pool import should_try_again
from services.intake import envelope, ingest, outcomes
from services.intake.store import log
from services.intake.store import receipts as receipt_store
from tests.intake.conftest import REPORT, SECRETS, delivery, encrypt_for_intake
from tests.leak_search import find_in_tables
from tests.plumbing.conftest import make_event


def stored_receipts(intake, agency="womens_federation"):
    return [json.loads(bytes(body)) for (body,) in intake.rows("select body from intake.receipts where agency = %s order by position", agency)]


def queued_receipts(intake):
    """Return (agency, receipt id) of each receipt in the outbox, in order."""
    return [(agency, receipt["id"]) for _, agency, receipt in intake.stored_events("intake", "inboxes")]


def published_events(intake):
    """Return (event type, subject) of each domain event on the ordinary stream, in order."""
    return [(event["type"], event["subject"]) for _, _, event in intake.stored_events("intake", "intake.events")]


# ── one transaction ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_dispute_report_is_logged_answered_with_a_receipt_and_published(intake, ingest_all):
    (decision,) = ingest_all(delivery())

    code = decision.dispute.code
    assert intake.rows("select seq, agency, event_id, type, dispute, refused_for from intake.log") == [
        (1, "womens_federation", "e-1", "dispute.reported", code, None)
    ]
    assert intake.rows("select code, registered_by from intake.disputes") == [(code, "womens_federation")]
    assert intake.rows("select agency, report_no, code from intake.reports") == [("womens_federation", "R-1", code)]
    (receipt,) = stored_receipts(intake)
    assert (receipt["type"], receipt["subject"], receipt["causationid"], receipt["data"]["log"]["seq"]) == ("receipt.accepted", code, "e-1", 1)
    assert queued_receipts(intake) == [("womens_federation", "receipt/1/first")]
    assert published_events(intake) == [("dispute.registered", code)]


def test_dispute_codes_are_unique_and_their_serial_numbers_are_not_consecutive(intake, ingest_all):
    decisions = ingest_all(*(delivery(id=f"e-{n}", subject=f"R-{n}") for n in range(1, 4)))
    (other_agency,) = ingest_all(delivery("police", id="e-1", subject="R-1"))

    serials = [int(decision.dispute.code[12:18]) for decision in (*decisions, other_agency)]
    assert len(set(serials)) == 4 and intake.rows("select last from intake.serials") == [(4,)]
    assert {after - before for before, after in pairwise(serials)} != {1}


def test_a_duplicate_event_gets_the_original_receipt_and_has_no_other_effect(intake, ingest_all):
    (first,) = ingest_all(delivery())
    (again,) = ingest_all(delivery())

    assert again.duplicate_of is not None and again.seq == first.seq
    assert len(intake.rows("select 1 from intake.log")) == len(stored_receipts(intake)) == 1
    assert queued_receipts(intake) == [("womens_federation", "receipt/1/first")] * 2
    assert len(published_events(intake)) == 1


def test_a_duplicate_event_after_the_outcome_gets_the_first_and_the_outcome_receipt_again(intake, ingest_all, pool):
    (decision,) = ingest_all(delivery())
    process_outcomes(pool, outcome_of(decision))
    ingest_all(delivery())

    assert [receipt for _, receipt in queued_receipts(intake)] == ["receipt/1/first", "receipt/1/outcome", "receipt/1/first", "receipt/1/outcome"]
    assert [receipt["type"] for receipt in stored_receipts(intake)] == ["receipt.accepted", "receipt.applied"]


def test_an_event_over_http_after_the_same_event_over_amqp_is_a_duplicate(intake, ingest_all):
    """The event is first sent in binary mode, then in structured mode."""
    structured = delivery()
    event_attributes = json.loads(structured.body)
    data = event_attributes.pop("data")
    binary = delivery(body=json.dumps(data).encode())
    binary.content_type, binary.headers = "application/json", {f"ce-{name}": value for name, value in event_attributes.items()}
    ingest_all(binary)
    (again,) = ingest_all(structured)

    assert again.duplicate_of is not None
    assert len(published_events(intake)) == 1


def test_an_event_with_a_used_id_and_other_content_is_logged_and_refused(intake, ingest_all):
    ingest_all(delivery())
    (other,) = ingest_all(delivery(data=REPORT | {"kind": "neighbour"}))
    (once_more,) = ingest_all(delivery(data=REPORT | {"kind": "neighbour"}))

    assert other.refusal["code"] == "other_content_under_used_id" and once_more.duplicate_of is not None
    assert intake.rows("select seq, refused_for from intake.log order by seq") == [(1, None), (2, "other_content_under_used_id")]


def test_every_event_gets_exactly_one_first_receipt_even_if_it_cannot_be_parsed(intake, ingest_all):
    deliveries = [
        delivery(body=b"\xff"),
        delivery(body=b"{}"),
        delivery(id="e-2", type="x\x00"),
        delivery(id="e-3", data={"a": "\x00"}),
        delivery("police", id="e-4"),
    ]
    for each in deliveries:
        ingest_all(each)

    assert [receipt["type"] for receipt in stored_receipts(intake)] == ["receipt.refused"] * 4
    assert [receipt["type"] for receipt in stored_receipts(intake, "police")] == ["receipt.accepted"]
    assert len(intake.rows("select 1 from intake.log")) == 5


def test_a_report_with_a_safeguard_flag_is_published_on_the_sealed_stream_only(intake, ingest_all):
    ingest_all(delivery(data=REPORT | {"risk": {"domestic_violence": True}}))

    assert published_events(intake) == []
    assert [(exchange, event["type"]) for exchange, _, event in intake.stored_events("intake") if exchange != "inboxes"] == [
        ("intake-safeguard.events", "dispute.registered")
    ]
    assert intake.rows("select reported_in_lane, holds from intake.lane_records") == [(True, ["hold"])]
    assert [receipt["type"] for receipt in stored_receipts(intake)] == ["receipt.accepted"]


def test_an_event_discarded_by_an_operator_is_refused_as_discarded_by_operator(intake, ingest_all):
    (decision,) = ingest_all(delivery(), discarded=True)

    assert decision.refusal["code"] == "discarded_by_operator"
    assert [receipt["data"]["reason"]["code"] for receipt in stored_receipts(intake)] == ["discarded_by_operator"]
    assert published_events(intake) == []


# ── outcomes ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def outcome_of(decision, event_type="dispute.reported", sequence=1) -> Event:
    cause = {"source": decision.event.source, "id": decision.event.id}
    reason = {} if event_type == "dispute.reported" else {"reason": {"code": "illegal_here", "zh": "纠纷处于“已登记”状态，不能办理“纠纷登记上报”。请先核对纠纷进展。", "en": "The dispute is in state “registered”, in which “a dispute was reported” is not possible. Check the progress of the dispute."}}  # fmt: skip
    return make_event(sequence, decision.dispute.code, type=event_type, event=cause, step="dispute.reported", state="registered", **reason)


def process_outcomes(pool, *events):
    with pool.transaction() as tx:
        outcomes.process_events(tx, tx.unheard(list(events)))


@pytest.mark.parametrize(("event_type", "receipt_type"), [("dispute.reported", "receipt.applied"), ("step.refused", "receipt.rejected")])
def test_an_event_gets_one_outcome_receipt_even_if_the_outcome_is_delivered_twice(intake, ingest_all, pool, event_type, receipt_type):
    (decision,) = ingest_all(delivery())
    process_outcomes(pool, outcome_of(decision, event_type))
    process_outcomes(pool, outcome_of(decision, event_type))  # the outcome is delivered a second time

    _, outcome = stored_receipts(intake)
    assert (outcome["type"], outcome["causationid"], outcome["data"]["state"]) == (receipt_type, "e-1", "registered")
    assert queued_receipts(intake) == [("womens_federation", "receipt/1/first"), ("womens_federation", "receipt/1/outcome")]


# ── hash chain ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def log_with_ten_entries(intake, ingest_all):
    ingest_all(*(delivery(id=f"e-{n}", subject=f"R-{n}") for n in range(6)), delivery(body=b"\xff"))
    ingest_all(*(delivery("police", id=f"e-{n}", subject=f"R-{n}") for n in range(3)))
    return intake


def broken_rows(pool):
    with pool.transaction() as tx:
        return log.CHAIN.verify(tx, page=3).broken


def test_the_hash_chain_of_an_unchanged_log_is_intact(log_with_ten_entries, pool):
    assert broken_rows(pool) == []


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
def test_tampering_with_the_log_is_detected_at_the_changed_row(log_with_ten_entries, pool, tampering, found):
    log_with_ten_entries.rows(tampering)
    try:
        assert broken_rows(pool) == found
    finally:
        log_with_ten_entries.rows("alter table intake.parties drop constraint if exists parties_seq_fkey; delete from intake.parties")
        log_with_ten_entries.rows("alter table intake.parties add constraint parties_seq_fkey foreign key (seq) references intake.log")


# ── concurrency ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_concurrent_transactions_write_one_intact_hash_chain_and_number_receipts_in_commit_order(intake):
    """Three threads ingest events while one thread reads receipts. The reader finds no gap, and no new position below a position already read."""
    agencies, stop, positions = ["womens_federation", "police"], threading.Event(), {agency: [] for agency in ("womens_federation", "police")}

    def ingest_batches(pool, n):
        for round_number in range(12):
            batch = [delivery(agency, id=f"e-{n}-{round_number}", subject=f"R-{n}-{round_number}") for agency in agencies]
            while True:
                try:
                    with pool.transaction() as tx:
                        ingest.ingest(tx, [envelope.read(each) for each in batch])
                    break
                except Exception as problem:  # noqa: BLE001 - checked in the next line
                    assert should_try_again(problem), problem

    def read_receipts(pool):
        while not stop.is_set():
            for agency in agencies:
                with pool.transaction() as tx:
                    positions[agency] += [
                        position for position, _ in receipt_store.load_after(tx, agency, positions[agency][-1] if positions[agency] else 0, 100)
                    ]

    writers = [threading.Thread(target=ingest_batches, args=(intake.pool("intake", 1), n)) for n in range(3)]
    reader = threading.Thread(target=read_receipts, args=(intake.pool("intake", 1),))
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join(60)
    stop.set()
    reader.join(60)

    for agency in agencies:
        (total,) = intake.rows("select count(*) from intake.receipts where agency = %s", agency)[0]
        assert total == 36 and positions[agency] == list(range(1, len(positions[agency]) + 1))
    assert broken_rows(intake.pool("intake", 1)) == []
    assert intake.rows("select count(distinct code), max(code) from intake.disputes")[0][0] == 72


# ── personal data ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_personal_data_is_stored_encrypted_only(intake, ingest_all, pool):
    """The test searches every table of every schema as superuser for the names and numbers of the parties."""
    ingest_all(
        delivery(),
        delivery(id="e-2", data=REPORT | {"kind": "neighbour", "parties": REPORT["parties"][:1]}, subject="R-2"),
        delivery(id="e-3", data={"name": SECRETS[0]}),
    )
    intake.rows("update intake.outbox set created_at = now()")
    parked = envelope.read(delivery(id="e-4", subject="R-4"))
    with pool.transaction() as tx:
        tx.park(parked, "it failed")
        tx.unheard([envelope.read(delivery(id="e-5", subject="R-4"))])

    assert [len(intake.rows(f"select 1 from intake.{table}")) for table in ("parties", "log", "parked", "waiting")] == [2, 3, 1, 1]
    assert len(intake.stored_events("intake")) == 5
    assert find_in_tables(intake.rows, SECRETS) == []
    assert find_in_tables(intake.rows, ["womens_federation"]) != []  # proof that the search works: it finds an unencrypted value


def test_stored_parties_can_be_decrypted_with_the_key_at_rest(intake, ingest_all, pool):
    ingest_all(delivery())
    ((stored, by_agency),) = intake.rows("select encrypted, encrypted_by_agency from intake.parties")

    assert json.loads(pool.secret_box.decrypt(bytes(stored))) == REPORT["parties"] and not by_agency


def test_parties_encrypted_by_the_agency_are_stored_unchanged(intake, ingest_all):
    parties = encrypt_for_intake(REPORT["parties"])
    ingest_all(delivery(data={name: value for name, value in REPORT.items() if name != "parties"} | {"parties_sealed": parties}))

    assert [(bytes(stored).decode(), by_agency) for stored, by_agency in intake.rows("select encrypted, encrypted_by_agency from intake.parties")] == [
        (parties, True)
    ]
