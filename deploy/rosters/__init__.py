"""The demonstration's rosters: synthetic, marked so, by the counts that are published."""
