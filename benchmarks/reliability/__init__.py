"""What happens to this project where things go wrong: each hazard tried, and what was bad counted."""
