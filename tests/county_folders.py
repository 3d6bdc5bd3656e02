"""Edited copies of the county's settings folder, for tests of the settings that a county may change."""

import os
import shutil
from pathlib import Path

from contracts import COUNTY


def copy_county_folder(parent: Path, periods: str = "", calendar: str = "", routing: str = "") -> Path:
    """Copy the county's settings folder to `parent`/county; append `periods` to county.toml, `calendar` to calendar.toml and `routing` to routing.csv."""
    folder = parent / "county"
    if not folder.exists():
        shutil.copytree(COUNTY.folder, folder)
    for file, added in (("county.toml", periods), ("calendar.toml", calendar), ("routing.csv", routing)):
        if added:
            write_as_edit(folder / file, (COUNTY.folder / file).read_text("utf-8") + added)
    return folder


def write_as_edit(file: Path, text: str) -> None:
    """Write the file with a later modification time than before, so that services notice the change."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(text, "utf-8")
    os.utime(file, ns=(before + 10**9, before + 10**9))
