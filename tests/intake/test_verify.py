"""Does an operator learn that the log, or the record of looks, is not as it was written?"""

import os
import subprocess
import sys

import pytest

from deploy.files import ROOT
from local import commands
from services.intake.store import lane, log
from tests.intake.conftest import delivery

CODE = "620702-2026-000123-1"
ADMIN = "alter table intake.looks {} trigger user"  # as somebody would who can do anything


@pytest.fixture
def looked(intake, pool):
    """Ten entries in the log's chain's sister: five looks, three of them told nothing."""
    _forget(intake)
    for number in range(5):
        with pool.transaction() as tx:
            lane.look(tx, "police", f"p-{number}", "police_duty", CODE, number % 2 == 0)
    yield intake
    _forget(intake)


def _forget(intake):
    intake.rows(f"{ADMIN.format('disable')}; delete from intake.looks; {ADMIN.format('enable')}")
    intake.rows("update intake.looks_head set seq = 0, hash = decode(repeat('00', 32), 'hex')")


def check(pool):
    with pool.transaction() as tx:
        return lane.LOOKS.verify(tx, page=2)


def test_untouched_looks_hold_and_all_were_read(looked, pool):
    checked = check(pool)

    assert (checked.rows, checked.broken) == (5, [])


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("update intake.looks set officer = 'p-9' where seq = 2", [2]),
        ("update intake.looks set granted = true where seq = 4", [4]),
        ("update intake.looks set looked_at = looked_at + interval '1 hour' where seq = 1", [1]),
        ("delete from intake.looks where seq = 3", [4]),
        ("delete from intake.looks where seq = 5", [5]),
        ("delete from intake.looks", [5]),
        ("insert into intake.looks select 6, looked_at, agency, officer, reason, dispute, granted, hash from intake.looks where seq = 5", [6]),
        ("update intake.looks_head set hash = decode(repeat('11', 32), 'hex')", [5]),
    ],
)
def test_whatever_is_changed_in_the_looks_is_found(looked, pool, tampering, found):
    looked.rows(f"{ADMIN.format('disable')}; {tampering}; {ADMIN.format('enable')}")

    assert check(pool).broken == found


def verify(intake, **others):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FENGQIAO_")} | intake.environment("intake") | others
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "services.intake.verify"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_the_command_counts_what_it_read_and_ends_with_zero(looked, take):
    take(*(delivery(id=f"e-{n}", subject=f"R-{n}") for n in range(7)))

    code, lines, problem = verify(looked)

    assert (code, problem) == (0, "")
    assert lines == [
        "上报日志：核对7条，哈希链完整 | log of agencies' events: 7 rows checked, the hash chain holds",
        "查阅保护专线的记录：核对5条，哈希链完整 | record of looks into the safeguard lane: 5 rows checked, the hash chain holds",
    ]


def test_the_command_names_the_first_row_of_each_chain_that_does_not_hold_and_ends_with_one(looked, take):
    take(*(delivery(id=f"e-{n}", subject=f"R-{n}") for n in range(7)))
    looked.rows("update intake.log set agency = 'court' where seq in (3, 6)")
    looked.rows(f"{ADMIN.format('disable')}; update intake.looks set officer = 'p-9' where seq = 2; {ADMIN.format('enable')}")

    code, (log, looks), _ = verify(looked)

    assert code == 1
    assert "自第3条起不符（共2处）" in log and "7 rows checked, the hash chain does not hold at row 3 (places: 2)" in log
    assert "does not hold at row 2" in looks


def test_the_command_says_so_when_it_cannot_look(looked):
    code, lines, problem = verify(looked, DATABASE_URL="postgresql://intake:x@127.0.0.1:1/nowhere")

    assert (code, lines) == (2, [])
    assert "未能核对" in problem and "nothing was checked" in problem and "Traceback" not in problem


def test_what_comes_in_while_it_reads_is_no_break(looked, take, pool):
    """Ten thousand rows take a while: the head that was read first says where to stop."""
    take(*(delivery(id=f"e-{n}", subject=f"R-{n}") for n in range(4)))
    with pool.transaction() as tx:
        rows, pages = tx.rows, []

        def rows_and_more_come_in(sql, params=None):
            if "from intake.log where" in sql and not pages:
                take(delivery(id="e-late", subject="R-late"))
            pages.append(sql)
            return rows(sql, params)

        tx.rows = rows_and_more_come_in
        checked = log.CHAIN.verify(tx, page=2)

    assert (checked.rows, checked.broken) == (4, [])


# ── on a running system ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_word_checks_the_system_of_the_run_directory(county, monkeypatch, capfd):
    county.police.reports_dispute()
    county.settle()
    monkeypatch.setenv("FENGQIAO_RUN", str(county.system.folder))
    (entries,) = county.rows("select count(*) from intake.log")

    assert commands.log(["verify"]) == 0
    assert f"核对{entries[0]}条，哈希链完整" in capfd.readouterr().out


def test_a_word_it_does_not_know_and_a_place_where_nothing_ran(monkeypatch, tmp_path, capfd):
    monkeypatch.setenv("FENGQIAO_RUN", str(tmp_path))

    assert commands.log([]) == 2 and "usage: ./fengqiao log verify" in capfd.readouterr().err
    with pytest.raises(commands.Missing, match="nothing was started here yet"):
        commands.log(["verify"])


@pytest.mark.parametrize(("word", "arguments", "answer"), [("rosters", ["show"], "committee-620702102"), ("routing", ["dry-run", "--days", "1"], "")])
def test_the_other_tools_of_services_run_with_that_services_settings(county, monkeypatch, capfd, word, arguments, answer):
    monkeypatch.setenv("FENGQIAO_RUN", str(county.system.folder))

    assert getattr(commands, word)(arguments) == 0
    assert answer in capfd.readouterr().out


def test_a_webhook_is_set_and_removed(county, monkeypatch, capfd):
    monkeypatch.setenv("FENGQIAO_RUN", str(county.system.folder))

    assert commands.webhooks(["set", "trade_union", "http://127.0.0.1:9/"]) == 0
    assert len(capfd.readouterr().out.strip()) == 64
    assert county.rows("select count(*) from notify.webhooks where agency = 'trade_union'") == [(1,)]
    assert commands.webhooks(["remove", "trade_union"]) == 0
    assert county.rows("select count(*) from notify.webhooks where agency = 'trade_union'") == [(0,)]


def test_a_check_of_files_needs_no_system(monkeypatch, tmp_path, capfd):
    monkeypatch.setenv("FENGQIAO_RUN", str(tmp_path))

    assert commands.rosters(["check", str(ROOT / "counties/ganzhou")]) == 0
    assert "organisations" in capfd.readouterr().out
