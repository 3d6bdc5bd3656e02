"""The copy of the county's folder that an installation runs with. Standard library only.

Processes read the copy, never the folder that a person edits: half an edit reaches nobody, and a process that starts again reads what the others read.
"""

import filecmp
import os
import shutil
import time
from pathlib import Path

NAME = "county"  # a symbolic link in the run directory, so that one version replaces the other at once


def applied(run_dir: Path) -> Path | None:
    """Return the folder of the applied copy; None if none was applied yet."""
    link = run_dir / NAME
    return link if link.exists() else None


def put(run_dir: Path, source: Path) -> None:
    """Make a copy of `source` the applied one. Nothing happens if it is that copy, or equal to it."""
    link = run_dir / NAME
    if link.exists() and (source.resolve() == link.resolve() or _equal(source, link)):
        return
    copy = run_dir / f"{NAME}-{time.time_ns()}"
    shutil.copytree(source, copy)
    before = link.resolve() if link.exists() else None
    draft = run_dir / f"{NAME}.draft"
    draft.unlink(missing_ok=True)
    draft.symlink_to(copy.name)
    os.replace(draft, link)
    if before is not None:
        shutil.rmtree(before)


def _equal(one: Path, other: Path) -> bool:
    names = {file.name for folder in (one, other) for file in folder.iterdir() if file.is_file()}
    same, _, _ = filecmp.cmpfiles(one, other, names, shallow=False)
    return set(same) == names
