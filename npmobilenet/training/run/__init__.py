"""A run in time and on disk: its folder, checkpoints and history, how it stops and goes on."""
