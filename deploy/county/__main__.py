"""县级配置 The county's folder: `python -m deploy.county check [DIR]` and `python -m deploy.county new DIR --area CODE`. No running system is needed."""

import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from deploy.county.skeleton import NotNew, write_new
from deploy.files import ROOT

app = typer.Typer(help="县级配置：检查、新建 | The county's folder: check, new.", add_completion=False)
DEFAULT = os.environ.get("FENGQIAO_COUNTY") or "counties/ganzhou"


@app.command()
def check(folder: Annotated[str, typer.Argument(help="县级配置目录 | the county's folder")] = DEFAULT) -> None:
    """检查全部文件，一次指出全部错误 | Check every file and print every mistake at once."""
    found = errors_in(ROOT / folder)
    for error in found:
        typer.echo(error, err=True)
    if found:
        typer.echo(f"共{len(found)}处错误 | {len(found)} mistakes", err=True)
        raise typer.Exit(1)
    typer.echo(f"{folder}：正确 | valid")


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="新目录 | the new folder")],
    area: Annotated[str, typer.Option(help="六位行政区划代码 | the county's six digits")],
) -> None:
    """新建带注释的县级配置 | Write a commented folder for a new county."""
    try:
        written = write_new(folder, area)
    except NotNew as reason:
        typer.echo(reason, err=True)
        raise typer.Exit(1) from None
    for file in written:
        typer.echo(file)
    typer.echo(f"下一步：填写后运行 ./fengqiao county check {folder} | next: fill them in, then ./fengqiao county check {folder}")


def errors_in(folder: Path) -> list:
    """Return every mistake of a folder. The contract is loaded with a valid county of its own, so that an invalid folder can be read to its end."""
    if "contracts" in sys.modules:
        raise RuntimeError("the contract is loaded already, with another county")
    with tempfile.TemporaryDirectory(prefix="fengqiao-county-") as place:
        write_new(Path(place) / "county", "999999")
        os.environ["FENGQIAO_COUNTY"] = str(Path(place) / "county")
        from deploy.county.check import check as check_folder

        return check_folder(folder)


if __name__ == "__main__":
    sys.exit(app())
