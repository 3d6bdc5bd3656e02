"""What becomes of parties that an agency sealed? No database, no broker."""

import base64
from datetime import UTC, datetime

import pytest
from marshmallow import ValidationError
from nacl.public import PrivateKey

import contracts
from services.intake import decrypt_parties
from services.intake.domain import fact_of, first_receipt
from services.intake.envelope import read
from services.intake.reasons import reason
from tests.apart import SEAL
from tests.intake.conftest import REPORT, SECRETS, delivery, sealed
from tests.intake.test_domain import decide as decided

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
PARTIES = REPORT["parties"]
OURS = bytes(SEAL)


def report(box):
    return {name: value for name, value in REPORT.items() if name != "parties"} | {"parties_sealed": box}


def decide(*boxes, key=OURS):
    batch = [read(delivery(data=report(box), id=f"e-{number}", subject=f"R-{number}", time="2026-03-02T10:30:00+08:00")) for number, box in enumerate(boxes)]
    return decided(*batch, at=NOW, key=key)


def test_sealed_parties_are_counted_and_labelled_as_those_in_clear():
    (verdict,) = decide(sealed(PARTIES))
    verdict.dispute.code = "620702-2026-000123-1"
    kind, data = fact_of(verdict)

    assert verdict.parties == PARTIES
    assert data["party_labels"] == ["applicant", "respondent"]
    assert not any(secret in str(contracts.dump(kind, data, "intake")) for secret in SECRETS)


@pytest.mark.parametrize(
    "box",
    [
        sealed(PARTIES, PrivateKey.generate()),
        base64.b64encode(b"x" * 90).decode(),
        "A" * 65,
        sealed(b"\xff\xfe"),
        sealed(b"not JSON"),
        sealed({"parties": PARTIES}),
        sealed(b"[" * 5000),
    ],
    ids=["another key", "no box", "no base64", "no text", "no JSON", "no list", "too deep"],
)
def test_what_cannot_be_opened_or_is_no_list_is_refused_as_unreadable(box):
    (verdict,) = decide(box)

    assert verdict.dispute is None and verdict.refused == reason("unreadable_parties")
    contracts.dump(*first_receipt(verdict), "intake")


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ([], "parties_sealed"),
        ([7], "parties_sealed[0]"),
        ([{"name": SECRETS[0]}], "parties_sealed[0].role"),
        ([PARTIES[0], PARTIES[1] | {"phone": SECRETS[0]}], "parties_sealed[1].phone"),
        (PARTIES * 26, "parties_sealed"),
    ],
)
def test_of_malformed_contents_the_field_is_named_and_no_value(told, field):
    (verdict,) = decide(sealed(told))

    assert (verdict.refused["code"], verdict.refused["field"]) == ("malformed_data", field)
    assert not any(secret in str(verdict.refused) for secret in SECRETS)
    contracts.dump(*first_receipt(verdict), "intake")


def test_one_bad_box_harms_no_other_report():
    good, bad, same = decide(sealed(PARTIES), sealed(b"no"), sealed(PARTIES))

    assert (good.refused, same.refused) == (None, None) and bad.refused


def test_what_is_in_the_box_is_checked_as_in_clear():
    with pytest.raises(ValidationError):
        decrypt_parties.decrypt(sealed([{"role": "boss", "name": "虚构甲"}]), OURS)
    assert decrypt_parties.decrypt(sealed([PARTIES[0] | {"later": 1}]), OURS) == PARTIES[:1]


def test_a_box_in_another_event_than_a_report_is_not_opened(monkeypatch):
    monkeypatch.setattr(decrypt_parties, "decrypt", None)
    screened = read(delivery("mediation_centre", {"parties_sealed": "A" * 88}, type="dispute.screened", subject="R-1", time="2026-03-02T10:30:00+08:00"))
    malformed, unreadable = read(delivery(data=report(7), time="2026-03-02T10:30:00+08:00")), read(delivery(body=b"{"))

    assert [decision.refused["code"] for decision in decided(screened, malformed, unreadable)] == ["malformed_data", "malformed_data", "unsupported_encoding"]
