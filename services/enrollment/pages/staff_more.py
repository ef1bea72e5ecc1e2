"""What is done to a whole programme: it is called off, its groups are merged, municipalities are invited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.domain.form import BETWEEN
from services.enrollment.domain.meeting_copy import took_place
from services.enrollment.domain.programme import group_title
from services.enrollment.pages.staff_action import Ask, Doing, carry_out
from services.enrollment.pages.staff_programme import address, head_of, reader
from services.enrollment.usecases.read_organisations import read_organisations
from services.enrollment.usecases.read_programme_page import Head, read_concerned
from shared.base.acts import Act
from shared.contracts.danish import listed
from shared.contracts.enrollment import CancelProgramme, InviteMunicipalities, MergeGroups
from shared.contracts.event import Command
from shared.runtime.service import Host
from shared.web.forms import Form

_ALL, _CHOSEN = "alle", "valgte"
MOST_NAMED = 8


async def call_off(host: Host, act: Act, request: Request) -> Response:
    async with host.transaction(reader(request)) as tx:
        head = await head_of(tx, request)
        concerned = await read_concerned(tx, head.programme.id)

    def command(form: Form) -> Command | None:
        return form.command(CancelProgramme, programme_id=head.programme.id)

    told = [
        f"{number} {word}"
        for number, word in (
            (concerned.with_place, "med plads"),
            (concerned.waiting, "på ventelisten"),
            (concerned.invited, "inviterede"),
        )
        if number
    ]
    held = any(took_place(one, head.now) for one in head.meetings)
    doing = Doing(
        title=f"Aflys {head.programme.ref.title}",
        about=head.state,
        button="Aflys forløbet for altid",
        back=address(request),
        crumb=head.programme.ref.title,
        done="aflyst",
        text=(
            "Det kan ikke tages tilbage. Ingen kan derefter tilmelde sig, bestille eller afmelde noget.",
            f"{listed(told)} får besked med det samme." if told else "Der er ingen at give besked.",
            _money(head, held=held),
        ),
        asks=(
            Ask(
                "reason",
                "Hvorfor aflyses det?",
                type="textarea",
                rows=3,
                maxlength=1000,
                required=False,
                hint="Kommunerne læser det, som det står.",
            ),
        ),
        warns=True,
    )
    return await carry_out(host, request, act, head, doing, command)


def _money(head: Head, *, held: bool) -> str:
    """As invoicing does it once the programme is called off."""
    if not head.programme.terms.terms.fees:
        return "Der er ikke noget gebyr."
    if held:
        return (
            "Der er holdt møder. Gebyrer, der ikke er faktureret, holdes tilbage, til økonomi siger, hvad de skal "
            "blive til. Det, der er faktureret, krediteres ikke af sig selv."
        )
    return "Intet er holdt. Gebyrer, der ikke er faktureret, bortfalder, og de fakturerede krediteres."


async def merge_groups(host: Host, act: Act, request: Request) -> Response:
    async with host.transaction(reader(request)) as tx:
        head = await head_of(tx, request)
    programme = head.programme
    groups = [(one.id, one.title) for one in programme.terms.groups if one.id not in programme.merged]

    def command(form: Form) -> Command | None:
        for name in ("group", "into"):
            if not form.value(name):
                form.add_error(name, "required", "Vælg en gruppe.")
        if form.errors:
            return None
        return form.command(MergeGroups, programme_id=programme.id, reason=form.value("reason"))

    def sentences(body: Mapping[str, Any]) -> list[str]:
        left = [one["title"] for one in body["meetings_left"]]
        moved = "1 kommune flyttes" if body["moved"] == 1 else f"{body['moved']} kommuner flyttes"
        said = [f"{moved} fra {group_title(programme, body['group'])} til {group_title(programme, body['into'])}."]
        if left:
            said.append(f"Det er jer, der aflyser gruppens møder: {_some(left)}.")
        return said

    doing = Doing(
        title="Læg to grupper sammen",
        about=programme.ref.title,
        button="Læg grupperne sammen",
        back=address(request),
        done="lagt-sammen",
        text=("Alle i den første gruppe hører derefter til den anden, og det gør de også, der kommer senere.",),
        asks=(
            Ask("group", "Gruppen, der ophører", type="radio", choices=groups),
            Ask("into", "Gruppen, den lægges ind i", type="radio", choices=groups),
            Ask("reason", "Begrundelse", type="textarea", rows=3, maxlength=1000, hint="Kommunerne læser den."),
        ),
        warns=True,
        sentences=sentences,
        why_not="" if len(groups) > 1 else "Forløbet har ikke to grupper.",
    )
    return await carry_out(host, request, act, head, doing, command)


async def invite(host: Host, act: Act, request: Request) -> Response:
    async with host.transaction(reader(request)) as tx:
        head = await head_of(tx, request)
        book = (await read_organisations(tx, {}))["organisations"]
    names = {one["code"]: one["name"] for one in book if one["merged_into"] is None}

    def command(form: Form) -> Command | None:
        chosen = [one for one in form.value("kommuner").split(BETWEEN) if one]
        if form.value("hvem") not in {_ALL, _CHOSEN}:
            form.add_error("hvem", "required", "Vælg, hvem der inviteres.")
        elif form.value("hvem") == _CHOSEN and not chosen:
            form.add_error("kommuner", "required", "Sæt kryds ved mindst én kommune.")
        if form.errors:
            return None
        said = Form({"remind_on": form.value("remind_on")})
        wish = said.command(
            InviteMunicipalities,
            programme_id=head.programme.id,
            # As often as the button is pressed it is the same round.
            round_id=f"stab-{form.key[:16]}",
            organisation_codes=tuple(chosen) if form.value("hvem") == _CHOSEN else (),
        )
        form.errors += said.errors
        return wish

    def sentences(body: Mapping[str, Any]) -> list[str]:
        counted = "1 kommune får en mail." if body["invited"] == 1 else f"{body['invited']} kommuner får en mail."
        left = (
            ("har ingen adresse i adressebogen", body["without_address"]),
            ("har svaret", body["already_answered"]),
            ("er inviteret før", body["already_invited"]),
        )
        return [
            counted,
            *(f"{len(codes)} {why}: {_some([names.get(one, one) for one in codes])}." for why, codes in left if codes),
        ]

    doing = Doing(
        title="Invitér kommuner",
        about=head.programme.ref.title,
        button="Send invitationerne",
        back=address(request),
        done="inviteret",
        text=("Ingen får to invitationer. De, der ikke svarer, får én påmindelse.",),
        asks=(
            Ask(
                "hvem",
                "Hvem",
                type="radio",
                choices=[(_ALL, "Alle kommuner"), (_CHOSEN, "Dem, jeg sætter kryds ved nedenfor")],
            ),
            Ask("remind_on", "Mind dem om det den", type="date", required=False, width="m"),
            Ask("kommuner", "Kommuner", type="checkboxes", required=False, choices=list(names.items())),
        ),
        start={"hvem": _ALL},
        sentences=sentences,
    )
    return await carry_out(host, request, act, head, doing, command)


def _some(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return listed([*names[:MOST_NAMED], f"{more} til"] if more > 0 else list(names))
