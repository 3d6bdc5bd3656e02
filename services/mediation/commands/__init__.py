"""Command-line tools for operators: deadline calculator, rosters and routing rules. Run as `python -m services.mediation.commands.<name>`."""
