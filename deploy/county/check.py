"""Validation of all files of a county's folder: those that package `contracts` reads and those that the mediation service reads."""

from pathlib import Path

from contracts.county import files
from contracts.csv_tables import CellError
from services.mediation import county_files


def check_county_folder(folder: Path) -> list[CellError]:
    """Return the errors in all files, sorted by file and line. An empty list means that the folder may be applied."""
    county, errors = files.read_county(folder)
    return sorted({*errors, *county_files.check(folder, county)})
