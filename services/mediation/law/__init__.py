"""How the law counts, and which clock is which. Pure: given the calendar, it knows no dispute and no present time."""
