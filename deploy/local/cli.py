"""`tovholder`: the command line. It imports no service; what one knows is asked of `python -m services.<name>`.

Each command imports what it needs when it is given: all of it together takes longer than most commands do.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from deploy.local.errors import StackError, in_words
from deploy.local.locations import (
    DEFAULT_DATA_DIR,
    DEMO_DATA_DIR,
    ROOT,
    python_module,
    read_running,
    service_names,
    where_it_runs,
)
from shared.base.files import for_its_owner_alone

app = typer.Typer(
    name="tovholder",
    help="Tovholder: forløb for kommuner, fra invitationen til den sidste faktura.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)
WIDE = 240

DataDirOption = Annotated[Path, typer.Option("--data-dir", help="Mappen med data, mails, fakturaer og logfiler.")]
RunningOption = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", help=f"Mappen, som det kører på; ellers {DEFAULT_DATA_DIR}, og {DEMO_DATA_DIR} hvis demoen kører."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Skriv én linje JSON i stedet for tekst.")]


def _version(asked: bool) -> None:  # noqa: FBT001  (the library calls it so)
    if asked:
        from importlib.metadata import version

        sys.stdout.write(f"tovholder {version('tovholder')}\n")
        raise typer.Exit


@app.callback()
def tovholder(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Vis versionen.")
    ] = False,
) -> None:
    """Before every command."""


@app.command()
def up(
    *,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    ports: Annotated[str, typer.Option(help="auto, eller den første port i en række.")] = "auto",
    trusted_proxies: Annotated[
        str,
        typer.Option(
            envvar="TOVHOLDER_GATEWAY_TRUSTED_PROXIES",
            metavar="NET",
            help="Proxyer foran gatewayen (adresser eller net): de må sige, hvem en forespørgsel kommer fra.",
        ),
    ] = "",
    public_url: Annotated[
        str,
        typer.Option(envvar="TOVHOLDER_PUBLIC_URL", metavar="URL", help="Adressen udefra, hvis en proxy står foran."),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Start alt på denne maskine: Kafka, PostgreSQL, gateway, mails og tjenesterne. Stop med Ctrl-C."""
    from deploy.local import up as living
    from deploy.local.oidc.server import taken

    front = living.Front(trusted_proxies, public_url, taken(os.environ))
    living.up(data_dir, living.parse_ports(ports), front, as_json=as_json)


@app.command()
def demo(
    *,
    data_dir: DataDirOption = DEMO_DATA_DIR,
    ports: Annotated[str, typer.Option(help="auto, eller den første port i en række.")] = "auto",
    leave: Annotated[bool, typer.Option("--exit", help="Stop alt, når forløbet er spillet.")] = False,
    look: Annotated[bool, typer.Option("--look", help="Spil ikke; start det, der er spillet, til Ctrl-C.")] = False,
    programme: Annotated[
        str | None, typer.Option(metavar="FORLØB", help="Forløbet, hvis historie spilles; ellers et netværk.")
    ] = None,
    summary: Annotated[Path | None, typer.Option(help="Skriv tallene som JSON i denne fil.")] = None,
) -> None:
    """Spil et forløbs år på et simuleret ur, og vis hvad der kom ud af det."""
    if look and (leave or summary or programme):
        raise typer.BadParameter("--look spiller ikke og går ikke sammen med --exit, --programme og --summary.")
    from deploy.local import up as living
    from deploy.local.demo import play

    with living.interruptible() as asked:
        try:
            if look:
                play.look(data_dir, living.parse_ports(ports), Console())
            elif not play.run(
                data_dir, living.parse_ports(ports), programme or play.PROGRAMME, summary, Console(), leave=leave
            ):
                raise typer.Exit(1)
        except KeyboardInterrupt:
            if not asked.is_set():
                raise
            raise typer.Exit(0 if not leave else 130) from None


@app.command()
def play(
    stories: Annotated[list[Path], typer.Argument(metavar="HISTORIE…", help="Historier (YAML), eller mapper med dem.")],
    *,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Behold den sidste histories data, mails og logfiler i mappen.")
    ] = None,
    ports: Annotated[str, typer.Option(help="auto, eller den første port i en række.")] = "auto",
    junit: Annotated[Path | None, typer.Option(metavar="FIL", help="Skriv, hvad der kom ud af det, som JUnit.")] = None,
    as_json: Annotated[Path | None, typer.Option("--json", metavar="FIL", help="Det samme som JSON.")] = None,
) -> None:
    """Spil historier på et simuleret ur, og se efter, om alt går, som de siger.

    1 = noget gik anderledes, 2 = en historie kan ikke læses. Sproget står i docs/stories.md.
    """
    from deploy.local import up as living
    from deploy.local.stories import playing

    # A file or a pipe has no width of its own to fit into.
    console = Console(width=None if sys.stdout.isatty() else WIDE)
    with living.interruptible() as asked:
        try:
            status = playing.run(
                stories, console, living.parse_ports(ports), data_dir=data_dir, junit=junit, as_json=as_json
            )
        except KeyboardInterrupt:
            if not asked.is_set():
                raise
            status = 130
    raise typer.Exit(status)


@app.command()
def status(*, data_dir: RunningOption = None, as_json: JsonOption = False) -> None:
    """Vis adresserne, og om hver tjeneste er klar."""
    from deploy.local import up as living

    if not living.status(where_it_runs(data_dir), as_json=as_json):
        raise typer.Exit(1)


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Programfiler (YAML) eller mapper med dem.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Skriv fundene som JSON.")] = False,
) -> None:
    """Kontrollér programfiler: datoer, beløb og felter, med linjenumre."""
    from deploy.local.caddy import FRONT

    form = ("--json",) if as_json else ()
    raise typer.Exit(_service(f"{FRONT}.console", "check", *form, *(str(file.resolve()) for file in files)))


@app.command()
def publish(
    file: Annotated[Path, typer.Argument(metavar="FIL", help="Programfilen (YAML).")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Udgiv uden at spørge først.")] = False,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="ADRESSE", help="En installation et andet sted; kræver --token-file."),
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", metavar="FIL", help="Filen med nøglen; ellers installationens egen.")
    ] = None,
    data_dir: RunningOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Skriv svaret som JSON; kræver --yes.")] = False,
) -> None:
    """Udgiv en programfil, eller en ny version af den: først vises, hvad der ændres for hvem, og så spørges der.

    1 = noget skal rettes, eller tjenesten siger nej, 2 = filen kan ikke læses, 3 = nøglen gælder ikke eller må ikke,
    4 = installationen svarer ikke, 5 = en anden har udgivet en version imens, 6 = der blev ikke svaret ja.
    """
    from deploy.local import publishing
    from deploy.local.caddy import FRONT

    if as_json and not yes:
        raise typer.BadParameter("--json spørger ingen og går kun sammen med --yes.")
    if at is not None and token_file is None:
        raise typer.BadParameter("--at kræver --token-file.")
    if status := _service(f"{FRONT}.console", "check", *(("--json",) if as_json else ()), str(file.resolve())):
        raise typer.Exit(status)
    try:
        where = _where_to_publish(at, token_file, data_dir)
        answer = _publish(where, file, yes=yes, quiet=as_json)
    except publishing.CannotPublishError as error:
        if as_json and error.answer:
            sys.stdout.write(json.dumps(error.answer, ensure_ascii=False) + "\n")
        sys.stderr.write("".join(f"{line}\n" for line in error.lines))
        raise typer.Exit(error.status) from None
    if as_json:
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")


def _where_to_publish(at: str | None, token_file: Path | None, data_dir: Path | None) -> Any:
    from deploy.local import publishing

    found = {} if at is not None and token_file is not None else read_running(where_it_runs(data_dir))
    token = token_file or Path(found["api_token_file"])
    try:
        said = token.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise publishing.CannotPublishError(publishing.NOT_LET_IN, [f"{token} kan ikke læses."]) from error
    if not said:
        raise publishing.CannotPublishError(publishing.NOT_LET_IN, [f"Der står ingen nøgle i {token}."])
    return publishing.Installation(at or found["gateway"], said)


def _publish(where: Any, file: Path, *, yes: bool, quiet: bool) -> Mapping[str, Any]:
    """Looks, asks and does it; what it came to, for machines."""
    from deploy.local import publishing

    text = publishing.text_of(file)
    looked = publishing.look(where, file, text)
    if not quiet:
        sys.stdout.write("".join(f"{line}\n" for line in looked.lines))
        sys.stdout.flush()
    if looked.unchanged:
        return looked.answer
    if not yes and not _said_yes():
        raise publishing.CannotPublishError(publishing.NOT_WANTED, ["Intet er udgivet. Skriv --yes, når det skal ske."])
    published = publishing.publish(where, file, text, looked.before)
    if not quiet:
        sys.stdout.write("".join(f"{line}\n" for line in published.lines))
    return {**looked.answer, **published.answer}


def _said_yes() -> bool:
    """Of whoever sits there; where nobody does, nothing is said."""
    sys.stdout.write("Udgiv det? [j/N] ")
    sys.stdout.flush()
    said = sys.stdin.readline().strip().lower()
    return said in {"j", "ja"}


@app.command()
def why(
    what: Annotated[str, typer.Argument(metavar="ID", help="Id på en mail, en fakturalinje, en hændelse …")],
    data_dir: RunningOption = None,
) -> None:
    """Hvorfor? Vis kæden af hændelser og personen bag en mail, en fakturalinje eller en plads."""
    from deploy.local import why as tracing

    folder = where_it_runs(data_dir)
    found = read_running(folder)
    token = Path(found["api_token_file"]).read_text()
    away: set[str] = set()

    def ask(name: str, sought: str) -> dict[str, Any] | None:
        if name not in away:
            try:
                return tracing.over_http(found["gateway"], token, name, sought)
            except tracing.NoAnswer:
                away.add(name)
                sys.stderr.write(f"{name} svarer ikke over HTTP; databasen spørges i stedet (nogle sekunder).\n")
        return tracing.decode(_ask_process(name, "why", sought, data_dir=folder))

    installation = tracing.Installation(tuple(found["services"]), ask)
    story = installation.explain(what)
    if story is None:
        asked = bool(installation.answers(what))
        raise StackError(f"Ingen af tjenesterne {'kender' if asked else 'svarer om'} {what}.")
    # A file or a pipe has no width of its own to fit into.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
    console.print(story)


ServiceArgument = Annotated[str, typer.Argument(metavar="TJENESTE", help="Tjenestens navn.")]
ACTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "dlq": (
        "Vis, prøv igen eller kassér hændelser, som en tjeneste ikke kunne behandle.",
        {
            "list [CURSOR]": "hvor en læser er gået i stå, de åbne efter årsag (med aftryk) og hver for sig, og de "
            "emner, der venter på en hændelse, som mangler; den næste side med den cursor, der står nederst",
            "show N": "en af dem, hel; den kan rumme personoplysninger",
            "retry N": "tag den ind nu, og derefter det, der venter bag den",
            "accept N": "tag den ind nu, selv om den kom efter sin tur",
            "discard N": "tag den aldrig ind; det, der venter bag den, går videre",
            "retry-cause AFTRYK [ANTAL] [TIL]": "tag alle med samme årsag ind; uden antallet og det nummer, der "
            "er talt til, bliver de kun talt",
            "discard-cause AFTRYK [ANTAL] [TIL]": "tag ingen med samme årsag ind; uden antallet og det nummer bliver "
            "de kun talt",
            "set-aside N": "lad en læser, der er gået i stå, gå videre uden hændelsen, som lægges til side",
            "skip-gap EMNE AFSENDER": "gå videre uden en hændelse, som aldrig kommer",
            "skip-beginnings": "gå videre uden de første hændelser om alle emner, der venter på deres",
        },
    ),
    "outbox": (
        "Vis, prøv igen eller opgiv hændelser, som Kafka ikke vil tage imod.",
        {
            "list [CURSOR]": "hver af dem, og hvor mange der venter bag den; den næste side med den cursor, der står "
            "nederst",
            "show N": "en af dem, hel; den kan rumme personoplysninger",
            "retry N": "send den nu, og derefter det, der venter bag den",
            "discard N": "send den aldrig; det, der venter bag den, bliver sendt",
        },
    ),
}
"""Commands that every service has, and what each can do; the service itself does it."""


def _operation(name: str, about: str, acts: Mapping[str, str]) -> None:
    """Adds one of them to the command line. Nothing but what is in the table reaches a service."""
    by_word = {act.split()[0]: act for act in acts}

    def operate(
        service: ServiceArgument,
        act: Annotated[str, typer.Argument(metavar="HVAD", help=" · ".join(acts))],
        words: Annotated[
            list[str] | None,
            typer.Argument(metavar="N", help="Nummeret, aftrykket, en cursor, eller emne og afsender."),
        ] = None,
        data_dir: RunningOption = None,
    ) -> None:
        wanted = by_word.get(act, "").split()[1:]
        given = words or []
        needed = [word for word in wanted if not word.startswith("[")]
        numbers = [said for said, word in zip(given, wanted, strict=False) if word in {"N", "[ANTAL]", "[TIL]"}]
        if (
            act not in by_word
            or not len(needed) <= len(given) <= len(wanted)
            or not all(number.isdecimal() for number in numbers)
        ):
            raise typer.BadParameter(f"Skriv tovholder {name} {service} og så: {', '.join(acts)}.")
        raise typer.Exit(_service(service, name, act, *given, data_dir=where_it_runs(data_dir)))

    app.command(name, help="\n\n".join([about, *(f"[bold]{act}[/bold]  {what}." for act, what in acts.items())]))(
        operate
    )


for _name, (_about, _acts) in ACTS.items():
    _operation(_name, _about, _acts)


@app.command()
def replay(
    service: ServiceArgument,
    since: Annotated[
        str,
        typer.Option(metavar="TIDSPUNKT", help="Fra da af, for eksempel 2026-03-01T00:00:00Z; uden zone er det UTC."),
    ],
    data_dir: RunningOption = None,
) -> None:
    """Send en tjenestes hændelser til Kafka igen (efter et tab i Kafka); ingen virkning sker to gange."""
    try:
        datetime.fromisoformat(since)
    except ValueError:
        raise typer.BadParameter(f"--since {since}: skriv et tidspunkt som 2026-03-01T00:00:00Z.") from None
    raise typer.Exit(_service(service, "replay", "--since", since, data_dir=where_it_runs(data_dir)))


class LinkKeyStep(StrEnum):
    """The steps of `deploy.local.link_keys` and of `deploy.local.session_keys`."""

    BEGIN = "begin"
    SWITCH = "switch"
    END = "end"


@app.command("link-key")
def link_key(
    step: Annotated[LinkKeyStep, typer.Argument(metavar="begin|switch|end", help="Skridtet; ét ad gangen.")],
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
) -> None:
    """Skift nøglen bag de mailede links, uden at et link dør: begin (en ny kendes), switch (den bruges), end.

    Installationen startes om efter hvert skridt. end gør de links døde, der kun er skrevet under med den anden nøgle.
    """
    from deploy.local.datadir import DataDir

    if not (data_dir / "tovholder.json").exists():
        raise StackError(f"{data_dir} er ikke en datamappe.")
    DataDir(data_dir, "up").change_link_key(step.value)
    sys.stderr.write("Skridtet er taget. Start Tovholder om.\n")


@app.command("session-key")
def session_key(
    step: Annotated[
        LinkKeyStep | None,
        typer.Argument(metavar="begin|switch|end", help="Skridtet; ét ad gangen. Uden: vis, hvor langt det er."),
    ] = None,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
) -> None:
    """Skift nøglen bag login, uden at nogen bliver logget ud: begin (en ny kendes), switch (den bruges), end.

    Installationen startes om efter hvert skridt. Mellem switch og end går et kvarter, så ingen side behøver at vente.
    """
    from deploy.local.datadir import DataDir
    from deploy.local.session_keys import IN_DANISH

    if not (data_dir / "tovholder.json").exists():
        raise StackError(f"{data_dir} er ikke en datamappe.")
    data = DataDir(data_dir, "up")
    if step is not None:
        data.change_session_key(step.value)
    done = "Den nye nøgle skriver under alene. Start Tovholder om." if step else "Nøglen bag login skiftes ikke."
    sys.stderr.write(f"{IN_DANISH.get(data.session_key_step(), done)}\n")


person = typer.Typer(
    name="person",
    help="Vis, hvad tjenesterne har om en person, eller slet personen overalt.",
    no_args_is_help=True,
)
app.add_typer(person)
AddressArgument = Annotated[str, typer.Argument(metavar="ADRESSE", help="Personens e-mailadresse.")]


def _people(data_dir: Path | None) -> tuple[Any, Sequence[str]]:
    from deploy.local import people

    found = read_running(where_it_runs(data_dir))
    ask = people.over_http(found["gateway"], Path(found["api_token_file"]).read_text())
    return ask, tuple(found["services"])


@person.command("export")
def person_export(address: AddressArgument, data_dir: RunningOption = None) -> None:
    """Skriv alt, hvad tjenesterne har om personen, som JSON."""
    from deploy.local import people

    ask, services = _people(data_dir)
    sys.stdout.write(json.dumps(people.export(ask, services, address), ensure_ascii=False, indent=2) + "\n")


@person.command("erase")
def person_erase(
    address: Annotated[str | None, typer.Argument(metavar="ADRESSE", help="Personens e-mailadresse.")] = None,
    *,
    also_unarchived: Annotated[
        bool,
        typer.Option("--also-unarchived", help="Også før papirerne er afleveret til et arkiv; kræver --reason."),
    ] = False,
    reason: Annotated[str, typer.Option("--reason", metavar="TEKST", help="Hvorfor ikke arkivet først.")] = "",
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Uden adresse: Slet dem igen, som en tjeneste ikke har slettet, efter at den er hentet fra en backup.",
        ),
    ] = False,
    data_dir: RunningOption = None,
) -> None:
    """Slet personen i alle tjenester. Det kan ikke fortrydes."""
    from deploy.local import people

    if (address is not None) == again:
        raise StackError("Skriv enten en adresse eller --again.")
    if also_unarchived != bool(reason.strip()):
        raise typer.BadParameter("--also-unarchived og --reason følges ad.")
    ask, services = _people(data_dir)
    if address is None:
        _erase_again(people.erase_again(ask, services))
        return
    erased = people.erase(ask, services, address, unarchived_because=reason.strip())
    sys.stdout.write(f"Slettet: {', '.join(erased.person_ids)}\n")
    sys.stdout.write("Det bliver, og derfor:\n" if erased.stays else "")
    for service, tables in erased.left.items():
        rows = ", ".join(f"{table} ({count})" for table, count in tables.items())
        sys.stdout.write(f"{service}: rækker, der bliver uden navn og adresse: {rows}\n")
    for line in erased.stays:
        sys.stdout.write(f"{line}\n")


def _erase_again(found: Any) -> None:
    for service, person_ids in found.done.items():
        sys.stdout.write(f"{service}: slettet igen: {', '.join(person_ids)}\n")
    if not found.done and not found.refused:
        sys.stdout.write(f"Alle tjenester har slettet de samme personer ({found.listed}). Der er intet at gøre.\n")
    if found.refused:
        reasons = "; ".join(f"{one}: {why}" for one, why in found.refused.items())
        raise StackError(f"Ikke slettet igen: {reasons}")


@app.command()
def archive(
    programme: Annotated[str, typer.Argument(metavar="FORLØB", help="Forløbets id.")],
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FIL.zip", help="Her skrives de; filen må ikke være der.")],
    data_dir: RunningOption = None,
) -> None:
    """Skriv alle papirer og afgørelser fra et forløb i én fil, til arrangørens arkiv."""
    from deploy.local import archive as papers

    found = read_running(where_it_runs(data_dir))
    door = papers.Gateway(found["gateway"], Path(found["api_token_file"]).read_text())
    written = papers.archive(door, programme, out)
    sys.stdout.write(
        f"{out}: {written.files} filer, SHA-256 {written.sha256}\nDet er noteret, at papirerne er skrevet ud.\n"
    )


token = typer.Typer(
    name="token",
    help="Lav, forny og spær API-nøgler for andre systemer, mens alt kører.",
    no_args_is_help=True,
)
app.add_typer(token)
ClientArgument = Annotated[str, typer.Argument(metavar="NAVN", help="Hvem nøglen er til, for eksempel crm.")]
DatabasesOption = Annotated[
    Path | None,
    typer.Option(
        envvar="TOVHOLDER_DATABASES",
        metavar="MAPPE",
        help="Filer som enrollment_database_url; ellers det, der kører i datamappen.",
    ),
]
UntilOption = Annotated[
    str | None, typer.Option(metavar="HVORNÅR", help="Sidste dag (2027-06-30) eller et antal dage (90d); ellers et år.")
]


def _databases(databases: Path | None, data_dir: Path | None) -> Mapping[str, str]:
    from deploy.local import tokens
    from deploy.local.stack import running

    return running(where_it_runs(data_dir)).databases if databases is None else tokens.read_databases(databases)


def _databases_beside(kafka: str | None, databases: Path | None, data_dir: Path | None) -> Mapping[str, str]:
    """Those of the installation on this broker: of one that was named, somebody has to say which they are."""
    if kafka is not None and databases is None:
        raise StackError("--databases: Skriv mappen med filer som enrollment_database_url.")
    return _databases(databases, data_dir)


@token.command("add")
def token_add(
    name: ClientArgument,
    *,
    may: Annotated[
        list[str] | None,
        typer.Option(metavar="SCOPE", help="Hvad den må: en kommando, en liste, et bundt. Flere gange."),
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(metavar="SOURCE", help="En source, som dens hændelser må have. Flere gange.")
    ] = None,
    until: UntilOption = None,
    databases: DatabasesOption = None,
    data_dir: RunningOption = None,
) -> None:
    """Lav en nøgle. Den vises kun denne ene gang; kun dens SHA-256 bliver gemt."""
    import asyncio

    from deploy.local import tokens

    scopes, sources = may or [], source or []
    tokens.check_words(name, scopes, sources)
    end = tokens.read_end(until, datetime.now(UTC))  # noqa: TID251 # the edge
    made = asyncio.run(tokens.add(_databases(databases, data_dir), name, scopes, sources, end))
    sys.stdout.write(made + "\n")
    sys.stderr.write(f"{name} må {', '.join(scopes)} til {end:%Y-%m-%d %H:%M} UTC. Nøglen vises ikke igen.\n")


@token.command("renew")
def token_renew(
    name: ClientArgument,
    *,
    until: UntilOption = None,
    databases: DatabasesOption = None,
    data_dir: RunningOption = None,
) -> None:
    """Lav en ny nøgle, der må det samme. Den gamle virker et døgn endnu."""
    import asyncio

    from deploy.local import tokens

    end = tokens.read_end(until, datetime.now(UTC))  # noqa: TID251 # the edge
    made = asyncio.run(tokens.renew(_databases(databases, data_dir), name, end))
    sys.stdout.write(made + "\n")
    sys.stderr.write(f"Den nye virker til {end:%Y-%m-%d %H:%M} UTC, den gamle et døgn endnu.\n")


@token.command("revoke")
def token_revoke(
    name: ClientArgument,
    *,
    release: Annotated[bool, typer.Option("--release", help="Frigiv dens sources, så en anden kan få dem.")] = False,
    databases: DatabasesOption = None,
    data_dir: RunningOption = None,
) -> None:
    """Spær alle nøgler, der er til NAVN, med det samme."""
    import asyncio

    from deploy.local import tokens

    asyncio.run(tokens.revoke(_databases(databases, data_dir), name, release=release))
    sys.stderr.write(f"Nøglerne til {name} åbner ikke noget mere.\n")


@token.command("list")
def token_list(
    *, databases: DatabasesOption = None, data_dir: RunningOption = None, as_json: JsonOption = False
) -> None:
    """Vis, hvem der har nøgler, til hvad og hvor længe; aldrig nøglerne selv."""
    import asyncio

    from deploy.local import tokens

    found = asyncio.run(tokens.known(_databases(databases, data_dir)))
    for client, services in found.values():
        ends = [end.isoformat() for end in client.ends]
        if as_json:
            shown = {"name": client.name, "may": client.scopes, "sources": client.sources, "until": ends}
            where = {"in_environment": client.in_environment, "services": services}
            sys.stdout.write(json.dumps({**shown, **where}, ensure_ascii=False) + "\n")
        else:
            until = "i miljøet" if client.in_environment else ", ".join(ends) or "spærret eller udløbet"
            sys.stdout.write(
                f"{client.name}  må {', '.join(client.scopes)}  som {', '.join(client.sources) or '-'}  {until}\n"
            )
    if not found:
        sys.stderr.write("Der er ingen nøgler.\n")


@token.command("scopes")
def token_scopes(*, as_json: JsonOption = False) -> None:
    """Vis alt, hvad en nøgle kan få lov til."""
    from deploy.local import tokens

    found = tokens.all_scopes()
    if as_json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
        return
    for scope, opens in sorted(found.items()):
        sys.stdout.write(f"{scope}\n" + "".join(f"    {one}\n" for one in opens))


document = typer.Typer(
    name="document",
    help="Vis fakturaer og kreditnotaer, kreditér en, lav eksempler, eller kontrollér filer og mails.",
    no_args_is_help=True,
)
app.add_typer(document)
NumberArgument = Annotated[str, typer.Argument(metavar="NUMMER", help="Serie og nummer, for eksempel K-1.")]


class Kind(StrEnum):
    """The files that a document is."""

    HTML = "html"
    JSON = "json"
    XML = "xml"
    PDF = "pdf"


@document.command("show")
def document_show(
    number: NumberArgument,
    *,
    kind: Annotated[
        Kind | None, typer.Option("--as", help="Hvad; ellers efter filens navn, og i en terminal json.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FIL", help="Skriv i en fil.")] = None,
    data_dir: RunningOption = None,
) -> None:
    """Vis en faktura eller kreditnota, eller skriv den i en fil."""
    from deploy.local import documents

    raise typer.Exit(_service(*documents.show(number, kind, out), data_dir=where_it_runs(data_dir)))


class MailKind(StrEnum):
    """What a mail is, and what is in it."""

    TXT = "txt"
    EML = "eml"
    ICS = "ics"
    PDF = "pdf"


@document.command("mail")
def document_mail(
    mail: Annotated[str, typer.Argument(metavar="ID", help="Mailens Message-ID, eller beskedens id.")],
    *,
    kind: Annotated[
        MailKind | None,
        typer.Option("--as", help="Teksten, hele mailen, kalenderen i den eller kvitteringen; ellers efter filnavnet."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FIL", help="Skriv i en fil.")] = None,
    data_dir: RunningOption = None,
) -> None:
    """Vis en mail, kalenderinvitationen i den eller kvitteringen for tilmelding, eller skriv den i en fil."""
    from deploy.local import documents

    raise typer.Exit(_service(*documents.mail(mail, kind, out), data_dir=where_it_runs(data_dir)))


@document.command("page")
def document_page(number: NumberArgument, data_dir: RunningOption = None) -> None:
    """Skriv adressen på siden, hvor en faktura krediteres; den er hemmelig og gælder i tolv timer."""
    raise typer.Exit(_service("invoicing", "document", "page", "--", number, data_dir=where_it_runs(data_dir)))


@document.command("samples")
def document_samples(folder: Annotated[Path, typer.Argument(metavar="MAPPE", help="Her skrives de.")]) -> None:
    """Lav et eksempel på hver slags: fakturaer, kreditnotaer, kvittering og kalendermails."""
    from deploy.local import documents

    for service, *arguments in documents.samples(folder):
        if status := _service(service, *arguments):
            raise typer.Exit(status)


@document.command("check")
def document_check(
    files: Annotated[list[Path], typer.Argument(metavar="FIL…", help="E-fakturaer, PDF'er, kalenderfiler og mails.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Sig, hvad der er galt med filer, hvor end de kommer fra. 65 = noget er galt."""
    from deploy.local import documents

    raise typer.Exit(
        max(_service(service, *arguments) for service, *arguments in documents.checks(files, as_json=as_json))
    )


KafkaOption = Annotated[
    str | None, typer.Option("--kafka", envvar="TOVHOLDER_KAFKA", help="HOST:PORT; ellers den, der kører i datamappen.")
]
PrefixOption = Annotated[
    str | None,
    typer.Option(envvar="TOVHOLDER_PREFIX", help="Står foran navnet på hver topic; ellers som det, der kører."),
]


def _broker(kafka: str | None, prefix: str | None, data_dir: Path | None, who: str = "operator") -> tuple[Any, str]:
    """How to come to the broker as `who`, and the prefix: as they were given, else as of what runs.

    To a broker that was named one comes as TOVHOLDER_KAFKA_* say.
    """
    if kafka is not None:
        from shared.runtime.settings import KafkaSettings

        settings = KafkaSettings(kafka=kafka)
        return (kafka if settings.kafka_security_protocol == "PLAINTEXT" else settings.kafka_access), prefix or ""
    from deploy.local.access import known_login

    found = read_running(where_it_runs(data_dir))
    # What an earlier version started says nothing of a prefix, and asks nobody who he is.
    before = found.get("prefix", "") if prefix is None else prefix
    try:
        return known_login(found["kafka"], found.get("kafka_secrets"), who, before), before
    except FileNotFoundError:
        raise StackError(f"Ingen her hedder {who}; tovholder producer list viser, hvem der må sende.") from None


@app.command()
def emit(
    file: Annotated[
        typer.FileText,
        typer.Argument(metavar="FIL|-", help="En CloudEvent, en JSON-liste af dem eller en pr. linje; - = stdin."),
    ],
    *,
    producer: Annotated[
        str | None, typer.Option("--as", metavar="NAVN", help="Afsenderen; se tovholder producer add.")
    ] = None,
    data_dir: RunningOption = None,
    kafka: KafkaOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send hændelser til Kafka, som et andet system ville gøre det.

    Indhold og konvolut kontrolleres, før noget sendes; hvad afsenderen må, afgør modtagerne. Et faktum går til
    afsenderens egen topic ved siden af den, dets type nævner. Et ønske går til tovholder.intake, eller til afsenderens
    egen ved siden af.
    """
    import asyncio

    from deploy.local import emit as sending
    from deploy.local.principals import of_producer

    events = sending.read_events(file.read(), producer)
    at, before = _broker(kafka, prefix, data_dir, *(() if producer is None else [of_producer(producer)]))
    if producer is None and not isinstance(at, str):
        sending.check_that_nobody_tells(events)
    sent = asyncio.run(sending.send(at, events, before))
    for one in sent:
        where = {"topic": before + one.event.topic, "partition": one.partition, "offset": one.offset}
        if as_json:
            found = {**where, "type": one.event.type, "subject": one.event.subject, "id": one.event.id}
            sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
        else:
            place = f"{where['topic']}/{one.partition}@{one.offset}"
            sys.stdout.write(f"sendt  {place}  {one.event.type}  {one.event.subject}  {one.event.id}\n")


producer = typer.Typer(
    name="producer",
    help="Andre systemer, der sender over Kafka: hvem de er, og hvad de må sende.",
    no_args_is_help=True,
)
app.add_typer(producer)
ProducerArgument = Annotated[str, typer.Argument(metavar="NAVN", help="Afsenderens navn.")]


@producer.command("add")
def producer_add(
    name: ProducerArgument,
    *,
    may: Annotated[
        list[str],
        typer.Option("--may", metavar="TYPE|TJENESTE", help="En type, en tjeneste (alle dens fakta) eller intake."),
    ],
    sources: Annotated[
        list[str] | None, typer.Option("--source", help="Som hvem (CloudEvents source); ellers /NAVN.")
    ] = None,
    password_file: Annotated[
        Path | None,
        typer.Option(metavar="FIL", help="Dens kodeord; laves, hvis filen mangler. Ellers i datamappen."),
    ] = None,
    databases: DatabasesOption = None,
    data_dir: RunningOption = None,
    kafka: KafkaOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lad et andet system sende, uden genstart; er den der, gælder det nye i stedet.

    Dets source bliver dets egen: ingen nøgle får den, og en nøgles får det ikke.
    """
    import asyncio

    from deploy.local import producers
    from deploy.local.access import secret_of
    from deploy.local.principals import ADMIN, of_producer

    grant = producers.grant(name, may, sources or ())
    at, before = _broker(kafka, prefix, data_dir, ADMIN)
    user = before + of_producer(name)
    if password_file is None and kafka is None:
        password_file = where_it_runs(data_dir).absolute() / "secrets" / secret_of(of_producer(name))
    if isinstance(at, str):
        password_file = None
    elif password_file is None:
        raise StackError("--password-file: Skriv, hvor dens kodeord ligger eller skal ligge.")
    known = _databases_beside(kafka, databases, data_dir)
    made = password_file is not None and not password_file.exists()
    password = None if password_file is None else producers.password_in(password_file)
    try:
        asyncio.run(producers.add(at, grant, password, before, databases=known))
    except StackError:
        # Else `emit --as` would take it for somebody's.
        if made and password_file is not None:
            password_file.unlink(missing_ok=True)
        raise
    topics = [before + topic for topic in grant.own_topics]
    if as_json:
        found = {**grant.model_dump(), "topics": topics, "user": user, "password_file": str(password_file or "")}
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
        return
    sys.stdout.write(
        f"{name} må sende {', '.join(grant.may)} som {', '.join(grant.sources)} til {', '.join(topics)}.\n"
    )
    if password_file is not None:
        sys.stdout.write(f"Den logger ind som {user} (SCRAM-SHA-512) med kodeordet i {password_file}.\n")


@producer.command("list")
def producer_list(
    *,
    data_dir: RunningOption = None,
    kafka: KafkaOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Vis, hvem der må sende hvad."""
    import asyncio

    from deploy.local import producers

    at, before = _broker(kafka, prefix, data_dir)
    for grant in asyncio.run(producers.listed(at, before)):
        if as_json:
            topics = [before + topic for topic in grant.own_topics]
            sys.stdout.write(json.dumps({**grant.model_dump(), "topics": topics}, ensure_ascii=False) + "\n")
        else:
            sys.stdout.write(f"{grant.producer}  {', '.join(grant.may)}  som {', '.join(grant.sources)}\n")


@producer.command("remove")
def producer_remove(
    name: ProducerArgument,
    *,
    release: Annotated[bool, typer.Option("--release", help="Frigiv dens sources, så en anden kan få dem.")] = False,
    databases: DatabasesOption = None,
    data_dir: RunningOption = None,
    kafka: KafkaOption = None,
    prefix: PrefixOption = None,
) -> None:
    """Lad et andet system ikke sende mere. Hvad der ikke er læst endnu, bliver ikke læst."""
    import asyncio

    from deploy.local import producers
    from deploy.local.access import secret_of
    from deploy.local.principals import ADMIN, of_producer

    at, before = _broker(kafka, prefix, data_dir, ADMIN)
    known = _databases_beside(kafka, databases, data_dir) if release else None
    asyncio.run(producers.remove(at, name, before, guarded=not isinstance(at, str), databases=known))
    if kafka is None:
        secret = where_it_runs(data_dir).absolute() / "secrets" / secret_of(of_producer(name))
        secret.unlink(missing_ok=True)
    sys.stdout.write(f"{name} må ikke sende mere.\n")


@app.command()
def tail(
    *,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="HVORNÅR", help="start, et tidsrum (90s, 10m, 2t, 3d) eller et tidspunkt; ellers fra nu af."
        ),
    ] = None,
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Kun typer, hvori ordet indgår; med * skal det hele passe.")
    ] = None,
    subjects: Annotated[
        list[str] | None, typer.Option("--subject", help="Kun emner, hvori ordet indgår; med * skal det hele passe.")
    ] = None,
    follow: Annotated[bool, typer.Option(help="Bliv ved, til Ctrl-C; ellers stop ved loggens ende.")] = True,
    data_dir: RunningOption = None,
    kafka: KafkaOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Vis hændelserne, efterhånden som de sker. Med --no-follow vises hele loggen, hvis intet andet er sagt."""
    import asyncio

    from deploy.local import tail as watching
    from deploy.local import up as living

    start = watching.parse_since(since or (None if follow else "start"), datetime.now(UTC))  # noqa: TID251 # the edge
    at, before = _broker(kafka, prefix, data_dir)
    with living.interruptible() as asked:
        try:
            asyncio.run(_tail(at, before, types or (), subjects or (), start, follow=follow, as_json=as_json))
        except KeyboardInterrupt:
            if not asked.is_set():
                raise


async def _tail(
    kafka: Any,
    prefix: str,
    types: Sequence[str],
    subjects: Sequence[str],
    since: datetime | None,
    *,
    follow: bool,
    as_json: bool,
) -> None:
    from deploy.local import tail as watching

    wanted = watching.Wanted(tuple(types), tuple(subjects))
    topics = await watching.topics(kafka, prefix)
    if follow:
        # For as long as somebody watches, the client tries again: nobody else would tell that Kafka went away.
        logging.getLogger("aiokafka").setLevel(logging.ERROR)
    async for record in watching.records(kafka, topics, since, follow=follow):
        arrival = watching.read(record)
        if wanted.fits(arrival):
            sys.stdout.write((watching.as_json(arrival) if as_json else watching.line(arrival)) + "\n")
            sys.stdout.flush()


def _service(name: str, *arguments: str, data_dir: Path | None = None) -> int:
    """Runs a command of one service, or of its console (`invoicing.console`), and returns its exit status.

    `data_dir`: of the installation that it is asked about. Raises StackError when nothing runs there.
    """
    if name.removesuffix(".console") not in service_names():
        raise StackError(f"Der er ingen tjeneste {name!r}; vælg mellem {', '.join(service_names())}.")
    env: dict[str, str] = {}
    if data_dir is not None:
        from deploy.local.stack import operator_environment, running

        env = operator_environment(name.removesuffix(".console"), running(data_dir))
    command = [*python_module(name), *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, check=False).returncode


def _ask_process(name: str, *arguments: str, data_dir: Path) -> str:
    """What a command of one service prints."""
    from deploy.local.stack import operator_environment, running

    env = {**os.environ, **operator_environment(name, running(data_dir))}
    command = [*python_module(name), *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, text=True).stdout


def main() -> None:
    """The console script. What a person can put right is one sentence without a trace."""
    for_its_owner_alone()
    # What Kafka's client says of each attempt is not for a person: it tries again, or the command says that it failed.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        app()
    except Exception as error:
        said = str(error) if isinstance(error, StackError) else in_words(error)
        if said is None:
            raise
        Console(stderr=True, highlight=False).print(said, style="red", markup=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
