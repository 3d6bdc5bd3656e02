"""The applied copy: the copy of the county's folder that an installation uses. Standard library only.

Processes read this copy and not the edited folder. An unfinished edit therefore has no effect, and all processes read the same version.
"""

import filecmp
import os
import shutil
import time
from pathlib import Path

COUNTY_SYMLINK_NAME = "county"  # name of the symbolic link to the applied copy, in the run directory; replaced atomically


def find_applied_copy(run_dir: Path) -> Path | None:
    """Return the folder of the applied copy, or None if no county's folder was applied yet."""
    link = run_dir / COUNTY_SYMLINK_NAME
    return link if link.exists() else None


def apply_copy(run_dir: Path, source: Path) -> None:
    """Copy the county's folder `source` and replace the applied copy by it. Do nothing if `source` is the applied copy or has equal files."""
    link = run_dir / COUNTY_SYMLINK_NAME
    if link.exists() and (source.resolve() == link.resolve() or _have_equal_files(source, link)):
        return
    copy = run_dir / f"{COUNTY_SYMLINK_NAME}-{time.time_ns()}"
    shutil.copytree(source, copy)
    previous_copy = link.resolve() if link.exists() else None
    draft = run_dir / f"{COUNTY_SYMLINK_NAME}.draft"
    draft.unlink(missing_ok=True)
    draft.symlink_to(copy.name)
    os.replace(draft, link)
    if previous_copy is not None:
        shutil.rmtree(previous_copy)


def _have_equal_files(first: Path, second: Path) -> bool:
    names = {file.name for folder in (first, second) for file in folder.iterdir() if file.is_file()}
    same, _, _ = filecmp.cmpfiles(first, second, names, shallow=False)
    return set(same) == names
