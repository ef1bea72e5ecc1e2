"""`tovholder`: the command line. It imports no service; what one knows is asked of `python -m services.<name>`."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from aiokafka import AIOKafkaConsumer
from rich.console import Console

from deploy.local import stack, topics
from deploy.local import up as living
from deploy.local.caddy import FRONT
from deploy.local.errors import StackError
from deploy.local.locations import ROOT, service_names
from deploy.local.stack import Addresses

app = typer.Typer(
    name="tovholder",
    help="Tovholder: forløb for kommuner, fra invitationen til den sidste faktura.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}

DataDirOption = Annotated[Path, typer.Option("--data-dir", help="Mappen med data, mails, fakturaer og logfiler.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Skriv én linje JSON i stedet for tekst.")]


@app.command()
def up(
    *,
    data_dir: DataDirOption = living.DEFAULT_DATA_DIR,
    ports: Annotated[str, typer.Option(help="auto, eller den første port i en række.")] = "auto",
    as_json: JsonOption = False,
) -> None:
    """Start alt på denne maskine: Kafka, PostgreSQL, gateway, mails og tjenesterne. Stop med Ctrl-C."""
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
    # Imported here: no other command needs it, and `up` should start at once.
    from deploy.local.demo import play  # noqa: PLC0415 # see above

    with living.interruptible() as asked:
        try:
            play.run(data_dir, living.parse_ports(ports), summary, Console(), leave=leave)
        except KeyboardInterrupt:
            if not asked.is_set():
                raise
            raise typer.Exit(0 if not leave else 130) from None


@app.command()
def status(*, data_dir: DataDirOption = living.DEFAULT_DATA_DIR, as_json: JsonOption = False) -> None:
    """Vis adresserne, og om hver tjeneste er klar."""
    if not living.status(data_dir, as_json=as_json):
        raise typer.Exit(1)


@app.command()
def check(files: Annotated[list[Path], typer.Argument(help="Programfiler (YAML).")]) -> None:
    """Kontrollér programfiler: datoer, beløb og felter, med linjenumre."""
    raise typer.Exit(_service(FRONT, "check", *(str(file.resolve()) for file in files)))


@app.command()
def why(
    what: Annotated[str, typer.Argument(metavar="ID", help="Id på en mail, en fakturalinje, en hændelse …")],
    data_dir: DataDirOption = living.DEFAULT_DATA_DIR,
) -> None:
    """Hvorfor? Vis kæden af hændelser og personen bag en mail, en fakturalinje eller en plads."""
    addresses = stack.running(data_dir)
    answers = [_service(name, "why", what, addresses=addresses) for name in service_names()]
    if all(answers):
        raise StackError(f"Ingen af tjenesterne kender {what}.")


@app.command(context_settings=PASS_ON)
def dlq(
    context: typer.Context,
    service: Annotated[str, typer.Argument(help="Tjenestens navn.")],
    data_dir: DataDirOption = living.DEFAULT_DATA_DIR,
) -> None:
    """Vis, prøv igen eller kassér hændelser, som en tjeneste ikke kunne behandle."""
    raise typer.Exit(_service(service, "dlq", *context.args, addresses=stack.running(data_dir)))


@app.command(context_settings=PASS_ON)
def replay(
    context: typer.Context,
    service: Annotated[str, typer.Argument(help="Tjenestens navn.")],
    data_dir: DataDirOption = living.DEFAULT_DATA_DIR,
) -> None:
    """Send en tjenestes hændelser til Kafka igen (efter et tab i Kafka); ingen virkning sker to gange."""
    raise typer.Exit(_service(service, "replay", *context.args, addresses=stack.running(data_dir)))


@app.command()
def emit(
    file: Annotated[typer.FileText, typer.Argument(help="En CloudEvent som JSON, eller en liste af dem; - = stdin.")],
    data_dir: DataDirOption = living.DEFAULT_DATA_DIR,
) -> None:
    """Send ønsker fra et andet system (CloudEvents) gennem POST /events."""
    events = json.load(file)
    kind = "application/cloudevents-batch+json" if isinstance(events, list) else "application/cloudevents+json"
    addresses = stack.running(data_dir)
    answer = httpx.post(
        f"{addresses.gateway}/events",
        content=json.dumps(events),
        headers={"Content-Type": kind, "Authorization": f"Bearer {addresses.api_token}"},
        trust_env=False,
    )
    sys.stdout.write(f"{answer.status_code} {answer.text}\n")
    if not answer.is_success:
        raise typer.Exit(1)


@app.command()
def tail(
    types: Annotated[list[str] | None, typer.Argument(help="Kun hændelser, hvis type indeholder et af ordene.")] = None,
    *,
    data_dir: DataDirOption = living.DEFAULT_DATA_DIR,
    from_start: Annotated[bool, typer.Option(help="Begynd med den ældste hændelse.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Vis hændelserne, efterhånden som de sker. Stop med Ctrl-C."""
    addresses = stack.running(data_dir)
    with living.interruptible() as asked:
        try:
            asyncio.run(_tail(addresses, types or [], from_start=from_start, as_json=as_json))
        except KeyboardInterrupt:
            if not asked.is_set():
                raise


async def _tail(addresses: Addresses, types: list[str], *, from_start: bool, as_json: bool) -> None:
    reset = "earliest" if from_start else "latest"
    async with AIOKafkaConsumer(
        *topics.topic_names(), bootstrap_servers=addresses.kafka, auto_offset_reset=reset
    ) as consumer:
        async for record in consumer:
            line = _line(record.value, as_json=as_json)
            if not types or any(word in line for word in types):
                sys.stdout.write(line + "\n")
                sys.stdout.flush()


def _line(value: bytes | None, *, as_json: bool) -> str:
    text = (value or b"").decode(errors="replace")
    try:
        event: dict[str, Any] = json.loads(text)
        if as_json:
            return json.dumps(event, ensure_ascii=False)
        return f"{event['time']}  {event['type']}  {event['subject']}  {event['id']}"
    except (ValueError, KeyError, TypeError):
        return f"(ikke en CloudEvent)  {text[:200]!r}"


def _service(name: str, *arguments: str, addresses: Addresses | None = None) -> int:
    """Runs a command of one service and returns its exit status."""
    if name not in service_names():
        raise StackError(f"Der er ingen tjeneste {name!r}; vælg mellem {', '.join(service_names())}.")
    env = stack.service_environment(name, addresses) if addresses else {}
    command = [*stack.python_module(name), *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, check=False).returncode


def main() -> None:
    """The console script. What a person can put right is one sentence without a trace."""
    try:
        app()
    except StackError as error:
        Console(stderr=True, highlight=False).print(str(error), style="red", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
