"""One text that staff write to many: a draft, then on its way, then written. Nobody gets it twice.

Whom it goes to is fixed when it is sent: each mailbox once, whatever number of roles is read there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args

from services.notifications.domain.attachments import Kept, Said
from services.notifications.domain.letter import Letter, Recipient
from services.notifications.domain.text import LONGEST_LINE, LONGEST_TEXT, address_key, lines, one_line, storable
from shared.contracts.addresses import is_erased, sendable
from shared.contracts.decision import Alarm, Decision
from shared.contracts.notifications import Audience, WrittenToMany
from shared.contracts.programme import ProgrammeRef
from shared.contracts.refusal import Refused, Together
from shared.contracts.seen import said, version_of

TEMPLATE = "written"
WRITING = "writing"
"""Timer, keyed by the writing: the next of its letters are to be written. It rings at once."""
WRITINGS_AT_ONCE = 1
AUDIENCES: tuple[Audience, ...] = get_args(Audience)
MOST_RECIPIENTS = 10_000
State = Literal["draft", "going", "written"]
NAME, ORGANISATION, PROGRAMME = "navn", "kommune", "forløb"
PLACEHOLDERS: Mapping[str, str] = {
    NAME: "modtagerens navn",
    ORGANISATION: "kommunens eller organisationens navn",
    PROGRAMME: "forløbets titel",
}
_PLACEHOLDER = re.compile(r"\{([^{}\n]{1,40})\}")


class Wanted(NamedTuple):
    """What staff have typed: a subject, a text, and whom it is for. `chosen` None = all that have a place."""

    headline: str
    body: str
    audience: Audience
    audience_of: str = ""
    chosen: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Writing:
    """`written_to` mailboxes get it, `unreached` enrolments have nobody who does; None as long as it is a draft."""

    id: str
    programme_id: str
    wanted: Wanted
    begun_at: datetime
    state: State = "draft"
    went_at: datetime | None = None
    written_to: int | None = None
    unreached: int | None = None
    forgotten: bool = False

    @property
    def about(self) -> str:
        return f"writing/{self.id}"


class Candidate(NamedTuple):
    """Somebody who may be meant, for an enrolment. `recipient` is a person_id, or `<organisation code>/<role>`."""

    enrolment_id: str
    organisation: str
    recipient: str
    name: str
    email: str

    @property
    def is_person(self) -> bool:
        return "/" not in self.recipient


@dataclass(frozen=True, slots=True)
class Addressed:
    """Each mailbox and each person once; and what the organisations are called of which nobody can be written to."""

    to: tuple[Candidate, ...]
    unreached: tuple[str, ...]


SENT = "sent"


def writing_fields(wanted: Wanted) -> dict[str, str]:
    """What a form about it has in it; `to` is whom it is for."""
    to = f"{wanted.audience}:{wanted.audience_of}" if wanted.audience_of else wanted.audience
    return said({"to": to, "headline": wanted.headline, "body": wanted.body})


def sent_fields(writing: Writing, files: Sequence[Kept]) -> dict[str, str]:
    """All that goes out, the text and what is attached, as one thing."""
    attached = {f"file.{one.place}": f"{one.name} {one.size}" for one in files}
    return {SENT: version_of({**writing_fields(writing.wanted), **attached})}


def begin(writing_id: str, programme_id: str, wanted: Wanted, now: datetime) -> Decision[Writing]:
    return Decision(Writing(writing_id, programme_id, _checked(wanted), now))


def change(writing: Writing, wanted: Wanted) -> Decision[Writing]:
    """Whom it was chosen for stays unless it is said anew."""
    require_draft(writing)
    return Decision(replace(writing, wanted=_checked(wanted)))


def require_draft(writing: Writing) -> None:
    if writing.state != "draft":
        raise Refused("already_written", "Mailen er sendt, så den kan ikke rettes.")


def require_known(found: Writing | None, programme_id: str) -> Writing:
    if found is None or found.programme_id != programme_id:
        raise Refused("unknown_writing", "Mailen til flere findes ikke i forløbet.", status=404)
    return found


def address(candidates: Collection[Candidate], meant: Mapping[str, str]) -> Addressed:
    """`meant`: the enrolments that it is for, and what each organisation is called. The order is the one given."""
    to: dict[str, Candidate] = {}
    reached, known = set(), set()
    for one in candidates:
        email = sendable(one.email)
        if email is None or is_erased(email):
            continue
        if one.recipient not in known:
            to.setdefault(address_key(email), one._replace(email=email))
            known.add(one.recipient)
        reached.add(one.enrolment_id)
    unreached = (name for enrolment, name in meant.items() if enrolment not in reached)
    return Addressed(tuple(to.values()), tuple(unreached))


def send(writing: Writing, addressed: Addressed, owner: str, now: datetime) -> Decision[Writing]:
    """It is on its way to all of them, and is no draft any more."""
    require_draft(writing)
    if not addressed.to:
        raise Refused("nobody_to_write_to", "Ingen af dem, I har valgt, har en adresse, der kan skrives til.")
    if len(addressed.to) > MOST_RECIPIENTS:
        raise Refused("too_many_recipients", f"Der kan højst skrives til {MOST_RECIPIENTS} ad gangen. Vælg færre.")
    fact = WrittenToMany(
        owner=owner,
        writing_id=writing.id,
        programme_id=writing.programme_id,
        audience=writing.wanted.audience,
        recipients=len(addressed.to),
        unreached=len(addressed.unreached),
        written_at=now,
    )
    after = replace(
        writing, state="going", went_at=now, written_to=len(addressed.to), unreached=len(addressed.unreached)
    )
    return Decision(after, (fact,), (Alarm(WRITING, writing.id, now),))


def go_on(writing: Writing, left: int, now: datetime) -> Decision[Writing]:
    """After some of its letters were written, and so many are left."""
    if left:
        return Decision(writing, alarms=(Alarm(WRITING, writing.id, now),))
    return Decision(replace(writing, state="written"))


def letter_to(
    writing: Writing, one: Candidate, programme: ProgrammeRef, files: Sequence[Kept], own_path: str | None = None
) -> Letter:
    """`files` are what is attached; `own_path` leads to the page with all that is theirs, for whoever takes part."""
    to = Recipient(one.recipient, one.name, one.email, one.is_person)
    letter = _letter(writing, to, one, programme, files, "")
    return replace(letter, says={**letter.says, "own_path": own_path}) if own_path else letter


def trial(
    writing: Writing,
    staff: Recipient,
    one: Candidate | None,
    programme: ProgrammeRef,
    files: Sequence[Kept],
    occasion: str,
) -> Letter:
    """To whoever writes it, as it would read for `one`; `occasion` tells one trial from another."""
    reads = one or Candidate("", "Kommunens navn", "", "Modtagerens navn", "")
    letter = _letter(writing, staff, reads, programme, files, occasion)
    return replace(letter, says={**letter.says, "title": one_line(f"Prøve: {letter.says['title']}")}, people=())


def _letter(
    writing: Writing,
    to: Recipient,
    reads: Candidate,
    programme: ProgrammeRef,
    files: Sequence[Kept],
    occasion: str,
) -> Letter:
    values = {NAME: reads.name, ORGANISATION: reads.organisation, PROGRAMME: programme.title}
    return Letter(
        template=TEMPLATE,
        to=to,
        about=writing.about,
        occasion=occasion,
        programme=programme,
        written_at=writing.went_at or writing.begun_at,
        says={
            "organisation": reads.organisation,
            "title": one_line(_filled(writing.wanted.headline, values)),
            "text": lines(_filled(writing.wanted.body, values)),
            "answers_to": programme.staff_email,
            "writing": writing.id,
            "files": [_attached(one, files) for one in files],
        },
        people=(to.key,) if to.person else (),
    )


def _attached(one: Kept, files: Sequence[Kept]) -> dict[str, Any]:
    """And what its reader is told of it, where that is not that everybody can read it."""
    told: dict[str, Any] = {"place": one.place, "file": one.name}
    match one.said:
        case Said("beside", place):
            told["accessible_file"] = next(other.name for other in files if other.place == place)
        case Said("no", _, why_not):
            told["why_not"] = why_not
    return told


def _filled(text: str, values: Mapping[str, str]) -> str:
    """What stands for a placeholder is put in once: nothing in a name is one."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1].strip().lower(), found[0]), text)


def _checked(wanted: Wanted) -> Wanted:
    """As it is kept; refused with the field for what no mail can be made of."""
    headline, body = one_line(storable(wanted.headline)), lines(storable(wanted.body))
    found = Together()
    found.look(_check_line, headline, wanted.headline)
    found.look(_check_body, body, wanted.body)
    for field, text in (("headline", headline), ("body", body)):
        found.look(_check_placeholders, field, text)
    if (wanted.audience in {"role", "participants"}) != bool(wanted.audience_of):
        found.wrong.append(Refused("missing", "Vælg, hvem der skal have mailen.", status=422, field="to"))
    found.require()
    return wanted._replace(headline=headline, body=body)


def _check_line(headline: str, typed: str) -> None:
    if not headline:
        raise Refused("missing", "Skriv et emne.", status=422, field="headline")
    if len(typed.strip()) > LONGEST_LINE:
        raise Refused("too_long", f"Emnet må højst være {LONGEST_LINE} tegn.", status=422, field="headline")


def _check_body(body: str, typed: str) -> None:
    if not body:
        raise Refused("missing", "Skriv en tekst.", status=422, field="body")
    if len(typed.strip()) > LONGEST_TEXT:
        raise Refused("too_long", "Teksten må højst være 20.000 tegn.", status=422, field="body")


def _check_placeholders(field: str, text: str) -> None:
    unknown = [one for one in _PLACEHOLDER.findall(text) if one.strip().lower() not in PLACEHOLDERS]
    if unknown:
        known = ", ".join(f"{{{one}}}" for one in PLACEHOLDERS)
        said = f"»{{{one_line(unknown[0], 40)}}}« er ingen pladsholder. I kan bruge {known}."
        raise Refused("unknown_placeholder", said, status=422, field=field)
