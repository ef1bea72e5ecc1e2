"""Files that people name on the command line."""

from __future__ import annotations


def why_not_read(error: OSError) -> str:
    """A Danish sentence: what a person can do about it."""
    match error:
        case FileNotFoundError():
            return "Filen findes ikke. Se efter, om navnet er skrevet rigtigt."
        case IsADirectoryError():
            return "Det er en mappe. Nævn filerne i den."
        case PermissionError():
            return "Filen må ikke læses af den bruger, der kører kommandoen."
        case _:
            return f"Filen kan ikke læses ({error.strerror})."
