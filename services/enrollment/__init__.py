"""Owns the address book, programmes, invitation rounds, enrolments, seat budgets and participants per meeting.

Tells who is invited, enrolled and withdrawn, who takes part in which meeting, and who is beyond the included seats.
Listens to the meeting facts, to open and close registration, and to what other systems ask for over the intake.
"""
