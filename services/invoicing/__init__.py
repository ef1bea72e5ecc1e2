"""Owns claims, invoices and payments; tells what is issued, paid and overdue;

listens to enrolments, extra participants and how meetings ended, from whoever owns them, and to requests from intake.
"""
