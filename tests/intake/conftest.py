"""What the tests of intake share: its own tables in a database apart, and reports as agencies send them."""

import base64
import json
from datetime import UTC, datetime

import pytest
from nacl.public import SealedBox

from plumbing.events import Delivery
from services.intake import envelope, ingest
from tests.apart import SEAL, Apart

STRUCTURED = "application/cloudevents+json"
PERSON, PHONE, ID_NUMBER, ADDRESS = "虚构甲", "13900000000", "62070219800101001X", "虚构镇虚构村7号"
SECRETS = (PERSON, PHONE, ID_NUMBER, ADDRESS)
REPORT = {
    "report_no": "妇联〔2026〕42号",
    "channel": "walk_in",
    "place": {"township": "620702102"},
    "kind": "family",
    "wants": "mediation",
    "parties": [
        {"role": "applicant", "name": PERSON, "phone": PHONE, "id_number": ID_NUMBER, "address": ADDRESS},
        {"role": "respondent", "name": "虚构乙"},
    ],
}
TABLES = (
    "waiting_steps",
    "join_requests",
    "entries",
    "seals",
    "receipts",
    "receipt_cursors",
    "parties",
    "party_tokens",
    "reports",
    "disputes",
    "serials",
    "log",
)


def attributes(agency="womens_federation", **others) -> dict:
    known = {"specversion": "1.0", "id": "e-1", "source": f"/agencies/{agency}", "type": "dispute.reported", "subject": "R-1"}
    return known | {"time": datetime.now(UTC).isoformat()} | others


def delivery(agency="womens_federation", data=REPORT, body: bytes | None = None, **others) -> Delivery:
    """A structured event as its agency's broker user publishes it."""
    said = attributes(agency, **others) | {"data": data}
    plain = not any("\ud800" in str(value) for value in others.values())  # half a character has to be spelled out
    whole = json.dumps(said, ensure_ascii=not plain).encode() if body is None else body
    return Delivery(whole, STRUCTURED, f"{agency}.{others.get('type', 'dispute.reported')}", agency, "")


def sealed(told, key=SEAL) -> str:
    """What an agency seals: `told` as JSON, or bytes as they are."""
    box = SealedBox(key.public_key).encrypt(told if isinstance(told, bytes) else json.dumps(told).encode())
    return base64.b64encode(box).decode()


@pytest.fixture
def intake(apart: Apart) -> Apart:
    """intake's schema with nothing in it."""
    apart.empty("intake")
    apart.rows("; ".join(f"delete from intake.{table}" for table in TABLES))
    apart.rows("update intake.log_head set seq = 0, hash = decode(repeat('00', 32), 'hex')")
    return apart


@pytest.fixture
def pool(intake):
    return intake.pool("intake", read=envelope.read_any)


@pytest.fixture
def take(pool):
    """take(delivery, …) is what happens to a batch from either door; it gives the verdicts."""

    def take(*deliveries, discarded=False):
        batch = [envelope.read(each) for each in deliveries]
        for event in batch:
            event.discarded = discarded
        with pool.transaction() as tx:
            return ingest.ingest(tx, tx.unheard(batch))

    return take
