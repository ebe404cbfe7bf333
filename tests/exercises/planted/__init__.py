"""Mistakes as learners write them: right solutions in two styles, and the line that goes wrong."""
