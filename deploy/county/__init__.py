"""Tools for a county's folder (agencies, townships, rosters, rules): check it, create a new one, apply it to an installation."""
