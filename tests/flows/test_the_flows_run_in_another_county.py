"""Flow tests run in Zhuji, a county with other codes, townships and titles and with only one people's mediation committee. They must pass unchanged.

A process reads the contract of one county, so they run in a separate process with separate servers.
"""

import os
import subprocess
import sys

from deploy.files import ROOT
from local.paths import EXTERNAL_SERVER_SETTINGS

FLOWS = (
    "womens_federation_reports_a_dispute",
    "a_likely_duplicate_is_proposed",
    "a_report_is_corrected",
    "a_report_is_withdrawn",
    "a_mediator_is_proposed",
    "an_illegal_step_is_refused",
    "a_divorce_is_not_confirmed",
    "nobody_applies_for_confirmation_in_time",
    "a_confirmed_agreement_is_not_performed_and_enforced",
    "after_mediation_failed_the_case_is_filed",
    "a_petition_is_transferred",
    "a_report_of_danger_goes_into_the_safeguard_lane",
    "a_county_changes_its_agencies",  # last, because it changes the system's agencies
)


def test_flow_tests_pass_in_zhuji(run_folder):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_") and name not in EXTERNAL_SERVER_SETTINGS}
    environment = inherited | {"FENGQIAO_COUNTY": "counties/zhuji", "FENGQIAO_TEST_RUN": str(run_folder / "zhuji")}
    files = [f"tests/flows/test_{flow}.py" for flow in FLOWS]

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "pytest", "-q", "-p", "no:cacheprovider", *files],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout and "failed" not in done.stdout
