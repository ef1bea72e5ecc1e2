"""Staff write one text to many: what it says and whom it is for, how it will look, and how far it has come."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.notifications.domain.attachments import DOCUMENTS, LARGEST_FILE, MOST_FILES, TYPES, Kept, Said, accessible
from services.notifications.domain.writing import AUDIENCES, PLACEHOLDERS, SENT, sent_fields, writing_fields
from services.notifications.pages.mails import as_file, framed, moment, size
from services.notifications.pages.programme import (
    carry_out,
    known,
    mails_at,
    may,
    programme_of,
    reader,
    show,
    writings_at,
)
from services.notifications.usecases.read_writing import (
    Offered,
    Shown,
    read_file,
    read_last_change,
    read_offered,
    read_writing,
    read_writings,
)
from services.notifications.usecases.write_to_many import (
    AttachFile,
    BeginWriting,
    ChangeWriting,
    RemoveFile,
    TryWriting,
    WriteToMany,
)
from shared.base.acts import Act
from shared.base.clock import machine_now
from shared.base.listing import number
from shared.base.problems import Problem
from shared.contracts.danish import listed, short_day
from shared.contracts.event import Command
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.meanwhile import CHANGED, Stands, met, seen_in
from shared.web.meanwhile import begin as begin_form
from shared.web.own_mailbox import ask_for_own_mailbox, own_mailbox
from shared.web.programme_page import at_and_who, unheard
from shared.web.staff import badge_in, staff_form
from shared.web.staff_action import Doing

ROOM = LARGEST_FILE + 100_000
CHOOSE = "_vaelg"
"""The button of a list that brings what was ticked there."""
LABELS = {"headline": "Emne", "body": "Tekst", "to": "Hvem skal have mailen?"}
FILE_LABELS = {"fil": "Fil", "access": "Tilgængelighed", "why_not": "Hvorfor"}
NEXT_PAGE = "fra"
MOST_PLACES = 100
_MOST_NAMED = 20
_MOST_EXAMPLES = 50
_BETWEEN = " "


async def begin(host: Host, act: Act, request: Request) -> Response:
    """A new draft. What was ticked in a list comes with a form, and is kept in it."""
    form, status = staff_form(host, request, labels=LABELS), 200
    if request.method == "POST":
        form = await read_form(request, labels=LABELS)
    chosen = _chosen(form)
    form.values["chosen"] = _BETWEEN.join(chosen)
    if request.method == "POST" and CHOOSE not in form.own:
        status = 422
        wish = _wanted(form, BeginWriting, programme_id=programme_of(request), chosen=tuple(chosen) or None)
        if wish is not None:
            reply = await host.door.submit(act, wish, form.key, actor=badge_in(request).actor, patient=True)
            if (refused := reply.refusal()) is None:
                return RedirectResponse(writings_at(request, f"/{reply.json()['writing_id']}?besked=gemt"), 303)
            form.refuse(refused)
            status = refused.status
    elif not form.value("to"):
        form.values["to"] = "contacts"
        if CHOOSE in form.own and not chosen:
            form.add_error("", "nobody_chosen", "I har ikke valgt nogen på listen. Gå tilbage, og vælg dem.")
            status = 422
    return await _typing(host, request, form, chosen or None, status, mails_at(request), "Skriv til flere")


async def change(host: Host, act: Act, request: Request) -> Response:
    found, status = await _found(host, request), 200
    writing, back = found.writing, writings_at(request, f"/{found.writing.id}")
    form = staff_form(host, request, labels=LABELS)
    wanted = writing.wanted
    form.values.update(writing_fields(wanted))
    begin_form(form, writing_fields(wanted))
    if request.method == "POST":
        form = await read_form(request, labels=LABELS)
        status = 422
        about = {"programme_id": writing.programme_id, "writing_id": writing.id, "seen": seen_in(form)}
        wish = _wanted(form, ChangeWriting, **about)
        if wish is not None:
            reply = await host.door.submit(act, wish, form.key, actor=badge_in(request).actor, patient=True)
            if (refused := reply.refusal()) is None:
                return RedirectResponse(f"{back}?besked=gemt", 303)
            status = refused.status
            if refused.code != CHANGED or not met(form, await _stands(host, request)):
                form.refuse(refused)
    return await _typing(host, request, form, wanted.chosen, status, back, "Ret mailen til flere")


def _chosen(form: Form) -> list[str]:
    """The ids of what was ticked, or of all that was shown where that was asked for."""
    if form.own.get(CHOOSE) == "viste":
        return form.value("viste").split()
    ticked = form.chosen("til") if CHOOSE in form.own else form.value("chosen").split()
    return list(dict.fromkeys(one for one in ticked if one))


def _wanted(form: Form, command: type[Command], **given: Any) -> Any:
    """The command; None, and errors at the fields, when it is none."""
    audience, _, of = form.value("to").partition(":")
    if audience not in AUDIENCES:
        form.add_error("to", "missing", "Vælg, hvem der skal have mailen.")
        audience = ""
    typed = Form({name: form.value(name) for name in ("headline", "body")}, labels=form.labels)
    for name, label in (("headline", "et emne"), ("body", "en tekst")):
        if not typed.value(name):
            form.add_error(name, "missing", f"Skriv {label}.")
    if form.errors:
        return None
    wish = typed.command(command, audience=audience, audience_of=of, **given)
    form.errors += typed.errors
    return wish


async def _changed_by(host: Host, request: Request, found: Shown) -> str:
    """Who has changed the text last, and when. Names of staff are not known here."""
    async with host.transaction(reader(request)) as tx:
        last = await read_last_change(tx, found.writing.id)
    return at_and_who(last.at, last.actor, badge_in(request).actor) if last else ""


async def _stands(host: Host, request: Request) -> Stands:
    """The draft as it is now, and who has changed it last."""
    found = await _found(host, request)
    async with host.transaction(reader(request)) as tx:
        offered = await read_offered(tx, found.programme.id, None)
    audiences = dict(_choices(offered))
    return Stands(
        fields=writing_fields(found.writing.wanted),
        who=await _changed_by(host, request, found),
        as_read=lambda name, text: audiences.get(text, text) if name == "to" else text,
    )


async def _typing(
    host: Host,
    request: Request,
    form: Form,
    chosen: Sequence[str] | None,
    status: int,
    back: str,
    heading: str,
) -> Response:
    async with host.transaction(reader(request)) as tx:
        programme = await known(tx, request)
        if programme is None:
            return unheard(host, request)
        offered = await read_offered(tx, programme.id, chosen)
    return show(
        host,
        request,
        "staff_writing_form.html",
        programme,
        status=status,
        form=form,
        heading=heading,
        back=back,
        choices=_choices(offered),
        placeholders=[(f"{{{name}}}", text) for name, text in PLACEHOLDERS.items()],
        chosen=_named(offered.chosen) if chosen else "",
        chosen_count=len(offered.chosen),
    )


def _choices(offered: Offered) -> list[tuple[str, str]]:
    found = [("contacts", "Kontaktpersonerne")]
    found += [(f"role:{one}", f"Dem med rollen {label}") for one, label in offered.roles]
    if offered.team:
        found.append(("team", "Alle på de faste hold"))
    found += [
        (f"participants:{one}", f"Deltagerne på {title}{f', {short_day(date.fromisoformat(day))}' if day else ''}")
        for one, title, day in offered.meetings
    ]
    return found


def _named(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return listed([*names[:_MOST_NAMED], f"{more} til"] if more > 0 else list(names)) if names else ""


async def writing(host: Host, request: Request) -> Response:
    """A draft: whom it goes to and how it will look. One that went: how many of its mails are gone."""
    example = number({"mod": request.query_params.get("mod", "1")}, "mod") or 1
    found = await _found(host, request, example - 1)
    at = writings_at(request, f"/{found.writing.id}")
    values: dict[str, Any] = {
        "one": found.writing,
        "at": at,
        "files": [(kept.place, kept.name, size(kept.size), _said_of(kept, found.files)) for kept in found.files],
        "going": _progress(found),
        "part_at": at,
        "send_at": f"{at}/send?{READ}={sent_fields(found.writing, found.files)[SENT]}",
    }
    if request.headers.get("hx-request") == "true" and found.writing.state != "draft":
        part = host.pages.fragment("notifications/staff_writing.html", "fremdrift", **values)
        return HTMLResponse(part, headers={"Vary": "HX-Request", "Cache-Control": "no-store"})
    addressed = found.addressed
    return show(
        host,
        request,
        "staff_writing.html",
        found.programme,
        **values,
        heading=found.writing.wanted.headline or "Mail til flere",
        whom=_whom(found),
        text=found.preview.plain,
        subject=found.preview.subject,
        count=len(addressed.to),
        unreached=_named(addressed.unreached),
        unreached_count=len(addressed.unreached),
        examples=[(place, _label(one)) for place, one in enumerate(addressed.to[:_MOST_EXAMPLES], 1)],
        example=example,
        example_name=_label(found.example) if found.example else "",
        form=staff_form(host, request),
        may_add=len(found.files) < MOST_FILES,
        types=TYPES,
        trial_at=ask_for_own_mailbox(f"{at}/proeve"),
        may_write=found.writing.state == "draft" and may(request, "notifications.WriteToMany"),
        mails=mails_at(request, "?brev=written"),
        list_at=f"/notifications/stab/forloeb/{found.programme.id}/skrevet",
        went=moment(found.writing.went_at) if found.writing.went_at else "",
    )


def _label(one: Any) -> str:
    return f"{one.name} ({one.organisation})" if one.organisation not in {"", one.name} else one.name


def _whom(found: Shown) -> str:
    wanted = found.writing.wanted
    said = {
        "contacts": "Kontaktpersonerne",
        "role": "Dem med rollen",
        "team": "Alle på de faste hold",
        "participants": "Deltagerne på et møde",
    }[wanted.audience]
    scope = "alle, der har en plads" if wanted.chosen is None else f"{len(wanted.chosen)} valgte"
    return f"{said} hos {scope}"


def _progress(found: Shown) -> dict[str, Any]:
    """How many of its mails are gone, by its counts; `over`: nothing more will happen by itself."""
    counts, total = found.counts, found.writing.written_to or 0
    sent, failed = counts.get("sent", 0), counts.get("failed", 0)
    unknown, settled = counts.get("unknown", 0), counts.get("settled", 0)
    done = sent + failed + unknown + settled
    return {
        "total": total,
        "sent": sent,
        "failed": failed,
        "unknown": unknown,
        "waiting": max(0, total - done),
        "over": found.writing.state == "written" and done >= sum(counts.values()),
        "done": done,
    }


async def preview(host: Host, request: Request) -> Response:
    example = number({"mod": request.query_params.get("mod", "1")}, "mod") or 1
    found = await _found(host, request, example - 1)
    return framed(found.preview.html)


async def attach(host: Host, act: Act, request: Request) -> Response:
    found = await _found(host, request)
    at, form, status = writings_at(request, f"/{found.writing.id}"), staff_form(host, request, labels=FILE_LABELS), 200
    if request.method == "POST":
        form = await read_form(request, labels=FILE_LABELS)
        sent, status = form.files.get("fil"), 422
        if sent is None or not sent.content:
            form.add_error("fil", "missing", "Vælg en fil, der ikke er tom.")
        elif len(sent.content) > LARGEST_FILE:
            form.add_error("fil", "file_too_large", "Filen må højst være 3 MB.")
        else:
            wish = _attaching(
                form,
                programme_id=found.programme.id,
                writing_id=found.writing.id,
                called=_printable(sent.called)[-200:] or "bilag",
                content=base64.b64encode(sent.content).decode(),
            )
            if wish is not None:
                reply = await host.door.submit(act, wish, form.key, actor=badge_in(request).actor, patient=True)
                if (refused := reply.refusal()) is None:
                    return RedirectResponse(f"{at}?besked=vedhaeftet", 303)
                form.refuse(refused)
                status = refused.status
    return show(
        host,
        request,
        "staff_writing_file.html",
        found.programme,
        status=status,
        form=form,
        at=at,
        types=TYPES,
        documents=DOCUMENTS,
        choices=[
            ("yes", "Ja"),
            *(
                (f"beside:{one.place}", f"Nej, men {one.name} er en tilgængelig udgave af det")
                for one in accessible(found.files)
            ),
            ("no", "Nej, og der er ingen tilgængelig udgave"),
        ],
    )


def _attaching(form: Form, **given: Any) -> AttachFile | None:
    """With what is said of the file; None, and errors at the fields, when it is no command."""
    access, _, beside = form.value("access").partition(":")
    typed = Form({"access": access, "beside": beside, "why_not": form.value("why_not") if access == "no" else ""})
    wish = typed.command(AttachFile, **given)
    form.errors += [replace(one, field="access") if one.field == "beside" else one for one in typed.errors]
    return wish


def _said_of(one: Kept, files: Sequence[Kept]) -> str:
    """What was said of it, for whoever looks at the draft."""
    match one.said:
        case Said("yes"):
            return "tilgængelig"
        case Said("beside", place):
            return next(f"{other.name} er en tilgængelig udgave" for other in files if other.place == place)
        case Said("no", _, why_not):
            return f"ikke tilgængelig: {why_not}"
    return ""


def _printable(text: str) -> str:
    return "".join(mark for mark in text if mark.isprintable())


async def remove(host: Host, act: Act, request: Request) -> Response:
    found = await _found(host, request)
    place = request.path_params["place"]
    kept = next((one for one in found.files if one.place == place), None)
    if kept is None:
        raise Problem(404, "not_found")
    doing = Doing(
        title="Tag filen af",
        about=kept.name,
        button="Tag filen af",
        back=writings_at(request, f"/{found.writing.id}"),
        done="fjernet",
        sentences=lambda _: ("Filen slettes. Mailen er ikke sendt endnu, så ingen har fået den.",),
    )
    wish = RemoveFile(programme_id=found.programme.id, writing_id=found.writing.id, place=place)
    return await carry_out(host, request, act, found.programme, doing, wish)


async def file_of_writing(host: Host, request: Request) -> Response:
    if request.path_params["place"] >= MOST_PLACES:
        raise Problem(404, "not_found")
    async with host.transaction(reader(request)) as tx:
        found = await read_file(
            tx, programme_of(request), request.path_params["writing_id"], request.path_params["place"]
        )
    if found is None:
        raise Problem(404, "not_found")
    return as_file(found.name, found.media_type, found.octets)


async def try_it(host: Host, act: Act, request: Request) -> Response:
    """To the mailbox that the sender signs in with, which enrollment knows and says (`shared.web.own_mailbox`)."""
    found = await _found(host, request)
    at = writings_at(request, f"/{found.writing.id}")
    if request.method == "GET":
        return RedirectResponse(ask_for_own_mailbox(f"{at}/proeve"), 303)
    form, badge = await read_form(request), badge_in(request)
    email = own_mailbox(host.settings.links, form.own.get("_postkasse", ""), badge.subject, machine_now())
    if email is None:
        return RedirectResponse(ask_for_own_mailbox(f"{at}/proeve"), 303)
    wish = TryWriting(
        programme_id=found.programme.id, writing_id=found.writing.id, email=email, occasion=f"try/{form.key}"
    )
    reply = await host.door.submit(act, wish, form.key, actor=badge.actor, patient=True)
    if (refused := reply.refusal()) is not None:
        raise refused
    return RedirectResponse(f"{at}?besked=proevet", 303)


async def send(host: Host, act: Act, request: Request) -> Response:
    found = await _found(host, request)
    at = writings_at(request, f"/{found.writing.id}")
    if found.writing.state != "draft" and request.method == "GET":
        return RedirectResponse(at, 303)
    read = request.query_params.get(READ)
    if request.method == "GET" and read is not None and read != sent_fields(found.writing, found.files)[SENT]:
        return RedirectResponse(f"{at}?besked={_OTHERWISE}", 303)

    async def stands() -> Stands:
        now = await _found(host, request)
        return Stands(sent_fields(now.writing, now.files), await _changed_by(host, request, now), unseen=_OTHER_TEXT)

    doing = Doing(
        title="Send mailen til alle",
        about=found.writing.wanted.headline,
        button="Send mailen",
        back=at,
        done="sendes",
        sentences=_what_is_sent,
        stands=stands,
        text=(f"Svar kommer til {found.programme.staff_email}. En mail, der er sendt, kan ikke kaldes tilbage.",),
        warns=True,
    )

    def wish(form: Form) -> Command:
        return WriteToMany(programme_id=found.programme.id, writing_id=found.writing.id, seen=seen_in(form))

    return await carry_out(host, request, act, found.programme, doing, wish)


READ, _OTHERWISE = "laest", "rettet"
"""The mark of the text that was read on the page that leads to the sending, and what is said where it is another."""
_OTHER_TEXT = {SENT: "Mailen eller dens bilag er rettet, siden siden blev åbnet. Læs den igen, før I sender den."}


def _what_is_sent(body: Mapping[str, Any]) -> Sequence[str]:
    count, unreached = body["recipients"], body["unreached"]
    said = [f"Der sendes {_mails(count)}, én til hver postkasse."]
    if unreached:
        said.append(f"{len(unreached)} har ingen, der kan skrives til: {_named(unreached)}.")
    return said


def _mails(count: int) -> str:
    return f"{count} mail{'' if count == 1 else 's'}"


async def written(host: Host, request: Request) -> Response:
    """All that was written to many in the programme, the newest first."""
    before = number({"fra": request.query_params[NEXT_PAGE]}, "fra") if NEXT_PAGE in request.query_params else None
    async with host.transaction(reader(request)) as tx:
        programme = await known(tx, request)
        if programme is None:
            return unheard(host, request)
        found, following = await read_writings(tx, programme.id, before)
    here = f"/notifications/stab/forloeb/{programme.id}/skrevet"
    return show(
        host,
        request,
        "staff_written.html",
        programme,
        rows=[
            {
                "href": writings_at(request, f"/{one.writing.id}"),
                "headline": one.writing.wanted.headline or "Teksten er slettet, fordi den er så gammel",
                "when": moment(one.writing.went_at or one.writing.begun_at),
                "draft": one.writing.state == "draft",
                "count": _mails(one.writing.written_to or 0),
                "unreached": one.writing.unreached or 0,
                "who": "Jer selv" if one.actor == badge_in(request).actor else _who(one.actor),
            }
            for one in found
        ],
        following=f"{here}?{NEXT_PAGE}={following}" if following else None,
        all_mails=mails_at(request),
        new_at=writings_at(request),
    )


def _who(actor: str | None) -> str:
    return "En kollega" if (actor or "").startswith("staff/") else "Et program hos arrangøren"


async def _found(host: Host, request: Request, example: int = 0) -> Shown:
    """Problem 404 for whatever is no text of the programme in the path."""
    async with host.transaction(reader(request)) as tx:
        found = await read_writing(
            tx, programme_of(request), request.path_params["writing_id"], host.settings.public_url, example
        )
    if found is None:
        raise Problem(404, "not_found")
    return found
