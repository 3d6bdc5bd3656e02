"""Tests of the package `fengqiao_agency`: an agency can install it without the rest of the project."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "fengqiao_agency"
PROJECT_PACKAGES = {"contracts", "plumbing", "services", "deploy", "local", "tests"}


def test_client_library_imports_no_other_package_of_the_project():
    imported = set()
    for file in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module.split(".")[0])

    assert not imported & PROJECT_PACKAGES
    assert imported - set(sys.stdlib_module_names) == {"cloudevents", "jsonschema", "pika", "typer"}


def test_client_library_can_be_installed_alone_and_includes_its_contract_file(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("__pycache__"))
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", target, source]
    subprocess.run(install, check=True, capture_output=True)

    script = "import sys; sys.path.insert(0, sys.argv[1]); import fengqiao_agency.schemas as s; print(s.__file__, len(s.known_event_types()))"
    found = subprocess.run([sys.executable, "-I", "-c", script, target], check=True, capture_output=True, text=True, cwd=tmp_path).stdout.split()

    assert found[0].startswith(str(target))
    assert int(found[1]) == len(json.loads((PACKAGE / "contract.json").read_text("utf-8"))["events"]) > 20
