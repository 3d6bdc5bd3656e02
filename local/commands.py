"""The commands of `./fengqiao`, one function for each. Modules that need installed packages are imported inside the functions."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from deploy.county import applied_copy
from deploy.files import ROOT, make_private_folder
from local import pids, programs
from local.command_table import COMMANDS
from local.paths import run_dir
from local.progress import CannotContinue, MissingPrerequisite, print_message, timed_step
from local.prometheus import process_specs
from local.readiness import is_process_ready
from local.signals import ignore_stop_signals, interrupt_on_stop_signals

START_TIMEOUT_SECONDS = 90
NEVER_STARTED_TEXT = "系统尚未启动过，请先运行 ./fengqiao up | the system was never started here; run ./fengqiao up first"
# The demonstration reports a simulated quarter within one minute. The mediation service waits that long for the steps that meet deadlines in the past.
DEMO_ENVIRONMENT = {"dashboard": {"FENGQIAO_DEMO": "1"}, "mediation": {"FENGQIAO_PATIENCE_SECONDS": "60"}}


def help(_) -> None:
    print("枫桥：以事件连接一县的解纷机构 | Fengqiao: connects a county's dispute-resolution agencies through events\n")
    for name, command in COMMANDS.items():
        print(f"  ./fengqiao {name:<10} {command.zh}\n{'':23}{command.en}")
    print("\n  也可使用 | also: make <command> ARGS=…    FENGQIAO_RUN=… 运行目录，默认 .run | run directory, default .run")


def demo(arguments: list[str]) -> int:
    """Run the system and the demonstration in the foreground until Ctrl-C, then stop both."""
    system = _prepare_system(with_demo=True)
    if not system:
        return 1
    interrupt_on_stop_signals()
    with system, _recorded_as_supervisor(system.folder):
        _print_addresses(system.endpoints)
        with contextlib.suppress(KeyboardInterrupt), _running_demo(system.folder, arguments):
            print_message("按 Ctrl-C 停止", "press Ctrl-C to stop")
            while True:
                signal.pause()
        ignore_stop_signals()
    return 0


def up(arguments: list[str]) -> int:
    """Start the system and the demonstration in the background; `--without-demo` starts the system only.

    Servers and tables are prepared in the foreground, where errors are visible. A forked copy of this process then supervises the processes.
    """
    with_demo = "--without-demo" not in arguments
    system = _prepare_system(quiet=True, with_demo=with_demo)
    if not system:
        print_message("系统已在运行", "the system is already running")
        return status([])
    try:
        system.prepare()
    except BaseException:
        system.close()
        raise
    supervisor = os.fork()  # safe, because no thread is running yet; the child process inherits the lock of the run directory
    if supervisor == 0:
        _run_in_background(system, [argument for argument in arguments if argument != "--without-demo"] if with_demo else None)
    try:
        system.wait_ready(seconds=START_TIMEOUT_SECONDS)
    except BaseException:
        os.kill(supervisor, signal.SIGTERM)
        os.waitpid(supervisor, 0)
        raise
    _print_addresses(system.endpoints)
    return 0


def down(_) -> int:
    """Stop the system, also if its supervisor was killed: the processes are found by their pid files."""
    folder = run_dir()
    if supervisor := pids.read_pid_file(folder / "supervisor.json"):
        with timed_step("停止系统", "stopping the system"):
            pids.terminate(supervisor, 120)
    if _is_locked(folder):
        print_message(f"{folder} 正被其他程序（如测试）使用", "the run directory is in use by another program, such as the tests")
        return 1
    for file in sorted((folder / "pid").glob("*.json")):
        if process := pids.read_pid_file(file):
            with timed_step(f"停止 {file.stem}", f"stopping {file.stem}"):
                pids.terminate(process, 25)
        file.unlink(missing_ok=True)
    for name, server in _private_servers(folder):
        if server.process():
            with timed_step(f"停止 {name}", f"stopping {name}"):
                server.stop()
    return 0


def status(_) -> int:
    """Print a table of the processes. Return 0 if all are ready, else 1. Works without the Python environment, for example in a fresh clone."""
    folder = run_dir()
    ports = _read_json(folder / "ports.json")
    if not ports:
        print(NEVER_STARTED_TEXT)
        return 1
    rows = [("进程 process", "端口 port", "pid", "运行 uptime", "就绪 ready")]
    everything_ready = True
    for name, spec in process_specs().items():
        process = pids.read_pid_file(folder / "pid" / f"{name}.json")
        ready = bool(process) and is_process_ready(ports.get(name, 0), spec.readiness_path)
        everything_ready &= ready
        rows.append(
            (
                name,
                str(ports.get(name, "")),
                str(process.pid) if process else "–",
                _format_duration(process.age_seconds()) if process else "–",
                "✓" if ready else "✗",
            )
        )
    for name, server in _private_servers(folder):
        running = server.is_running()
        process = server.process()
        everything_ready &= running
        rows.append(
            (name, str(ports[name]), str(process.pid) if process else "–", _format_duration(process.age_seconds()) if process else "–", "✓" if running else "✗")
        )
    for name, port, pid, uptime, ready in rows:
        print(f"{_pad_to_width(name, 16)}{_pad_to_width(port, 12)}{_pad_to_width(pid, 10)}{_pad_to_width(uptime, 14)}{ready}")
    return 0 if everything_ready else 1


def test(arguments: list[str]) -> int:
    """Run the tests. PostgreSQL and RabbitMQ are required. Without a browser or Prometheus, pytest skips some tests and lists them at the end."""
    if county(["check", os.environ.get("FENGQIAO_COUNTY") or "counties/ganzhou"]):
        return 1
    # With external servers, there is only one test worker, because several workers cannot share them.
    has_external_servers = bool(os.environ.get("DATABASE_URL") or os.environ.get("AMQP_URI"))
    if not (os.environ.get("DATABASE_URL") and os.environ.get("AMQP_URI")):
        programs.get_server_programs()
    environment = dict(os.environ)
    for name, get in (("FENGQIAO_BROWSER", programs.get_browser), ("FENGQIAO_PROMETHEUS", programs.get_prometheus)):
        try:
            found = get()
        except MissingPrerequisite:
            found = None
        if found:
            environment[name] = str(getattr(found, "folder", found))
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # with it, each of the hundreds of processes that tests start would compile every module again
    workers = [] if arguments or has_external_servers else ["-n", str(_test_workers()), "--dist", "loadfile"]
    os.chdir(ROOT)
    # pytest replaces this process, so that pytest receives stop signals and stops the servers that it started.
    os.execve(sys.executable, [sys.executable, "-m", "pytest", "-rs", *workers, *arguments], environment)


def _test_workers() -> int:
    """Return the number of test workers: the number of processors plus one, because tests often wait, but at most one per GiB of memory and at most four."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return max(2, min(len(os.sched_getaffinity(0)) + 1, memory, 4))


def parked(arguments: list[str]) -> int:
    """List, replay or discard parked events (events set aside after repeated failures) of the services in the run directory."""
    endpoints = _read_json(run_dir() / "endpoints.json")
    if not endpoints:
        raise MissingPrerequisite(NEVER_STARTED_TEXT)
    keys = json.dumps(_read_json(run_dir() / "secrets.json").get("at_rest", {}))
    environment = {**os.environ, "FENGQIAO_RELAY": str(run_dir() / "relay.json"), "FENGQIAO_AT_REST_KEYS": keys, "AMQP_URI": endpoints["amqp_admin"]}
    return subprocess.run([sys.executable, "-m", "plumbing.parked", *arguments], cwd=ROOT, env=environment, check=False).returncode


def log(arguments: list[str]) -> int:
    if arguments == ["verify"]:
        return _run_service_tool("intake", "services.intake.verify", [])
    if len(arguments) == 2 and arguments[0] == "export":
        return _run_service_tool("intake", "services.intake.export", [os.path.abspath(arguments[1])])
    print("用法 | usage: ./fengqiao log verify | ./fengqiao log export FILE", file=sys.stderr)
    return 2


def recover(arguments: list[str]) -> int:
    """Repair the system in the run directory after a loss of data. A running system is stopped first."""
    folder = make_private_folder(run_dir())
    if _is_locked(folder) and down([]):
        return 1
    _choose_county(folder)
    from local import operating

    return operating.recover(arguments)


def replay(arguments: list[str]) -> int:
    """Load a message log into a new installation in a run directory of its own."""
    _choose_county(make_private_folder(run_dir()))
    from local import replay

    return replay.run(arguments)


def rebuild(arguments: list[str]) -> int:
    """Rebuild the read model or the ledger of notices of the system in the run directory, which may be running."""
    endpoints = _load_endpoints()
    from local import operating

    return operating.rebuild_tables(arguments, endpoints, _read_json(run_dir() / "secrets.json"))


def check(arguments: list[str]) -> int:
    """Check the running system in the run directory. Return 1 if something differs."""
    endpoints = _load_endpoints()
    from local import checks

    return checks.run(arguments, endpoints, _read_json(run_dir() / "secrets.json"))


def _load_endpoints() -> dict:
    """Return the addresses of the system in the run directory, and choose the county that it uses. Raises MissingPrerequisite if it was never started."""
    endpoints = _read_json(run_dir() / "endpoints.json")
    if not endpoints:
        raise MissingPrerequisite(NEVER_STARTED_TEXT)
    if copy := applied_copy.find_applied_copy(run_dir()):
        os.environ["FENGQIAO_COUNTY"] = str(copy)
    return endpoints


def webhooks(arguments: list[str]) -> int:
    return _run_service_tool("notify", "services.notify.webhooks", arguments)


def county(arguments: list[str]) -> int:
    """Check, create or apply a county's folder. `check` and `new` need no system; `apply` changes the system in the run directory."""
    module = ["local.county", *arguments[1:]] if arguments[:1] == ["apply"] else ["deploy.county", *arguments]
    return subprocess.run([sys.executable, "-W", "ignore", "-m", *module], cwd=ROOT, check=False).returncode


def rosters(arguments: list[str]) -> int:
    return _run_service_tool("mediation", "services.mediation.commands.rosters", arguments)


def routing(arguments: list[str]) -> int:
    return _run_service_tool("mediation", "services.mediation.commands.routing", arguments)


def lint(arguments: list[str]) -> int:
    checks = (["check"], ["format", "--check"])
    return max([subprocess.run([sys.executable, "-m", "ruff", *check, *(arguments or ["."])], cwd=ROOT, check=False).returncode for check in checks])


def lock(_) -> None:
    from local.lock import lock

    lock()


def get(arguments: list[str]) -> int:
    for name in arguments:
        found = {"prometheus": programs.get_prometheus, "browser": programs.get_browser}[name]()
        print(f"{name}: {getattr(found, 'folder', found) or '无法获取 | not available on this machine'}")
    return 0


def clean(_) -> int:
    folder = run_dir()
    if down([]) or _is_locked(folder):
        return 1
    with timed_step("删除运行数据与缓存", "deleting run data and caches"):
        for directory in (folder, *(ports.parent for ports in sorted((folder / "test").rglob("ports.json")))):
            for name, server in _private_servers(directory):
                if name == "database":
                    server.delete_data()  # the data of PostgreSQL may be outside the run directory
        shutil.rmtree(folder, ignore_errors=True)
        for cache in (".pytest_cache", ".hypothesis", ".ruff_cache"):
            shutil.rmtree(ROOT / cache, ignore_errors=True)
    return 0


def _run_service_tool(service: str, module: str, arguments: list[str]) -> int:
    """Run a command-line tool of a service with the service's addresses and keys. Command `check` only reads files and works without a system."""
    endpoints = _read_json(run_dir() / "endpoints.json")
    if not endpoints and arguments[:1] != ["check"]:
        raise MissingPrerequisite(NEVER_STARTED_TEXT)
    environment = {**os.environ, "FENGQIAO_SERVICE": service}
    if copy := applied_copy.find_applied_copy(run_dir()):
        environment["FENGQIAO_COUNTY"] = str(copy)
    if endpoints:
        addresses, key = endpoints["services"][service], _read_json(run_dir() / "secrets.json")["at_rest"][service]
        environment |= {"DATABASE_URL": addresses["database"], "AMQP_URI": addresses["amqp"], "FENGQIAO_AT_REST_KEY": key}
    # Warnings are switched off (-W ignore), because eventlet prints a deprecation warning at every start.
    return subprocess.run([sys.executable, "-W", "ignore", "-m", module, *arguments], cwd=ROOT, env=environment, check=False).returncode


def _prepare_system(quiet: bool = False, with_demo: bool = False):
    """Return the System of the run directory, not yet started. If it is already running, return None and, unless `quiet`, print a message."""
    folder = make_private_folder(run_dir())
    if _is_locked(folder):
        if not quiet:
            print_message(
                f"{folder} 已有系统在运行；./fengqiao status 查看，./fengqiao down 停止",
                "a system is already running there; ./fengqiao status shows it, ./fengqiao down stops it",
            )
        return None
    _choose_county(folder)
    from local import System

    return System(folder, environment=DEMO_ENVIRONMENT if with_demo else None)


def _choose_county(folder: Path) -> None:
    """Select the county's folder: FENGQIAO_COUNTY (checked and applied), else the applied copy, else counties/ganzhou. Raises CannotContinue if invalid.

    Sets FENGQIAO_COUNTY for this process. Must be called before package `contracts` is imported, which reads that folder.
    """
    chosen = os.environ.get("FENGQIAO_COUNTY")
    copy = applied_copy.find_applied_copy(folder)
    if copy is not None and chosen is None:
        os.environ["FENGQIAO_COUNTY"] = str(copy)
        return
    command = "apply" if copy is not None else "check"
    if county([command, chosen or "counties/ganzhou"]):
        raise CannotContinue("县级配置未能应用，系统未启动 | the county's folder cannot be applied; nothing was started")
    if copy is not None:
        os.environ["FENGQIAO_COUNTY"] = str(copy)


@contextlib.contextmanager
def _running_demo(folder: Path, arguments: list[str], output=None):
    """Run the demonstration (simulated agencies) during the block."""
    environment = {**os.environ, "FENGQIAO_RUN": str(folder)}
    process = subprocess.Popen([sys.executable, "-m", "demo", *arguments], cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        yield
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait()


def _run_in_background(system, demo_arguments: list[str] | None) -> None:
    """Supervise the processes and run the demonstration until a stop signal arrives. Called in the forked process; does not return."""
    os.setsid()
    code = 1
    try:
        with (system.folder / "log/up.log").open("a") as log, open(os.devnull) as devnull:
            for descriptor, target in ((0, devnull), (1, log), (2, log)):
                os.dup2(target.fileno(), descriptor)
        interrupt_on_stop_signals()
        with _recorded_as_supervisor(system.folder):
            with contextlib.suppress(KeyboardInterrupt):
                system.start()
                with contextlib.nullcontext() if demo_arguments is None else _running_demo_in_background(system, demo_arguments):
                    while True:
                        signal.pause()
            ignore_stop_signals()
            system.close()
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


@contextlib.contextmanager
def _running_demo_in_background(system, arguments: list[str]):
    """Run the demonstration during the block, with its output in log/demo.log."""
    system.wait_ready(seconds=START_TIMEOUT_SECONDS)
    with (system.folder / "log/demo.log").open("a") as log, _running_demo(system.folder, arguments, log):
        yield


@contextlib.contextmanager
def _recorded_as_supervisor(folder: Path):
    """Record this process in supervisor.json during the block, so that `down` can stop it."""
    file = folder / "supervisor.json"
    pids.write_pid_file(file, os.getpid())
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def _private_servers(folder: Path):
    """Yield (name, server) for the private database server and the private broker of a run directory, if they exist."""
    from local.postgresql import PostgreSQL
    from local.rabbitmq import PORT_NAMES, RabbitMQ

    ports, postgresql, rabbitmq = _read_json(folder / "ports.json"), programs.find_postgresql(), programs.find_rabbitmq()
    if postgresql and "database" in ports and (folder / "postgresql").exists():
        yield "database", PostgreSQL(folder / "postgresql", postgresql, ports["database"])
    if rabbitmq and set(PORT_NAMES) <= set(ports) and (folder / "rabbitmq").exists():
        yield "broker", RabbitMQ(folder / "rabbitmq", rabbitmq, ports)


def _print_addresses(endpoints: dict) -> None:
    from urllib.parse import urlsplit

    broker = urlsplit(endpoints["amqp_admin"])
    print("\n枫桥已就绪 | Fengqiao is ready")
    for zh, en, address in (
        ("看板", "dashboard", endpoints.get("dashboard")),
        ("机构接入", "HTTP API for agencies", endpoints.get("door")),
        ("消息服务器", "broker", f"amqp://{broker.hostname}:{broker.port}{broker.path}"),
        ("指标", "metrics", endpoints.get("prometheus") or next(iter(endpoints["metrics"].values()), None)),
        ("地址与密钥", "all addresses and secrets", str(run_dir() / "endpoints.json")),
    ):
        if address:
            print(f"  {_pad_to_width(f'{zh} {en}', 34)}{address}")
    print(flush=True)


def _is_locked(folder: Path) -> bool:
    if not (folder / "lock").exists():
        return False
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _read_json(file: Path) -> dict:
    try:
        return json.loads(file.read_text())
    except (FileNotFoundError, ValueError):
        return {}


def _format_duration(seconds: float) -> str:
    return time.strftime("%H:%M:%S", time.gmtime(seconds)) if seconds < 86_400 else f"{seconds / 86_400:.1f} d"


def _pad_to_width(text: str, columns: int) -> str:
    """Return the text padded with blanks to the width in terminal columns; a Chinese character takes two columns."""
    return text + " " * max(1, columns - sum(2 if ord(c) > 0x2E7F else 1 for c in text))
