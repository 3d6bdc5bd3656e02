"""Routing of disputes: the county's table of rules, the proposals that follow from it, and the dry run of another table on past disputes."""
