"""Training and prediction: data, transforms, optimisers, the loop."""
