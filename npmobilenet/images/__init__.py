"""Images: from a file, or whatever else is one, to the array a network reads; and how they are varied."""
