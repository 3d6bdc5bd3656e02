"""Checks the whole folder of a county: what the contract reads of it, and what mediation does."""

from pathlib import Path

from contracts.county import files
from contracts.csv_tables import CellError
from services.mediation import county_files


def check(folder: Path) -> list[CellError]:
    """Return every mistake in every file, in the order of files and lines. None: the folder may be applied."""
    county, errors = files.read(folder)
    return sorted({*errors, *county_files.check(folder, county)})
