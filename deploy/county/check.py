"""Validation of a county's folder: the files read by the contract and those read by mediation."""

from pathlib import Path

from contracts.county import files
from contracts.csv_tables import CellError
from services.mediation import county_files


def check(folder: Path) -> list[CellError]:
    """Return all errors in all files, in the order of files and lines. An empty list means that the folder may be applied."""
    county, errors = files.read(folder)
    return sorted({*errors, *county_files.check(folder, county)})
