"""What a municipality buys beside the fee: it sees the price before it says yes, and takes it back until delivery.

A GET changes nothing: mail scanners follow links, any number of times. POST does what the page asks.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.domain.enrolment import book_is_for
from services.enrollment.domain.options import Option, paid_by
from services.enrollment.pages.invoice_details import LABELS as PAYER
from services.enrollment.pages.invoice_details import PAYER_TOGETHER, nothing_said, units_to_choose, with_unit
from services.enrollment.pages.own_link import refuse, submit
from services.enrollment.pages.standing import find, render, shown, stands_now
from services.enrollment.usecases.read_last_change import Wrote
from services.enrollment.usecases.read_standing import Standing
from shared.base.acts import Act
from shared.base.problems import Problem
from shared.contracts.enrollment import AcceptQuote, ChangeOptionBilling, DeclineQuote, OrderOption, WithdrawOption
from shared.contracts.event import Command
from shared.contracts.seen import billing_fields
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.meanwhile import Stands, begin, seen_in
from shared.web.safety import SECRET_ADDRESS

_LABELS = {"accepted_price_ore": "Prisen", **PAYER}
_MOST_DIGITS = 6


async def _about(
    host: Host, act: Act, request: Request, *, template: str, model: type[Command], by_round: bool = False
) -> Response:
    found = await find(host, request, act, units=True)
    if isinstance(found, Response):
        return found
    option = _option(found, request)
    named: dict[str, Any] = {"round": _round(request)} if by_round else {}
    form, status = Form(labels=_LABELS), 200
    if model is ChangeOptionBilling and (known := _paid(found, option)) is not None:
        begin(form, known)
    if request.method == "POST":
        form = await read_form(request, labels=_LABELS)
        wish = _wish(form, model, enrolment_id=found.enrolment.id, option_id=option.option_id, **named)
        refused = None
        if wish is not None and not form.errors:
            refused = (await submit(host, act, request, wish, form, found.speaker)).refusal()
            if refused is None:
                return RedirectResponse(f"{found.path}#tilkoeb", 303, headers=SECRET_ADDRESS)
            wrote = Wrote.order(found.enrolment.id, option.option_id)
            await refuse(form, refused, stands_now(host, request, partial(_stands, request), model, wrote))
        status = 422 if refused is None else refused.status
        # What was refused may be that it has just changed: the page shows it as it is now.
        again = await find(host, request, act, units=True)
        if isinstance(again, Response):
            return again
        found, option = again, _option(again, request)
    units = units_to_choose(found.units)
    return render(host, template, found, status, form=form, option=shown(found, option), units=units, **named)


def _wish(form: Form, model: type[Command], **about: Any) -> Command | None:
    """None, and errors, when it is not one, or when nothing is said of who pays."""
    if model is ChangeOptionBilling and nothing_said(form, "billing.order_reference"):
        return None
    if model is ChangeOptionBilling:
        about["seen"] = seen_in(form)
    wish = form.command(model, **about)
    if isinstance(wish, OrderOption | AcceptQuote | ChangeOptionBilling):
        return wish.model_copy(update={"billing": with_unit(wish.billing)})
    return wish


order = partial(_about, template="order.html", model=OrderOption)
payer = partial(_about, template="option_payer.html", model=ChangeOptionBilling)
withdraw = partial(_about, template="withdraw_option.html", model=WithdrawOption)
accept = partial(_about, template="quote.html", model=AcceptQuote, by_round=True)
decline = partial(_about, template="decline_quote.html", model=DeclineQuote, by_round=True)


def _paid(found: Standing, option: Option) -> dict[str, str] | None:
    """Who pays, field by field; None where the address book is not theirs to read."""
    if not book_is_for(found.enrolment, client=False, person=True):
        return None
    return billing_fields(paid_by(option, option.order))


def _stands(request: Request, found: Standing) -> Stands:
    return Stands(_paid(found, _option(found, request)) or {}, "", PAYER_TOGETHER, blank_stays=True)


def _option(found: Standing, request: Request) -> Option:
    named = request.path_params["option_id"]
    option = next((one for one in found.options if one.option_id == named), None)
    if option is None:
        raise Problem(404, "not_found")
    return option


def _round(request: Request) -> int:
    named = request.path_params["round"]
    if not (named.isascii() and named.isdecimal() and len(named) <= _MOST_DIGITS and int(named)):
        raise Problem(404, "not_found")
    return int(named)
