"""The stages of inference."""
