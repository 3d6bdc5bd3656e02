"""Do the top-level packages import in one direction only? The layers are those of docs/architecture.md."""

import pytest

from tests.test_imports import files, name_of, ours

# Lowest first. A package imports itself and packages of lower layers, never one of its own layer or above.
LAYERS = (
    ("contracts", "fengqiao_agency"),
    ("scenarios",),
    ("plumbing",),
    ("services",),
    ("deploy",),
    ("local",),
    ("demo", "drills", "bench", "docs"),
)
LAYER_OF = {package: number for number, layer in enumerate(LAYERS) for package in layer}


@pytest.mark.parametrize("package", LAYER_OF)
def test_a_package_imports_itself_and_lower_layers_only(package):
    imported = {(name_of(path), module) for path in files(f"{package}/**/*.py") for module in ours(path) if module.split(".")[0] != package}

    assert {pair for pair in imported if LAYER_OF.get(pair[1].split(".")[0], len(LAYERS)) >= LAYER_OF[package]} == set()


def test_every_package_has_a_layer():
    assert {path.parts[-2] for path in files("*/__init__.py")} - {"tests"} <= LAYER_OF.keys()
