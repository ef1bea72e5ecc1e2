"""What a notifications process is told beside what every service is."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from shared.runtime.settings import OptionalPath, ServiceSettings, none_if_blank


class Settings(ServiceSettings):
    """`TOVHOLDER_SMTP` is `host:port`; the rest says how to talk to it. Seconds are machine time."""

    smtp_security: Literal["none", "starttls", "tls"] = "none"
    smtp_username: Annotated[str | None, BeforeValidator(none_if_blank)] = None
    smtp_password_file: OptionalPath = None
    smtp_timeout: float = Field(default=60.0, gt=0)
    smtp_connections: int = Field(default=4, ge=1, le=8)
    """To the mail server at a time. A kill leaves at most so many mails of unknown fate."""
    mail_lease: float = Field(default=30.0, gt=0)
    """How long a mail that was being sent is waited for when its process has died."""
    mail_retry: float = Field(default=15.0, gt=0)
    """First pause after a server's "later"; doubled each time."""
    keep_mails_days: int = Field(default=730, ge=90)
    """After so long the words, addresses and calendars of mails that nobody is sending are forgotten. Not before Kafka
    has forgotten the facts behind them."""
    calendar_plus_addresses: bool = False
    """Whether the ORGANIZER of an invitation is `<mailbox>+<token>@…`, so that a reply from another address than the
    invited one is still known. Only where such mails reach the mailbox, and from the first invitation on."""
    sender_name: str = "Tovholder"
    sender_email: str = "tovholder@tovholder.example"
    """From of the few mails that no programme stands behind."""

    @property
    def smtp_password(self) -> str | None:
        path: Path | None = self.smtp_password_file
        return None if path is None else path.read_text(encoding="utf-8").strip()

    @property
    def smtp_address(self) -> tuple[str, int]:
        host, _, port = self.smtp.rpartition(":")
        return host or self.smtp, int(port or 25)
