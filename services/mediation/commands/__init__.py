"""Operators' commands: deadline calculator, rosters, routing rules. Run as `python -m services.mediation.commands.<name>`."""
