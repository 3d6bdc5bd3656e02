"""Codes of the agencies named in mediation's rules: the county's leading agency of each role."""

from contracts import COUNTY

CENTRE, COURT, POLICE, GRID = (COUNTY.lead(role).code for role in "MCPG")
