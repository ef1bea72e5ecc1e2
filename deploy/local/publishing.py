"""`tovholder publish FILE`: a programme file becomes a published programme, or a later version of one.

It is checked on this machine first. Then the installation says what it would come to: what changes since the version
that holds, for whom, which meetings move, and how many mails are sent. Nothing is published before somebody says yes,
and nothing if another version has been published meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from deploy.local.errors import StackError
from deploy.local.staff import answer_of

ANSWER_S = 60.0
DONE, REFUSED, UNREADABLE, NOT_LET_IN, AWAY, MEANWHILE, NOT_WANTED = 0, 1, 2, 3, 4, 5, 6
"""How it ends; 2 comes from the check as well."""
_OUTCOMES = {
    "published": "udgivet",
    "changed": "udgivet i en ny version",
    "unchanged": "uændret: det er den version, der gælder",
}
_WHAT = {
    "moved": "flyttes eller får et andet sted",
    "cancelled": "aflyses",
    "dated": "får sin første dato",
    "planned": "planlægges, uden dato endnu",
    "held": "er holdt",
}
_FIRST_REFUSAL, _UNAUTHORIZED, _FORBIDDEN, _FIRST_FAULT = 400, 401, 403, 500
_PROGRAMMES = "enrollment/programmes"
_NOTHING_DONE = "Intet er udgivet. Prøv igen om lidt, eller se tovholder status."
_PERHAPS_DONE = "Det vides ikke, om det blev udgivet. Kør kommandoen igen: den samme fil ændrer intet to gange."


class CannotPublishError(Exception):
    """Says why in `lines`, and how the command ends."""

    def __init__(self, status: int, lines: Sequence[str], answer: Mapping[str, Any] | None = None) -> None:
        super().__init__("\n".join(lines))
        self.status, self.lines, self.answer = status, tuple(lines), dict(answer or {})


class Looked(NamedTuple):
    """What publishing would come to. `before` is the version that holds, 0 for none; `answer` for machines."""

    before: int
    unchanged: bool
    lines: tuple[str, ...]
    answer: Mapping[str, Any]


class Published(NamedTuple):
    lines: tuple[str, ...]
    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Installation:
    """Where it is published, by whose token."""

    gateway: str
    token: str

    def ask(self, path: str, body: Mapping[str, Any], then: str = _NOTHING_DONE) -> tuple[int, dict[str, Any]]:
        """The status and the answer, a "no" too. CannotPublishError where there is none: `then` says what is so."""
        service = path.partition("/")[0]
        try:
            with answer_of(self.gateway, self.token, "POST", path, body, ANSWER_S) as answer:
                status, content = answer.status, answer.read()
        except (StackError, OSError) as error:
            raise CannotPublishError(AWAY, [f"{service} svarer ikke. {then}"]) from error
        try:
            said = json.loads(content)
        except ValueError:
            said = {}
        if status >= _FIRST_FAULT or not isinstance(said, dict):
            detail = said.get("detail") if isinstance(said, dict) else None
            why = [f"{service} kan ikke svare nu ({status}). {then}", *([str(detail)] if detail else [])]
            raise CannotPublishError(AWAY, why)
        if status == _UNAUTHORIZED:
            raise CannotPublishError(NOT_LET_IN, ["Nøglen gælder ikke: den er forkert, spærret eller udløbet."], said)
        if status == _FORBIDDEN:
            why = [f"Nøglen må ikke det, der skal til: {said.get('detail') or 'bed om en anden.'}"]
            raise CannotPublishError(NOT_LET_IN, why, said)
        return status, said


def text_of(file: Path) -> str:
    """Raises CannotPublishError."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotPublishError(UNREADABLE, [f"{file} kan ikke læses."]) from error


def look(at: Installation, file: Path, text: str) -> Looked:
    """Nothing is published by it. Raises CannotPublishError."""
    status, said = at.ask(f"{_PROGRAMMES}/rehearsal", {"file": text})
    if status >= _FIRST_REFUSAL:
        raise _refused(file, said, status)
    unchanged = said["outcome"] == "unchanged"
    answer = {name: value for name, value in said.items() if name not in {"facts", "told"}}
    lines = list(_head(file, said))
    if not unchanged:
        meetings, mails = _reached(at, said)
        answer |= {"meetings": meetings, "mails": mails}
        lines += [*_meetings(meetings), *_mails(mails)]
    return Looked(said["before"], unchanged, tuple(lines), answer)


def publish(at: Installation, file: Path, text: str, seen: int) -> Published:
    """`seen`: the version that held when somebody looked (`Looked.before`). Raises CannotPublishError."""
    status, said = at.ask(_PROGRAMMES, {"file": text, "seen": seen}, _PERHAPS_DONE)
    if status >= _FIRST_REFUSAL:
        raise _refused(file, said, status)
    return Published(tuple(_done(said)), said)


def _refused(file: Path, said: Mapping[str, Any], status: int) -> CannotPublishError:
    meanwhile = said.get("code") == "published_meanwhile"
    return CannotPublishError(MEANWHILE if meanwhile else REFUSED, list(_why(file, said, status)), said)


def _reached(
    at: Installation, said: Mapping[str, Any]
) -> tuple[Sequence[Mapping[str, Any]] | None, Mapping[str, Any] | None]:
    """The meetings that become others, and what is mailed; None for what cannot be said now."""
    programme_id = said["programme_id"]
    place, facts = quote(programme_id, safe=""), list(said["facts"])
    try:
        status, planned = at.ask(f"scheduling/programmes/{place}/rehearsal", {"facts": facts})
        if status >= _FIRST_REFUSAL:
            return None, None
    except CannotPublishError:
        return None, None
    facts += planned["facts"]
    try:
        status, mailed = at.ask(f"notifications/programmes/{place}/rehearsal", {"facts": facts})
    except CannotPublishError:
        return planned["meetings"], None
    return planned["meetings"], None if status >= _FIRST_REFUSAL else mailed


def _head(file: Path, said: Mapping[str, Any]) -> Iterator[str]:
    now = f"{said['programme_id']}, version {said['version']}"
    if said["outcome"] == "unchanged":
        yield f"{now}: {_OUTCOMES['unchanged']}"
        return
    yield f"{now}: ny" if not said["before"] else f"{now}: i stedet for version {said['before']}"
    for one in said["changes"]:
        yield f"  {one['about']}: {one['before'] or '–'} → {one['after'] or 'fjernet'}"
    for one in said["effects"]:
        yield f"  {one}"
    for one in said.get("moved_up", ()):
        yield f"  {one['organisation']} får plads fra ventelisten."
    for one in said["findings"]:
        yield f"  OBS {file.name}, {one}"
    if said["invites_at"]:
        yield f"  Kommunerne inviteres {said['invites_at']}"


def _meetings(meetings: Sequence[Mapping[str, Any]] | None) -> Iterator[str]:
    if meetings is None:
        yield "  Møderne kan ikke vises nu: tjenesten svarer ikke."
        return
    for one in meetings:
        span = " → ".join(filter(None, (one["before"], one["after"])))
        yield f"  Mødet »{one['title']}« {_WHAT[one['what']]}{f': {span}' if span else ''}"


def _mails(mails: Mapping[str, Any] | None) -> Iterator[str]:
    if mails is None:
        yield "  Hvor mange mails der sendes, kan ikke siges nu."
        return
    many = "" if mails["complete"] else "mindst "
    yield (
        f"  {many}{_counted(mails['mails'])} til {mails['mailboxes']} postkasser" if mails["mails"] else "  Ingen mails"
    )
    for one in mails["letters"]:
        about = f" ({one['meeting']})" if one["meeting"] else ""
        yield f"    {one['title']}{about}: {one['mails']}"
    if mails["tomorrow"]:
        yield f"  {_counted(mails['tomorrow'])} til hovedpostkasser i morgen"
    if mails["failing"]:
        yield f"  {_counted(mails['failing'])} kan ikke sendes: adressen kan ikke bruges"


def _counted(mails: int) -> str:
    return "1 mail" if mails == 1 else f"{mails} mails"


def _done(said: Mapping[str, Any]) -> Iterator[str]:
    yield f"{said['programme_id']}, version {said['version']}: {_OUTCOMES[said['outcome']]}"


def _why(file: Path, said: Mapping[str, Any], status: int) -> Iterator[str]:
    code = f" [{said['code']}]" if said.get("code") else ""
    yield f"{said.get('detail') or said.get('title') or f'enrollment: {status}'}{code}"
    for one in said.get("errors", ()):
        place = str(one["field"]).removeprefix("file:")
        yield f"  FEJL {file}:{place} [{one['code']}]"
        yield f"       {one['detail']}"
