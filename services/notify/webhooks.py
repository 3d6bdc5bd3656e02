"""Operator's tool for the agencies' webhooks: `python -m services.notify.webhooks set womens_federation https://…`."""

import os
import secrets

import typer

from contracts import AGENCIES
from plumbing import settings
from plumbing.pool import Pool
from services.notify import store
from services.notify.retries import LEASE_DURATION

app = typer.Typer(help="登记、撤销机构接收通知的网址 | Set and remove the webhooks of agencies.", add_completion=False)


@app.command()
def set(agency: str, url: str):
    """登记网址，显示签名密钥（仅此一次） | Set an agency's webhook and print its signing secret, which is shown only once."""
    if agency not in AGENCIES:
        raise typer.BadParameter(f"没有这个机构 | there is no such agency: {agency}")
    secret = secrets.token_hex(32)
    with Pool(settings.load(), 1).transaction() as tx:
        store.set_webhook(tx, agency, url, secret.encode(), LEASE_DURATION)
    typer.echo(secret)


@app.command()
def remove(agency: str):
    """撤销登记的网址 | Remove an agency's webhook."""
    with Pool(settings.load(), 1).transaction() as tx:
        if not store.remove_webhook(tx, agency):
            raise typer.BadParameter(f"该机构没有登记网址 | no webhook is set for {agency}")


if __name__ == "__main__":
    os.environ.setdefault("FENGQIAO_SERVICE", "notify")
    app()
