"""The flow tests in FLOW_NAMES must pass unchanged in another county, Zhuji.

Zhuji has other codes, townships and titles, and only one people's mediation committee. An OS process loads the configuration of one county only,
so these flow tests run in a separate process with separate servers.
"""

import os
import subprocess
import sys

from deploy.files import ROOT
from local.paths import EXTERNAL_SERVER_SETTINGS

FLOW_NAMES = (
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
    "a_county_changes_its_agencies",  # must be last because this test changes the agencies of the system
)


def test_the_listed_flow_tests_pass_in_the_county_zhuji(run_folder):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_") and name not in EXTERNAL_SERVER_SETTINGS}
    environment = inherited | {"FENGQIAO_COUNTY": "counties/zhuji", "FENGQIAO_TEST_RUN": str(run_folder / "zhuji")}
    files = [f"tests/flows/test_{flow}.py" for flow in FLOW_NAMES]

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
