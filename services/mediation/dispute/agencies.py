"""Codes of the agencies named in the rules of the mediation service: for each role, the leading agency of the county."""

from contracts import COUNTY

CENTRE, COURT, POLICE, GRID = (COUNTY.lead_agency(role).code for role in "MCPG")
