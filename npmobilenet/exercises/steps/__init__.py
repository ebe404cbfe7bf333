"""The exercises of each step: text, reference, cases, hints."""
