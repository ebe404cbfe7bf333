"""Timings.  Nothing here is a test: a slow machine is not a defect."""
