"""Tests of a whole short drill: its checks find no event lost, duplicated or out of order; after a change of a row, the responsible check reports a finding."""

from contextlib import closing

import psycopg2
import pytest

from deploy import rebuild
from drills import checker, schedule, seeded_faults
from drills.checker import ProducerRecords
from drills.drill import Drill
from local import checks
from local.paths import EXTERNAL_SERVER_SETTINGS
from services.metrics.store import AGGREGATE_TABLES, READ_MODEL_TABLES

SEED, DRILL_SECONDS = 11, 22
RATE = 60.0  # events per second of all agencies together
# Steps after the first report that each producer sends before the first fault, so that disputes have such steps also on a slow machine.
LATER_STEPS_BEFORE_FAULTS = 20
SHORT_PAUSES = (0.7, 1.9)  # shortest and longest time between two faults in seconds; so short that every kind of fault occurs
# Kinds of faults that are skipped if another fault of the same server is in progress.
MAY_BE_SKIPPED = {"memory_alarm", "kill_broker", "freeze_broker", "kill_postgresql", "freeze_postgresql"}

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def drill_result(drill_system):
    """Result of a drill of 22 seconds with a fixed seed, in which every kind of fault is scheduled at least once."""
    patch = pytest.MonkeyPatch()
    for name in EXTERNAL_SERVER_SETTINGS:
        patch.delenv(name, raising=False)
    yield Drill(drill_system, SEED, rate=RATE, later_steps_before_faults=LATER_STEPS_BEFORE_FAULTS).run(
        schedule.draw_schedule(SEED, DRILL_SECONDS, SHORT_PAUSES), DRILL_SECONDS, drain_seconds=120
    )
    patch.undo()


def test_the_checks_find_no_event_lost_duplicated_or_out_of_order_in_a_short_drill(drill_result):
    assert drill_result.figures.findings == {"lost": [], "duplicated": [], "disordered": [], "unexpected": []}
    assert drill_result.is_drained, drill_result.work_left
    assert drill_result.figures.parked == 0
    assert not drill_result.unexpected_exits
    assert drill_result.figures.acknowledged == drill_result.figures.applied + drill_result.figures.rejected + drill_result.figures.refused


def test_a_short_drill_has_every_kind_of_fault_and_at_least_50_applied_events(drill_result):
    assert set(drill_result.faults) | MAY_BE_SKIPPED >= {kind.name for kind in schedule.FAULT_KINDS}
    assert drill_result.kills >= 5
    assert drill_result.figures.applied >= 50
    assert drill_result.figures.rejected + drill_result.figures.refused > 0


def sql_altering_copied_event(type: str, changes: dict[str, str]) -> str:
    """Return SQL that replaces texts in a copied event of mediation: the newest one that has this type and contains all texts to replace.

    `changes`: {old text: new text}.
    """
    body = text = "convert_from(body, 'UTF8')"
    for was, now in changes.items():
        body = f"replace({body}, '{was}', '{now}')"
    conditions = "".join(f" and {text} like '%{was}%'" for was in changes)
    return (
        f"update drill.outbox set body = convert_to({body}, 'UTF8')"
        f" where id = (select max(id) from drill.outbox where exchange = 'mediation.events' and routing_key like '%.{type}'{conditions})"
    )


# fmt: off
TAMPERING_STATEMENTS = {
    # SQL that changes rows of the services' tables or of the copy of published events after the drill: (kind of finding, check that must report it)
    "delete from intake.receipts where id = (select max(id) from intake.receipts where id like '%/outcome')":
        ("lost", "events_accepted_without_outcome_receipt"),
    "delete from intake.receipts where id = (select max(id) from intake.receipts where id like '%/first')":
        ("lost", "events_logged_without_first_receipt"),
    "update intake.log set event_id = 'another-event' where seq = 2":
        ("lost", "events_acknowledged_but_not_logged"),
    "update mediation.heard set last_sequence = last_sequence - 1 where subject = (select max(code) from mediation.disputes)":
        ("lost", "events_published_but_not_processed"),
    "insert into intake.receipts (id, agency, position, body) select 'receipt/999998/first', agency, -1, body from intake.receipts limit 1":
        ("lost", "undelivered_receipts"),
    "insert into notify.outbox (partition, exchange, routing_key, message_id, event_count, body) values (0, 'notify.events', '0.notice.sent', 'x/1', 1, '{}')":
        ("lost", "events_left_in_outbox"),
    "delete from notify.notices where id = (select max(id) from notify.notices)":
        ("lost", "missing_notices"),
    "update metrics.daily_totals set count = count - 1 where (day, figure) = (select day, figure from metrics.daily_totals order by 1, 2 limit 1)":
        ("lost", "read_model_figures_too_low"),
    "update metrics.daily_totals set day = day - 1000 where (day, figure) = (select day, figure from metrics.daily_totals where count > 0 limit 1)":
        ("lost", "read_model_figures_too_low"),
    "update metrics.open_waits set agency = 'police' where (township, agency, overdue) = (select township, agency, overdue from metrics.open_waits"
    "  where count > 0 and agency <> 'police' limit 1)":
        ("lost", "read_model_figures_too_low"),
    "update metrics.open_cube set count = count + 1 where (township, state, kind, overdue) = (select township, state, kind, overdue from metrics.open_cube limit 1)":
        ("duplicated", "read_model_figures_too_high"),
    "insert into intake.receipts (id, agency, position, body) select 'receipt/999999/first', agency, -1, body from intake.receipts limit 1":
        ("duplicated", "duplicate_receipts"),
    "insert into mediation.transitions select code, step + 1000, before, after, event_type, agency, happened_at, decided_at, cause, reported, facts, undoes"
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
    sql_altering_copied_event("deadline.passed", {'"owed_by"': '"lapsed":true,"owed_by"'}):  # no notice is due of a lapsed deadline, but notices were sent
        ("duplicated", "unexpected_notices"),
    sql_altering_copied_event("deadline.passed", {'"type":"deadline.passed"': '"type":"departments.called"', '"owed_by"': '"to":["police"],"reason":"joint_visit","owed_by"'}):
        ("lost", "missing_notices"),  # a notice to the addressee in the event is due, but was not sent
    "delete from drill.outbox where id = (select max(id) from drill.outbox where service = 'notify' and exchange = 'inboxes')":
        ("lost", "notices_not_sent_to_inbox"),
    "insert into drill.outbox (service, exchange, routing_key, event_id, type, subject, body) select service, exchange, routing_key, event_id, type, subject, body"
    "  from drill.outbox where service = 'notify' and exchange = 'inboxes' limit 1":
        ("duplicated", "notices_sent_to_inbox_twice"),
    "insert into drill.outbox (service, exchange, routing_key, event_id, type, subject, body) select service, exchange, 'police', 'x/1/police', type, subject, body"
    "  from drill.outbox where service = 'notify' and exchange = 'inboxes' limit 1":
        ("duplicated", "unexpected_inbox_messages"),
    "update drill.outbox set event_id = 'x/1/police' where id = (select max(id) from drill.outbox where service = 'notify' and exchange = 'inboxes' and routing_key = 'police')":
        ("lost", "undelivered_notices"),
    "insert into intake.disputes (code, registered_at, registered_by) values ('620702-2026-999999-9', now(), 'police')":
        ("duplicated", "codes_without_exactly_one_report"),
    "update intake.log l set event_id = first.event_id from (select event_id, agency from intake.log order by seq limit 1) first"
    "  where l.seq = (select min(seq) from intake.log where agency <> first.agency)":
        ("duplicated", "events_logged_twice"),
    "insert into drill.outbox (service, exchange, routing_key, event_id, type, subject, body) select service, exchange, routing_key, event_id, type, subject, body"
    "  from drill.outbox where exchange = 'intake.events' limit 1":
        ("duplicated", "agency_events_published_twice"),
    "insert into drill.outbox (service, exchange, routing_key, event_id, type, subject, body) select service, exchange, routing_key, event_id, type, subject, body"
    "  from drill.outbox where exchange = 'mediation-safeguard.events' and routing_key like '%.step.applied' limit 1":
        ("duplicated", "agency_events_decided_twice"),
    sql_altering_copied_event("%", {'"before":"registered"': '"before":"closed"'}):
        ("disordered", "published_states_not_continuous"),
    "update drill.outbox set body = convert_to(replace(replace(replace(convert_from(body, 'UTF8'), '\"sequence\":\"1\"', '\"sequence\":\"0\"'), '\"sequence\":\"2\"',"
    "  '\"sequence\":\"1\"'), '\"sequence\":\"0\"', '\"sequence\":\"2\"'), 'UTF8') where exchange = 'intake.events'":
        ("disordered", "events_decided_out_of_order"),
    "insert into metrics.timeline (code, source, sequence, at, type, event, detail) select code, source, 1000, at, type, event, detail"
    "  from metrics.timeline where source = 'intake' limit 1":
        ("disordered", "timelines_not_matching_events"),
    "update metrics.timeline set type = 'dispute.archived' where (code, source, sequence) = (select code, source, sequence from metrics.timeline"
    "  where type = 'dispute.screened' limit 1)":
        ("disordered", "timelines_not_matching_events"),
    "update mediation.disputes set state = 'mediating' where code = (select min(code) from mediation.disputes where state <> 'mediating')":
        ("disordered", "states_not_matching_transitions"),
    "delete from mediation.transitions where step = 2":
        ("disordered", "states_not_matching_transitions"),
    "delete from metrics.timeline where source = 'mediation' and sequence = 2":
        ("disordered", "timelines_not_matching_events"),
    "update intake.log set sha256 = repeat('0', 64) where seq = 3":
        ("disordered", "broken_hash_chain_links"),
    "update intake.receipts set position = -position where id like 'receipt/%/outcome'":
        ("disordered", "outcome_receipts_before_first_receipt"),
    "update intake.receipt_cursors set last = last + 1 where agency = (select min(agency) from intake.receipt_cursors)":
        ("disordered", "receipt_cursors_not_matching_receipts"),
    "insert into notify.waiting (source, subject, sequence, event_id, delivery) values ('mediation', 'x', 2, 'x/2', '')":
        ("disordered", "events_still_waiting"),
    "insert into intake.join_requests (seq, code, into_code) select 1, min(code), max(code) from intake.disputes":
        ("disordered", "undecided_join_requests"),
    "insert into intake.waiting_steps (code, seq, type, facts, happened_at, event_id) select min(code), 1, 'step.reported', '{}', now(), 'x' from intake.disputes":
        ("disordered", "undecided_join_requests"),
    "update intake.log set event_id = 'never-sent' where seq = 2":
        ("unexpected", "events_logged_but_never_sent"),
    "update intake.receipts set body = convert_to(replace(convert_from(body, 'UTF8'), '\"receipt.applied\"', '\"receipt.rejected\"'), 'UTF8') where id like '%/outcome'":
        ("unexpected", "outcomes_not_matching_script"),
    sql_altering_copied_event("dispute.screened", {'"type":"dispute.screened"': '"type":"step.refused"'}):
        ("unexpected", "outcome_receipts_not_matching_decision"),
    "insert into notify.parked (source, subject, event_id, type, delivery, status, reason) values ('mediation', 'x', 'x/1', 'deadline.passed', '', 'parked', 'x')":
        ("unexpected", "parked_events"),
    "update mediation.deadlines set code = 'x' where (code, key) = (select code, key from mediation.deadlines limit 1)":
        ("unexpected", "rows_without_dispute"),
    "delete from drill.outbox where id = (select max(id) from drill.outbox where exchange = 'mediation-safeguard.events')":
        ("unexpected", "published_events_not_copied"),
}
# fmt: on


@pytest.fixture(scope="module")
def producer_records(drill_result, drill_system):
    return ProducerRecords.from_ledgers(drill_system.folder / "ledgers")


@pytest.mark.parametrize("sql", TAMPERING_STATEMENTS, ids=lambda sql: "{} by {}".format(*TAMPERING_STATEMENTS[sql]))
def test_the_responsible_check_reports_a_row_that_was_changed_after_the_drill(drill_system, producer_records, sql):
    kind, check = TAMPERING_STATEMENTS[sql]
    with closing(psycopg2.connect(drill_system.servers.database_admin)) as connection, connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")  # disables triggers and foreign keys, which would prevent the change
        cursor.execute(sql)
        assert cursor.rowcount > 0, "the statement changed no row"

        def query_rows(sql, *parameters):
            cursor.execute(sql, parameters or None)
            return cursor.fetchall()

        found = checker.run_check(kind, check, query_rows, producer_records)
        connection.rollback()

    assert found


@pytest.mark.parametrize(("service", "tables"), [("metrics", (*READ_MODEL_TABLES, "heard")), ("notify", ("notices", "sealed_notices", "heard"))])
def test_tables_rebuilt_from_the_record_equal_those_after_the_drill(drill_result, drill_system, service, tables):
    def read_tables():
        with closing(psycopg2.connect(drill_system.servers.database_admin)) as connection, connection.cursor() as cursor:
            return {table: read_table(cursor, service, table) for table in tables}

    before = read_tables()
    databases = {name: addresses["database"] for name, addresses in drill_system.servers.services.items()}
    rebuild.rebuild_service(service, databases, drill_system.servers.database_admin, drill_system.servers.keys)

    assert read_tables() == before


def test_the_checks_of_a_running_system_find_no_difference_after_the_drill(drill_result, drill_system):
    databases = {name: addresses["database"] for name, addresses in drill_system.servers.services.items()}

    assert [(en, count) for _, en, count in checks.run_checks(databases, drill_system.servers.keys, wait=0) if count] == []


def read_table(cursor, service, table):
    """Return the rows without columns that say when or in which order the rows were written, and without counts of 0, which depend on the batches."""
    cursor.execute(
        "select column_name from information_schema.columns where table_schema = %s and table_name = %s and is_identity = 'NO'"
        " and column_name not in ('heard_at', 'is_behind', 'made_at', 'settled_at') order by 1",
        (service, table),
    )
    columns = ", ".join(name for (name,) in cursor.fetchall())
    cursor.execute(f"select {columns} from {service}.{table}" + (" where count <> 0" if table in AGGREGATE_TABLES else ""))
    return sorted(map(repr, cursor.fetchall()))


def test_the_checks_find_two_seeded_faults_in_one_drill(drill_result, drill_system):
    """This test must be the last one of the module, because it empties the tables."""
    failed_events, duplicates = (
        next(row for row in seeded_faults.SEEDED_FAULTS if row.name == name) for name in ("acknowledge a failed event", "… and apply duplicates")
    )
    faults_by_process = {
        process: "+".join(row.faults_by_process[process] for row in (failed_events, duplicates) if process in row.faults_by_process)
        for process in duplicates.faults_by_process
    }
    row = seeded_faults.SeededFault("both", faults_by_process, [], failed_events.expected_findings + duplicates.expected_findings, "")

    found = seeded_faults.run_with_seeded_fault(drill_system, row, seconds=5, drain_seconds=8)

    assert row.expected_findings == ("lost", "duplicated")
    assert seeded_faults.has_expected_findings(row, found), found.figures.findings
