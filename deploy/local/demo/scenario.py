"""What happens in P1's two years: steps at instants of domain time, done as people and other systems would do them."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from random import Random
from typing import Any

from deploy.local.demo.client import Client, Form, Problem
from deploy.local.demo.people import Named, People, domain_of
from deploy.local.locations import ROOT
from shared.contracts.event import natural_id
from shared.contracts.time import local

PROGRAMME = "netvaerk-kommunal-ungeindsats"
START = local(date(2020, 6, 1), time(8))
END = local(date(2022, 12, 1), time(9))
MUNICIPALITIES = 46
BY_FORM = 4
SIGN_UP_DAYS = (
    *(date(2020, 6, 17), date(2020, 6, 22), date(2020, 6, 25), date(2020, 7, 1), date(2020, 8, 5), date(2020, 8, 11)),
    *(date(2020, 8, 14), date(2020, 8, 18), date(2020, 8, 20), date(2020, 8, 21)),
)
ATTENDS = 0.6
SEATS = (1, 2, 3, 4, 5)
SEATS_WEIGHTS = (3, 4, 6, 2, 1)
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """How one meeting's life goes. `said` is the day its date is set; a meeting with `clock_later` first gets a day."""

    key: str
    day: date
    said: date
    place: str = ""
    link: str = ""
    starts: str = "09:30"
    ends: str = "15:30"
    clock_later: date | None = None
    moved: tuple[date, date] | None = None
    """(when it is moved, to which day)."""
    cancelled: date | None = None


_LINK = "https://moede.kl.example"
PLANS = (
    Plan("vest-heldag-1", date(2020, 11, 12), date(2020, 9, 10), "Mødehuset, Horsens", clock_later=date(2020, 10, 1)),
    Plan("oest-heldag-1", date(2020, 11, 17), date(2020, 9, 10), "Mødehuset, København"),
    Plan("vest-digital-1", date(2021, 2, 4), date(2020, 11, 26), link=f"{_LINK}/v1", starts="09:00", ends="11:30"),
    Plan("oest-digital-1", date(2021, 2, 9), date(2020, 11, 26), link=f"{_LINK}/o1", starts="09:00", ends="11:30"),
    Plan(
        *("vest-heldag-2", date(2021, 4, 15), date(2021, 1, 21), "Mødehuset, Viborg"),
        moved=(date(2021, 3, 25), date(2021, 5, 6)),
    ),
    Plan("oest-heldag-2", date(2021, 4, 20), date(2021, 1, 21), "Mødehuset, Roskilde"),
    Plan("vest-digital-2", date(2021, 9, 2), date(2021, 6, 10), link=f"{_LINK}/v2", starts="09:00", ends="11:30"),
    Plan(
        *("oest-digital-2", date(2021, 9, 7), date(2021, 6, 10)),
        link=f"{_LINK}/o2", starts="09:00", ends="11:30", cancelled=date(2021, 8, 26),
    ),
    Plan("vest-heldag-3", date(2021, 11, 11), date(2021, 9, 9), "Mødehuset, Aalborg"),
    Plan("oest-heldag-3", date(2021, 11, 16), date(2021, 9, 9), "Mødehuset, Næstved"),
    Plan("vest-digital-3", date(2022, 2, 3), date(2021, 11, 25), link=f"{_LINK}/v3", starts="09:00", ends="11:30"),
    Plan("oest-digital-3", date(2022, 2, 8), date(2021, 11, 25), link=f"{_LINK}/o3", starts="09:00", ends="11:30"),
    Plan("vest-heldag-4", date(2022, 5, 5), date(2022, 2, 24), "Mødehuset, Odense"),
    Plan("oest-heldag-4", date(2022, 5, 10), date(2022, 2, 24), "Mødehuset, Køge"),
    Plan("vest-digital-4", date(2022, 9, 1), date(2022, 6, 9), link=f"{_LINK}/v4", starts="09:00", ends="11:30"),
    Plan("oest-digital-4", date(2022, 9, 6), date(2022, 6, 9), link=f"{_LINK}/o4", starts="09:00", ends="11:30"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    at: datetime
    do: Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Enrolled:
    """What the scenario remembers of a municipality that has a place."""

    enrolment_id: str
    name: str
    group: str


class Scenario:
    """Draws what happens from a seed, so that it is the same in every run."""

    def __init__(self, client: Client, settle: Callable[[], Awaitable[Any]], seed: int) -> None:
        self.today = START.date()
        """The day of the step that is being played."""
        self._client = client
        self._settle = settle
        self._random = Random(seed)  # noqa: S311  (an invented story, nothing secret)
        self._people = People(self._random)
        self._book = self._read_municipalities()
        self._enrolled: dict[str, Enrolled] = {}
        self._forms: list[tuple[dict[str, str], Form]] = []
        self._registered: dict[tuple[str, str], list[str]] = {}
        self._signing_up = self._random.sample(self._book, MUNICIPALITIES)

    def steps(self) -> list[Step]:
        """Everything, in the order of time."""
        steps = [
            Step(local(date(2020, 6, 2), time(9)), self._prepare),
            Step(local(date(2020, 6, 15), time(9)), self._open_the_forms),
            *self._sign_ups(),
            Step(local(date(2020, 8, 22), time(10)), self._come_too_late),
            Step(local(date(2020, 8, 25), time(10)), self._change_group),
            Step(local(date(2020, 8, 27), time(10)), self._withdraw),
        ]
        steps.append(Step(local(date(2020, 9, 14), time(10)), self._credit_a_part))
        for plan in PLANS:
            steps += self._life_of(plan)
        for year, month in ((year, month) for year in (2020, 2021, 2022) for month in range(1, 13)):
            if date(2020, 9, 1) < date(year, month, 24) < END.date():
                steps.append(Step(local(date(year, month, 24), time(11)), self._pay_most))
            if date(2020, 10, 1) < date(year, month, 9) < END.date():
                steps.append(Step(local(date(year, month, 9), time(11)), self._pay_the_rest))
        return sorted(steps, key=lambda step: step.at)

    # Before the programme starts

    @staticmethod
    def _read_municipalities() -> list[dict[str, str]]:
        text = (ROOT / "programmes" / "municipalities.csv").read_text(encoding="utf-8")
        return list(csv.DictReader(io.StringIO(text), delimiter=";"))

    async def _prepare(self) -> None:
        await self._client.send("POST", "/api/enrollment/organisations/import", self._address_book())
        text = (ROOT / "programmes" / f"{PROGRAMME}.yaml").read_text(encoding="utf-8")
        await self._client.send("POST", "/api/enrollment/programmes", {"file": text})

    def _address_book(self) -> dict[str, Any]:
        sheet = io.StringIO()
        heading = ("Kommunekode", "Hovedpostkasse", "EAN-nummer", "Adresse", "Postnummer", "By", "Rolle: ungechef")
        writer = csv.writer(sheet, delimiter=";")
        writer.writerow(heading)
        for number, one in enumerate(self._book):
            domain = domain_of(one["name"])
            ean = _with_check_digit(f"57980{number:07d}")
            where = (f"Rådhuspladsen {number + 1}", f"{1000 + 83 * number:04d}", one["name"])
            writer.writerow((one["code"], f"post@{domain}", ean, *where, f"ungechef@{domain}"))
        return {"content": base64.b64encode(sheet.getvalue().encode()).decode(), "dry_run": False}

    async def _open_the_forms(self) -> None:
        """On the day that the programme file names; the invitations have gone out by themselves."""
        # Opened like a browser tab that stays open until somebody has time.
        for one in self._signing_up[:BY_FORM]:
            self._forms.append((one, await self._client.page(f"/tilmeld/{PROGRAMME}")))

    def _sign_ups(self) -> list[Step]:
        by_api = self._signing_up[BY_FORM:]
        steps = []
        for number, day in enumerate(SIGN_UP_DAYS):
            today = by_api[number :: len(SIGN_UP_DAYS)]
            steps.append(Step(local(day, time(9, 30)), partial(self._sign_up_by_api, today)))
        steps.append(Step(local(SIGN_UP_DAYS[2], time(13)), self._sign_up_by_form))
        return steps

    async def _sign_up_by_api(self, municipalities: list[dict[str, str]]) -> None:
        for one in municipalities:
            contact = self._people.one_of(one["name"])
            await self._enrolled_as(one, await self._ask_for_a_place(one, contact))

    async def _ask_for_a_place(self, one: dict[str, str], contact: Named) -> dict[str, Any]:
        body = {
            "programme_id": PROGRAMME,
            "organisation_code": one["code"],
            "contact_name": contact.name,
            "contact_email": contact.email,
            "billing": {"order_reference": f"UNGE-{one['code']}"},
        }
        return await self._client.send("POST", "/api/enrollment/enrolments", body)

    async def _enrolled_as(self, one: dict[str, str], answer: dict[str, Any]) -> None:
        self._enrolled[one["code"]] = Enrolled(answer["enrolment_id"], one["name"], answer["group"])

    async def _sign_up_by_form(self) -> None:
        """All but the last press the link that is mailed to them; the last one is still waiting today."""
        for one, form in self._forms:
            contact = self._people.one_of(one["name"])
            filled = {"organisation_code": one["code"], "contact_name": contact.name, "contact_email": contact.email}
            await self._client.submit(form, **filled)
            await self._settle()
            if one is not self._forms[-1][0]:
                await self._press_the_link(contact)
                await self._settle()
                found = await self._client.get("/api/enrollment/enrolments", organisation_code=one["code"])
                await self._enrolled_as(one, found["enrolments"][0])

    async def _press_the_link(self, contact: Named) -> None:
        mails = [mail for mail in await self._client.mails() if contact.email in str(mail["to"])]
        text = str((await self._client.mail(mails[-1]["number"]))["text"])
        link = re.search(r"https?://\S*/tilmeld/\S+", text)
        if link is None:
            raise LookupError("the mail holds no link")
        await self._client.submit(await self._client.page(link[0]))

    async def _come_too_late(self) -> None:
        late = next(one for one in self._book if one not in self._signing_up)
        try:
            await self._ask_for_a_place(late, self._people.one_of(late["name"]))
        except Problem as problem:
            if problem.code == "deadline_passed":
                return
            raise
        raise AssertionError("a sign-up after the deadline was accepted")

    async def _change_group(self) -> None:
        """A municipality in the west prefers the meetings in the east."""
        one = next(enrolled for enrolled in self._enrolled.values() if enrolled.group == "vest")
        await self._client.send("PUT", f"/api/enrollment/enrolments/{one.enrolment_id}/group", {"group": "oest"})
        one.group = "oest"

    async def _withdraw(self) -> None:
        code, one = list(self._enrolled.items())[-1]
        path = f"/api/enrollment/enrolments/{one.enrolment_id}/withdrawal"
        await self._client.send("POST", path, {"reason": "Kommunen har fået andre opgaver."})
        del self._enrolled[code]

    # Meetings and their people

    def _life_of(self, plan: Plan) -> list[Step]:
        steps = [Step(local(plan.said, time(10)), lambda: self._set_date(plan, plan.day, timed=not plan.clock_later))]
        if plan.clock_later:
            steps.append(Step(local(plan.clock_later, time(10)), lambda: self._set_date(plan, plan.day, timed=True)))
        if plan.moved:
            moved_on, new_day = plan.moved
            steps.append(Step(local(moved_on, time(10)), lambda: self._set_date(plan, new_day, timed=True)))
        if plan.cancelled:
            steps.append(Step(local(plan.cancelled, time(10)), lambda: self._cancel(plan)))
        opens = date.fromordinal(plan.day.toordinal() - 30)
        steps.append(Step(local(opens, time(11)), lambda: self._register(plan)))
        last = date.fromordinal(plan.day.toordinal() - 16)
        steps.append(Step(local(last, time(14)), lambda: self._change_people(plan)))
        return steps

    async def _set_date(self, plan: Plan, day: date, *, timed: bool) -> None:
        body: dict[str, Any] = {"day": day.isoformat()}
        if timed:
            body |= {"starts": plan.starts, "ends": plan.ends}
        if plan.place:
            body["place"] = plan.place
        if plan.link:
            body["link"] = plan.link
        await self._client.send("POST", f"/api/scheduling/meetings/{_meeting(plan)}/date", body)

    async def _cancel(self, plan: Plan) -> None:
        body = {"reason": "Oplægsholderen er blevet forhindret."}
        await self._client.send("POST", f"/api/scheduling/meetings/{_meeting(plan)}/cancel", body)

    async def _register(self, plan: Plan) -> None:
        group = plan.key.split("-")[0]
        coming = [
            (one, [self._people.one_of(one.name) for _ in range(self._random.choices(SEATS, SEATS_WEIGHTS)[0])])
            for one in self._enrolled.values()
            if one.group == group and self._random.random() < ATTENDS
        ]
        turn = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._register_those_of(plan, one, people, turn) for one, people in coming))

    async def _register_those_of(self, plan: Plan, one: Enrolled, people: list[Named], turn: asyncio.Semaphore) -> None:
        path = f"/api/enrollment/enrolments/{one.enrolment_id}/meetings/{_meeting(plan)}/participants"
        async with turn:
            for person in people:
                body: dict[str, Any] = {"name": person.name, "email": person.email}
                try:
                    answer = await self._client.send("POST", path, body)
                except Problem as problem:
                    if problem.code != "extra_price_not_accepted":
                        raise
                    # The price has been shown; now it is accepted.
                    body["accepted_price_ore"] = problem.details["price_ore"]
                    answer = await self._client.send("POST", path, body)
                self._registered.setdefault((plan.key, one.enrolment_id), []).append(answer["person_id"])

    async def _change_people(self, plan: Plan) -> None:
        """One municipality with extra participants cancels its first one (an extra moves in); another one swaps."""
        # Sorted, because they were registered side by side and finished in any order.
        rosters = sorted(
            (enrolment, people) for (key, enrolment), people in self._registered.items() if key == plan.key
        )
        with_extras = [(enrolment, people) for enrolment, people in rosters if len(people) > SEATS[2]]
        if with_extras:
            enrolment, people = with_extras[0]
            await self._client.send("DELETE", self._seat(plan, enrolment, people.pop(0)))
        others = [(enrolment, people) for enrolment, people in rosters if len(people) in SEATS[:3]]
        if others:
            enrolment, people = others[0]
            name = next(one.name for one in self._enrolled.values() if one.enrolment_id == enrolment)
            new = self._people.one_of(name)
            body = {"name": new.name, "email": new.email}
            answer = await self._client.send("PUT", self._seat(plan, enrolment, people[0]), body)
            people[0] = answer["person_id"]

    @staticmethod
    def _seat(plan: Plan, enrolment_id: str, person_id: str) -> str:
        return f"/api/enrollment/enrolments/{enrolment_id}/meetings/{_meeting(plan)}/participants/{person_id}"

    # Money

    async def _credit_a_part(self) -> None:
        """A municipality that could not come before the new year has a quarter of its fee credited."""
        invoices = (await self._client.get("/api/invoicing/invoices", programme_id=PROGRAMME))["invoices"]
        invoice = await self._client.get(f"/api/invoicing/invoices/{invoices[0]['id']}")
        (line,) = invoice["lines"]
        body = {
            "credit_id": "aftale-2020-1",
            "reason": "Aftalt: Kommunen deltager først fra 2021, og en fjerdedel af gebyret krediteres.",
            "lines": [{"claim_id": line["claim_id"], "net_ore": line["net_ore"] // 4}],
        }
        await self._client.send("POST", f"/api/invoicing/invoices/{invoice['id']}/credit-notes", body)

    async def _pay_most(self) -> None:
        """Nine of ten pay before the due date; the others are reminded first."""
        for invoice in await self._outstanding():
            if self._random.random() < 0.9:  # noqa: PLR2004  (the sentence above)
                await self._pay(invoice)

    async def _pay_the_rest(self) -> None:
        for invoice in await self._outstanding():
            await self._pay(invoice)

    async def _outstanding(self) -> list[dict[str, Any]]:
        found = (await self._client.get("/api/invoicing/invoices", programme_id=PROGRAMME))["invoices"]
        return sorted((one for one in found if one["outstanding_ore"] > 0), key=lambda one: str(one["id"]))

    async def _pay(self, invoice: dict[str, Any]) -> None:
        body = {
            "payment_id": f"bank-{invoice['id']}",
            "amount_ore": invoice["outstanding_ore"],
            "paid_on": self.today.isoformat(),
        }
        await self._client.send("POST", f"/api/invoicing/invoices/{invoice['id']}/payments", body)


def _meeting(plan: Plan) -> str:
    return natural_id("meeting", PROGRAMME, plan.key)


def _with_check_digit(twelve: str) -> str:
    """A GLN's thirteenth digit: modulus 10 with weights 1 and 3 (GS1 General Specifications § 7.9)."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(twelve))
    return twelve + str(-total % 10)
