"""Owns when and where meetings are held; tells their planning, dates, moves, cancellations and that they took place;

listens to the programmes that `enrollment` publishes and to requests from intake.
"""
