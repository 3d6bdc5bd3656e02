"""The operator's commands: the deadline calculator, the rosters, the routing rules. Each is run as `python -m services.mediation.commands.<name>`."""
