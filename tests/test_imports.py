"""Tests of the import rules in docs/architecture.md: which modules may import which modules, and which files may import which library."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT_PACKAGES = ("contracts", "plumbing", "services", "fengqiao_agency", "deploy", "local", "demo", "drills", "bench", "docs", "scenarios", "tests")
SERVICE_NAMES = sorted(path.name for path in (ROOT / "services").iterdir() if (path / "service.py").exists())

# Names of service modules without side effects. They may import contracts, each other, and plumbing.events for the class Event.
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
    "corrections",
    "lane",
    "decrypt_parties",
    "safeguard",
    "particulars",
    "recount",
)
PURE_MODULES_MAY_IMPORT = ("contracts", "plumbing.events")
# Subpackages and modules of the mediation service, lowest layer first. Each may import itself and lower layers. Those before `store` have no side
# effects, except the files in IMPURE_FILES.
MEDIATION_MODULES = (
    "law",
    "rosters",
    "dispute",
    "deadlines",
    "routing",
    "lifecycle",
    "safeguard",
    "store",
    "county_files",
    "calendar_watch",
    "service",
    "commands",
)
PURE_PACKAGES = MEDIATION_MODULES[: MEDIATION_MODULES.index("store")]
IMPURE_FILES = ("store", "proposals")
# Standard library modules and libraries that have side effects or read the time.
IMPURE_MODULES = {
    "nameko", "eventlet", "kombu", "amqp", "pika", "psycopg2", "yoyo", "requests", "httpx", "starlette", "uvicorn", "jinja2", "structlog", "environs",
    "os", "io", "pathlib", "shutil", "socket", "ssl", "select", "subprocess", "threading", "asyncio", "anyio", "time", "logging", "random", "secrets", "tempfile", "urllib",
}  # fmt: skip

# Library → files that may import it. An empty tuple forbids the library, because another library serves the same purpose.
FILES_ALLOWED_TO_IMPORT = {
    "nameko": ("plumbing/container.py", "plumbing/dependency.py", "plumbing/consumer.py", "plumbing/timer.py", "plumbing/run.py", "services/*/service.py"),
    "eventlet": ("plumbing/container.py", "plumbing/broker_connection.py", "plumbing/consumer.py", "plumbing/timer.py", "plumbing/jobs.py", "plumbing/run.py", "plumbing/frame_reader.py"),
    "kombu": ("plumbing/broker_connection.py", "plumbing/epoch.py"),
    "amqp": ("plumbing/broker_connection.py", "plumbing/epoch.py", "plumbing/lenient_decoding.py", "plumbing/frame_reader.py"),
    "pika": ("plumbing/relay.py", "plumbing/parked.py", "plumbing/first_epoch.py", "plumbing/recovery/*.py", "fengqiao_agency/*.py"),
    "starlette": ("plumbing/telemetry.py", "services/*/web.py", "services/*/web/*.py"),
    "logging": ("plumbing/logs.py", "fengqiao_agency/*.py"),  # all other files use structlog: of a message of `logging`, plumbing.logs keeps only the module's name
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
    """Return the full names of all modules that a file imports, also inside functions. `from a import b` counts as import of a and of a.b."""
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
def test_package_contracts_imports_only_marshmallow_and_the_standard_library(path):
    foreign = {module.split(".")[0] for module in imported_modules(path)} - set(sys.stdlib_module_names)

    assert foreign <= {"contracts", "marshmallow"}


@pytest.mark.parametrize("path", find_files("plumbing/**/*.py"), ids=module_name)
def test_package_plumbing_imports_only_itself_and_contracts(path):
    assert {module for module in project_imports(path) if not is_within(module, "plumbing", "contracts")} == set()


@pytest.mark.parametrize("path", find_files("services/**/*.py"), ids=module_name)
def test_a_service_package_imports_only_itself_plumbing_and_contracts(path):
    itself = ".".join(module_name(path).split(".")[:2])

    assert {module for module in project_imports(path) if not is_within(module, itself, "plumbing", "contracts")} == set()


@pytest.mark.parametrize("path", find_files("fengqiao_agency/**/*.py"), ids=module_name)
def test_the_agency_kit_imports_no_other_package_of_the_project(path):
    assert {module for module in project_imports(path) if not is_within(module, "fengqiao_agency")} == set()


def _find_pure_files():
    for name in PURE_MODULES:
        yield from find_files(*(f"services/{service}/{name}.py" for service in SERVICE_NAMES if service != "mediation"))
    for package in PURE_PACKAGES:
        yield from (path for path in find_files(f"services/mediation/{package}/*.py") if path.stem not in IMPURE_FILES)


@pytest.mark.parametrize("path", sorted(_find_pure_files()), ids=module_name)
def test_pure_modules_import_no_module_with_side_effects_and_do_not_read_the_time(path):
    itself = ".".join(module_name(path).split(".")[:2])
    pure = {module_name(one) for one in _find_pure_files()}

    assert {
        module
        for module in project_imports(path)
        if module not in pure and not is_within(module, *PURE_MODULES_MAY_IMPORT) and module not in (itself, "plumbing")
    } == set()
    assert {module.split(".")[0] for module in imported_modules(path)} & IMPURE_MODULES == set()
    called = {node.func.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}
    assert called & {"now", "utcnow", "utc_now", "today"} == set()


@pytest.mark.parametrize("part", MEDIATION_MODULES)
def test_a_module_of_the_mediation_service_imports_only_modules_of_lower_layers(part):
    higher = [f"services.mediation.{name}" for name in MEDIATION_MODULES[MEDIATION_MODULES.index(part) + 1 :]]
    paths = find_files(f"services/mediation/{part}.py", f"services/mediation/{part}/**/*.py")

    assert paths
    assert {(module_name(path), module) for path in paths for module in project_imports(path) if is_within(module, *higher)} == set()


def test_every_module_of_the_mediation_service_has_a_layer():
    modules, packages = {path.stem for path in find_files("services/mediation/*.py")}, {path.parent.name for path in find_files("services/mediation/*/*.py")}

    assert modules - {"__init__"} | packages == set(MEDIATION_MODULES)


def test_modules_have_no_import_cycle():
    assert _find_cycles(_build_import_graph()) == []


def test_modules_and_subpackages_of_a_package_have_no_import_cycle():
    """Each subpackage is treated as a whole: no cycle may exist between the modules and subpackages of a package, or between top-level packages."""
    graph = _build_import_graph()
    packages = {".".join(parts[:depth]) for parts in (module.split(".") for module in graph) for depth in range(len(parts))}

    assert {package: cycle for package in packages if (cycle := _find_cycles(_build_part_graph(package, graph)))} == {}


def test_the_search_for_import_cycles_finds_a_cycle_between_packages():
    graph = {"a.low.one": {"a.low.two"}, "a.low.two": {"a.high.one"}, "a.high.one": set(), "a.high.two": {"a.low.one"}, "a.top": {"a.high.two"}}

    assert _find_cycles(graph) == []
    assert _find_cycles(_build_part_graph("a", graph)) == ["a.high", "a.low", "a.top"]


def _build_import_graph():
    return {
        module_name(path): _top_level_imports(path) - {module_name(path)}
        for path in find_files(*(f"{top}/**/*.py" for top in PROJECT_PACKAGES if top != "tests"))
    }


def _build_part_graph(package, graph):
    """Return {module or subpackage of the package: set of the other modules and subpackages of the package that it imports}."""
    depth, inside = len(package.split(".")) if package else 0, [module for module in graph if not package or module.startswith(f"{package}.")]
    part = {module: ".".join(module.split(".")[: depth + 1]) for module in inside}
    found = {name: set() for name in part.values()}
    for module in inside:
        found[part[module]] |= {part[imported] for imported in graph[module] if imported in part} - {part[module]}
    return found


def _find_cycles(graph):
    """Return the modules that are in an import cycle or import a module in a cycle. Modules without remaining imports are removed repeatedly."""
    while leaves := {name for name, imported in graph.items() if not imported & graph.keys()}:
        graph = {name: imported for name, imported in graph.items() if name not in leaves}
    return sorted(graph)


def _top_level_imports(path):
    """Return the modules that a file imports at its top level. `from package import module` counts as import of the module, not of its package."""
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


@pytest.mark.parametrize("module", sorted(FILES_ALLOWED_TO_IMPORT))
def test_a_library_is_imported_only_by_the_files_that_may_use_it(module):
    allowed = set(find_files(*FILES_ALLOWED_TO_IMPORT[module]))

    assert {module_name(path) for path in PRODUCT_FILES if path not in allowed and any(is_within(name, module) for name in imported_modules(path))} == set()


@pytest.mark.parametrize("path", find_files("services/**/*store.py", "services/*/store/*.py"), ids=module_name)
def test_store_modules_of_services_do_not_connect_to_the_database_or_commit(path):
    """Only the service opens transactions, so that all SQL statements of a batch belong to one transaction."""
    attributes = {node.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)}

    assert attributes & {"connect", "commit", "rollback", "transaction"} == set()


@pytest.mark.parametrize("path", find_files("services/intake/store/*.py"), ids=module_name)
def test_the_store_modules_of_the_intake_service_import_no_rules(path):
    allowed = ("services.intake.model", "services.intake.store", "plumbing", "contracts")

    assert {module for module in project_imports(path) if not is_within(module, *allowed) and module != "services.intake"} == set()


@pytest.mark.parametrize("path", find_files("services/*/service.py"), ids=module_name)
def test_a_service_module_contains_no_sql(path):
    texts = [node.value.lower() for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant) and isinstance(node.value, str)]

    assert [text for text in texts if text.lstrip().startswith(("select ", "insert ", "update ", "delete "))] == []


def test_the_file_patterns_of_the_import_rules_match_existing_files():
    assert SERVICE_NAMES == ["intake", "mediation", "metrics", "notify"]
    assert len(PRODUCT_FILES) > 80
    assert "services.intake.model" in project_imports(ROOT / "services/intake/store/reports.py")
    assert len(find_files("services/intake/store/*.py")) > 5
    assert "plumbing.events" in project_imports(ROOT / "services/notify/rules.py")
