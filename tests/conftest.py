"""Fixtures for all tests. The tests use private PostgreSQL and RabbitMQ servers, which the first test that needs them starts."""

import gc
import os
from pathlib import Path

import hypothesis
import pytest

from deploy.files import ROOT
from local import AlreadyRunning, Servers, System
from local.paths import EXTERNAL_SERVER_SETTINGS
from local.ports import allowed_ports
from local.signals import interrupt_on_stop_signals
from tests.county import County
from tests.sandbox import Sandbox
from tests.scheduling import FILES_WITH_WHOLE_SYSTEM, LongFilesFirst, sort_long_files_first
from tests.shared_servers import SharedBroker, TestRun, WorkerServers

WORKER_ID = os.environ.get("PYTEST_XDIST_WORKER", "")
BASE_FOLDER = Path(os.environ.get("FENGQIAO_TEST_RUN", ROOT / ".run" / "test"))
# A worker is an OS process of pytest-xdist. Each worker has its own folder and ports in addition to those that all workers share.
# A test run without workers uses another folder.
SHARED_FOLDER = BASE_FOLDER / "workers"
RUN_FOLDER = SHARED_FOLDER / WORKER_ID if WORKER_ID else BASE_FOLDER
if WORKER_ID:
    os.environ.pop("COLUMNS", None)  # xdist sets the terminal width, but the output of a worker goes to no terminal
    hypothesis.settings.register_profile("workers", database=None)  # disabled, because hypothesis' example database helps only when one test is run repeatedly
    hypothesis.settings.load_profile("workers")
    ports, workers = allowed_ports(), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    share, number = len(ports) // workers, int(WORKER_ID.removeprefix("gw"))
    first = ports.start + share * (number % workers)
    os.environ["FENGQIAO_PORT_RANGE"] = f"{first}-{first + share - 1}"

# The file changes users and queues of the broker that workers share. tests/flows/test_the_flows_run_in_another_county.py runs it in a separate process.
collect_ignore = ["flows/test_a_county_changes_its_agencies.py"] if WORKER_ID else []

os.environ["FENGQIAO_VALIDATION_INTERVAL"] = "1"  # in tests every published event is validated, also in the processes that tests start
# Shortens a wait: if a deadline is already past when it is set, the mediation service announces it as passed only after this time (default ten minutes).
SHORT_PATIENCE = {"FENGQIAO_PATIENCE_SECONDS": "0.3"}
SYSTEM_STASH_KEY = pytest.StashKey[System]()  # key under which pytest's stash stores the running system of this worker
HAS_EXTERNAL_SERVERS = bool(os.environ.get("DATABASE_URL") or os.environ.get("AMQP_URI"))


# ── the test run as a whole ────────────────────────────────────────────────────────────────────────────────────────────────


def pytest_configure(config):
    if not WORKER_ID:
        interrupt_on_stop_signals()  # so that a terminated test run ends the processes that it started
        workers = bool(config.getoption("numprocesses", None))
        config.test_run = TestRun(SHARED_FOLDER if workers else BASE_FOLDER)
        config.test_run.begin()
        if workers:
            _check_ownership(config)


def pytest_unconfigure(config):
    """End the servers of the test run after all workers have finished."""
    if not WORKER_ID:
        config.test_run.end()


def _check_ownership(config):
    try:
        config.test_run.check()
    except AlreadyRunning as reason:
        raise pytest.UsageError(str(reason)) from None


def pytest_xdist_make_scheduler(config, log):
    return LongFilesFirst(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items):
    unlisted = {item.nodeid.split("::")[0] for item in items if "system" in item.fixturenames and not item.nodeid.startswith(FILES_WITH_WHOLE_SYSTEM)}
    if unlisted:
        raise pytest.UsageError(f"FILES_WITH_WHOLE_SYSTEM in tests/scheduling.py must list these files: {sorted(unlisted)}")
    if WORKER_ID:
        sort_long_files_first(items)


def pytest_collection_finish(session):
    """Exclude the collected tests from garbage collection, and run it less often than by default."""
    if WORKER_ID:
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item, nextitem):
    """Stop the system after the last test of this worker that needs it, so that the system uses no CPU time during later tests."""
    is_last = item.nodeid.startswith(FILES_WITH_WHOLE_SYSTEM) and nextitem is not None and not nextitem.nodeid.startswith(FILES_WITH_WHOLE_SYSTEM)
    if WORKER_ID and is_last and (system := item.config.stash.get(SYSTEM_STASH_KEY, None)):
        system.stop()


# ── fixtures ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="session")
def run_folder(pytestconfig):
    """Folder in which this worker may start servers. While another test run uses the folder, only tests without servers can run."""
    if not WORKER_ID:
        _check_ownership(pytestconfig)
    return RUN_FOLDER


@pytest.fixture(scope="session")
def servers(run_folder):
    """Private empty PostgreSQL and RabbitMQ, separate from those of `make demo`. With several workers, each uses a virtual host on a shared RabbitMQ."""
    is_sharing = WORKER_ID and not HAS_EXTERNAL_SERVERS
    with (
        WorkerServers(run_folder, SharedBroker(SHARED_FOLDER / "broker"), f"fengqiao_{WORKER_ID}") if is_sharing else Servers(run_folder, fresh=True) as running
    ):
        yield running
        if running.broker and not is_sharing:
            running.broker.kill()  # faster than an orderly stop, which takes six seconds


@pytest.fixture(scope="session")
def killable_servers(run_folder):
    """Additional private PostgreSQL and RabbitMQ that tests may kill."""
    with pytest.MonkeyPatch.context() as patch:
        for name in EXTERNAL_SERVER_SETTINGS:
            patch.delenv(name, raising=False)
        running = Servers(run_folder / "killable", fresh=True).start()
    yield running
    running.broker.kill()  # faster than an orderly stop, which takes six seconds
    running.stop()


@pytest.fixture(scope="session")
def system(servers, pytestconfig):
    """The whole system: every process, running with the PostgreSQL and RabbitMQ of `servers`."""
    crash_files = {name: {"FENGQIAO_CRASH_FILE": str(servers.folder / f"crash-{name}")} for name in ("intake", "mediation", "metrics", "notify", "relay")}
    with System(servers=servers, environment=crash_files | {"mediation": crash_files["mediation"] | SHORT_PATIENCE}) as running:
        pytestconfig.stash[SYSTEM_STASH_KEY] = running
        yield running


@pytest.fixture(scope="session")
def county(system, tmp_path_factory):
    """The running system and the county's agencies as its clients, each with the agency client library (kit)."""
    county = County(system, tmp_path_factory.mktemp("county"))
    yield county
    county.close()


@pytest.fixture(scope="session")
def sandbox(servers):
    """A separate database and virtual host on `servers` that no process of the system uses; for tests of single components."""
    sandbox = Sandbox(servers)
    yield sandbox
    sandbox.close()
