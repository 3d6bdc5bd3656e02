"""The county's folder as an operator handles it: check it, begin a new one, apply it to a running installation."""
