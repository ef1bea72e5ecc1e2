"""Where a municipality's contact, or whoever holds its billing role, gives what its invoices lack.

They see what is known. A GET changes nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.domain.address_book import Unit
from services.enrollment.pages.own_link import refuse, submit, who_changed
from services.enrollment.pages.standing import no_more
from services.enrollment.usecases.read_invoice_details import (
    Details,
    RoleEnded,
    read_billing_link,
    read_invoice_details,
)
from services.enrollment.usecases.read_last_change import Wrote
from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.contracts.danish import long_day
from shared.contracts.enrollment import ChangeBilling
from shared.contracts.parties import BILLING_DETAILS, Billing
from shared.contracts.seen import billing_fields
from shared.runtime.service import Host
from shared.storage.tx import Tx
from shared.web.forms import Form, read_form
from shared.web.meanwhile import Stands, begin, seen_in
from shared.web.safety import SECRET_ADDRESS

NO_UNIT = "/"
"""What the form calls the organisation itself, where it has units."""
LABELS: Mapping[str, str] = {
    "billing.unit": "Enhed, der skal betale",
    "billing.ean": "EAN-nummer",
    "billing.p_number": "P-nummer",
    "billing.order_reference": "Ordre-/rekvisitionsnummer",
    "billing.person_reference": "Personreference",
    "billing.account_string": "Kontostreng",
    "billing.email": "E-mail til fakturaer",
    "billing.address.street": "Vej og nummer",
    "billing.address.postcode": "Postnummer",
    "billing.address.city": "By",
}
PAYER_TOGETHER = (
    ("billing.ean", "billing.p_number"),
    ("billing.address.street", "billing.address.postcode", "billing.address.city"),
)
"""Fields that are one thing: where an e-invoice goes, and an address."""
_FIRST_FIELD = {"e_address": "billing.ean", "address": "billing.address.street"}


async def invoice_details(host: Host, act: Act, request: Request) -> Response:
    async with host.transaction(Cause(new_correlation(), None, None)) as tx:
        details = await read_invoice_details(tx, request.path_params["token"])
    if not isinstance(details, Details):
        return no_more(host, request, details)
    return await _given(host, act, request, details, read_invoice_details)


async def by_holder(host: Host, act: Act, request: Request) -> Response:
    """By the link of whoever holds the billing role."""
    async with host.transaction(Cause(new_correlation(), None, None)) as tx:
        details = await read_billing_link(tx, request.path_params["token"])
    if isinstance(details, RoleEnded):
        return host.pages.render(
            "enrollment/role_ended.html",
            status=410,
            headers=SECRET_ADDRESS,
            terms=details.terms,
            organisation=details.organisation,
        )
    return (
        no_more(host, request, None)
        if details is None
        else await _given(host, act, request, details, read_billing_link)
    )


async def _given(
    host: Host, act: Act, request: Request, details: Details, read: Callable[[Tx, str], Awaitable[object]]
) -> Response:
    if request.method == "GET":
        form = Form(labels=LABELS)
        if details.known is not None:
            begin(form, billing_fields(details.known))
        return _page(host, details, form, done=request.query_params.get("besked") == "gemt")
    form = await read_form(request, labels=LABELS)
    command = _command(form, details)
    if command is None or form.errors:
        return _page(host, details, form, 422)
    refused = (await submit(host, act, request, command, form, details.speaker)).refusal()
    if refused is not None:
        async with host.transaction(Cause(new_correlation(), None, None)) as tx:
            newest = await read(tx, request.path_params["token"])
        details = newest if isinstance(newest, Details) else details
        known = details.known

        async def stands() -> Stands | None:
            if known is None:
                return None
            wrote, me = Wrote.enrolment(details.enrolment.id), details.speaker.person_id
            who = await who_changed(host, details.enrolment.programme_id, ChangeBilling, wrote, me)
            return Stands(billing_fields(known), who, PAYER_TOGETHER, blank_stays=True)

        status = await refuse(form, refused, stands)
        return _page(host, details, form, status)
    return RedirectResponse(f"{details.path}?besked=gemt", 303, headers=SECRET_ADDRESS)


def units_to_choose(units: Iterable[Unit]) -> list[tuple[str, str]]:
    """As a form offers them; empty where there are none."""
    offered = [(one.id, one.name) for one in units]
    return [(NO_UNIT, "Ingen enhed: kommunen selv"), *offered] if offered else []


def with_unit(billing: Billing) -> Billing:
    """As a form says it: the organisation itself is none of its units."""
    return billing.model_copy(update={"unit": ""}) if billing.unit == NO_UNIT else billing


def nothing_said(form: Form, first: str) -> bool:
    """Whether no field of a billing is filled in, which is an error at the first of them."""
    if any(form.value(name) for name in LABELS):
        return False
    form.add_error(first, "required", "Udfyld mindst ét felt.")
    return True


def _command(form: Form, details: Details) -> ChangeBilling | None:
    """None, and errors, when it is not one, or nothing is filled in."""
    first = next(iter(details.missing), "order_reference")
    if nothing_said(form, _FIRST_FIELD.get(first, f"billing.{first}")):
        return None
    # Of a book that is not theirs to read nothing was shown, and nothing is compared.
    seen = None if details.known is None else seen_in(form)
    command = form.command(ChangeBilling, enrolment_id=details.enrolment.id, seen=seen)
    return command and command.model_copy(update={"billing": with_unit(command.billing)})


def _page(host: Host, details: Details, form: Form, status: int = 200, *, done: bool = False) -> Response:
    return host.pages.render(
        "enrollment/invoice_details.html",
        status=status,
        headers=SECRET_ADDRESS,
        form=form,
        found=details,
        terms=details.terms,
        done=done,
        missing=[BILLING_DETAILS[one] for one in details.missing],
        asked=[_FIRST_FIELD.get(one, f"billing.{one}") for one in details.missing],
        known=_rows(details.known) if details.known else None,
        labels=LABELS,
        units=units_to_choose(details.units),
        invoice_on=long_day(details.invoiced_from) if details.invoiced_from else None,
    )


def _rows(billing: Billing) -> list[tuple[str, str]]:
    at = billing.address
    rows = [
        ("Enhed", billing.unit_name),
        *(
            (label, getattr(billing, name.removeprefix("billing."), None))
            for name, label in LABELS.items()
            if name.count(".") == 1 and name != "billing.unit"
        ),
        ("CVR-nummer", billing.cvr),
        ("Adresse", f"{at.street}, {at.postcode} {at.city}" if at else None),
    ]
    return [(label, value) for label, value in rows if value]
