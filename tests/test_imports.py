"""Does each part know only what it may know? What stands in docs/architecture.md, read from the code itself."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = ("contracts", "plumbing", "services", "fengqiao_agency", "deploy", "local", "demo", "drills", "bench", "docs", "scenarios", "tests")
SERVICES = sorted(path.name for path in (ROOT / "services").iterdir() if (path / "service.py").exists())

# Files that only compute, and what of ours they may use: words and each other. `plumbing.events` is the shape of an event.
PURE = (
    "lifecycle",
    "rules",
    "retries",
    "domain",
    "dispute",
    "model",
    "reasons",
    "replies",
    "codes",
    "identity",
    "duplicates",
    "joining",
    "lane",
    "decrypt_parties",
    "safeguard",
)
MAY_USE = ("contracts", "plumbing.events")
# The parts of mediation, lowest first: each imports itself and lower ones. The first seven only compute, but for the files named below.
MEDIATION = ("law", "rosters", "dispute", "deadlines", "routing", "life", "safeguard", "store", "county_files", "service", "commands")
COMPUTING = MEDIATION[: MEDIATION.index("store")]
NOT_PURE = ("store", "proposals")
# What does something in the world, or knows what time it is.
WORLDLY = {
    "nameko", "eventlet", "kombu", "amqp", "pika", "psycopg2", "yoyo", "requests", "httpx", "starlette", "uvicorn", "jinja2", "structlog", "environs",
    "os", "io", "pathlib", "shutil", "socket", "ssl", "select", "subprocess", "threading", "asyncio", "anyio", "time", "logging", "random", "secrets", "tempfile", "urllib",
}  # fmt: skip

# Who may use what comes from outside. One driver each: no second one beside it.
ONLY_IN = {
    "nameko": ("plumbing/container.py", "plumbing/dependency.py", "plumbing/consumer.py", "plumbing/timer.py", "plumbing/run.py", "services/*/service.py"),
    "eventlet": ("plumbing/container.py", "plumbing/broker_line.py", "plumbing/consumer.py", "plumbing/timer.py", "plumbing/jobs.py", "plumbing/run.py", "plumbing/wire.py"),
    "kombu": ("plumbing/broker_line.py",),
    "amqp": ("plumbing/broker_line.py", "plumbing/lenient.py", "plumbing/wire.py"),
    "pika": ("plumbing/relay.py", "plumbing/parked.py", "fengqiao_agency/*.py"),
    "starlette": ("plumbing/telemetry.py", "services/*/web.py", "services/*/web/*.py"),
    "logging": ("plumbing/logs.py", "fengqiao_agency/*.py"),  # what is said through it elsewhere is reduced to the module's name
    "marshmallow": ("contracts/**/*.py", "services/intake/domain.py", "services/intake/decrypt_parties.py"),
    "sqlalchemy": (), "psycopg": (), "asyncpg": (), "aio_pika": (), "celery": (), "pydantic": (), "fastapi": (), "flask": (), "django": (),
}  # fmt: skip


def files(*patterns):
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern))


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports(path):
    """The full names of all modules that a file imports, wherever in it; `from a import b` counts as both a and a.b."""
    return frozenset(_imports(path))


def _imports(path):
    package = name_of(path).split(".") if path.stem == "__init__" else name_of(path).split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join((package[: len(package) - node.level + 1] if node.level else []) + ([node.module] if node.module else []))
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names if (ROOT / base.replace(".", "/") / f"{alias.name}.py").exists())


def ours(path):
    return {module for module in imports(path) if module.split(".")[0] in OURS}


def within(module, *parts):
    return any(module == part or module.startswith(f"{part}.") for part in parts)


PRODUCT = files("contracts/**/*.py", "plumbing/**/*.py", "services/**/*.py", "fengqiao_agency/**/*.py")


@pytest.mark.parametrize("path", files("contracts/**/*.py"), ids=name_of)
def test_contracts_know_words_only(path):
    foreign = {module.split(".")[0] for module in imports(path)} - set(sys.stdlib_module_names)

    assert foreign <= {"contracts", "marshmallow"}


@pytest.mark.parametrize("path", files("plumbing/**/*.py"), ids=name_of)
def test_plumbing_knows_no_dispute(path):
    assert {module for module in ours(path) if not within(module, "plumbing", "contracts")} == set()


@pytest.mark.parametrize("path", files("services/**/*.py"), ids=name_of)
def test_a_service_knows_itself_and_what_all_share_and_never_another(path):
    itself = ".".join(name_of(path).split(".")[:2])

    assert {module for module in ours(path) if not within(module, itself, "plumbing", "contracts")} == set()


@pytest.mark.parametrize("path", files("fengqiao_agency/**/*.py"), ids=name_of)
def test_the_agencies_kit_is_installed_alone(path):
    assert {module for module in ours(path) if not within(module, "fengqiao_agency")} == set()


def _pure():
    for name in PURE:
        yield from files(*(f"services/{service}/{name}.py" for service in SERVICES if service != "mediation"))
    for package in COMPUTING:
        yield from (path for path in files(f"services/mediation/{package}/*.py") if path.stem not in NOT_PURE)


@pytest.mark.parametrize("path", sorted(_pure()), ids=name_of)
def test_rules_know_neither_the_world_nor_the_time(path):
    itself = ".".join(name_of(path).split(".")[:2])
    pure = {name_of(one) for one in _pure()}

    assert {module for module in ours(path) if module not in pure and not within(module, *MAY_USE) and module not in (itself, "plumbing")} == set()
    assert {module.split(".")[0] for module in imports(path)} & WORLDLY == set()
    called = {node.func.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}
    assert called & {"now", "utcnow", "utc_now", "today"} == set()


@pytest.mark.parametrize("part", MEDIATION)
def test_a_part_of_mediation_imports_lower_ones_only(part):
    higher = [f"services.mediation.{name}" for name in MEDIATION[MEDIATION.index(part) + 1 :]]
    paths = files(f"services/mediation/{part}.py", f"services/mediation/{part}/**/*.py")

    assert paths
    assert {(name_of(path), module) for path in paths for module in ours(path) if within(module, *higher)} == set()


def test_every_part_of_mediation_has_a_layer():
    modules, packages = {path.stem for path in files("services/mediation/*.py")}, {path.parent.name for path in files("services/mediation/*/*.py")}

    assert modules - {"__init__"} | packages == set(MEDIATION)


def test_no_modules_import_each_other_in_a_circle():
    assert _in_circles(_module_imports()) == []


def test_no_parts_of_a_package_import_each_other_in_a_circle():
    """The parts of a package are its modules and its packages, each package with all that is in it; the top-level packages are parts too."""
    graph = _module_imports()
    packages = {".".join(parts[:depth]) for parts in (module.split(".") for module in graph) for depth in range(len(parts))}

    assert {package: circle for package in packages if (circle := _in_circles(_part_imports(package, graph)))} == {}


def test_a_circle_of_packages_is_found():
    graph = {"a.low.one": {"a.low.two"}, "a.low.two": {"a.high.one"}, "a.high.one": set(), "a.high.two": {"a.low.one"}, "a.top": {"a.high.two"}}

    assert _in_circles(graph) == []
    assert _in_circles(_part_imports("a", graph)) == ["a.high", "a.low", "a.top"]


def _module_imports():
    return {name_of(path): _modules_imported(path) - {name_of(path)} for path in files(*(f"{top}/**/*.py" for top in OURS if top != "tests"))}


def _part_imports(package, graph):
    """Which parts of a package import which others."""
    depth, inside = len(package.split(".")) if package else 0, [module for module in graph if not package or module.startswith(f"{package}.")]
    part = {module: ".".join(module.split(".")[: depth + 1]) for module in inside}
    found = {name: set() for name in part.values()}
    for module in inside:
        found[part[module]] |= {part[imported] for imported in graph[module] if imported in part} - {part[module]}
    return found


def _in_circles(graph):
    """What is in a circle of imports, or imports one: what is left when those that import nothing left are taken away, again and again."""
    while leaves := {name for name, imported in graph.items() if not imported & graph.keys()}:
        graph = {name: imported for name, imported in graph.items() if name not in leaves}
    return sorted(graph)


def _modules_imported(path):
    """The modules whose names a file takes at its top level: of `from package import module` the module, not its package."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            folder = ROOT / node.module.replace(".", "/")
            modules = {alias.name for alias in node.names if (folder / f"{alias.name}.py").exists() or (folder / alias.name).is_dir()}
            found |= {f"{node.module}.{name}" for name in modules}
            found |= {node.module} if len(modules) < len(node.names) else set()
    return found


@pytest.mark.parametrize("module", sorted(ONLY_IN))
def test_each_tool_has_its_place(module):
    allowed = set(files(*ONLY_IN[module]))

    assert {name_of(path) for path in PRODUCT if path not in allowed and any(within(name, module) for name in imports(path))} == set()


@pytest.mark.parametrize("path", files("services/**/*store.py", "services/*/store/*.py"), ids=name_of)
def test_sql_is_given_its_transaction(path):
    """It neither connects nor commits: what belongs together is one transaction of the service."""
    attributes = {node.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)}

    assert attributes & {"connect", "commit", "rollback", "transaction"} == set()


@pytest.mark.parametrize("path", files("services/intake/store/*.py"), ids=name_of)
def test_intakes_sql_knows_rows_and_no_rules(path):
    allowed = ("services.intake.model", "services.intake.store", "plumbing", "contracts")

    assert {module for module in ours(path) if not within(module, *allowed) and module != "services.intake"} == set()


@pytest.mark.parametrize("path", files("services/*/service.py"), ids=name_of)
def test_a_service_file_holds_no_sql(path):
    texts = [node.value.lower() for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant) and isinstance(node.value, str)]

    assert [text for text in texts if text.lstrip().startswith(("select ", "insert ", "update ", "delete "))] == []


def test_it_looks_at_something():
    assert SERVICES == ["intake", "mediation", "metrics", "notify"]
    assert len(PRODUCT) > 80
    assert "services.intake.model" in ours(ROOT / "services/intake/store/reports.py")
    assert len(files("services/intake/store/*.py")) > 5
    assert "plumbing.events" in ours(ROOT / "services/notify/rules.py")
