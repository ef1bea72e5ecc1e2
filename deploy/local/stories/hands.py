"""What can be done: a command, a call, a page, another system's fact, the same record once more, a kill."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable, Mapping
from typing import Any

from deploy.local import emit
from deploy.local.stories.client import Answer
from deploy.local.stories.expectations import about, fits
from deploy.local.stories.log import Told
from deploy.local.stories.matching import matches
from deploy.local.stories.pages import CannotDoError
from deploy.local.stories.stage import Stage, token_name
from deploy.local.stories.story import Call, Command, Link, Mail, Redeliver, TellFact
from deploy.local.stories.values import Here, Memory

NOBODY = "stab"
"""Whoever asks over the intake when the story does not say who."""


class Hands:
    """Each does one step and returns what came of it; CannotDoError says why nothing could be done."""

    def __init__(self, stage: Stage, memory: Memory) -> None:
        self._stage = stage
        self._memory = memory

    async def command(self, step: Command, here: Here) -> Answer | tuple[str, str]:
        """The API's answer; or (source, id) of what was asked for over the intake, where nobody answers."""
        data = await self._memory.resolved(step.data, here)
        route = self._stage.routes.get(step.command)
        if step.via == "intake" or route is None:
            source = f"/{token_name(here.by or NOBODY)}"
            event = self._event(step.command, source, data, here)
            await self._send(event)
            return source, str(event["id"])
        path, body = route.request(data)
        return await self._stage.client.ask(route.method, path, body, key=here.key, caller=_caller(here))

    async def call(self, step: Call, here: Here) -> Answer:
        path = await self._memory.text(step.path, here)
        body = await self._memory.resolved(step.data or {}, here)
        if step.csv is not None:
            file = await self._memory.text(step.csv, here)
            body["content"] = base64.b64encode(file.encode()).decode()
        if step.method == "GET":
            return await self._stage.client.read(path, caller=_caller(here))
        return await self._stage.client.ask(step.method, path, body, key=here.key, caller=_caller(here))

    async def tell(self, step: TellFact, here: Here) -> dict[str, Any]:
        """The fact's data."""
        source = await self._memory.text(step.source, here)
        data: dict[str, Any] = await self._memory.resolved(step.data, here)
        data.setdefault("owner", source)
        event = self._event(step.fact, source, data, here)
        for name, value in (("id", step.id), ("subject", step.subject), ("sequence", step.sequence)):
            if value is not None:
                event[name] = await self._memory.text(str(value), here)
        await self._send(event)
        return data

    def _event(self, wire_type: str, source: str, data: Any, here: Here) -> dict[str, Any]:
        at = self._stage.simulation.now
        return {
            "specversion": "1.0",
            "id": here.key,
            "source": source,
            "type": wire_type,
            "time": at.isoformat().replace("+00:00", "Z") if at else None,
            "datacontenttype": "application/json",
            "data": data,
        }

    async def _send(self, event: dict[str, Any]) -> None:
        if (newer := emit.of_other_version(event)) is not None:
            await self._stage.tell(newer)
            return
        outgoing, errors = emit.check(event)
        if outgoing is None:
            raise CannotDoError(" ".join(errors))
        await self._stage.tell(outgoing)

    async def redeliver(self, step: Redeliver, here: Here) -> int:
        """How many records were sent again."""
        where = None if step.where is None else await self._memory.resolved(step.where, here)
        there = [one for one in await self._stage.events() if one.type == step.type]
        chosen = to_come_again(there, where)
        if not chosen:
            raise CannotDoError(f"Der er ingen {step.type} at sende igen.")
        for _ in range(step.times):
            for record in chosen:
                await self._stage.again(record)
        return len(chosen)

    async def kill(self, service: str) -> None:
        """It is ready again when this returns."""
        await asyncio.to_thread(self._stage.kill, service)

    # Pages

    async def follow(self, step: Link, here: Here) -> Answer:
        """To the page, along its links, and through its form; the page that comes of it."""
        client = self._stage.client
        answer, page = await client.open(await self._address(step, here))
        for text in step.follow:
            if answer.refused:
                return answer
            answer, page = await client.open(page.link(await self._memory.text(text, here)))
        if step.form is None or answer.refused:
            return answer
        return (await client.submit(page, await self._memory.resolved(step.form, here), code=step.code))[0]

    async def _address(self, step: Link, here: Here) -> str:
        if isinstance(step.link, str):
            return await self._memory.text(step.link, here)
        said: Mapping[str, Any] = await self._memory.resolved(step.link.model_dump(exclude_none=True), here)
        wanted = step.link.model_validate(said)
        picked = await mails_that_fit(self._stage, await self._stage.client.mails(), wanted)
        if not picked:
            there = {name: value for name, value in said.items() if name != "path"}
            raise CannotDoError(f"Der er ingen mail, hvor {about(there)}.")
        for mail in reversed(picked):
            links = self._stage.client.links_in(str((await self._stage.client.mail(mail["number"]))["text"]))
            for link in links:
                if wanted.path is None or wanted.path in link:
                    return link
            if links:
                raise CannotDoError(f"Mailen «{mail['subject']}» har intet link, der passer.")
        raise CannotDoError(f"Mailen «{picked[-1]['subject']}» har intet link.")


def to_come_again(records: Iterable[Told], where: Mapping[str, Any] | None) -> list[Told]:
    """All that fit, oldest first; the newest alone when nothing is said."""
    found = sorted((one for one in records if matches(where or {}, one.data)), key=lambda one: one.age)
    return found if where is not None else found[-1:]


async def mails_that_fit(stage: Stage, mails: Iterable[dict[str, Any]], wanted: Mail) -> list[dict[str, Any]]:
    """In the order they came."""
    picked = [mail for mail in mails if fits(mail, wanted)]
    if wanted.text is None:
        return picked
    texts = [str((await stage.client.mail(mail["number"]))["text"]) for mail in picked]
    return [mail for mail, text in zip(picked, texts, strict=True) if wanted.text in text]


def _caller(here: Here) -> str:
    return token_name(here.by) if here.by else ""
