"""Staff write one text to many: a draft, what is attached to it, a trial to themselves, and then to all of them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from services.notifications.adapters import programmes, writings
from services.notifications.domain.attachments import LARGEST_FILE, Access, Said, answered, require_not_led_to, take_in
from services.notifications.domain.letter import Recipient
from services.notifications.domain.writing import (
    Addressed,
    Wanted,
    Writing,
    address,
    begin,
    change,
    go_on,
    letter_to,
    require_draft,
    require_known,
    send,
    sent_fields,
    trial,
    writing_fields,
)
from services.notifications.usecases.write_letters import AT_A_TIME, write_letters
from shared.base.answers import Answer
from shared.base.cause import Cause
from shared.base.ids import new_id
from shared.contracts.addresses import sendable
from shared.contracts.bounds import MOST_ORGANISATIONS, Email, Id, Line, Text
from shared.contracts.event import Command
from shared.contracts.notifications import Audience
from shared.contracts.refusal import Refused
from shared.contracts.seen import require_seen
from shared.runtime.timers import Timer
from shared.storage.tx import Tx

_OF_BASE64 = 4 * (LARGEST_FILE // 3 + 2)
_LONGEST_NAME = 60


class BeginWriting(Command):
    """A draft. `chosen` are enrolments; None = all that have a place."""

    programme_id: Id
    headline: Line
    body: Text
    audience: Audience
    audience_of: Id = ""
    chosen: Annotated[tuple[Id, ...], Field(min_length=1, max_length=MOST_ORGANISATIONS)] | None = None


class ChangeWriting(Command):
    programme_id: Id
    writing_id: Id
    headline: Line
    body: Text
    audience: Audience
    audience_of: Id = ""
    seen: Id | None = None
    """What whoever changes it has seen of it (`shared.contracts.seen`)."""


class AttachFile(Command):
    """`content` is base64 (RFC 4648 § 4). A document says by `access` whether everybody can read it; `beside` is the
    place of the accessible version, `why_not` why there is none.
    """

    programme_id: Id
    writing_id: Id
    called: Line
    content: Annotated[str, Field(max_length=_OF_BASE64)]
    access: Access | None = None
    beside: Annotated[int, Field(ge=0, le=99)] | None = None
    why_not: Line = ""


class RemoveFile(Command):
    programme_id: Id
    writing_id: Id
    place: Annotated[int, Field(ge=0, le=99)]


class TryWriting(Command):
    """To the mailbox of whoever asks, and to nobody else."""

    programme_id: Id
    writing_id: Id
    email: Email
    occasion: Id
    """Tells one trial from another."""


class WriteToMany(Command):
    """The draft goes to all that it is for, once. It is the natural key: asked for again it is there already."""

    programme_id: Id
    writing_id: Id
    seen: Id | None = None
    """The text that whoever sends it has read, and what is attached to it."""


async def begin_writing(tx: Tx, command: BeginWriting) -> Answer:
    if not await programmes.load_many(tx, [command.programme_id]):
        raise Refused("unknown_programme", "Forløbet kendes ikke her endnu.", status=404, field="programme_id")

    wanted = Wanted(command.headline, command.body, command.audience, command.audience_of, command.chosen)
    decided = begin(new_id(), command.programme_id, wanted, tx.now)

    await writings.insert(tx, decided.after)
    return Answer({"writing_id": decided.after.id}, status=201)


async def change_writing(tx: Tx, command: ChangeWriting) -> Answer:
    before = await _locked(tx, command.programme_id, command.writing_id)
    wanted = Wanted(command.headline, command.body, command.audience, command.audience_of, before.wanted.chosen)
    decided = change(before, wanted)
    require_seen(writing_fields(before.wanted), command.seen)

    await writings.save_text(tx, decided.after, tx.cause)
    return Answer({"writing_id": before.id})


async def attach_file(tx: Tx, command: AttachFile) -> Answer:
    writing = await _locked(tx, command.programme_id, command.writing_id)
    require_draft(writing)
    try:
        content = base64.b64decode(command.content, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("not_base64", "Filen kom ikke helt frem.", status=422, field="fil") from None

    others = await writings.load_files(tx, writing.id)

    said = None if command.access is None else Said(command.access, command.beside, command.why_not)
    taken = answered(take_in(command.called, content, others), said, others)

    place = await writings.insert_file(tx, writing.id, taken)
    await writings.save_text(tx, writing, tx.cause)
    return Answer({"writing_id": writing.id, "place": place, "name": taken.name})


async def remove_file(tx: Tx, command: RemoveFile) -> Answer:
    writing = await _locked(tx, command.programme_id, command.writing_id)
    require_draft(writing)
    require_not_led_to(command.place, await writings.load_files(tx, writing.id))
    await writings.remove_file(tx, writing.id, command.place)
    await writings.save_text(tx, writing, tx.cause)
    return Answer({"writing_id": writing.id})


async def try_writing(tx: Tx, command: TryWriting) -> Answer:
    writing = await _locked(tx, command.programme_id, command.writing_id)
    if sendable(command.email) is None:
        raise Refused("invalid_address", "Din konto har ingen mailadresse, der kan bruges.", status=422, field="email")
    programme = await programmes.load_many(tx, [writing.programme_id])
    to, files = (await load_addressed(tx, writing)).to, await writings.load_files(tx, writing.id)

    letter = trial(
        writing,
        Recipient(tx.cause.actor or "staff/", "", command.email, person=False),
        to[0] if to else None,
        programme[writing.programme_id],
        files,
        command.occasion[:_LONGEST_NAME],
    )

    await write_letters(tx, [(letter, tx.cause)])
    return Answer({"writing_id": writing.id, "message_id": letter.id})


async def write_to_many(tx: Tx, command: WriteToMany) -> Answer:
    writing = await _locked(tx, command.programme_id, command.writing_id)
    if writing.state != "draft":
        return Answer({"writing_id": writing.id, "recipients": writing.written_to, "unreached": []}, status=200)
    require_seen(sent_fields(writing, await writings.load_files(tx, writing.id)), command.seen)
    addressed = await load_addressed(tx, writing)

    decided = send(writing, addressed, tx.source, tx.now)

    await writings.save(tx, decided.after)
    await writings.insert_recipients(tx, writing.id, addressed.to)
    tx.tell(decided)
    return Answer(
        {"writing_id": writing.id, "recipients": len(addressed.to), "unreached": list(addressed.unreached)}, status=202
    )


async def go_on_writing(tx: Tx, timers: Sequence[Timer]) -> None:
    """The next letters of each, as many as are made at a time; the timer rings again for the rest."""
    for timer in timers:
        writing = await writings.lock(tx, timer.key)
        if writing is None or writing.state != "going":
            continue
        to, left = await writings.take_recipients(tx, writing.id, min(AT_A_TIME, max(1, tx.room)))
        programme = (await programmes.load_many(tx, [writing.programme_id]))[writing.programme_id]
        files = await writings.load_files(tx, writing.id)

        own = await writings.load_own_paths(tx, writing.programme_id, [one.recipient for one in to])
        letters = [letter_to(writing, one, programme, files, own.get(one.recipient)) for one in to]
        decided = go_on(writing, left, tx.now)

        because = Cause(timer.cause.correlation_id, timer.cause.causation_id, timer.cause.actor)
        await write_letters(tx, [(letter, because) for letter in letters])
        tx.take_on(len(letters))
        await writings.save(tx, decided.after)
        tx.tell(decided, because=because)


async def load_addressed(tx: Tx, writing: Writing) -> Addressed:
    """Whom it would go to as things stand."""
    wanted = writing.wanted
    meant = await writings.load_meant(tx, writing.programme_id, wanted.chosen)
    match wanted.audience:
        case "contacts":
            found = await writings.load_contacts(tx, list(meant))
        case "role":
            found = await writings.load_holders(tx, list(meant), wanted.audience_of)
        case "participants":
            only = None if wanted.chosen is None else list(meant)
            found = await writings.load_participants(tx, writing.programme_id, wanted.audience_of, only)
        case "team":
            found = await writings.load_teams(tx, list(meant), writing.programme_id)
    return address(found, meant)


async def _locked(tx: Tx, programme_id: str, writing_id: str) -> Writing:
    return require_known(await writings.lock(tx, writing_id), programme_id)
