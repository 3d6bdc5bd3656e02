"""Tests of the producers' ledgers: a reader gets each entry once, while producers append to the files."""

from drills.checker import Attempt, ProducerRecords, ReceivedMessage
from drills.ledger import Ledger, LedgerReader

ATTEMPT = {"do": "attempt", "id": "e-1", "agency": "police", "type": "dispute.reported", "subject": "R-1", "expected": "applied"}
RECEIVED = {"do": "received", "agency": "police", "receipt": "receipt/7/first", "type": "receipt.accepted", "event": "e-1", "dispute": "620702-2026-000001-3"}


def test_a_reader_gets_the_entries_of_all_ledgers_and_later_only_the_new_ones(tmp_path):
    first, second, reader = Ledger(tmp_path / "police.jsonl"), Ledger(tmp_path / "grid.jsonl"), LedgerReader(tmp_path)
    first.write({"do": "attempt", "id": "e-1"}, {"do": "attempt", "id": "e-2"})
    second.write({"do": "attempt", "id": "e-3"})
    assert [entry["id"] for entry in reader.read_new_entries()] == ["e-3", "e-1", "e-2"]

    second.write({"do": "acknowledged", "id": "e-3"})
    assert list(reader.read_new_entries()) == [{"do": "acknowledged", "id": "e-3"}]
    assert list(reader.read_new_entries()) == []


def test_an_incomplete_last_line_is_read_when_it_is_complete(tmp_path):
    ledger, reader = tmp_path / "police.jsonl", LedgerReader(tmp_path)
    ledger.write_bytes(b'{"id": 1}\n{"id"')
    assert list(reader.read_new_entries()) == [{"id": 1}]

    with open(ledger, "ab") as file:
        file.write(b": 2}\n")
    assert list(reader.read_new_entries()) == [{"id": 2}]


def test_the_records_contain_attempts_acknowledgements_and_received_messages(tmp_path):
    Ledger(tmp_path / "police.jsonl").write(
        ATTEMPT, {"do": "unsure", "id": "e-1", "why": "nack"}, {"do": "acknowledged", "id": "e-1", "by": "confirm"}, RECEIVED
    )

    records = ProducerRecords.from_ledgers(tmp_path)

    assert records.attempts == {"e-1": Attempt("police", "dispute.reported", "R-1", "applied")}
    assert records.acknowledged_ids == {"e-1"}
    assert records.received_messages == {"receipt/7/first": ReceivedMessage("police", "e-1", "620702-2026-000001-3")}
