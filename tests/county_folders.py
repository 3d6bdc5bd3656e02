"""Copies of the demonstration's county folder with a person's edits, for tests of what a county may set."""

import os
import shutil
from pathlib import Path

from contracts import COUNTY


def county_folder(where: Path, periods: str = "", calendar: str = "", routing: str = "") -> Path:
    """Copy the county's folder to `where`/county, with these lines added to county.toml, calendar.toml and routing.csv. Return it."""
    folder = where / "county"
    if not folder.exists():
        shutil.copytree(COUNTY.folder, folder)
    for file, added in (("county.toml", periods), ("calendar.toml", calendar), ("routing.csv", routing)):
        if added:
            edit(folder / file, (COUNTY.folder / file).read_text("utf-8") + added)
    return folder


def edit(file: Path, text: str) -> None:
    """Write the file as a person does: later than what was there before."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(text, "utf-8")
    os.utime(file, ns=(before + 10**9, before + 10**9))
