"""A readable timeline, made from nothing but the events on the topics: what happened, day by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from deploy.local.stories.log import Told
from shared.contracts.danish import kroner, short_day
from shared.contracts.event import FACTS
from shared.contracts.time import day_of

LABELS = {
    "ProgrammePublished": ("forløb offentliggjort", "forløb offentliggjort"),
    "MunicipalityInvited": ("kommune inviteret", "kommuner inviteret"),
    "InvitationReminderDue": ("påmindelse om invitationen", "påmindelser om invitationen"),
    "EnrolmentReceived": ("tilmelding modtaget, venter på bekræftelse", "tilmeldinger modtaget, venter på bekræftelse"),
    "SignUpAwaitsStaff": ("tilmelding venter på staben", "tilmeldinger venter på staben"),
    "InvitationDeclined": ("kommune takkede nej", "kommuner takkede nej"),
    "SignUpEnded": ("formular, der ikke blev til noget", "formularer, der ikke blev til noget"),
    "SignUpDismissed": ("tilmelding afvist af staben", "tilmeldinger afvist af staben"),
    "MunicipalityEnrolled": ("plads bekræftet", "pladser bekræftet"),
    "EnrolmentRegrouped": ("kommune skifter netværk", "kommuner skifter netværk"),
    "EnrolmentWithdrawn": ("kommune afmeldt", "kommuner afmeldt"),
    "MemberAdmitted": ("medlem med fra første dag", "medlemmer med fra første dag"),
    "MemberInvited": ("medlem inviteret til et møde", "medlemmer inviteret til et møde"),
    "MemberUninvited": ("medlem taget af et møde", "medlemmer taget af et møde"),
    "MeetingPlanned": ("møde planlagt uden dato", "møder planlagt uden dato"),
    "MeetingScheduled": ("møde har fået dato", "møder har fået dato"),
    "MeetingRescheduled": ("møde flyttet eller præciseret", "møder flyttet eller præciseret"),
    "MeetingCancelled": ("møde aflyst", "møder aflyst"),
    "MeetingHeld": ("møde afholdt", "møder afholdt"),
    "ParticipantRegistered": ("deltager tilmeldt", "deltagere tilmeldt"),
    "ParticipantReplaced": ("deltager skiftet", "deltagere skiftet"),
    "ParticipantCancelled": ("deltager afmeldt", "deltagere afmeldt"),
    "ExtraParticipantAdded": ("ekstra deltager", "ekstra deltagere"),
    "ExtraParticipantRemoved": ("ekstra deltager bortfaldet", "ekstra deltagere bortfaldet"),
    "TeamMemberNamed": ("navngivet på et fast hold", "navngivet på faste hold"),
    "TeamMemberReplaced": ("skiftet på et fast hold", "skiftet på faste hold"),
    "TeamMemberRemoved": ("taget af et fast hold", "taget af faste hold"),
    "GuestInvited": ("gæst inviteret", "gæster inviteret"),
    "GuestLinksRevoked": ("gæsts links lukket", "gæsters links lukket"),
    "GuestRemoved": ("gæst taget af listen", "gæster taget af listen"),
    "QuoteGiven": ("tilbud givet", "tilbud givet"),
    "QuoteDeclined": ("tilbud afslået", "tilbud afslået"),
    "QuoteLapsed": ("tilbud udløbet", "tilbud udløbet"),
    "OptionOrdered": ("tilkøb bestilt", "tilkøb bestilt"),
    "OptionWithdrawn": ("tilkøb trukket tilbage", "tilkøb trukket tilbage"),
    "OptionDelivered": ("tilkøb leveret", "tilkøb leveret"),
    "InvoiceIssued": ("faktura udstedt", "fakturaer udstedt"),
    "CreditNoteIssued": ("kreditnota udstedt", "kreditnotaer udstedt"),
    "PaymentRegistered": ("betaling registreret", "betalinger registreret"),
    "InvoiceOverdue": ("betalingspåmindelse", "betalingspåmindelser"),
    "MessageSent": ("mail sendt", "mails sendt"),
    "MessageFailed": ("mail kunne ikke sendes", "mails kunne ikke sendes"),
    "IntakeRejected": ("anmodning afvist", "anmodninger afvist"),
}


@dataclass(slots=True)
class Day:
    """What one day held."""

    events: Counter[str] = field(default_factory=Counter)
    invoiced_net_ore: int = 0
    invoiced_gross_ore: int = 0
    meetings: list[str] = field(default_factory=list)

    def sentence(self) -> str:
        parts = []
        for name, labels in LABELS.items():
            count = self.events.get(name, 0)
            if count:
                parts.append(f"{count} {labels[0 if count == 1 else 1]}")
                if name == "InvoiceIssued":
                    net, gross = kroner(self.invoiced_net_ore), kroner(self.invoiced_gross_ore)
                    parts[-1] += f" ({net} ekskl. / {gross} inkl. moms)"
        return " · ".join(parts) + (f" [{'; '.join(self.meetings)}]" if self.meetings else "")


class Timeline:
    """Takes in what was told, and hands out each day once it is over."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.days: dict[date, Day] = {}
        self._told: set[date] = set()
        self._taken = 0

    def take(self, records: Sequence[Told]) -> None:
        """Of a list that only grows, what has come since the last time."""
        new, self._taken = records[self._taken :], len(records)
        for record in new:
            if record.type in FACTS:
                self._take(record)

    def lines_before(self, day: date) -> list[str]:
        """The sentences of the days before `day` that have not been handed out yet, oldest first."""
        over = sorted(known for known in self.days if known < day and known not in self._told)
        self._told.update(over)
        return [f"{short_day(known):>18}  {self.days[known].sentence()}" for known in over]

    def _take(self, record: Told) -> None:
        name = record.type.split(".")[2]
        self.counts[name] += 1
        day = self.days.setdefault(day_of(datetime.fromisoformat(record.event["time"])), Day())
        day.events[name] += 1
        if name == "InvoiceIssued":
            day.invoiced_net_ore += record.data["invoice"]["net_ore"]
            day.invoiced_gross_ore += record.data["invoice"]["gross_ore"]
        if name in {"MeetingScheduled", "MeetingRescheduled", "MeetingCancelled", "MeetingHeld"}:
            day.meetings.append(record.data["meeting"]["title"])
