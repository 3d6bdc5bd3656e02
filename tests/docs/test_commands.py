"""Tests that run the shell commands of both READMEs and of docs/a-disputes-life.md, exactly as printed, against a running system."""

import json
import re
import shutil
import subprocess

import httpx
import pytest

from contracts.codes import check_digit
from deploy.files import ROOT

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed (apt-get install curl)")

SECONDS = 120  # for all commands of one page; a few seconds on a quiet machine


@pytest.fixture
def checkout(system, tmp_path):
    """A folder where `.run/endpoints.json` names the running system, as in a checkout after `make demo`."""
    (tmp_path / ".run").mkdir()
    (tmp_path / ".run" / "endpoints.json").write_text(json.dumps(system.endpoints), "utf-8")
    return tmp_path


def commands(page: str, heading: str = "# ") -> str:
    """Return the shell blocks of a page below this heading as one script."""
    _, _, text = (ROOT / page).read_text("utf-8").partition(heading)
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))


def run(script: str, folder) -> str:
    """Run the script in bash, which ends at the first command that fails. Return what it printed."""
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_commands_of_a_disputes_life_lead_from_the_report_to_the_archive(county, checkout):
    script = commands("docs/a-disputes-life.md")
    output = run(script, checkout)

    reports, outcomes = len(re.findall(r"^report ", script, re.MULTILINE)), len(re.findall(r"^outcome ", script, re.MULTILINE))
    assert output.count('"type":"receipt.accepted"') == reports == 17
    assert len(re.findall(r"^receipt.applied ", output, re.MULTILINE)) == outcomes - 1 == 9
    assert "receipt.rejected mediating" in output
    assert output.splitlines()[-1].split() == ["receipt.applied", "closed"]
    (code,) = set(re.findall(r"/disputes/(\d{6}-\d{4}-\d{6}-\d)", output))
    county.settle()
    assert county.rows("select state, outcome from mediation.disputes where code = %s", code) == [("closed", "performed")]


@pytest.mark.parametrize(("page", "heading"), [("README.md", "## Try it"), ("README.zh-CN.md", "## 试一试")])
def test_the_commands_of_the_readme_report_a_dispute_and_show_it(county, checkout, page, heading):
    output = run(commands(page, heading), checkout)

    assert '"type": "receipt.accepted"' in output
    (url,) = re.findall(r"http://\S+/disputes/\S+", output)
    code = url.rpartition("/")[-1]
    assert code[-1] == check_digit(code[:-1].replace("-", ""))
    county.settle()
    assert code in httpx.get(url).text


def test_the_readmes_commands_are_at_most_fifteen_lines():
    for page, heading in (("README.md", "## Try it"), ("README.zh-CN.md", "## 试一试")):
        assert len(commands(page, heading).splitlines()) <= 15
