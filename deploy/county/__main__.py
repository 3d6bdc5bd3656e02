"""Commands for a county's folder (县级配置): `python -m deploy.county check [DIR]` and `python -m deploy.county new DIR --area CODE`.

The commands need no running system.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from deploy.county.skeleton import CannotWriteTemplate, write_template
from deploy.files import ROOT

app = typer.Typer(help="县级配置：检查、新建 | Check or create a county's folder.", add_completion=False)
DEFAULT_FOLDER = os.environ.get("FENGQIAO_COUNTY") or "counties/ganzhou"


@app.command()
def check(folder: Annotated[str, typer.Argument(help="县级配置目录 | the county's folder")] = DEFAULT_FOLDER) -> None:
    """检查全部文件，一次列出全部错误 | Check all files and print all errors."""
    errors = find_folder_errors(ROOT / folder)
    for error in errors:
        typer.echo(error, err=True)
    if errors:
        typer.echo(f"共{len(errors)}处错误 | {len(errors)} errors", err=True)
        raise typer.Exit(1)
    typer.echo(f"{folder}：正确 | valid")


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="新目录 | the new folder")],
    area: Annotated[str, typer.Option(help="六位行政区划代码 | six-digit area code of the county")],
) -> None:
    """新建带注释的县级配置 | Write a commented folder for a new county."""
    try:
        written = write_template(folder, area)
    except CannotWriteTemplate as reason:
        typer.echo(reason, err=True)
        raise typer.Exit(1) from None
    for file in written:
        typer.echo(file)
    typer.echo(f"下一步：填写后运行 ./fengqiao county check {folder} | next: fill in the files, then run ./fengqiao county check {folder}")


def find_folder_errors(folder: Path) -> list:
    """Return all errors in the files of a county's folder.

    Package `contracts` is first imported with a valid temporary county, because its import fails with an invalid one. Raises RuntimeError if the
    package is already imported.
    """
    if "contracts" in sys.modules:
        raise RuntimeError("the contract is already loaded with another county")
    with tempfile.TemporaryDirectory(prefix="fengqiao-county-") as temporary:
        write_template(Path(temporary) / "county", "999999")
        os.environ["FENGQIAO_COUNTY"] = str(Path(temporary) / "county")
        from deploy.county.check import check_county_folder

        return check_county_folder(folder)


if __name__ == "__main__":
    sys.exit(app())
