"""Signed links of this service. Each path is a secret of whoever asked for it, or of whoever it is mailed to."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

from shared.base.links import sign, verify
from shared.runtime.settings import ServiceSettings

GOOD_FOR = timedelta(hours=12)
"""A working day."""
_INVOICE = "invoice"
_DOCUMENT = "document"


@cache
def _settings() -> ServiceSettings:
    return ServiceSettings()


def invoice_address(invoice_id: str, actor: str, now: datetime) -> str:
    """The page where `actor`, one of the staff, sees and credits this invoice; good for GOOD_FOR."""
    settings = _settings()
    token = sign(settings.link_key, _INVOICE, f"{actor}\n{invoice_id}", now + GOOD_FOR)
    return f"{settings.public_url}/invoicing/fakturaer/{token}"


def invoice_of(token: str, now: datetime) -> tuple[str, str] | None:
    """(invoice id, who the link was given to)."""
    subject = verify(_settings().link_key, _INVOICE, token, now)
    if subject is None:
        return None
    actor, _, invoice_id = subject.partition("\n")
    return invoice_id, actor


def document_path(document_id: str) -> str:
    """The PDF of an invoice or credit note, for whoever it is mailed to; good for ever, as the paper would be."""
    return f"/invoicing/faktura/{sign(_settings().link_key, _DOCUMENT, document_id)}"


def document_of(token: str, now: datetime) -> str | None:
    return verify(_settings().link_key, _DOCUMENT, token, now)
