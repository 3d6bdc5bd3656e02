"""The agencies that the rules name: of each role the county's leading one."""

from contracts import COUNTY

CENTRE, COURT, POLICE, GRID = (COUNTY.lead(role).code for role in "MCPG")
