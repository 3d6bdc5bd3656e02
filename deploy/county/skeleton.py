"""Writes the files of a new county: valid, with comments, and synthetic where figures are needed. Standard library only."""

import re
from pathlib import Path
from string import Template

FOLDER = Path(__file__).parent / "template"


class NotNew(ValueError):
    """The folder exists and is not empty, or the area is no county's code; the argument says which, in Chinese and English."""


def write_new(folder: Path, area: str) -> list[Path]:
    """Write the skeleton's files for the county with this code and return them. Nothing that exists is overwritten."""
    if not re.fullmatch(r"[1-9][0-9]{5}", area, re.ASCII):
        raise NotNew("area须为六位行政区划代码 | the area has to be the six digits of a county")
    if folder.exists() and any(folder.iterdir()):
        raise NotNew(f"{folder} 已存在且不为空 | exists and is not empty")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for template in sorted(FOLDER.iterdir()):
        file = folder / template.name
        file.write_text(Template(template.read_text("utf-8")).substitute(area=area), "utf-8")
        written.append(file)
    return written
