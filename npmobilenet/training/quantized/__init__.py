"""Learning with the rounding of integers in sight: fake quantisation in a training step."""
