"""Tests of the import rules in docs/architecture.md: which modules may import which, and where each library may be used."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT_PACKAGES = ("contracts", "plumbing", "services", "fengqiao_agency", "deploy", "local", "demo", "drills", "bench", "docs", "scenarios", "tests")
SERVICES = sorted(path.name for path in (ROOT / "services").iterdir() if (path / "service.py").exists())

# Modules of services that only compute. They may import contracts, each other, and plumbing.events for the type of an event.
PURE_MODULES = (
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
PURE_MAY_IMPORT = ("contracts", "plumbing.events")
# Packages and modules of mediation, lowest first: each imports itself and lower ones. Those before `store` only compute, except IMPURE_FILES.
MEDIATION = ("law", "rosters", "dispute", "deadlines", "routing", "lifecycle", "safeguard", "store", "county_files", "service", "commands")
PURE_PACKAGES = MEDIATION[: MEDIATION.index("store")]
IMPURE_FILES = ("store", "proposals")
# Modules with side effects, or that read the clock.
IMPURE_MODULES = {
    "nameko", "eventlet", "kombu", "amqp", "pika", "psycopg2", "yoyo", "requests", "httpx", "starlette", "uvicorn", "jinja2", "structlog", "environs",
    "os", "io", "pathlib", "shutil", "socket", "ssl", "select", "subprocess", "threading", "asyncio", "anyio", "time", "logging", "random", "secrets", "tempfile", "urllib",
}  # fmt: skip

# Library → the files that may import it. An empty tuple forbids the library, because another one serves the same purpose.
LIBRARY_USERS = {
    "nameko": ("plumbing/container.py", "plumbing/dependency.py", "plumbing/consumer.py", "plumbing/timer.py", "plumbing/run.py", "services/*/service.py"),
    "eventlet": ("plumbing/container.py", "plumbing/broker_connection.py", "plumbing/consumer.py", "plumbing/timer.py", "plumbing/jobs.py", "plumbing/run.py", "plumbing/frame_reader.py"),
    "kombu": ("plumbing/broker_connection.py",),
    "amqp": ("plumbing/broker_connection.py", "plumbing/lenient_decoding.py", "plumbing/frame_reader.py"),
    "pika": ("plumbing/relay.py", "plumbing/parked.py", "fengqiao_agency/*.py"),
    "starlette": ("plumbing/telemetry.py", "services/*/web.py", "services/*/web/*.py"),
    "logging": ("plumbing/logs.py", "fengqiao_agency/*.py"),  # elsewhere its output would be reduced to the module's name
    "marshmallow": ("contracts/**/*.py", "services/intake/domain.py", "services/intake/decrypt_parties.py"),
    "sqlalchemy": (), "psycopg": (), "asyncpg": (), "aio_pika": (), "celery": (), "pydantic": (), "fastapi": (), "flask": (), "django": (),
}  # fmt: skip


def find_files(*patterns):
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern))


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imported_modules(path):
    """Return the full names of all modules that a file imports, also inside functions. `from a import b` counts as a and as a.b."""
    return frozenset(_iterate_imports(path))


def _iterate_imports(path):
    package = module_name(path).split(".") if path.stem == "__init__" else module_name(path).split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join((package[: len(package) - node.level + 1] if node.level else []) + ([node.module] if node.module else []))
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names if (ROOT / base.replace(".", "/") / f"{alias.name}.py").exists())


def project_imports(path):
    return {module for module in imported_modules(path) if module.split(".")[0] in PROJECT_PACKAGES}


def is_within(module, *parts):
    return any(module == part or module.startswith(f"{part}.") for part in parts)


PRODUCT_FILES = find_files("contracts/**/*.py", "plumbing/**/*.py", "services/**/*.py", "fengqiao_agency/**/*.py")


@pytest.mark.parametrize("path", find_files("contracts/**/*.py"), ids=module_name)
def test_contracts_import_only_marshmallow_and_the_standard_library(path):
    foreign = {module.split(".")[0] for module in imported_modules(path)} - set(sys.stdlib_module_names)

    assert foreign <= {"contracts", "marshmallow"}


@pytest.mark.parametrize("path", find_files("plumbing/**/*.py"), ids=module_name)
def test_plumbing_imports_only_itself_and_contracts(path):
    assert {module for module in project_imports(path) if not is_within(module, "plumbing", "contracts")} == set()


@pytest.mark.parametrize("path", find_files("services/**/*.py"), ids=module_name)
def test_a_service_imports_only_itself_plumbing_and_contracts(path):
    itself = ".".join(module_name(path).split(".")[:2])

    assert {module for module in project_imports(path) if not is_within(module, itself, "plumbing", "contracts")} == set()


@pytest.mark.parametrize("path", find_files("fengqiao_agency/**/*.py"), ids=module_name)
def test_the_agency_kit_imports_no_other_package_of_the_project(path):
    assert {module for module in project_imports(path) if not is_within(module, "fengqiao_agency")} == set()


def _pure_files():
    for name in PURE_MODULES:
        yield from find_files(*(f"services/{service}/{name}.py" for service in SERVICES if service != "mediation"))
    for package in PURE_PACKAGES:
        yield from (path for path in find_files(f"services/mediation/{package}/*.py") if path.stem not in IMPURE_FILES)


@pytest.mark.parametrize("path", sorted(_pure_files()), ids=module_name)
def test_pure_modules_import_no_side_effects_and_read_no_clock(path):
    itself = ".".join(module_name(path).split(".")[:2])
    pure = {module_name(one) for one in _pure_files()}

    assert {
        module for module in project_imports(path) if module not in pure and not is_within(module, *PURE_MAY_IMPORT) and module not in (itself, "plumbing")
    } == set()
    assert {module.split(".")[0] for module in imported_modules(path)} & IMPURE_MODULES == set()
    called = {node.func.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}
    assert called & {"now", "utcnow", "utc_now", "today"} == set()


@pytest.mark.parametrize("part", MEDIATION)
def test_a_part_of_mediation_imports_lower_ones_only(part):
    higher = [f"services.mediation.{name}" for name in MEDIATION[MEDIATION.index(part) + 1 :]]
    paths = find_files(f"services/mediation/{part}.py", f"services/mediation/{part}/**/*.py")

    assert paths
    assert {(module_name(path), module) for path in paths for module in project_imports(path) if is_within(module, *higher)} == set()


def test_every_part_of_mediation_has_a_layer():
    modules, packages = {path.stem for path in find_files("services/mediation/*.py")}, {path.parent.name for path in find_files("services/mediation/*/*.py")}

    assert modules - {"__init__"} | packages == set(MEDIATION)


def test_modules_have_no_import_cycle():
    assert _find_cycles(_build_import_graph()) == []


def test_the_parts_of_a_package_have_no_import_cycle():
    """The parts of a package are its modules and subpackages, each subpackage as a whole. The top-level packages are parts too."""
    graph = _build_import_graph()
    packages = {".".join(parts[:depth]) for parts in (module.split(".") for module in graph) for depth in range(len(parts))}

    assert {package: cycle for package in packages if (cycle := _find_cycles(_build_part_graph(package, graph)))} == {}


def test_a_cycle_of_packages_is_found():
    graph = {"a.low.one": {"a.low.two"}, "a.low.two": {"a.high.one"}, "a.high.one": set(), "a.high.two": {"a.low.one"}, "a.top": {"a.high.two"}}

    assert _find_cycles(graph) == []
    assert _find_cycles(_build_part_graph("a", graph)) == ["a.high", "a.low", "a.top"]


def _build_import_graph():
    return {
        module_name(path): _top_level_imports(path) - {module_name(path)}
        for path in find_files(*(f"{top}/**/*.py" for top in PROJECT_PACKAGES if top != "tests"))
    }


def _build_part_graph(package, graph):
    """Return {part: the other parts of the package that it imports}."""
    depth, inside = len(package.split(".")) if package else 0, [module for module in graph if not package or module.startswith(f"{package}.")]
    part = {module: ".".join(module.split(".")[: depth + 1]) for module in inside}
    found = {name: set() for name in part.values()}
    for module in inside:
        found[part[module]] |= {part[imported] for imported in graph[module] if imported in part} - {part[module]}
    return found


def _find_cycles(graph):
    """Return the nodes that are in an import cycle or depend on one: repeatedly remove all nodes without remaining imports."""
    while leaves := {name for name, imported in graph.items() if not imported & graph.keys()}:
        graph = {name: imported for name, imported in graph.items() if name not in leaves}
    return sorted(graph)


def _top_level_imports(path):
    """Return the modules that a file imports at its top level. `from package import module` counts as the module, not as its package."""
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


@pytest.mark.parametrize("module", sorted(LIBRARY_USERS))
def test_a_library_is_imported_only_where_it_is_allowed(module):
    allowed = set(find_files(*LIBRARY_USERS[module]))

    assert {module_name(path) for path in PRODUCT_FILES if path not in allowed and any(is_within(name, module) for name in imported_modules(path))} == set()


@pytest.mark.parametrize("path", find_files("services/**/*store.py", "services/*/store/*.py"), ids=module_name)
def test_store_modules_do_not_connect_or_commit(path):
    """The service opens the transaction, so that all statements of a batch belong to it."""
    attributes = {node.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)}

    assert attributes & {"connect", "commit", "rollback", "transaction"} == set()


@pytest.mark.parametrize("path", find_files("services/intake/store/*.py"), ids=module_name)
def test_the_store_of_intake_imports_no_rules(path):
    allowed = ("services.intake.model", "services.intake.store", "plumbing", "contracts")

    assert {module for module in project_imports(path) if not is_within(module, *allowed) and module != "services.intake"} == set()


@pytest.mark.parametrize("path", find_files("services/*/service.py"), ids=module_name)
def test_a_service_module_contains_no_sql(path):
    texts = [node.value.lower() for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant) and isinstance(node.value, str)]

    assert [text for text in texts if text.lstrip().startswith(("select ", "insert ", "update ", "delete "))] == []


def test_the_rules_above_apply_to_existing_files():
    assert SERVICES == ["intake", "mediation", "metrics", "notify"]
    assert len(PRODUCT_FILES) > 80
    assert "services.intake.model" in project_imports(ROOT / "services/intake/store/reports.py")
    assert len(find_files("services/intake/store/*.py")) > 5
    assert "plumbing.events" in project_imports(ROOT / "services/notify/rules.py")
