"""Data model of one dispute, the guards of its steps, and the tables that change no state. Pure: no database, no broker, no clock."""
