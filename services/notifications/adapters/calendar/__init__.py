"""The mails that calendar objects travel in: taken apart and judged, whoever wrote them. It knows no database."""
