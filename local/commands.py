"""The words of `./fengqiao`, one function each. What needs the environment's packages is imported where it is used."""

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

from deploy.county import applied
from deploy.files import ROOT, private
from local import pids, programs
from local.places import run_dir
from local.progress import CannotGoOn, Missing, say, step
from local.prometheus import kinds
from local.readiness import answers
from local.signals import end_as_by_ctrl_c, end_undisturbed
from local.words import WORDS

START_SECONDS = 90
NEVER_STARTED = "系统尚未启动过：先 ./fengqiao up | nothing was started here yet: ./fengqiao up"
# The past quarter is told within a minute: a deadline that was not met by then is overdue.
DEMO = {"dashboard": {"FENGQIAO_DEMO": "1"}, "mediation": {"FENGQIAO_PATIENCE_SECONDS": "60"}}


def help(_) -> None:
    print("枫桥：以事件连接一县的解纷机构 | Fengqiao: links a county's dispute-resolution agencies by events\n")
    for name, word in WORDS.items():
        print(f"  ./fengqiao {name:<10} {word.zh}\n{'':23}{word.en}")
    print("\n  make <word> ARGS=… 亦可 | works too.   FENGQIAO_RUN=… 运行目录 | run directory, .run")


def demo(arguments: list[str]) -> int:
    """In the foreground until Ctrl-C; everything that it started ends with it."""
    system = _system(played=True)
    if not system:
        return 1
    end_as_by_ctrl_c()
    with system, _remembered(system.folder):
        _print_addresses(system.endpoints)
        with contextlib.suppress(KeyboardInterrupt), _played(system.folder, arguments):
            say("按 Ctrl-C 结束", "Ctrl-C ends everything")
            while True:
                signal.pause()
        end_undisturbed()
    return 0


def up(arguments: list[str]) -> int:
    """The demonstration in the background; `--without-demo` leaves the simulated agencies out.

    What must not fail is done in the foreground first; then a copy of this process keeps everything running.
    """
    played = "--without-demo" not in arguments
    system = _system(quietly=True, played=played)
    if not system:
        say("已在运行", "it runs already")
        return status([])
    try:
        system.prepare()
    except BaseException:
        system.close()
        raise
    supervisor = os.fork()  # no thread runs yet; the lock of the run directory goes with the copy
    if supervisor == 0:
        _keep_running(system, [word for word in arguments if word != "--without-demo"] if played else None)
    try:
        system.wait_ready(seconds=START_SECONDS)
    except BaseException:
        os.kill(supervisor, signal.SIGTERM)
        os.waitpid(supervisor, 0)
        raise
    _print_addresses(system.endpoints)
    return 0


def down(_) -> int:
    """Also when the one that supervised was killed: what it started is written down."""
    folder = run_dir()
    if supervisor := pids.remembered(folder / "supervisor.json"):
        with step("停止", "stopping"):
            pids.end(supervisor, 120)
    if _is_locked(folder):
        say(f"{folder} 正被其他程序（如测试）使用", "in use by another program, such as the tests")
        return 1
    for file in sorted((folder / "pid").glob("*.json")):
        if process := pids.remembered(file):
            with step(f"停止 {file.stem}", f"stopping {file.stem}"):
                pids.end(process, 25)
        file.unlink(missing_ok=True)
    for name, server in _private_servers(folder):
        if server.process():
            with step(f"停止 {name}", f"stopping {name}"):
                server.stop()
    return 0


def status(_) -> int:
    """0 if everything that should run is ready. Needs no environment: a fresh clone is asked this first, and should not build one to answer."""
    folder = run_dir()
    ports = _read(folder / "ports.json")
    if not ports:
        print(NEVER_STARTED)
        return 1
    rows = [("进程 process", "端口 port", "pid", "运行 uptime", "就绪 ready")]
    everything_ready = True
    for name, kind in kinds().items():
        process = pids.remembered(folder / "pid" / f"{name}.json")
        ready = bool(process) and answers(ports.get(name, 0), kind.ready_at)
        everything_ready &= ready
        rows.append(
            (name, str(ports.get(name, "")), str(process.pid) if process else "–", _span(process.seconds_old()) if process else "–", "✓" if ready else "✗")
        )
    for name, server in _private_servers(folder):
        running = server.is_running()
        process = server.process()
        everything_ready &= running
        rows.append((name, str(ports[name]), str(process.pid) if process else "–", _span(process.seconds_old()) if process else "–", "✓" if running else "✗"))
    for name, port, pid, uptime, ready in rows:
        print(f"{_wide(name, 16)}{_wide(port, 12)}{_wide(pid, 10)}{_wide(uptime, 14)}{ready}")
    return 0 if everything_ready else 1


def test(arguments: list[str]) -> int:
    """The servers are a must, a browser is not: what was skipped, and why, stands at the end of what pytest prints."""
    if county(["check", os.environ.get("FENGQIAO_COUNTY") or "counties/ganzhou"]):
        return 1
    external = bool(os.environ.get("DATABASE_URL") or os.environ.get("AMQP_URI"))  # one pair of servers, and no worker may be alone on it
    if not (os.environ.get("DATABASE_URL") and os.environ.get("AMQP_URI")):
        programs.servers()
    environment = dict(os.environ)
    for name, get in (("FENGQIAO_BROWSER", programs.get_browser), ("FENGQIAO_PROMETHEUS", programs.get_prometheus)):
        try:
            found = get()
        except Missing:
            found = None
        if found:
            environment[name] = str(getattr(found, "folder", found))
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # hundreds of processes of ours start: none should have to compile everything again
    workers = [] if arguments or external else ["-n", str(_workers()), "--dist", "loadfile"]
    os.chdir(ROOT)
    os.execve(sys.executable, [sys.executable, "-m", "pytest", "-rs", *workers, *arguments], environment)  # whoever ends the tests ends pytest, which tidies up


def _workers() -> int:
    """One more than processors, as a part of a test is waiting; fewer where there is less than a gigabyte for each."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return max(2, min(len(os.sched_getaffinity(0)) + 1, memory, 4))


def parked(arguments: list[str]) -> int:
    """The tool works on the services' tables; where they are stands in the run directory."""
    endpoints = _read(run_dir() / "endpoints.json")
    if not endpoints:
        raise Missing(NEVER_STARTED)
    keys = json.dumps(_read(run_dir() / "secrets.json").get("at_rest", {}))
    environment = {**os.environ, "FENGQIAO_RELAY": str(run_dir() / "relay.json"), "FENGQIAO_AT_REST_KEYS": keys, "AMQP_URI": endpoints["amqp_admin"]}
    return subprocess.run([sys.executable, "-m", "plumbing.parked", *arguments], cwd=ROOT, env=environment, check=False).returncode


def log(arguments: list[str]) -> int:
    if arguments != ["verify"]:
        print("用法 | usage: ./fengqiao log verify", file=sys.stderr)
        return 2
    return _run_as("intake", "services.intake.verify", [])


def webhooks(arguments: list[str]) -> int:
    return _run_as("notify", "services.notify.webhooks", arguments)


def county(arguments: list[str]) -> int:
    """`check` and `new` need no system; `apply` works on the one of the run directory."""
    module = ["local.county", *arguments[1:]] if arguments[:1] == ["apply"] else ["deploy.county", *arguments]
    return subprocess.run([sys.executable, "-W", "ignore", "-m", *module], cwd=ROOT, check=False).returncode


def rosters(arguments: list[str]) -> int:
    return _run_as("mediation", "services.mediation.commands.rosters", arguments)


def routing(arguments: list[str]) -> int:
    return _run_as("mediation", "services.mediation.commands.routing", arguments)


def lint(arguments: list[str]) -> int:
    looks = (["check"], ["format", "--check"])
    return max([subprocess.run([sys.executable, "-m", "ruff", *look, *(arguments or ["."])], cwd=ROOT, check=False).returncode for look in looks])


def lock(_) -> None:
    from local.lock import lock

    lock()


def get(arguments: list[str]) -> int:
    for name in arguments:
        found = {"prometheus": programs.get_prometheus, "browser": programs.get_browser}[name]()
        print(f"{name}: {getattr(found, 'folder', found) or '无法获取 | cannot be had here'}")
    return 0


def clean(_) -> int:
    folder = run_dir()
    if down([]) or _is_locked(folder):
        return 1
    with step("删除运行数据与缓存", "deleting what running left behind"):
        for place in (folder, *(ports.parent for ports in sorted((folder / "test").rglob("ports.json")))):
            for name, server in _private_servers(place):
                if name == "database":
                    server.discard()  # its data may lie elsewhere
        shutil.rmtree(folder, ignore_errors=True)
        for cache in (".pytest_cache", ".hypothesis", ".ruff_cache"):
            shutil.rmtree(ROOT / cache, ignore_errors=True)
    return 0


def _run_as(service: str, module: str, arguments: list[str]) -> int:
    """A service's own tool, with that service's addresses and keys from the run directory. A `check` reads files only and needs no system."""
    endpoints = _read(run_dir() / "endpoints.json")
    if not endpoints and arguments[:1] != ["check"]:
        raise Missing(NEVER_STARTED)
    environment = {**os.environ, "FENGQIAO_SERVICE": service}
    if copy := applied.applied(run_dir()):
        environment["FENGQIAO_COUNTY"] = str(copy)
    if endpoints:
        addresses, key = endpoints["services"][service], _read(run_dir() / "secrets.json")["at_rest"][service]
        environment |= {"DATABASE_URL": addresses["database"], "AMQP_URI": addresses["amqp"], "FENGQIAO_AT_REST_KEY": key}
    # eventlet, which plumbing brings along, warns at every start that it is deprecated.
    return subprocess.run([sys.executable, "-W", "ignore", "-m", module, *arguments], cwd=ROOT, env=environment, check=False).returncode


def _system(quietly: bool = False, played: bool = False):
    """The system of the run directory, its place taken; None, and a sentence, if it runs already."""
    folder = private(run_dir())
    if _is_locked(folder):
        if not quietly:
            say(
                f"{folder} 已有系统在运行；./fengqiao status 查看，./fengqiao down 停止",
                "one runs already there; ./fengqiao status shows it, ./fengqiao down stops it",
            )
        return None
    _choose_county(folder)
    from local import System

    return System(folder, environment=DEMO if played else None)


def _choose_county(folder: Path) -> None:
    """The folder that FENGQIAO_COUNTY names is checked and applied; if it names none, the applied copy stays, or the demonstration's begins.

    Sets FENGQIAO_COUNTY for this process, before it reads the contract.
    """
    chosen = os.environ.get("FENGQIAO_COUNTY")
    copy = applied.applied(folder)
    if copy is not None and chosen is None:
        os.environ["FENGQIAO_COUNTY"] = str(copy)
        return
    word = "apply" if copy is not None else "check"
    if county([word, chosen or "counties/ganzhou"]):
        raise CannotGoOn("县级配置未能应用，未启动 | the county's folder cannot be applied; nothing was started")
    if copy is not None:
        os.environ["FENGQIAO_COUNTY"] = str(copy)


@contextlib.contextmanager
def _played(folder: Path, arguments: list[str], output=None):
    """The simulated agencies report while it lasts."""
    environment = {**os.environ, "FENGQIAO_RUN": str(folder)}
    story = subprocess.Popen([sys.executable, "-m", "demo", *arguments], cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        yield
    finally:
        if story.poll() is None:
            story.terminate()
        story.wait()


def _keep_running(system, story: list[str] | None) -> None:
    """The background copy: supervises, and plays the demonstration, until it is told to stop. Does not return."""
    os.setsid()
    code = 1
    try:
        with (system.folder / "log/up.log").open("a") as log, open(os.devnull) as nothing:
            for old, new in ((0, nothing), (1, log), (2, log)):
                os.dup2(new.fileno(), old)
        end_as_by_ctrl_c()
        with _remembered(system.folder):
            with contextlib.suppress(KeyboardInterrupt):
                system.start()
                with contextlib.nullcontext() if story is None else _played_in_the_background(system, story):
                    while True:
                        signal.pause()
            end_undisturbed()
            system.close()
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


@contextlib.contextmanager
def _played_in_the_background(system, arguments: list[str]):
    system.wait_ready(seconds=START_SECONDS)
    with (system.folder / "log/demo.log").open("a") as log, _played(system.folder, arguments, log):
        yield


@contextlib.contextmanager
def _remembered(folder: Path):
    """While it lasts, `down` knows whom to ask."""
    file = folder / "supervisor.json"
    pids.remember(file, os.getpid())
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def _private_servers(folder: Path):
    """The database and the broker of a run directory, as far as there are any: (name, server)."""
    from local.postgresql import PostgreSQL
    from local.rabbitmq import PORTS, RabbitMQ

    ports, postgresql, rabbitmq = _read(folder / "ports.json"), programs.find_postgresql(), programs.find_rabbitmq()
    if postgresql and "database" in ports and (folder / "postgresql").exists():
        yield "database", PostgreSQL(folder / "postgresql", postgresql, ports["database"])
    if rabbitmq and set(PORTS) <= set(ports) and (folder / "rabbitmq").exists():
        yield "broker", RabbitMQ(folder / "rabbitmq", rabbitmq, ports)


def _print_addresses(endpoints: dict) -> None:
    from urllib.parse import urlsplit

    broker = urlsplit(endpoints["amqp_admin"])
    print("\n枫桥已就绪 | Fengqiao is ready")
    for zh, en, address in (
        ("看板", "dashboard", endpoints.get("dashboard")),
        ("机构接入", "agencies' door", endpoints.get("door")),
        ("消息服务器", "broker", f"amqp://{broker.hostname}:{broker.port}{broker.path}"),
        ("指标", "metrics", endpoints.get("prometheus") or next(iter(endpoints["metrics"].values()), None)),
        ("地址与密钥", "all addresses and secrets", str(run_dir() / "endpoints.json")),
    ):
        if address:
            print(f"  {_wide(f'{zh} {en}', 34)}{address}")
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


def _read(file: Path) -> dict:
    try:
        return json.loads(file.read_text())
    except (FileNotFoundError, ValueError):
        return {}


def _span(seconds: float) -> str:
    return time.strftime("%H:%M:%S", time.gmtime(seconds)) if seconds < 86_400 else f"{seconds / 86_400:.1f} d"


def _wide(text: str, columns: int) -> str:
    """Padded as a terminal shows it: a Chinese character takes two columns."""
    return text + " " * max(1, columns - sum(2 if ord(c) > 0x2E7F else 1 for c in text))
