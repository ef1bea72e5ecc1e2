"""Plays a programme's years on a simulated clock: the real services, the real broker, the real database."""
