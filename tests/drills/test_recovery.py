"""Tests of the recovery after a loss of data: short drills, each with a loss, `recover` as the only manual step, and the checks afterwards."""

import shutil
import threading

import pytest

from deploy import rebuild
from drills import recovery
from drills.recovery import RecoveryDrill
from local import checks
from local.paths import EXTERNAL_SERVER_SETTINGS
from plumbing.epoch import EpochFile
from services.metrics.store import AGGREGATE_TABLES, READ_MODEL_TABLES

EVENTS = 12  # number of events of each step of a short drill

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def drill(run_folder):
    patch = pytest.MonkeyPatch()
    for name in EXTERNAL_SERVER_SETTINGS:
        patch.delenv(name, raising=False)
    folder = run_folder / "recovery"
    shutil.rmtree(folder, ignore_errors=True)
    with RecoveryDrill(folder) as running:
        yield running
    patch.undo()
    shutil.rmtree(folder, ignore_errors=True)


def databases(drill):
    return {service: addresses["database"] for service, addresses in drill.system.servers.services.items()}


def table_contents(drill, service, tables):
    """Return the rows of the tables without columns that say when or in which order this copy of the rows was written."""
    contents = {}
    for table in tables:
        condition = "where count <> 0" if table in AGGREGATE_TABLES else ""  # how often a count was 0 in between depends on the batches
        columns = drill._admin(
            "select column_name from information_schema.columns where table_schema = %s and table_name = %s and is_identity = 'NO'"
            " and column_name not in ('heard_at', 'is_behind', 'made_at', 'settled_at') order by 1",
            service,
            table,
        )
        contents[table] = sorted(map(repr, drill._admin(f"select {', '.join(name for (name,) in columns)} from {service}.{table} {condition}")))
    return contents


@pytest.mark.parametrize(("service", "tables"), [("metrics", (*READ_MODEL_TABLES, "heard")), ("notify", ("notices", "sealed_notices", "heard"))])
def test_rebuilt_tables_equal_those_of_the_running_service(drill, service, tables):
    reported = drill.report(EVENTS)
    drill.settle()
    drill.screen(reported)
    drill.settle()
    drill.wait_until_quiet()
    before = table_contents(drill, service, tables)
    rebuild.rebuild_service(service, databases(drill), drill.system.servers.database_admin, drill.system.servers.keys)

    assert table_contents(drill, service, tables) == before
    drill.report(2)
    drill.settle()
    assert recovery.check(drill) == []


def test_notices_that_the_ledger_has_lost_are_added_by_a_rebuild_and_not_sent_again(drill):
    lost = drill._admin("delete from notify.notices where id in (select id from notify.notices order by id limit 3) returning id")
    rebuild.rebuild_service("notify", databases(drill), drill.system.servers.database_admin, drill.system.servers.keys)

    assert len(lost) == 3
    assert drill._admin("select count(*) from notify.notices where id = any(%s)", [row[0] for row in lost]) == [(3,)]
    assert drill._admin("select 1 from notify.outbox where exchange = 'inboxes'") == []


@pytest.mark.parametrize("loss", ["broker", "database", "both", "mediation", "metrics"])
def test_after_a_loss_and_a_recovery_nothing_confirmed_is_lost_and_no_cursor_is_stuck(drill, loss, capsys):
    _, _, position = drill.read_receipts("0")
    epoch_before = EpochFile(drill.system.servers.epoch_file).read()["epoch"]
    recovery.LOSSES[loss](drill, EVENTS)
    drill.recover()
    printed = capsys.readouterr().err

    assert recovery.check(drill) == []
    assert EpochFile(drill.system.servers.epoch_file).read()["epoch"] == epoch_before + 1
    assert "现为第" in printed and "this is epoch" in printed and "agencies have to send again" in printed
    status, instructions, _ = drill.read_receipts(position)
    assert status == 410 and instructions["code"] == "old_epoch" and ("since" in instructions) == (loss in ("database", "both"))
    assert drill.read_receipts(instructions["after"])[0] == 200
    new = drill.report(3)
    drill.settle()
    assert {drill.police.outbox.find_event(event).state for event in new} == {"applied"}
    assert recovery.check(drill) == []


def test_events_that_the_restored_producer_no_longer_has_are_set_aside_with_the_reason(drill):
    ((reason,),) = drill._admin("select distinct reason from mediation.parked where status = 'conflict'")

    assert drill.conflicts() > 0 and reason == "intake was restored to an earlier point and no longer has this event"


def test_a_recovery_without_a_loss_changes_nothing(drill, capsys):
    drill.system.stop(*recovery.PROCESSES)
    before = EpochFile(drill.system.servers.epoch_file).read()["epoch"]
    assert recovery.recovery.recover(drill.system.servers) == 0
    drill.system.start()
    drill.system.wait_ready()

    assert "nothing was changed" in capsys.readouterr().err and EpochFile(drill.system.servers.epoch_file).read()["epoch"] == before


def test_a_damaged_read_model_is_repaired_by_a_rebuild_while_events_arrive(drill):
    drill._admin("delete from metrics.disputes; update metrics.open_cube set count = count + 1; delete from metrics.heard")
    drill.report(EVENTS)
    rebuild.rebuild_service("metrics", databases(drill), drill.system.servers.database_admin, drill.system.servers.keys)
    drill.report(EVENTS)

    assert recovery.check(drill) == []


def test_the_check_raises_no_false_alarm_while_events_arrive(drill):
    stop = threading.Event()

    def report():
        while not stop.is_set():
            drill.report(10)
            stop.wait(0.2)

    thread = threading.Thread(target=report)
    thread.start()
    try:
        found = [difference for _ in range(3) for difference in checks.run_checks(databases(drill), drill.system.servers.keys) if difference[2]]
    finally:
        stop.set()
        thread.join()
    assert found == []
    drill.settle()
    drill.wait_until_quiet()


@pytest.mark.parametrize(
    ("damage", "repair", "named"),
    [
        ("update metrics.open_cube set count = count + 1", "update metrics.open_cube set count = count - 1", "recount"),
        ("update mediation.heard set last_sequence = last_sequence + 1000 where source = 'intake'",
         "update mediation.heard set last_sequence = last_sequence - 1000 where source = 'intake'", "intake→mediation"),
        ("update intake.receipts set id = id || '-x' where id like '%/first'", "update intake.receipts set id = left(id, -2) where id like '%-x'", "first receipt"),
        ("update intake.log_head set seq = seq - 1", "update intake.log_head set seq = seq + 1", "hash chain"),
    ],
)  # fmt: skip
def test_the_check_reports_a_difference_in_both_languages_and_exits_with_1(drill, capsys, damage, repair, named):
    arguments = ([], drill.system.endpoints, drill.system.servers.keys)
    drill.wait_until_quiet()
    assert checks.run(*arguments, wait=10) == 0
    drill._admin(damage)
    try:
        capsys.readouterr()
        assert checks.run(*arguments, wait=1) == 1
        failed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("✗")]
        assert failed and any(named in line and "处不符 |" in line for line in failed)
    finally:
        drill._admin(repair)
