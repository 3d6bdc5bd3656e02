"""Shared fixtures of intake's tests: a separate database with intake's tables, and dispute reports in the form in which agencies send them."""

import base64
import json
from datetime import UTC, datetime

import pytest
from nacl.public import SealedBox

from plumbing.events import Delivery
from services.intake import envelope, ingest
from tests.sandbox import SEAL_PRIVATE_KEY, Sandbox

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
INTAKE_TABLES = (
    "recoveries",
    "waiting_steps",
    "join_requests",
    "lane_events",
    "lane_records",
    "receipts",
    "receipt_cursors",
    "parties",
    "party_tokens",
    "report_corrections",
    "reports",
    "disputes",
    "serials",
    "watermarks",
    "pinned_codes",
    "log",
)


def event_attributes(agency="womens_federation", **others) -> dict:
    """Return the CloudEvents attributes of a dispute report by this agency. `others` replaces attributes."""
    defaults = {"specversion": "1.0", "id": "e-1", "source": f"/agencies/{agency}", "type": "dispute.reported", "subject": "R-1"}
    return defaults | {"time": datetime.now(UTC).isoformat()} | others


def delivery(agency="womens_federation", data=REPORT, body: bytes | None = None, **others) -> Delivery:
    """Return the broker delivery of a CloudEvent in structured mode, published by the agency's broker user."""
    event = event_attributes(agency, **others) | {"data": data}
    is_encodable = not any("\ud800" in str(value) for value in others.values())  # half a surrogate pair cannot be encoded as UTF-8 and must be escaped
    content = json.dumps(event, ensure_ascii=not is_encodable).encode() if body is None else body
    return Delivery(content, STRUCTURED, f"{agency}.{others.get('type', 'dispute.reported')}", agency, "")


def encrypt_for_intake(content, key=SEAL_PRIVATE_KEY) -> str:
    """Encrypt `content` (bytes, or a value to encode as JSON) to intake's public key. Return the value of the field `parties_sealed`."""
    ciphertext = SealedBox(key.public_key).encrypt(content if isinstance(content, bytes) else json.dumps(content).encode())
    return base64.b64encode(ciphertext).decode()


@pytest.fixture
def intake(sandbox: Sandbox) -> Sandbox:
    """Return the separate test database with intake's tables emptied."""
    sandbox.empty("intake")
    sandbox.rows("; ".join(f"delete from intake.{table}" for table in INTAKE_TABLES))
    sandbox.rows("update intake.log_head set seq = 0, hash = decode(repeat('00', 32), 'hex')")
    sandbox.rows("update intake.replay_state set has_pinned_codes = false")
    return sandbox


@pytest.fixture
def pool(intake):
    """Pool of intake with a single partition, so that all events of a transaction are in one bundle and have a defined order."""
    return intake.pool("intake", partitions=1, read=envelope.read_any)


@pytest.fixture
def ingest_all(pool):
    """Return a function that ingests deliveries in one batch and returns the decisions."""

    def ingest_all(*deliveries, discarded=False):
        batch = [envelope.read(delivery) for delivery in deliveries]
        for event in batch:
            event.discarded = discarded
        with pool.transaction() as tx:
            return ingest.ingest(tx, tx.unheard(batch))

    return ingest_all
