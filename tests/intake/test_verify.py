"""Tests of the command that verifies the hash chains of the log and of the safeguard lane's access log."""

import os
import subprocess
import sys

import pytest

from deploy.files import ROOT
from local import commands
from services.intake.store import lane, log
from tests.intake.conftest import delivery

CODE = "620702-2026-000123-1"
SET_TRIGGERS = "alter table intake.lane_accesses {} trigger user"  # as an attacker with all rights in the database does


@pytest.fixture
def five_accesses(intake, pool):
    """Write five entries into the access log. None of the attempts is granted because no dispute is in the lane."""
    _empty_access_log(intake)
    for number in range(5):
        with pool.transaction() as tx:
            lane.view(tx, "police", f"p-{number}", "police_duty", CODE, number % 2 == 0)
    yield intake
    _empty_access_log(intake)


def _empty_access_log(intake):
    intake.rows(f"{SET_TRIGGERS.format('disable')}; delete from intake.lane_accesses; {SET_TRIGGERS.format('enable')}")
    intake.rows("update intake.lane_accesses_head set seq = 0, hash = decode(repeat('00', 32), 'hex')")


def verify_access_log(pool):
    with pool.transaction() as tx:
        return lane.ACCESS_LOG.verify(tx, page=2)


def test_an_unchanged_access_log_is_intact_and_read_completely(five_accesses, pool):
    result = verify_access_log(pool)

    assert (result.rows, result.broken) == (5, [])


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("update intake.lane_accesses set officer = 'p-9' where seq = 2", [2]),
        ("update intake.lane_accesses set granted = true where seq = 4", [4]),
        ("update intake.lane_accesses set accessed_at = accessed_at + interval '1 hour' where seq = 1", [1]),
        ("delete from intake.lane_accesses where seq = 3", [4]),
        ("delete from intake.lane_accesses where seq = 5", [5]),
        ("delete from intake.lane_accesses", [5]),
        (
            "insert into intake.lane_accesses select 6, accessed_at, agency, officer, reason, dispute, granted, hash from intake.lane_accesses where seq = 5",
            [6],
        ),
        ("update intake.lane_accesses_head set hash = decode(repeat('11', 32), 'hex')", [5]),
    ],
)
def test_tampering_with_the_access_log_is_detected(five_accesses, pool, tampering, found):
    five_accesses.rows(f"{SET_TRIGGERS.format('disable')}; {tampering}; {SET_TRIGGERS.format('enable')}")

    assert verify_access_log(pool).broken == found


def run_command(intake, **others):
    """Run the command. Return its exit code, the lines of its output, and its error output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FENGQIAO_")} | intake.environment("intake") | others
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "services.intake.verify"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return process.returncode, process.stdout.splitlines(), process.stderr


def test_the_command_prints_the_number_of_rows_and_exits_with_0(five_accesses, ingest_all):
    ingest_all(*(delivery(id=f"e-{n}", subject=f"R-{n}") for n in range(7)))

    exit_code, lines, errors = run_command(five_accesses)

    assert (exit_code, errors) == (0, "")
    assert lines == [
        "上报日志：核对7条，哈希链完整 | log of agencies' events: 7 rows verified, the hash chain is intact",
        "保护专线查阅记录：核对5条，哈希链完整 | access log of the safeguard lane: 5 rows verified, the hash chain is intact",
    ]


def test_the_command_names_the_first_broken_row_of_each_chain_and_exits_with_1(five_accesses, ingest_all):
    ingest_all(*(delivery(id=f"e-{n}", subject=f"R-{n}") for n in range(7)))
    five_accesses.rows("update intake.log set agency = 'court' where seq in (3, 6)")
    five_accesses.rows(f"{SET_TRIGGERS.format('disable')}; update intake.lane_accesses set officer = 'p-9' where seq = 2; {SET_TRIGGERS.format('enable')}")

    exit_code, (log_line, access_log_line), _ = run_command(five_accesses)

    assert exit_code == 1
    assert "自第3条起不符（共2处）" in log_line and "7 rows verified, the hash chain is broken at row 3 (breaks in total: 2)" in log_line
    assert "broken at row 2" in access_log_line


def test_the_command_reports_an_unavailable_database_and_exits_with_2(five_accesses):
    exit_code, lines, errors = run_command(five_accesses, DATABASE_URL="postgresql://intake:x@127.0.0.1:1/nowhere")

    assert (exit_code, lines) == (2, [])
    assert "未能核对" in errors and "nothing was verified" in errors and "Traceback" not in errors


def test_rows_appended_during_the_verification_are_no_break(five_accesses, ingest_all, pool):
    """Verification stops at the head of the chain that was read at its start."""
    ingest_all(*(delivery(id=f"e-{n}", subject=f"R-{n}") for n in range(4)))
    with pool.transaction() as tx:
        rows, statements = tx.rows, []

        def append_while_reading(sql, params=None):
            if "from intake.log where" in sql and not statements:
                ingest_all(delivery(id="e-late", subject="R-late"))
            statements.append(sql)
            return rows(sql, params)

        tx.rows = append_while_reading
        result = log.CHAIN.verify(tx, page=2)

    assert (result.rows, result.broken) == (4, [])


# ── on a running system ───────────────────────────────────────────────────────────────────────────────────────────────


def test_fengqiao_log_verify_checks_the_system_of_the_run_directory(county, monkeypatch, capfd):
    county.police.reports_dispute()
    county.settle()
    monkeypatch.setenv("FENGQIAO_RUN", str(county.system.folder))
    (entries,) = county.rows("select count(*) from intake.log")

    assert commands.log(["verify"]) == 0
    assert f"核对{entries[0]}条，哈希链完整" in capfd.readouterr().out


def test_fengqiao_log_rejects_unknown_arguments_and_a_directory_without_a_system(monkeypatch, tmp_path, capfd):
    monkeypatch.setenv("FENGQIAO_RUN", str(tmp_path))

    assert commands.log([]) == 2 and "usage: ./fengqiao log verify" in capfd.readouterr().err
    with pytest.raises(commands.MissingPrerequisite, match="the system was never started here"):
        commands.log(["verify"])


@pytest.mark.parametrize(("command", "arguments", "output"), [("rosters", ["show"], "committee-620702102"), ("routing", ["dry-run", "--days", "1"], "")])
def test_commands_of_other_services_run_with_the_settings_of_that_service(county, monkeypatch, capfd, command, arguments, output):
    monkeypatch.setenv("FENGQIAO_RUN", str(county.system.folder))

    assert getattr(commands, command)(arguments) == 0
    assert output in capfd.readouterr().out


def test_a_webhook_is_registered_and_removed(county, monkeypatch, capfd):
    monkeypatch.setenv("FENGQIAO_RUN", str(county.system.folder))

    assert commands.webhooks(["set", "trade_union", "http://127.0.0.1:9/"]) == 0
    assert len(capfd.readouterr().out.strip()) == 64
    assert county.rows("select count(*) from notify.webhooks where agency = 'trade_union'") == [(1,)]
    assert commands.webhooks(["remove", "trade_union"]) == 0
    assert county.rows("select count(*) from notify.webhooks where agency = 'trade_union'") == [(0,)]


def test_rosters_check_needs_no_running_system(monkeypatch, tmp_path, capfd):
    monkeypatch.setenv("FENGQIAO_RUN", str(tmp_path))

    assert commands.rosters(["check", str(ROOT / "counties/ganzhou")]) == 0
    assert "organisations" in capfd.readouterr().out
