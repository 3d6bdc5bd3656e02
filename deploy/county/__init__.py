"""Tools of the operator for a county's folder: check it, create a new one, apply it to an installation."""
