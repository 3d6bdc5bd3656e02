"""Codes of the agencies named in the rules of the mediation service: for each role, the leading agency of the county."""

from contracts import COUNTY

CENTRE, COURT, POLICE, GRID = (COUNTY.lead(role).code for role in "MCPG")
