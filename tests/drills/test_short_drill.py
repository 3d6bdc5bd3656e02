"""Tests of a whole short drill: it finds no event lost, duplicated or out of order, and after tampering with one row the responsible check reports it."""

from contextlib import closing

import psycopg2
import pytest

from drills import checker, schedule, seeded_faults
from drills.checker import ProducerRecords
from drills.drill import Drill
from local.paths import EXTERNAL_SERVER_SETTINGS

SEED, SECONDS = 11, 22
RECEIVED_BEFORE_FAULTS = 20  # receipts of each producer; enough for disputes with several steps on a slow machine, too
SHORT_PAUSES = (0.7, 1.9)  # seconds between faults, so that every kind occurs
MAY_BE_SKIPPED = {"memory_alarm", "kill_broker", "freeze_broker", "kill_postgresql", "freeze_postgresql"}  # if another fault of the same server is still in progress

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def run(drill_system):
    """A drill of twenty seconds with a fixed seed, in which every kind of fault occurs at least once."""
    patch = pytest.MonkeyPatch()
    for name in EXTERNAL_SERVER_SETTINGS:
        patch.delenv(name, raising=False)
    yield Drill(drill_system, SEED, pause=0.02, received_before_faults=RECEIVED_BEFORE_FAULTS).run(
        schedule.draw_schedule(SEED, SECONDS, SHORT_PAUSES), SECONDS, drain_seconds=120
    )
    patch.undo()


def test_no_event_is_lost_duplicated_or_out_of_order(run):
    assert run.figures.findings == {"lost": [], "duplicated": [], "disordered": [], "unexpected": []}
    assert run.is_drained, run.left
    assert run.figures.parked == 0
    assert run.figures.acknowledged == run.figures.applied + run.figures.rejected + run.figures.refused


def test_every_kind_of_fault_and_enough_events_occurred(run):
    assert set(run.faults) | MAY_BE_SKIPPED >= {kind.name for kind in schedule.FAULT_KINDS}
    assert run.kills >= 5
    assert run.figures.applied >= 50
    assert run.figures.rejected + run.figures.refused > 0


def alter_copied_event(type: str, changes: dict[str, str]) -> str:
    """Return SQL that replaces texts in the newest copied event of mediation that has this type and contains all the texts to replace."""
    body = text = "convert_from(body, 'UTF8')"
    for was, now in changes.items():
        body = f"replace({body}, '{was}', '{now}')"
    conditions = "".join(f" and {text} like '%{was}%'" for was in changes)
    return (
        f"update drill.outbox set body = convert_to({body}, 'UTF8')"
        f" where id = (select max(id) from drill.outbox where exchange = 'mediation.events' and routing_key like '%.{type}'{conditions})"
    )


# fmt: off
TAMPERING = {
    # SQL that changes one row of the tables, or of the copy of published events, after the drill: (kind of finding, check that must report it)
    "delete from intake.receipts where id = (select max(id) from intake.receipts where id like '%/outcome')":
        ("lost", "accepted_without_outcome_receipt"),
    "delete from intake.receipts where id = (select max(id) from intake.receipts where id like '%/first')":
        ("lost", "logged_without_first_receipt"),
    "update intake.log set event_id = 'another-event' where seq = 2":
        ("lost", "acknowledged_but_not_logged"),
    "update mediation.heard set last_sequence = last_sequence - 1 where subject = (select max(code) from mediation.disputes)":
        ("lost", "published_but_not_processed"),
    "insert into intake.receipts (id, agency, position, body) select 'receipt/999998/first', agency, -1, body from intake.receipts limit 1":
        ("lost", "undelivered_receipts"),
    "insert into notify.outbox (partition, exchange, routing_key, event_id, body) values (0, 'notify.events', '0.notice.sent', 'x/1', '')":
        ("lost", "left_in_outbox"),
    "delete from notify.notices where id = (select max(id) from notify.notices)":
        ("lost", "missing_notices"),
    "update metrics.daily_totals set count = count - 1 where (day, figure) = (select day, figure from metrics.daily_totals order by 1, 2 limit 1)":
        ("lost", "figures_too_low"),
    "update metrics.daily_totals set day = day - 1000 where (day, figure) = (select day, figure from metrics.daily_totals where count > 0 limit 1)":
        ("lost", "figures_too_low"),
    "update metrics.open_waits set agency = 'police' where (township, agency, overdue) = (select township, agency, overdue from metrics.open_waits"
    "  where count > 0 and agency <> 'police' limit 1)":
        ("lost", "figures_too_low"),
    "update metrics.open_cube set count = count + 1 where (township, state, kind, overdue) = (select township, state, kind, overdue from metrics.open_cube limit 1)":
        ("duplicated", "figures_too_high"),
    "insert into intake.receipts (id, agency, position, body) select 'receipt/999999/first', agency, -1, body from intake.receipts limit 1":
        ("duplicated", "duplicate_receipts"),
    "insert into mediation.transitions select code, step + 1000, before, after, event_type, agency, happened_at, decided_at, cause, reported, undo, undoes"
    "  from mediation.transitions where cause is not null limit 1":
        ("duplicated", "transitions_with_same_cause"),
    "insert into notify.notices (id, channel, kind, dispute, addressee, status, made_at, about) values ('x/1/police', 'inbox', 'notice.urged', 'x', 'police', 'sent', now(), '{}')":
        ("duplicated", "unexpected_notices"),
    "update notify.notices set kind = 'notice.overdue' where id = (select max(id) from notify.notices where kind = 'notice.deadline')":
        ("lost", "missing_notices"),
    "delete from notify.sealed_notices where id = (select max(id) from notify.sealed_notices)":
        ("lost", "missing_notices"),
    "insert into notify.sealed_notices select id || '-again', dispute, addressee, because, made_at from notify.sealed_notices limit 1":
        ("duplicated", "unexpected_notices"),
    alter_copied_event("deadline.passed", {'"owed_by"': '"lapsed":true,"owed_by"'}):  # a lapsed deadline is due no notice, but notices were sent
        ("duplicated", "unexpected_notices"),
    alter_copied_event("deadline.passed", {'"type":"deadline.passed"': '"type":"departments.called"', '"owed_by"': '"to":["police"],"reason":"joint_visit","owed_by"'}):
        ("lost", "missing_notices"),  # the event names an addressee, but no notice was sent
    "delete from drill.outbox where id = (select max(id) from drill.outbox where service = 'notify' and exchange = 'inboxes')":
        ("lost", "notices_not_sent_to_inbox"),
    "insert into drill.outbox (service, exchange, routing_key, event_id, body) select service, exchange, routing_key, event_id, body"
    "  from drill.outbox where service = 'notify' and exchange = 'inboxes' limit 1":
        ("duplicated", "notices_sent_to_inbox_twice"),
    "insert into drill.outbox (service, exchange, routing_key, event_id, body) select service, exchange, 'police', 'x/1/police', body"
    "  from drill.outbox where service = 'notify' and exchange = 'inboxes' limit 1":
        ("duplicated", "unexpected_inbox_messages"),
    "update drill.outbox set event_id = 'x/1/police' where id = (select max(id) from drill.outbox where service = 'notify' and exchange = 'inboxes' and routing_key = 'police')":
        ("lost", "undelivered_notices"),
    "insert into intake.disputes (code, registered_at, registered_by) values ('620702-2026-999999-9', now(), 'police')":
        ("duplicated", "codes_without_exactly_one_report"),
    "update intake.log l set event_id = first.event_id from (select event_id, agency from intake.log order by seq limit 1) first"
    "  where l.seq = (select min(seq) from intake.log where agency <> first.agency)":
        ("duplicated", "events_logged_twice"),
    "insert into drill.outbox (service, exchange, routing_key, event_id, body) select service, exchange, routing_key, event_id, body"
    "  from drill.outbox where exchange = 'intake.events' limit 1":
        ("duplicated", "agency_events_published_twice"),
    "insert into drill.outbox (service, exchange, routing_key, event_id, body) select service, exchange, routing_key, event_id, body"
    "  from drill.outbox where exchange = 'mediation-safeguard.events' and routing_key like '%.step.applied' limit 1":
        ("duplicated", "agency_events_decided_twice"),
    alter_copied_event("%", {'"before":"registered"': '"before":"closed"'}):
        ("disordered", "published_states_not_continuous"),
    "insert into metrics.timeline (code, source, sequence, at, type, event, detail) select code, source, 1000, at, type, event, detail"
    "  from metrics.timeline where source = 'intake' limit 1":
        ("disordered", "timelines_with_gaps"),
    "update metrics.timeline set type = 'deadline.stopped' where (code, source, sequence) = (select code, source, sequence from metrics.timeline"
    "  where type = 'deadline.set' limit 1)":
        ("disordered", "timelines_with_gaps"),
    "update mediation.disputes set state = 'mediating' where code = (select min(code) from mediation.disputes where state <> 'mediating')":
        ("disordered", "states_not_matching_transitions"),
    "delete from mediation.transitions where step = 2":
        ("disordered", "states_not_matching_transitions"),
    "delete from metrics.timeline where source = 'mediation' and sequence = 2":
        ("disordered", "timelines_with_gaps"),
    "update intake.log set sha256 = repeat('0', 64) where seq = 3":
        ("disordered", "broken_hash_chain_links"),
    "update intake.receipts set position = -position where id like 'receipt/%/outcome'":
        ("disordered", "outcomes_before_first_receipt"),
    "update intake.receipt_cursors set last = last + 1 where agency = (select min(agency) from intake.receipt_cursors)":
        ("disordered", "receipt_cursors_not_matching_receipts"),
    "insert into notify.waiting (source, subject, sequence, event_id, delivery) values ('mediation', 'x', 2, 'x/2', '')":
        ("disordered", "events_still_waiting"),
    "insert into intake.join_requests (seq, code, into_code) select 1, min(code), max(code) from intake.disputes":
        ("disordered", "undecided_joins"),
    "insert into intake.waiting_steps (code, seq, type, facts, happened_at, event_id) select min(code), 1, 'step.reported', '{}', now(), 'x' from intake.disputes":
        ("disordered", "undecided_joins"),
    "update intake.log set event_id = 'never-sent' where seq = 2":
        ("unexpected", "logged_but_never_sent"),
    "update intake.receipts set body = convert_to(replace(convert_from(body, 'UTF8'), '\"receipt.applied\"', '\"receipt.rejected\"'), 'UTF8') where id like '%/outcome'":
        ("unexpected", "outcomes_not_matching_script"),
    alter_copied_event("step.applied", {'"type":"step.applied"': '"type":"step.refused"'}):
        ("unexpected", "outcome_receipts_not_matching_decision"),
    "insert into notify.parked (source, subject, event_id, type, delivery, status, reason) values ('mediation', 'x', 'x/1', 'deadline.set', '', 'parked', 'x')":
        ("unexpected", "parked_events"),
    "delete from drill.outbox where id = (select max(id) from drill.outbox where exchange = 'mediation-safeguard.events')":
        ("unexpected", "published_but_not_copied"),
}
# fmt: on


@pytest.fixture(scope="module")
def records(run, drill_system):
    return ProducerRecords.read(drill_system.folder / "ledgers")


@pytest.mark.parametrize("sql", TAMPERING, ids=lambda sql: "{} by {}".format(*TAMPERING[sql]))
def test_the_check_reports_a_row_that_was_tampered_with(drill_system, records, sql):
    kind, check = TAMPERING[sql]
    with closing(psycopg2.connect(drill_system.servers.database_admin)) as connection, connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")  # disables triggers and foreign keys, which would prevent the change
        cursor.execute(sql)
        assert cursor.rowcount > 0, "the statement changed no row"

        def rows(sql, *parameters):
            cursor.execute(sql, parameters or None)
            return cursor.fetchall()

        found = checker.run_check(kind, check, rows, records)
        connection.rollback()

    assert found


def test_the_checks_find_two_seeded_faults(run, drill_system):
    """Two seeded faults in one run. Must be the last test of this module, because it empties the tables."""
    failed_events, duplicates = (
        next(row for row in seeded_faults.SEEDED_FAULTS if row.name == name) for name in ("acknowledge a failed event", "… and apply duplicates")
    )
    faults_by_process = {
        process: "+".join(row.faults_by_process[process] for row in (failed_events, duplicates) if process in row.faults_by_process)
        for process in duplicates.faults_by_process
    }
    row = seeded_faults.SeededFault("both", faults_by_process, [], failed_events.expected_findings + duplicates.expected_findings, "")

    found = seeded_faults.prove(drill_system, row, seconds=5, drain_seconds=8)

    assert row.expected_findings == ("lost", "duplicated")
    assert seeded_faults.is_as_expected(row, found), found.figures.findings
