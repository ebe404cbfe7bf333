"""Damaged image files, pixels of every mode, and folders that are a trap."""

from __future__ import annotations

HAZARD = None
