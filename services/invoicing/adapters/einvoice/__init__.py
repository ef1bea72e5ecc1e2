"""The engine of e-invoices: documents written, read and judged, as XML and as PDF.

A part of its own: of the service it knows `domain.document` and nothing else.
"""
