"""What tests share. Servers are private, real, and started when the first test needs them."""

import gc
import os
from pathlib import Path

import hypothesis
import pytest

from deploy.files import ROOT
from local import AlreadyRunning, Servers, System
from local.places import OTHERS_SERVERS
from local.ports import allowed
from local.signals import end_as_by_ctrl_c
from tests.apart import Apart
from tests.county import County
from tests.scheduling import WHOLE_SYSTEM, LongFilesFirst, long_files_first
from tests.shared import SharedBroker, TestRun, WorkerServers

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
BASE = Path(os.environ.get("FENGQIAO_TEST_RUN", ROOT / ".run" / "test"))
# Several workers have a folder each and other ports, beside what they share. A run without workers keeps out of their way.
TOGETHER = BASE / "workers"
RUN = TOGETHER / WORKER if WORKER else BASE
if WORKER:
    os.environ.pop("COLUMNS", None)  # a worker is told how wide the terminal is; what it prints goes into no terminal
    hypothesis.settings.register_profile("workers", database=None)  # its folder of examples serves whoever runs one test again and again
    hypothesis.settings.load_profile("workers")
    ports, workers = allowed(), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    share, number = len(ports) // workers, int(WORKER.removeprefix("gw"))
    first = ports.start + share * (number % workers)
    os.environ["FENGQIAO_PORT_RANGE"] = f"{first}-{first + share - 1}"

# This one changes users and queues of the broker, which workers share; tests/flows/test_the_flows_run_in_another_county.py starts a process that runs it.
collect_ignore = ["flows/test_a_county_changes_its_agencies.py"] if WORKER else []

# Deadlines that lie in the past when they are set: how long time waits before it says so. A flow test cannot wait ten minutes.
IMPATIENT = {"FENGQIAO_PATIENCE_SECONDS": "0.3"}
RUNNING = pytest.StashKey[System]()  # the system of this worker, once it has been started
EXTERNAL = bool(os.environ.get("DATABASE_URL") or os.environ.get("AMQP_URI"))


# ── the run as a whole ────────────────────────────────────────────────────────────────────────────────────────────────


def pytest_configure(config):
    if not WORKER:
        end_as_by_ctrl_c()  # whoever is told to end, ends what it started
        workers = bool(config.getoption("numprocesses", None))
        config.test_run = TestRun(TOGETHER if workers else BASE)
        config.test_run.begin()
        if workers:
            _check(config)


def pytest_unconfigure(config):
    """After all workers are done."""
    if not WORKER:
        config.test_run.end()


def _check(config):
    try:
        config.test_run.check()
    except AlreadyRunning as reason:
        raise pytest.UsageError(str(reason)) from None


def pytest_xdist_make_scheduler(config, log):
    return LongFilesFirst(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items):
    unknown = {item.nodeid.split("::")[0] for item in items if "system" in item.fixturenames and not item.nodeid.startswith(WHOLE_SYSTEM)}
    if unknown:
        raise pytest.UsageError(f"tests/scheduling.py does not say that these need the whole system: {sorted(unknown)}")
    if WORKER:
        long_files_first(items)


def pytest_collection_finish(session):
    """Thousands of tests stay for good: the collector need not look at them again, nor come by for every few hundred objects."""
    if WORKER:
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item, nextitem):
    """A worker does what needs the whole system first. After the last of it the system's processes would only take time from others."""
    is_last = item.nodeid.startswith(WHOLE_SYSTEM) and nextitem is not None and not nextitem.nodeid.startswith(WHOLE_SYSTEM)
    if WORKER and is_last and (system := item.config.stash.get(RUNNING, None)):
        system.stop()


# ── fixtures ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="session")
def run_folder(pytestconfig):
    """Where this worker may start servers; while another run of one process uses the folder, only tests without servers can run."""
    if not WORKER:
        _check(pytestconfig)
    return RUN


@pytest.fixture(scope="session")
def servers(run_folder):
    """A private PostgreSQL and RabbitMQ with no data in them, separate from those of `make demo`. A worker has a virtual host on the shared RabbitMQ."""
    is_sharing = WORKER and not EXTERNAL
    with WorkerServers(run_folder, SharedBroker(TOGETHER / "broker"), f"fengqiao_{WORKER}") if is_sharing else Servers(run_folder, fresh=True) as running:
        yield running
        if running.broker and not is_sharing:
            running.broker.kill()  # its orderly end takes six seconds


@pytest.fixture(scope="session")
def killable(run_folder):
    """A private PostgreSQL and a private RabbitMQ that a test may kill."""
    with pytest.MonkeyPatch.context() as patch:
        for name in OTHERS_SERVERS:
            patch.delenv(name, raising=False)
        running = Servers(run_folder / "killable", fresh=True).start()
    yield running
    running.broker.kill()  # its orderly end takes six seconds
    running.stop()


@pytest.fixture(scope="session")
def system(servers, pytestconfig):
    """Every process of the system, on those servers."""
    crashing = {name: {"FENGQIAO_CRASH_FILE": str(servers.folder / f"crash-{name}")} for name in ("intake", "mediation", "metrics", "notify", "relay")}
    with System(servers=servers, environment=crashing | {"mediation": crashing["mediation"] | IMPATIENT}) as running:
        pytestconfig.stash[RUNNING] = running
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
