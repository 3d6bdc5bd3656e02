"""Who can be asked: organisations, their people by number, courts' places; each from one day to another. Ranked by nobody."""
