"""Asking a trained model: of single images, and of a whole data set."""
