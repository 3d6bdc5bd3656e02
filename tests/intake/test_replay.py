"""Tests of loading the message log of another installation: reports keep the codes that they had there, and the log can be exported."""

import json
import os
import stat
from datetime import UTC, datetime

import pytest

from contracts.codes import dispute_code
from plumbing.events import Delivery
from services.intake import codes, export, replay
from services.intake.store import log
from tests.intake.conftest import INTAKE_TABLES, PERSON, REPORT, delivery
from tests.intake.people import two_parties
from tests.intake.test_alive import alive
from tests.intake.test_joining import (
    apply_join,
    join_step,
    moved_reports,
    published_events_with_data,
    report_delivery,
    screening_step,
    undo_join_step,
)

ONE, OTHER, THIRD = (dispute_code("620702", 2026, serial) for serial in (123, 87, 5))


@pytest.fixture
def pin(intake):
    """Return a function that pins the codes of events, given as (agency, event id, code)."""

    def pin(*rows):
        for row in rows:
            intake.rows("insert into intake.pinned_codes (agency, event_id, code) values (%s, %s, %s)", *row)
        intake.rows("update intake.replay_state set has_pinned_codes = true")

    return pin


def codes_of_reports(intake):
    return dict(intake.rows("select agency || '/' || report_no, code from intake.reports"))


# ── pinned codes ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_report_with_a_pinned_code_is_registered_under_it_and_takes_no_serial_number(intake, ingest_all, pin):
    pin(("police", "e-1", ONE))
    (decision,) = ingest_all(report_delivery("police"))

    assert decision.dispute.code == ONE and codes_of_reports(intake) == {"police/R-1": ONE}
    assert published_events_with_data(intake)[0][:2] == ("dispute.registered", ONE)
    assert intake.rows("select count(*) from intake.serials") == [(0,)]


def test_a_later_step_of_the_same_batch_finds_the_pinned_code(ingest_all, pin):
    pin(("police", "e-1", ONE))
    _, step, again = ingest_all(report_delivery("police"), screening_step(ONE), report_delivery("police", id="e-2"))

    assert step.dispute.code == again.dispute.code == ONE and not again.is_new_report


def test_a_report_is_joined_on_arrival_if_its_pinned_code_is_registered(intake, ingest_all, pin):
    pin(("police", "e-1", ONE), ("court", "e-1", ONE))
    first, joined = ingest_all(report_delivery("police"), report_delivery("court"))

    assert (first.registers_dispute, joined.registers_dispute) == (True, False)
    assert codes_of_reports(intake) == {"police/R-1": ONE, "court/R-1": ONE}
    ((_, subject, data),) = published_events_with_data(intake, "dispute.merged")
    assert (subject, data["into"], data["reasons"]) == (ONE, ONE, ["same_parties", "same_place", "same_kind", "within_days"])


def test_a_pinned_join_needs_no_matching_parties(intake, ingest_all, pin):
    """The parties may have matched by facts that were corrected later."""
    pin(("police", "e-1", ONE), ("court", "e-1", ONE))
    ingest_all(report_delivery("police"))
    (joined,) = ingest_all(report_delivery("court", two_parties(3, 4)))

    assert joined.dispute.code == ONE and "reasons" not in published_events_with_data(intake, "dispute.merged")[0][2]


def test_reports_that_match_are_not_joined_if_their_pinned_codes_differ(intake, ingest_all, pin):
    pin(("police", "e-1", ONE), ("court", "e-1", OTHER))
    ingest_all(report_delivery("police"))
    ingest_all(report_delivery("court"))

    assert codes_of_reports(intake) == {"police/R-1": ONE, "court/R-1": OTHER}
    assert [(subject, data["other"]) for _, subject, data in published_events_with_data(intake, "duplicate.proposed")] == [(OTHER, ONE)]


def test_a_report_keeps_its_pinned_code_although_that_dispute_has_been_joined_to_another(intake, ingest_all, pin, pool):
    pin(("police", "e-1", ONE), ("court", "e-1", ONE), ("grid", "e-1", OTHER))
    ingest_all(report_delivery("police"), report_delivery("grid", two_parties(3, 4)))
    ingest_all(join_step(ONE, OTHER))
    apply_join(pool, ONE)
    (joined,) = ingest_all(report_delivery("court"))

    assert joined.dispute.code == OTHER and codes_of_reports(intake)["court/R-1"] == ONE
    assert intake.rows("select code from intake.disputes order by code") == sorted([(ONE,), (OTHER,)])


def test_a_separated_report_gets_its_pinned_code(intake, ingest_all, pin):
    pin(("police", "e-1", ONE), ("court", "e-1", ONE), ("mediation_centre", "m-1", OTHER))
    ingest_all(report_delivery("police"), report_delivery("court"))
    (undoing,) = ingest_all(undo_join_step(ONE, "court"))

    assert undoing.dispute.code == OTHER and codes_of_reports(intake) == {"police/R-1": ONE, "court/R-1": OTHER}
    assert moved_reports(intake) == [("court", "e-1", ONE, OTHER)]


def test_a_replay_gives_the_same_codes_also_to_reports_whose_join_was_undone(intake, ingest_all, pool, tmp_path, pin):
    """The court's report is joined on arrival, and gets a code of its own when the centre undoes the join."""
    (first,) = ingest_all(report_delivery("police"))
    ingest_all(report_delivery("court"))
    (undoing,) = ingest_all(undo_join_step(first.dispute.code, "court"))
    before = codes_of_reports(intake)
    entries = [line for line in exported_lines(pool, tmp_path) if "watermark" not in line]
    intake.rows("; ".join(f"delete from intake.{table}" for table in INTAKE_TABLES))
    intake.rows("update intake.log_head set seq = 0, hash = decode(repeat('00', 32), 'hex')")
    pin(*((entry["agency"], entry["event_id"], entry["dispute"]) for entry in entries))
    decisions = ingest_all(*map(replay.delivery_of, entries))

    assert [decision.refusal for decision in decisions] == [None] * 3
    assert codes_of_reports(intake) == before == {"police/R-1": first.dispute.code, "court/R-1": undoing.dispute.code}
    assert intake.rows("select count(*) from intake.serials") == [(0,)]


def test_a_new_report_never_gets_a_pinned_code(intake, ingest_all, pin):
    (first,) = ingest_all(report_delivery("police"))
    year = int(first.dispute.code[7:11])
    key = intake.rows("select scatter_key from intake.serials")[0][0]
    next_code = codes.make_code("620702", year, codes.scattered_serial(2, bytes(key)))
    pin(("court", "later", next_code))
    (second,) = ingest_all(report_delivery("grid", two_parties(3, 4)))

    assert second.dispute.code == codes.make_code("620702", year, codes.scattered_serial(3, bytes(key)))


def test_a_likely_duplicate_is_proposed_for_the_report_that_was_made_later_whichever_arrived_first(intake, ingest_all):
    later, earlier = (datetime(2026, 3, day, tzinfo=UTC).isoformat() for day in (5, 3))
    (one,) = ingest_all(delivery("police", REPORT | {"parties": two_parties()}, subject="R-1", time=later))
    (two,) = ingest_all(delivery("court", REPORT | {"parties": two_parties(), "kind": "neighbour"}, subject="R-1", time=earlier))

    proposals = published_events_with_data(intake, "duplicate.proposed")
    assert [(subject, data["other"]) for _, subject, data in proposals] == [(one.dispute.code, two.dispute.code)]


# ── the export ────────────────────────────────────────────────────────────────────────────────────────────────────────


def exported_lines(pool, tmp_path):
    path = tmp_path / "log.jsonl"
    with path.open("wb") as file:
        export.write_log(pool, file)
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_the_export_has_one_line_for_each_log_entry_and_then_the_watermarks(intake, ingest_all, pool, tmp_path):
    up_to = datetime(2026, 3, 4, tzinfo=UTC)
    accepted, refused, _ = ingest_all(delivery(), delivery(id="e-2", body=b"\xff\xfe"), alive("police", up_to=up_to))
    lines = exported_lines(pool, tmp_path)

    assert [(line["seq"], line["refused_for"]) for line in lines[:2]] == [(1, None), (2, "unsupported_encoding")]
    assert [(line["agency"], line["event_id"]) for line in lines[:2]] == [("womens_federation", "e-1"), ("womens_federation", refused.event.id)]
    assert (lines[0]["dispute"], lines[0]["report_code"]) == (accepted.dispute.code,) * 2
    assert json.loads(lines[0]["delivery"]["body"])["data"]["parties"][0]["name"] == PERSON
    assert lines[1]["delivery"]["body_base64"] == "//4="
    assert [line["watermark"]["agency"] for line in lines[2:]] == ["police", "womens_federation"]
    assert lines[2]["watermark"] == {"agency": "police", "up_to": None, "stated_up_to": up_to.isoformat()}


def test_a_delivery_in_binary_mode_is_exported_with_its_headers(ingest_all, pool, tmp_path):
    headers = {"ce-specversion": "1.0", "ce-id": "b-1", "ce-source": "/agencies/police", "ce-type": "dispute.reported", "ce-subject": "R-7"}
    headers["ce-time"] = datetime(2026, 3, 4, tzinfo=UTC).isoformat()
    sent = Delivery(json.dumps(REPORT, ensure_ascii=False).encode(), "application/json", "police.dispute.reported", "police", "b-1", headers)
    ingest_all(sent)
    (line, _) = exported_lines(pool, tmp_path)

    fields = dict(line["delivery"])
    assert Delivery(fields.pop("body").encode(), **fields) == sent


def test_a_packed_delivery_is_unpacked_unchanged():
    sent = Delivery(b"\xff\n\n", "application/json", "police.x", "police", "", {"ce-id": "a\nb"}, is_undecodable=True)

    assert log.unpack_delivery(log.pack_delivery(sent)) == sent


def test_the_export_reads_a_long_log_page_by_page(ingest_all, pool, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "PAGE_ROWS", 2)
    ingest_all(*(delivery(id=f"e-{number}", subject=f"R-{number}") for number in range(5)))

    assert [line["seq"] for line in exported_lines(pool, tmp_path)[:-1]] == [1, 2, 3, 4, 5]


def test_the_export_command_warns_and_writes_a_file_that_only_its_owner_can_read(intake, ingest_all, pool, tmp_path, capsys, monkeypatch):
    ingest_all(delivery())
    monkeypatch.setattr(export, "Pool", lambda *_: pool)
    monkeypatch.setattr(export.settings, "load", lambda **_: None)
    path = tmp_path / "log.jsonl"

    assert export.main([str(path)]) == 0
    printed = capsys.readouterr()
    assert "个人信息" in printed.err and "personal data" in printed.err and PERSON not in printed.out + printed.err
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600

    assert export.main([str(path)]) == 2
    assert "exists already" in capsys.readouterr().err
