"""Tests of dispute reports with encrypted parties: decryption, validation and refusal. No database, no broker."""

import base64
from datetime import UTC, datetime

import pytest
from marshmallow import ValidationError
from nacl.public import PrivateKey

import contracts
from services.intake import decrypt_parties
from services.intake.domain import domain_event_of, first_receipt
from services.intake.envelope import read
from services.intake.reasons import reason
from tests.intake.conftest import REPORT, SECRETS, delivery, encrypt_for_intake
from tests.intake.test_domain import decide as decide_events
from tests.sandbox import SEAL_PRIVATE_KEY

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
PARTIES = REPORT["parties"]
PRIVATE_KEY = bytes(SEAL_PRIVATE_KEY)


def report_data(parties_sealed):
    """Return the data of a dispute report with encrypted parties."""
    return {name: value for name, value in REPORT.items() if name != "parties"} | {"parties_sealed": parties_sealed}


def decide(*encrypted_parties, key=PRIVATE_KEY):
    """Return intake's decisions about a batch of dispute reports, one for each value of `parties_sealed`."""
    batch = [
        read(delivery(data=report_data(parties), id=f"e-{number}", subject=f"R-{number}", time="2026-03-02T10:30:00+08:00"))
        for number, parties in enumerate(encrypted_parties)
    ]
    return decide_events(*batch, at=NOW, key=key)


def test_encrypted_parties_get_the_same_labels_as_plaintext_parties():
    (decision,) = decide(encrypt_for_intake(PARTIES))
    decision.dispute.code = "620702-2026-000123-1"
    event_type, data = domain_event_of(decision)

    assert decision.parties == PARTIES
    assert data["party_labels"] == ["applicant", "respondent"]
    assert not any(secret in str(contracts.dump(event_type, data, "intake")) for secret in SECRETS)


@pytest.mark.parametrize(
    "parties",
    [
        encrypt_for_intake(PARTIES, PrivateKey.generate()),
        base64.b64encode(b"x" * 90).decode(),
        "A" * 65,
        encrypt_for_intake(b"\xff\xfe"),
        encrypt_for_intake(b"not JSON"),
        encrypt_for_intake({"parties": PARTIES}),
        encrypt_for_intake(b"[" * 5000),
    ],
    ids=["another key", "not a sealed box", "invalid base64", "invalid UTF-8", "invalid JSON", "not a list", "too deep"],
)
def test_parties_that_cannot_be_decrypted_are_refused_as_unreadable(parties):
    (decision,) = decide(parties)

    assert decision.dispute is None and decision.refusal == reason("unreadable_parties")
    contracts.dump(*first_receipt(decision), "intake")


@pytest.mark.parametrize(
    ("parties", "field"),
    [
        ([], "parties_sealed"),
        ([7], "parties_sealed[0]"),
        ([{"name": SECRETS[0]}], "parties_sealed[0].role"),
        ([PARTIES[0], PARTIES[1] | {"phone": SECRETS[0]}], "parties_sealed[1].phone"),
        (PARTIES * 26, "parties_sealed"),
    ],
)
def test_a_refusal_contains_the_name_of_the_invalid_party_field_but_not_the_value(parties, field):
    (decision,) = decide(encrypt_for_intake(parties))

    assert (decision.refusal["code"], decision.refusal["field"]) == ("malformed_data", field)
    assert not any(secret in str(decision.refusal) for secret in SECRETS)
    contracts.dump(*first_receipt(decision), "intake")


def test_a_report_with_unreadable_parties_does_not_affect_other_reports_of_the_batch():
    first, unreadable, second = decide(encrypt_for_intake(PARTIES), encrypt_for_intake(b"no"), encrypt_for_intake(PARTIES))

    assert (first.refusal, second.refusal) == (None, None) and unreadable.refusal


def test_decrypted_parties_are_validated_like_plaintext_parties():
    with pytest.raises(ValidationError):
        decrypt_parties.decrypt(encrypt_for_intake([{"role": "boss", "name": "虚构甲"}]), PRIVATE_KEY)
    assert decrypt_parties.decrypt(encrypt_for_intake([PARTIES[0] | {"later": 1}]), PRIVATE_KEY) == PARTIES[:1]


def test_only_dispute_reports_that_are_otherwise_valid_have_their_parties_decrypted(monkeypatch):
    monkeypatch.setattr(decrypt_parties, "decrypt", None)
    screened = read(delivery("mediation_centre", {"parties_sealed": "A" * 88}, type="dispute.screened", subject="R-1", time="2026-03-02T10:30:00+08:00"))
    malformed, unreadable = read(delivery(data=report_data(7), time="2026-03-02T10:30:00+08:00")), read(delivery(body=b"{"))

    assert [decision.refusal["code"] for decision in decide_events(screened, malformed, unreadable)] == [
        "malformed_data",
        "malformed_data",
        "unsupported_encoding",
    ]
