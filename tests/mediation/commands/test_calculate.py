"""Tests of the deadline calculator run as a command: it reads JSON lines and prints a JSON line for each, without database or broker."""

import json
import subprocess
import sys
from pathlib import Path

from tests.county_folders import copy_county_folder

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "services.mediation.commands.calculate"]
REQUEST = {"clock": "confirmation_apply", "started_at": "2026-03-05"}


def run_calculator(text, *arguments, **options):
    """Run the calculator with this input and no environment variables. Return the completed process."""
    input_bytes = text if isinstance(text, bytes) else text.encode()
    return subprocess.run([*COMMAND, *map(str, arguments)], input=input_bytes, capture_output=True, env={}, cwd=ROOT, check=False, timeout=60, **options)


def calculated_results(text, *arguments):
    """Return the lines that the calculator prints for this input, parsed."""
    return [json.loads(line) for line in run_calculator(text, *arguments).stdout.decode().splitlines()]


def test_a_result_has_the_end_of_the_deadline_its_article_and_an_explanation_with_the_holiday():
    (answer,) = calculated_results(json.dumps(REQUEST) + "\n")

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


def test_every_input_line_has_a_result_in_the_same_order_even_after_an_invalid_line():
    invalid_lines = [b"not json", b"[]", b"", b'{"clock": "nothing"}', b"\xff\xfe", b"[" * 100_000, b'{"clock": "filing_decision", "started_at": NaN}']
    lines = [json.dumps(REQUEST).encode(), *invalid_lines, json.dumps({**REQUEST, "started_at": "2026-03-02"}).encode()]

    process = run_calculator(b"\r\n".join(lines))
    results = [json.loads(line) for line in process.stdout.decode().splitlines()]

    assert (process.returncode, process.stderr) == (0, b"")
    assert [result.get("due", "error") for result in results] == ["2026-04-07", *["error"] * len(invalid_lines), "2026-04-01"]
    assert all(error["error"]["zh"] and error["error"]["en"] for error in results[1:-1])


def test_each_result_is_printed_before_the_next_line_is_read():
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}, cwd=ROOT) as process:
        for started_at, due in (("2026-03-05", "2026-04-07"), ("2026-03-02", "2026-04-01")):
            process.stdin.write(json.dumps({**REQUEST, "started_at": started_at}).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["due"] == due
        process.stdin.close()


def test_an_unknown_field_of_an_input_line_is_reported_in_the_result():
    (answer,) = calculated_results(json.dumps({**REQUEST, "extention": []}))

    assert (answer["due"], answer["not_understood"]) == ("2026-04-07", ["extention"])


def test_a_byte_order_mark_and_null_values_in_an_input_line_are_ignored():
    (answer,) = calculated_results("\ufeff" + json.dumps({**REQUEST, "pauses": None, "as_of": None}))

    assert answer["due"] == "2026-04-07"


def test_the_help_text_of_the_calculator_is_in_chinese_and_english():
    text = run_calculator(b"", "--help").stdout.decode()

    assert "期限计算器" in text and "Deadline calculator" in text


def test_a_county_may_set_the_period_of_a_policy_deadline_but_not_of_a_statutory_deadline(tmp_path):
    valid_county = copy_county_folder(tmp_path / "valid", periods='[periods.mediation_out_of_court_policy]\ndays = 20\nkind = "LOCAL_RULE"\n')
    invalid_county = copy_county_folder(tmp_path / "invalid", periods="[periods.confirmation_apply]\ndays = 60\n")

    (answer,) = calculated_results('{"clock": "mediation_out_of_court_policy", "started_at": "2026-03-02"}', "--county", valid_county)
    refused = run_calculator(json.dumps(REQUEST), "--county", invalid_county)

    assert (answer["due"], answer["kind"]) == ("2026-03-23", "LOCAL_RULE")  # moved to Monday, because 22 March is a Sunday
    assert (refused.returncode, refused.stdout) == (2, b"")
    assert "confirmation_apply" in refused.stderr.decode() and "法定期限" in refused.stderr.decode()


def test_the_published_holiday_schedule_of_a_year_makes_a_provisional_deadline_final(tmp_path):
    county = copy_county_folder(tmp_path, calendar='["2027"]\noff = [2027-01-01, 2027-01-02, 2027-01-03, 2027-01-04]\nmade_up = [2027-01-09]\n')
    line = '{"clock": "filing_decision", "started_at": "2026-12-25"}'  # seven days end on 1 January 2027

    ((without_schedule,), (with_schedule,)) = calculated_results(line), calculated_results(line, "--county", county)

    assert (without_schedule["due"], without_schedule["provisional"], without_schedule["reading"]) == ("2027-01-04", True, [10])
    assert (with_schedule["due"], with_schedule["provisional"]) == ("2027-01-05", False)


def test_the_calculator_exits_with_code_2_if_the_county_folder_is_missing_or_invalid(tmp_path):
    invalid_folder = copy_county_folder(tmp_path, calendar="{")

    assert [run_calculator(b"", "--county", folder).returncode for folder in (invalid_folder, tmp_path / "missing")] == [2, 2]
