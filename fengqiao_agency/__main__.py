"""Entry point of `python -m fengqiao_agency`."""

from .cli import main

main()
