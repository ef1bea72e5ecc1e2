"""`tovholder`: the command line. It imports no service; what one knows is asked of `python -m services.<name>`.

Each command imports what it needs when it is given: all of it together takes longer than most commands do.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from deploy.local.errors import StackError
from deploy.local.locations import DEFAULT_DATA_DIR, ROOT, read_running, service_names

if TYPE_CHECKING:
    from deploy.local.stack import Addresses
    from deploy.local.tail import Wanted

app = typer.Typer(
    name="tovholder",
    help="Tovholder: forløb for kommuner, fra invitationen til den sidste faktura.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)
WIDE = 240
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}

DataDirOption = Annotated[Path, typer.Option("--data-dir", help="Mappen med data, mails, fakturaer og logfiler.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Skriv én linje JSON i stedet for tekst.")]


@app.command()
def up(
    *,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    ports: Annotated[str, typer.Option(help="auto, eller den første port i en række.")] = "auto",
    as_json: JsonOption = False,
) -> None:
    """Start alt på denne maskine: Kafka, PostgreSQL, gateway, mails og tjenesterne. Stop med Ctrl-C."""
    from deploy.local import up as living

    living.up(data_dir, living.parse_ports(ports), as_json=as_json)


@app.command()
def demo(
    *,
    data_dir: DataDirOption = Path("demo-data"),
    ports: Annotated[str, typer.Option(help="auto, eller den første port i en række.")] = "auto",
    leave: Annotated[bool, typer.Option("--exit", help="Stop alt, når forløbet er spillet.")] = False,
    summary: Annotated[Path | None, typer.Option(help="Skriv tallene som JSON i denne fil.")] = None,
) -> None:
    """Spil to år af et netværk på et simuleret ur, og vis hvad der kom ud af det."""
    from deploy.local import up as living
    from deploy.local.demo import play

    with living.interruptible() as asked:
        try:
            play.run(data_dir, living.parse_ports(ports), summary, Console(), leave=leave)
        except KeyboardInterrupt:
            if not asked.is_set():
                raise
            raise typer.Exit(0 if not leave else 130) from None


@app.command()
def status(*, data_dir: DataDirOption = DEFAULT_DATA_DIR, as_json: JsonOption = False) -> None:
    """Vis adresserne, og om hver tjeneste er klar."""
    from deploy.local import up as living

    if not living.status(data_dir, as_json=as_json):
        raise typer.Exit(1)


@app.command()
def check(files: Annotated[list[Path], typer.Argument(help="Programfiler (YAML).")]) -> None:
    """Kontrollér programfiler: datoer, beløb og felter, med linjenumre."""
    from deploy.local.caddy import FRONT

    raise typer.Exit(_service(FRONT, "check", *(str(file.resolve()) for file in files)))


@app.command()
def why(
    what: Annotated[str, typer.Argument(metavar="ID", help="Id på en mail, en fakturalinje, en hændelse …")],
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
) -> None:
    """Hvorfor? Vis kæden af hændelser og personen bag en mail, en fakturalinje eller en plads."""
    from deploy.local import why as tracing

    found = read_running(data_dir)
    token = Path(found["api_token_file"]).read_text()
    away: set[str] = set()

    def ask(name: str, sought: str) -> dict[str, Any] | None:
        if name not in away:
            try:
                return tracing.over_http(found["gateway"], token, name, sought)
            except tracing.NoAnswer:
                away.add(name)
                sys.stderr.write(f"{name} svarer ikke over HTTP; databasen spørges i stedet (nogle sekunder).\n")
        return tracing.decode(_ask_process(name, "why", sought, data_dir=data_dir))

    installation = tracing.Installation(tuple(found["services"]), ask)
    story = installation.explain(what)
    if story is None:
        asked = bool(installation.answers(what))
        raise StackError(f"Ingen af tjenesterne {'kender' if asked else 'svarer om'} {what}.")
    # A file or a pipe has no width of its own to fit into.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
    console.print(story)


OPERATIONS = {
    "dlq": "Vis, prøv igen eller kassér hændelser, som en tjeneste ikke kunne behandle.",
    "outbox": "Vis, prøv igen eller opgiv hændelser, som Kafka ikke vil tage imod.",
    "replay": "Send en tjenestes hændelser til Kafka igen (efter et tab i Kafka); ingen virkning sker to gange.",
}
"""Commands that every service has; what follows the service's name is for the service."""


def operate(
    context: typer.Context,
    service: Annotated[str, typer.Argument(help="Tjenestens navn.")],
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
) -> None:
    from deploy.local.stack import running

    raise typer.Exit(_service(service, str(context.command.name), *context.args, addresses=running(data_dir)))


for _name, _about in OPERATIONS.items():
    app.command(_name, help=_about, context_settings=PASS_ON)(operate)


@app.command(context_settings=PASS_ON)
def document(
    context: typer.Context,
    what: Annotated[str, typer.Argument(help="show NUMMER, page NUMMER, samples MAPPE eller check FIL …")],
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
) -> None:
    """Vis fakturaer og kreditnotaer (show), kreditér en (page), lav eksempler, eller kontrollér filer og mails."""
    from deploy.local import documents

    if what in {"show", "page"}:
        from deploy.local.stack import running

        raise typer.Exit(_service("invoicing", "document", what, *context.args, addresses=running(data_dir)))
    asked = documents.samples(context.args) if what == "samples" else documents.checks(what, context.args)
    raise typer.Exit(max(_service(service, *arguments) for service, *arguments in asked))


KafkaOption = Annotated[
    str | None, typer.Option("--kafka", envvar="TOVHOLDER_KAFKA", help="HOST:PORT; ellers den, der kører i datamappen.")
]
PrefixOption = Annotated[str, typer.Option(envvar="TOVHOLDER_PREFIX", help="Står foran navnet på hver topic.")]


@app.command()
def emit(
    file: Annotated[
        typer.FileText,
        typer.Argument(metavar="FIL|-", help="En CloudEvent, en JSON-liste af dem eller en pr. linje; - = stdin."),
    ],
    *,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    kafka: KafkaOption = None,
    prefix: PrefixOption = "",
    as_json: JsonOption = False,
) -> None:
    """Send hændelser til Kafka, som et andet system ville gøre det.

    Alt kontrolleres, før noget sendes. Et faktum går til den topic, dets type nævner, et ønske til tovholder.intake.
    """
    import asyncio

    from deploy.local import emit as sending

    events = sending.read_events(file.read())
    sent = asyncio.run(sending.send(kafka or read_running(data_dir)["kafka"], events, prefix))
    for one in sent:
        where = {"topic": prefix + one.event.topic, "partition": one.partition, "offset": one.offset}
        if as_json:
            found = {**where, "type": one.event.type, "subject": one.event.subject, "id": one.event.id}
            sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
        else:
            place = f"{where['topic']}/{one.partition}@{one.offset}"
            sys.stdout.write(f"sendt  {place}  {one.event.type}  {one.event.subject}  {one.event.id}\n")


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
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    kafka: KafkaOption = None,
    prefix: PrefixOption = "",
    as_json: JsonOption = False,
) -> None:
    """Vis hændelserne, efterhånden som de sker. Med --no-follow vises hele loggen, hvis intet andet er sagt."""
    import asyncio

    from deploy.local import tail as watching
    from deploy.local import topics
    from deploy.local import up as living

    wanted = watching.Wanted(tuple(types or ()), tuple(subjects or ()))
    start = watching.parse_since(since or (None if follow else "start"), datetime.now(UTC))  # noqa: TID251 # the edge
    bootstrap = kafka or read_running(data_dir)["kafka"]
    with living.interruptible() as asked:
        try:
            asyncio.run(_tail(bootstrap, topics.topic_names(prefix), wanted, start, follow=follow, as_json=as_json))
        except KeyboardInterrupt:
            if not asked.is_set():
                raise


async def _tail(
    bootstrap: str,
    names: Sequence[str],
    wanted: "Wanted",
    since: datetime | None,
    *,
    follow: bool,
    as_json: bool,
) -> None:
    from deploy.local import tail as watching

    async for record in watching.records(bootstrap, names, since, follow=follow):
        arrival = watching.read(record)
        if wanted.fits(arrival):
            sys.stdout.write((watching.as_json(arrival) if as_json else watching.line(arrival)) + "\n")
            sys.stdout.flush()


def _service(name: str, *arguments: str, addresses: "Addresses | None" = None) -> int:
    """Runs a command of one service and returns its exit status."""
    if name not in service_names():
        raise StackError(f"Der er ingen tjeneste {name!r}; vælg mellem {', '.join(service_names())}.")
    from deploy.local.stack import python_module, service_environment

    env = service_environment(name, addresses) if addresses else {}
    command = [*python_module(name), *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, check=False).returncode


def _ask_process(name: str, *arguments: str, data_dir: Path) -> str:
    """What a command of one service prints."""
    from deploy.local.stack import python_module, running, service_environment

    env = {**os.environ, **service_environment(name, running(data_dir))}
    command = [*python_module(name), *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, text=True).stdout


def main() -> None:
    """The console script. What a person can put right is one sentence without a trace."""
    try:
        app()
    except StackError as error:
        Console(stderr=True, highlight=False).print(str(error), style="red", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
