"""Right solutions in styles of their own: each file is a learner's, none may be rejected."""
