"""Is nothing lost, duplicated or out of order when everything is killed? And would it be noticed if it were?"""

from contextlib import closing

import psycopg2
import pytest

from drills import checker, schedule, seeded_faults
from drills.checker import Told
from drills.drill import Drill
from local.places import OTHERS_SERVERS

SEED, SECONDS = 11, 22
HEARD_BEFORE = 20  # by each producer, so that on a slow machine too there are lives with several steps to look at
EVERY_KIND_SOON = (0.7, 1.9)
PASSED_OVER = {"alarm", "kill_broker", "freeze_broker", "kill_postgresql", "freeze_postgresql"}  # while its server is still busy with another of these

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def run(drill_system):
    """Twenty seconds in which every kind of fault comes at least once, under a fixed seed."""
    patch = pytest.MonkeyPatch()
    for name in OTHERS_SERVERS:
        patch.delenv(name, raising=False)
    yield Drill(drill_system, SEED, pause=0.02, heard_before=HEARD_BEFORE).run(schedule.draw(SEED, SECONDS, EVERY_KIND_SOON), SECONDS, drain_seconds=120)
    patch.undo()


def test_nothing_is_lost_and_nothing_happens_twice_or_out_of_order(run):
    assert run.figures.findings == {"lost": [], "duplicated": [], "disordered": [], "unexpected": []}
    assert run.is_drained, run.left
    assert run.figures.parked == 0
    assert run.figures.acknowledged == run.figures.applied + run.figures.rejected + run.figures.refused


def test_enough_happened_for_it_to_mean_something(run):
    assert set(run.faults) | PASSED_OVER >= {kind.name for kind in schedule.KINDS}
    assert run.kills >= 5
    assert run.figures.applied >= 50
    assert run.figures.rejected + run.figures.refused > 0


def altered(type: str, changes: dict[str, str]) -> str:
    """SQL that makes the last event of this type in which these words stand another one in the copy of what mediation published."""
    body = held = "convert_from(body, 'UTF8')"
    for was, now in changes.items():
        body = f"replace({body}, '{was}', '{now}')"
    words = "".join(f" and {held} like '%{was}%'" for was in changes)
    return (
        f"update drill.outbox set body = convert_to({body}, 'UTF8')"
        f" where id = (select max(id) from drill.outbox where exchange = 'mediation.events' and routing_key like '%.{type}'{words})"
    )


# fmt: off
TAMPERED = {
    # what somebody does to the tables, or to the copy of what was published, after the drill                                and what says so
    "delete from intake.receipts where id = (select max(id) from intake.receipts where id like '%/outcome')":
        ("lost", "accepted_without_an_outcome"),
    "delete from intake.receipts where id = (select max(id) from intake.receipts where id like '%/first')":
        ("lost", "entered_without_a_receipt"),
    "update intake.log set event_id = 'somebody-else' where seq = 2":
        ("lost", "acknowledged_without_a_trace"),
    "update mediation.heard set last_sequence = last_sequence - 1 where subject = (select max(code) from mediation.disputes)":
        ("lost", "said_but_not_heard"),
    "insert into intake.receipts (id, agency, position, body) select 'receipt/999998/first', agency, -1, body from intake.receipts limit 1":
        ("lost", "receipts_that_never_arrived"),
    "insert into notify.outbox (partition, exchange, routing_key, event_id, body) values (0, 'notify.events', '0.notice.sent', 'x/1', '')":
        ("lost", "said_but_still_in_an_outbox"),
    "delete from notify.notices where id = (select max(id) from notify.notices)":
        ("lost", "notices_missing"),
    "update metrics.days set count = count - 1 where (day, what) = (select day, what from metrics.days order by 1, 2 limit 1)":
        ("lost", "too_low"),
    "update metrics.days set day = day - 1000 where (day, what) = (select day, what from metrics.days where count > 0 limit 1)":
        ("lost", "too_low"),
    "update metrics.open_waits set agency = 'police' where (township, agency, overdue) = (select township, agency, overdue from metrics.open_waits"
    "  where count > 0 and agency <> 'police' limit 1)":
        ("lost", "too_low"),
    "update metrics.open_cube set count = count + 1 where (township, state, kind, overdue) = (select township, state, kind, overdue from metrics.open_cube limit 1)":
        ("duplicated", "too_high"),
    "insert into intake.receipts (id, agency, position, body) select 'receipt/999999/first', agency, -1, body from intake.receipts limit 1":
        ("duplicated", "answered_twice"),
    "insert into mediation.transitions select code, step + 1000, before, after, word, agency, happened_at, decided_at, cause, reported, undo, undoes"
    "  from mediation.transitions where cause is not null limit 1":
        ("duplicated", "one_cause_moved_it_twice"),
    "insert into notify.notices (id, channel, kind, dispute, addressee, status, made_at, about) values ('x/1/police', 'inbox', 'notice.urged', 'x', 'police', 'sent', now(), '{}')":
        ("duplicated", "notices_without_a_reason"),
    "update notify.notices set kind = 'notice.overdue' where id = (select max(id) from notify.notices where kind = 'notice.deadline')":
        ("lost", "notices_missing"),
    "delete from notify.sealed_notices where id = (select max(id) from notify.sealed_notices)":
        ("lost", "notices_missing"),
    "insert into notify.sealed_notices select id || '-again', dispute, addressee, because, made_at from notify.sealed_notices limit 1":
        ("duplicated", "notices_without_a_reason"),
    altered("deadline.passed", {'"owed_by"': '"lapsed":true,"owed_by"'}):  # a right that lapsed, and yet notices were sent
        ("duplicated", "notices_without_a_reason"),
    altered("deadline.passed", {'"type":"deadline.passed"': '"type":"departments.called"', '"owed_by"': '"to":["police"],"reason":"joint_visit","owed_by"'}):
        ("lost", "notices_missing"),  # an event that names its addressee, and no notice was sent
    "delete from drill.outbox where id = (select max(id) from drill.outbox where service = 'notify' and exchange = 'inboxes')":
        ("lost", "notices_not_posted"),
    "insert into drill.outbox (service, exchange, routing_key, event_id, body) select service, exchange, routing_key, event_id, body"
    "  from drill.outbox where service = 'notify' and exchange = 'inboxes' limit 1":
        ("duplicated", "notices_posted_twice"),
    "insert into drill.outbox (service, exchange, routing_key, event_id, body) select service, exchange, 'police', 'x/1/police', body"
    "  from drill.outbox where service = 'notify' and exchange = 'inboxes' limit 1":
        ("duplicated", "notices_posted_without_a_reason"),
    "update drill.outbox set event_id = 'x/1/police' where id = (select max(id) from drill.outbox where service = 'notify' and exchange = 'inboxes' and routing_key = 'police')":
        ("lost", "notices_that_never_arrived"),
    "insert into intake.disputes (code, registered_at, registered_by) values ('620702-2026-999999-9', now(), 'police')":
        ("duplicated", "codes_without_a_report_of_their_own"),
    "update intake.log l set event_id = first.event_id from (select event_id, agency from intake.log order by seq limit 1) first"
    "  where l.seq = (select min(seq) from intake.log where agency <> first.agency)":
        ("duplicated", "entered_twice"),
    "insert into drill.outbox (service, exchange, routing_key, event_id, body) select service, exchange, routing_key, event_id, body"
    "  from drill.outbox where exchange = 'intake.events' limit 1":
        ("duplicated", "passed_on_twice"),
    "insert into drill.outbox (service, exchange, routing_key, event_id, body) select service, exchange, routing_key, event_id, body"
    "  from drill.outbox where exchange = 'mediation-safeguard.events' and routing_key like '%.step.applied' limit 1":
        ("duplicated", "decided_twice"),
    altered("%", {'"before":"registered"': '"before":"closed"'}):
        ("disordered", "facts_that_do_not_follow_from_each_other"),
    "insert into metrics.timeline (code, source, sequence, at, type, event, detail) select code, source, 1000, at, type, event, detail"
    "  from metrics.timeline where source = 'intake' limit 1":
        ("disordered", "timelines_with_gaps"),
    "update metrics.timeline set type = 'deadline.stopped' where (code, source, sequence) = (select code, source, sequence from metrics.timeline"
    "  where type = 'deadline.set' limit 1)":
        ("disordered", "timelines_with_gaps"),
    "update mediation.disputes set state = 'mediating' where code = (select min(code) from mediation.disputes where state <> 'mediating')":
        ("disordered", "histories_that_do_not_lead_to_the_state"),
    "delete from mediation.transitions where step = 2":
        ("disordered", "histories_that_do_not_lead_to_the_state"),
    "delete from metrics.timeline where source = 'mediation' and sequence = 2":
        ("disordered", "timelines_with_gaps"),
    "update intake.log set sha256 = repeat('0', 64) where seq = 3":
        ("disordered", "links_that_do_not_hold"),
    "update intake.receipts set position = -position where id like 'receipt/%/outcome'":
        ("disordered", "outcomes_before_their_receipt"),
    "update intake.receipt_cursors set last = last + 1 where agency = (select min(agency) from intake.receipt_cursors)":
        ("disordered", "positions_that_do_not_count"),
    "insert into notify.waiting (source, subject, sequence, event_id, delivery) values ('mediation', 'x', 2, 'x/2', '')":
        ("disordered", "still_waiting"),
    "insert into intake.join_requests (seq, code, into_code) select 1, min(code), max(code) from intake.disputes":
        ("disordered", "joins_never_decided"),
    "insert into intake.waiting_steps (code, seq, type, facts, happened_at, event_id) select min(code), 1, 'step.reported', '{}', now(), 'x' from intake.disputes":
        ("disordered", "joins_never_decided"),
    "update intake.log set event_id = 'said-by-nobody' where seq = 2":
        ("unexpected", "never_attempted"),
    "update intake.receipts set body = convert_to(replace(convert_from(body, 'UTF8'), '\"receipt.applied\"', '\"receipt.rejected\"'), 'UTF8') where id like '%/outcome'":
        ("unexpected", "another_outcome_than_the_script_says"),
    altered("step.applied", {'"type":"step.applied"': '"type":"step.refused"'}):
        ("unexpected", "outcomes_that_were_not_decided"),
    "insert into notify.parked (source, subject, event_id, type, delivery, status, reason) values ('mediation', 'x', 'x/1', 'deadline.set', '', 'parked', 'x')":
        ("unexpected", "parked"),
    "delete from drill.outbox where id = (select max(id) from drill.outbox where exchange = 'mediation-safeguard.events')":
        ("unexpected", "said_but_not_copied"),
}
# fmt: on


@pytest.fixture(scope="module")
def told(run, drill_system):
    """The producers' ledgers, read once."""
    return Told.read(drill_system.folder / "ledgers")


@pytest.mark.parametrize("sql", TAMPERED, ids=lambda sql: "{} by {}".format(*TAMPERED[sql]))
def test_the_count_notices_a_wrong_row(drill_system, told, sql):
    kind, question = TAMPERED[sql]
    with closing(psycopg2.connect(drill_system.servers.database_admin)) as connection, connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")  # past the constraints that would not even let it happen
        cursor.execute(sql)
        assert cursor.rowcount > 0, "nothing was tampered with"

        def rows(sql, *parameters):
            cursor.execute(sql, parameters or None)
            return cursor.fetchall()

        found = checker.ask(kind, question, rows, told)
        connection.rollback()

    assert found


def test_seeded_faults_are_found(run, drill_system):
    """Two of the table in one run. It comes after the tests above: it empties the tables."""
    errors, repeats = (next(row for row in seeded_faults.SEEDED if row.name == name) for name in ("an error is acknowledged", "… and repeats are heard again"))
    both = {process: "+".join(row.seeded[process] for row in (errors, repeats) if process in row.seeded) for process in repeats.seeded}
    row = seeded_faults.Seeded("both", both, [], errors.finds + repeats.finds, "")

    found = seeded_faults.prove(drill_system, row, seconds=5, drain_seconds=8)

    assert row.finds == ("lost", "duplicated")
    assert seeded_faults.is_as_expected(row, found), found.figures.findings
