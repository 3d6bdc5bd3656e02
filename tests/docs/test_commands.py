"""Tests of the shell commands in both READMEs and in docs/a-disputes-life.md: they are run as printed, against a running system."""

import json
import re
import shutil
import subprocess

import httpx
import pytest

from contracts.codes import check_digit
from deploy.files import ROOT

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed (apt-get install curl)")

TIMEOUT_SECONDS = 120  # time limit for all commands of one page, which usually take a few seconds


@pytest.fixture
def user_folder(system, tmp_path):
    """Return a folder whose file `.run/endpoints.json` holds the addresses of the running system, as in the repository after `make demo`."""
    (tmp_path / ".run").mkdir()
    (tmp_path / ".run" / "endpoints.json").write_text(json.dumps(system.endpoints), "utf-8")
    return tmp_path


def shell_script(page: str, heading: str = "# ") -> str:
    """Return one script with all shell commands on the page below this heading."""
    _, _, text = (ROOT / page).read_text("utf-8").partition(heading)
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))


def run_script(script: str, folder) -> str:
    """Run the script in bash, which stops at the first command that fails. Return the standard output."""
    completed = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def test_the_commands_in_a_disputes_life_md_lead_from_the_report_to_the_archive(county, user_folder):
    script = shell_script("docs/a-disputes-life.md")
    output = run_script(script, user_folder)

    reports, outcomes = len(re.findall(r"^report ", script, re.MULTILINE)), len(re.findall(r"^outcome ", script, re.MULTILINE))
    assert output.count('"type":"receipt.accepted"') == reports == 17
    assert len(re.findall(r"^receipt.applied ", output, re.MULTILINE)) == outcomes - 1 == 9
    assert "receipt.rejected mediating" in output
    assert output.splitlines()[-1].split() == ["receipt.applied", "closed"]
    (code,) = set(re.findall(r"/disputes/(\d{6}-\d{4}-\d{6}-\d)", output))
    county.settle()
    assert county.rows("select state, outcome from mediation.disputes where code = %s", code) == [("closed", "performed")]


@pytest.mark.parametrize(("page", "heading"), [("README.md", "## Try it"), ("README.zh-CN.md", "## 试一试")])
def test_the_commands_in_the_readme_report_a_dispute_and_show_its_web_page(county, user_folder, page, heading):
    output = run_script(shell_script(page, heading), user_folder)

    assert '"type": "receipt.accepted"' in output
    (url,) = re.findall(r"http://\S+/disputes/\S+", output)
    code = url.rpartition("/")[-1]
    assert code[-1] == check_digit(code[:-1].replace("-", ""))
    county.settle()
    assert code in httpx.get(url).text


def test_the_commands_in_each_readme_have_at_most_fifteen_lines():
    for page, heading in (("README.md", "## Try it"), ("README.zh-CN.md", "## 试一试")):
        assert len(shell_script(page, heading).splitlines()) <= 15
