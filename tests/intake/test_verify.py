"""Tests of operators' commands of intake: verifying two hash chains (the log of agencies' events and the access log of the safeguard lane), and exporting the log."""

import json
import os
import subprocess
import sys

import pytest

from deploy.files import ROOT
from local import commands
from services.intake.store import lane, log
from tests.intake.conftest import delivery

CODE = "620702-2026-000123-1"
TRIGGER_STATEMENT = "alter table intake.lane_accesses {} trigger user"  # disables or enables triggers, as an attacker with all database rights can


@pytest.fixture
def access_log_with_five_entries(intake, pool):
    """Write five entries into the access log of the safeguard lane. All are denied attempts because no dispute is in the safeguard lane."""
    _empty_access_log(intake)
    for number in range(5):
        with pool.transaction() as tx:
            lane.log_access_and_load_view(tx, "police", f"p-{number}", "police_duty", CODE, number % 2 == 0)
    yield intake
    _empty_access_log(intake)


def _empty_access_log(intake):
    intake.rows(f"{TRIGGER_STATEMENT.format('disable')}; delete from intake.lane_accesses; {TRIGGER_STATEMENT.format('enable')}")
    intake.rows("update intake.lane_accesses_head set seq = 0, hash = decode(repeat('00', 32), 'hex')")


def verify_access_log(pool):
    with pool.transaction() as tx:
        return lane.ACCESS_LOG.verify(tx, page=2)


def test_an_unchanged_access_log_is_verified_completely_and_found_intact(access_log_with_five_entries, pool):
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
def test_tampering_with_the_access_log_is_detected(access_log_with_five_entries, pool, tampering, found):
    access_log_with_five_entries.rows(f"{TRIGGER_STATEMENT.format('disable')}; {tampering}; {TRIGGER_STATEMENT.format('enable')}")

    assert verify_access_log(pool).broken == found


def run_verify_command(intake, **others):
    """Run the verification command. Return the exit code, the lines of the output, and the error output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FENGQIAO_")} | intake.environment("intake") | others
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "services.intake.verify"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return process.returncode, process.stdout.splitlines(), process.stderr


def test_the_verify_command_prints_the_number_of_verified_rows_and_exits_with_0(access_log_with_five_entries, ingest_all):
    ingest_all(*(delivery(id=f"e-{n}", subject=f"R-{n}") for n in range(7)))

    exit_code, lines, errors = run_verify_command(access_log_with_five_entries)

    assert (exit_code, errors) == (0, "")
    assert lines == [
        "上报日志：核对7条，哈希链完整 | log of agencies' events: 7 rows verified, the hash chain is intact",
        "保护专线查阅记录：核对5条，哈希链完整 | access log of the safeguard lane: 5 rows verified, the hash chain is intact",
    ]


def test_the_verify_command_prints_the_first_broken_row_of_each_hash_chain_and_exits_with_1(access_log_with_five_entries, ingest_all):
    ingest_all(*(delivery(id=f"e-{n}", subject=f"R-{n}") for n in range(7)))
    access_log_with_five_entries.rows("update intake.log set agency = 'court' where seq in (3, 6)")
    access_log_with_five_entries.rows(
        f"{TRIGGER_STATEMENT.format('disable')}; update intake.lane_accesses set officer = 'p-9' where seq = 2; {TRIGGER_STATEMENT.format('enable')}"
    )

    exit_code, (log_line, access_log_line), _ = run_verify_command(access_log_with_five_entries)

    assert exit_code == 1
    assert "自第3条起不符（共2处）" in log_line and "7 rows verified, the hash chain is broken at row 3 (breaks in total: 2)" in log_line
    assert "broken at row 2" in access_log_line


def test_the_verify_command_exits_with_2_if_the_database_is_unavailable(access_log_with_five_entries):
    exit_code, lines, errors = run_verify_command(access_log_with_five_entries, DATABASE_URL="postgresql://intake:x@127.0.0.1:1/nowhere")

    assert (exit_code, lines) == (2, [])
    assert "未能核对" in errors and "nothing was verified" in errors and "Traceback" not in errors


def test_rows_appended_during_the_verification_are_not_reported_as_broken(access_log_with_five_entries, ingest_all, pool):
    """The verification stops at the head that it read at the start."""
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


def test_fengqiao_log_verify_checks_the_database_of_the_system_in_the_run_directory(county, monkeypatch, capfd):
    county.police.reports_dispute()
    county.settle()
    monkeypatch.setenv("FENGQIAO_RUN", str(county.system.folder))
    (entries,) = county.rows("select count(*) from intake.log")

    assert commands.log(["verify"]) == 0
    assert f"核对{entries[0]}条，哈希链完整" in capfd.readouterr().out


def test_fengqiao_log_export_writes_the_log_of_the_system_in_the_run_directory(county, monkeypatch, capfd, tmp_path):
    report = county.police.reports_dispute()
    county.settle()
    monkeypatch.setenv("FENGQIAO_RUN", str(county.system.folder))
    path = tmp_path / "log.jsonl"

    assert commands.log(["export", str(path)]) == 0
    output = capfd.readouterr()
    assert "personal data" in output.err and "已导出" in output.out
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    (exported,) = [line for line in lines if line.get("event_id") == report.id]
    assert (exported["report_code"], exported["delivery"]["user_id"]) == (report.dispute, county.police.code)


def test_fengqiao_log_rejects_unknown_arguments_and_a_run_directory_without_a_system(monkeypatch, tmp_path, capfd):
    monkeypatch.setenv("FENGQIAO_RUN", str(tmp_path))

    assert commands.log([]) == 2 and "usage: ./fengqiao log verify" in capfd.readouterr().err
    with pytest.raises(commands.MissingPrerequisite, match="the system was never started here"):
        commands.log(["verify"])


@pytest.mark.parametrize(("command", "arguments", "output"), [("rosters", ["show"], "committee-620702102"), ("routing", ["dry-run", "--days", "1"], "")])
def test_a_fengqiao_command_runs_with_the_settings_of_its_service(county, monkeypatch, capfd, command, arguments, output):
    monkeypatch.setenv("FENGQIAO_RUN", str(county.system.folder))

    assert getattr(commands, command)(arguments) == 0
    assert output in capfd.readouterr().out


def test_the_webhooks_command_registers_and_removes_a_webhook(county, monkeypatch, capfd):
    monkeypatch.setenv("FENGQIAO_RUN", str(county.system.folder))

    assert commands.webhooks(["set", "trade_union", "http://127.0.0.1:9/"]) == 0
    assert len(capfd.readouterr().out.strip()) == 64
    assert county.rows("select count(*) from notify.webhooks where agency = 'trade_union'") == [(1,)]
    assert commands.webhooks(["remove", "trade_union"]) == 0
    assert county.rows("select count(*) from notify.webhooks where agency = 'trade_union'") == [(0,)]


def test_the_rosters_check_command_needs_no_running_system(monkeypatch, tmp_path, capfd):
    monkeypatch.setenv("FENGQIAO_RUN", str(tmp_path))

    assert commands.rosters(["check", str(ROOT / "counties/ganzhou")]) == 0
    assert "organisations" in capfd.readouterr().out
