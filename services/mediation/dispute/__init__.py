"""Data model of one dispute, guards of its steps, and rules that change no state. Pure computation: no database, no message broker, no system clock."""
