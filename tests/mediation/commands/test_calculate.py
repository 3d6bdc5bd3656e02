"""The calculator as a clerk runs it: lines in, lines out, with nothing else around."""

import json
import subprocess
import sys
from pathlib import Path

from tests.county_folders import copy_county_folder

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "services.mediation.commands.calculate"]
LINE = {"clock": "confirmation_apply", "started_at": "2026-03-05"}


def run(text, *arguments, **options):
    """What the command prints for these lines, with an empty environment: no database, no broker, no settings."""
    given = text if isinstance(text, bytes) else text.encode()
    return subprocess.run([*COMMAND, *map(str, arguments)], input=given, capture_output=True, env={}, cwd=ROOT, check=False, timeout=60, **options)


def answers(text, *arguments):
    return [json.loads(line) for line in run(text, *arguments).stdout.decode().splitlines()]


def test_a_line_is_answered_with_the_day_its_article_and_the_days_that_mattered():
    (answer,) = answers(json.dumps(LINE) + "\n")

    assert answer == {
        "due": "2026-04-07",
        "last_moment": "2026-04-07T23:59:59+08:00",
        "kind": "LAW",
        "article": "民事诉讼法 205; 人民调解法 33",
        "provisional": False,
        "reading": [9],
        "why": answer["why"],
    }
    assert "2026-04-04（周六），适逢清明节放假，顺延至2026-04-07（周二）" in answer["why"]["zh"]
    assert "2026-04-04 (Sat), in the holiday of Qingming: moved to 2026-04-07 (Tue)" in answer["why"]["en"]


def test_every_line_has_its_answer_in_order_and_a_wrong_one_does_not_end_the_run():
    wrong = [b"not json", b"[]", b"", b'{"clock": "nothing"}', b"\xff\xfe", b"[" * 100_000, b'{"clock": "filing_decision", "started_at": NaN}']
    lines = [json.dumps(LINE).encode(), *wrong, json.dumps({**LINE, "started_at": "2026-03-02"}).encode()]

    result = run(b"\r\n".join(lines))
    told = [json.loads(line) for line in result.stdout.decode().splitlines()]

    assert (result.returncode, result.stderr) == (0, b"")
    assert [one.get("due", "error") for one in told] == ["2026-04-07", *["error"] * len(wrong), "2026-04-01"]
    assert all(one["error"]["zh"] and one["error"]["en"] for one in told[1:-1])


def test_each_answer_comes_at_once_and_not_at_the_end():
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}, cwd=ROOT) as process:
        for begun, due in (("2026-03-05", "2026-04-07"), ("2026-03-02", "2026-04-01")):
            process.stdin.write(json.dumps({**LINE, "started_at": begun}).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["due"] == due
        process.stdin.close()


def test_what_it_does_not_understand_is_told_back():
    (answer,) = answers(json.dumps({**LINE, "extention": []}))

    assert (answer["due"], answer["not_understood"]) == ("2026-04-07", ["extention"])


def test_a_byte_order_mark_and_an_absent_fact_do_no_harm():
    (answer,) = answers("\ufeff" + json.dumps({**LINE, "pauses": None, "as_of": None}))

    assert answer["due"] == "2026-04-07"


def test_help_is_in_chinese_and_english():
    text = run(b"", "--help").stdout.decode()

    assert "期限计算器" in text and "Deadline calculator" in text


def test_a_county_sets_its_own_periods_and_never_those_of_the_law(tmp_path):
    ours = copy_county_folder(tmp_path / "ours", periods='[periods.mediation_out_of_court_policy]\ndays = 20\nkind = "LOCAL_RULE"\n')
    theirs = copy_county_folder(tmp_path / "theirs", periods="[periods.confirmation_apply]\ndays = 60\n")

    (answer,) = answers('{"clock": "mediation_out_of_court_policy", "started_at": "2026-03-02"}', "--county", ours)
    refused = run(json.dumps(LINE), "--county", theirs)

    assert (answer["due"], answer["kind"]) == ("2026-03-23", "LOCAL_RULE")  # the 22nd is a Sunday
    assert (refused.returncode, refused.stdout) == (2, b"")
    assert "confirmation_apply" in refused.stderr.decode() and "法定期限" in refused.stderr.decode()


def test_an_official_arrangement_makes_a_provisional_day_certain(tmp_path):
    ours = copy_county_folder(tmp_path, calendar='["2027"]\noff = [2027-01-01, 2027-01-02, 2027-01-03, 2027-01-04]\nmade_up = [2027-01-09]\n')
    line = '{"clock": "filing_decision", "started_at": "2026-12-25"}'  # seven days lead to 1 January

    ((before,), (after,)) = answers(line), answers(line, "--county", ours)

    assert (before["due"], before["provisional"], before["reading"]) == ("2027-01-04", True, [10])
    assert (after["due"], after["provisional"]) == ("2027-01-05", False)


def test_a_folder_that_is_not_there_or_holds_no_toml_ends_it_before_the_first_line(tmp_path):
    broken = copy_county_folder(tmp_path, calendar="{")

    assert [run(b"", "--county", folder).returncode for folder in (broken, tmp_path / "missing")] == [2, 2]
