"""Do the modules of `contracts` import in one direction only, and nothing from outside but marshmallow?"""

import ast
import sys
from pathlib import Path

import pytest

import contracts

HOUSE = Path(contracts.__file__).parent
MODULES = sorted(HOUSE.rglob("*.py"))

# Lowest first. A module or package imports itself and what stands above it in this list, never one of its own line or below.
LAYERS = (
    ("causes", "channels", "clocks", "codes", "dates", "envelope", "kinds", "mistakes", "states"),
    ("csv_tables", "law_texts"),
    ("county",),
    ("samples",),
    ("fields",),
    ("rows",),
    ("step_facts",),
    ("steps",),
    ("reasons", "safeguard"),
    ("parts",),
    ("answers",),
    ("facts",),
    ("events",),
    ("fast_validators",),
    ("validation", "json_schema"),
    ("asyncapi",),
)
LAYER_OF = {name: number for number, layer in enumerate(LAYERS) for name in layer}


def name_of(path):
    return path.relative_to(HOUSE).with_suffix("").parts[0]


def test_every_module_has_a_layer():
    assert {name_of(path) for path in MODULES} - {"__init__"} == set(LAYER_OF)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_it_imports_marshmallow_and_the_standard_library_only(path):
    assert {name.split(".")[0] for name in _imports(path)} <= {"contracts", "marshmallow", *sys.stdlib_module_names}


@pytest.mark.parametrize("path", [path for path in MODULES if name_of(path) != "__init__"], ids=lambda path: str(path.relative_to(HOUSE)))
def test_it_imports_lower_layers_only(path):
    own = name_of(path)
    imported = {name.split(".")[1] for name in _imports(path) if name.startswith("contracts.")} - {own}

    assert {name for name in imported if LAYER_OF[name] >= LAYER_OF[own]} == set()


@pytest.mark.parametrize("path", [path for path in MODULES if name_of(path) != "county"], ids=lambda path: str(path.relative_to(HOUSE)))
def test_it_reads_and_writes_nothing(path):
    names = {node.id for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Name)}

    assert not names & {"open", "print", "input", "Path", "environ"}


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            submodules = [f"{node.module}.{alias.name}" for alias in node.names if (HOUSE.parent / node.module.replace(".", "/") / alias.name).is_dir()
                          or (HOUSE.parent / node.module.replace(".", "/") / f"{alias.name}.py").exists()]  # fmt: skip
            yield from submodules or [node.module]
