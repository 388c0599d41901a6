"""The self test, by subject; `selftest.py` runs all of it."""
