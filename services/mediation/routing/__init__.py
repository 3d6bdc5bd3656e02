"""Routing of disputes to mediation bodies: the county's routing rules, proposals by these rules, and a dry run of rules on past disputes."""
