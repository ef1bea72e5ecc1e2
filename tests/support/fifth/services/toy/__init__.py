"""Owns toys; tells who got one; listens to enrolments, and to itself, to count them."""
