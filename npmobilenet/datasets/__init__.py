"""Data sets: images with labels in folders, lists, idx files or arrays; their parts, their batches."""
