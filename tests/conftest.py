"""What tests share. Servers are private, real, and started when the first test needs them."""

import os
from pathlib import Path

import pytest

from deploy.local import Servers, System
from deploy.local.places import ROOT
from tests.apart import Apart
from tests.county import County

# With several workers at once, each has servers of its own: another folder, other ports.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
RUN = Path(os.environ.get("FENGQIAO_TEST_RUN", ROOT / ".run" / "test")) / WORKER
if WORKER:
    os.environ.pop("COLUMNS", None)  # a worker is told how wide the terminal is; what it prints goes into no terminal
    first = 26_000 + 1500 * (int(WORKER.removeprefix("gw")) % 4)
    os.environ["FENGQIAO_PORT_RANGE"] = f"{first}-{first + 1499}"

# Deadlines that lie in the past when they are set: how long time waits before it says so. A flow test cannot wait ten minutes.
IMPATIENT = {"mediation": {"FENGQIAO_PATIENCE_SECONDS": "0.3"}}


@pytest.fixture(scope="session")
def servers():
    """A private PostgreSQL and RabbitMQ for the whole run, apart from those of `make demo`, and with nothing in them from an earlier one."""
    with Servers(RUN, fresh=True) as running:
        yield running


@pytest.fixture(scope="session")
def system(servers):
    """Every process of the system, on those servers."""
    with System(servers=servers, environment=IMPATIENT) as running:
        yield running


@pytest.fixture(scope="session")
def county(system, tmp_path_factory):
    """The agencies of the county, each with its kit."""
    county = County(system, tmp_path_factory.mktemp("county"))
    yield county
    county.close()


@pytest.fixture(scope="session")
def apart(servers):
    """A database and a virtual host of the same servers where nothing runs: for what is tested piece by piece."""
    apart = Apart(servers)
    yield apart
    apart.close()
