"""One dispute as its rules see it, and the guards and tables about it that change no state. Pure."""
