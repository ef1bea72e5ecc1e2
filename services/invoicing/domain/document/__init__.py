"""Invoices and credit notes as documents: what one says, what it must keep to, and how it is paid.

A part of its own: it knows nothing of claims, programmes or how invoices come about.
"""
