"""Tests of the examples of events: they are valid in every county whose folder is in the repository."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import contracts
from contracts import AGENCIES, COUNTY

ROOT = Path(__file__).parents[2]
COUNTIES = sorted(path.name for path in (ROOT / "counties").iterdir() if path.is_dir())

SCRIPT = """
from contracts import COUNTY, samples, dump
from contracts.events import AGENCY_EVENTS, DOMAIN_EVENTS, NOTICES, RECEIPTS, SEALED_EVENTS

rows = [row for table in (AGENCY_EVENTS, DOMAIN_EVENTS, NOTICES, RECEIPTS, SEALED_EVENTS) for row in table.values()]
assert all(dump(row.type, row.example, row.stream) == row.example for row in rows)
print(COUNTY.area, len(rows), samples.DISPUTE)
"""


@pytest.mark.parametrize("county", COUNTIES)
def test_the_example_of_every_event_type_is_valid_in_every_county(county):
    environment = {**os.environ, "FENGQIAO_COUNTY": f"counties/{county}", "PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert run.returncode == 0, run.stderr
    area, rows, dispute = run.stdout.split()
    assert dispute.startswith(f"{area}-2026-") and int(rows) > 150


def test_the_repository_contains_several_counties():
    assert {"ganzhou", "zhuji"} <= set(COUNTIES)


def test_the_source_of_the_package_contracts_contains_no_area_or_agency_code_of_a_county():
    """Area and agency codes may occur in the county's folder only. Agency codes that are also tokens of an enumeration, such as `police`, are not checked."""
    codes = {code for code in AGENCIES if "-" in code} | {COUNTY.lead_agency(role).code for role in "MJWXL"}
    codes_in_source = {
        (path.name, node.value)
        for path in Path(contracts.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and (node.value in codes or COUNTY.area in node.value)
    }

    assert codes_in_source == set()
