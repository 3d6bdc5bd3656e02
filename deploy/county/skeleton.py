"""Writes the files of a new county's folder from templates. They are valid and commented; required figures are synthetic. Standard library only."""

import re
from pathlib import Path
from string import Template

TEMPLATE_FOLDER = Path(__file__).parent / "template"


class CannotWriteTemplate(ValueError):
    """The template is not written, because the folder is not empty or the area code is invalid. The text gives the reason in Chinese and English."""


def write_template(folder: Path, area: str) -> list[Path]:
    """Write the files of a new county with this area code and return their paths. Raises CannotWriteTemplate; no existing file is overwritten."""
    if not re.fullmatch(r"[1-9][0-9]{5}", area, re.ASCII):
        raise CannotWriteTemplate("area须为六位行政区划代码 | the area must be a six-digit county code")
    if folder.exists() and any(folder.iterdir()):
        raise CannotWriteTemplate(f"{folder} 已存在且不为空 | exists and is not empty")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for template in sorted(TEMPLATE_FOLDER.iterdir()):
        file = folder / template.name
        file.write_text(Template(template.read_text("utf-8")).substitute(area=area), "utf-8")
        written.append(file)
    return written
