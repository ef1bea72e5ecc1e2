"""What the amounts of an e-invoice must be, reckoned from its XML by the rules and with nothing of the product.

Everything is Decimal kroner. EN 16931: BR-CO-10 … BR-CO-17, BR-S-08/09, PEPPOL-EN16931-R120; OIOUBL: F-INV127, 128,
134, 138, 348. The official rules let the moms be a krone wrong; nothing here may be wrong at all.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any, NamedTuple

from lxml import etree

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:Common{}Components-2"
_SPACES = {"a": _UBL.format("Aggregate"), "b": _UBL.format("Basic")}
_ZERO = Decimal("0.00")


class Sums(NamedTuple):
    """Of a whole document, in kroner."""

    lines: Decimal
    net: Decimal
    vat: Decimal
    gross: Decimal
    payable: Decimal


def balance_in_peppol(xml: bytes) -> Sums:
    """The document's sums, every one of which has been reckoned from the quantities, prices and rates."""
    root = etree.fromstring(xml)
    with localcontext() as context:
        context.prec = 100
        nets: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
        for line in _lines(root):
            net = _half_up(_quantity(line) * _number(line, "a:Price/b:PriceAmount")) + _allowances(line)
            assert net == _amount(line, "b:LineExtensionAmount")
            nets[_number(line, "a:Item/a:ClassifiedTaxCategory/b:Percent")] += net
        lines = sum(nets.values(), _ZERO)
        for one in root.findall("a:AllowanceCharge", _SPACES):
            nets[_number(one, "a:TaxCategory/b:Percent")] += _signed(one, 100)
        vat = _subtotals(root, nets)
        net = lines + _allowances(root)
        rounding = _amount(root, "a:LegalMonetaryTotal/b:PayableRoundingAmount", _ZERO)
        sums = Sums(lines, net, vat, net + vat, net + vat + rounding)
        said = _sum_elements(root)
        assert (said["LineExtension"], said["TaxExclusive"], said["TaxInclusive"]) == (lines, net, net + vat)
        assert said["Payable"] == sums.payable >= 0
    return sums


def balance_in_oioubl(xml: bytes) -> Sums:
    """As `balance_in_peppol`, by the rules of OIOUBL, which calls some sums by other names."""
    root = etree.fromstring(xml)
    with localcontext() as context:
        context.prec = 100
        nets: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
        for line in _lines(root):
            net = _half_up(_quantity(line) * _number(line, "a:Price/b:PriceAmount"))
            assert net == _amount(line, "b:LineExtensionAmount")
            assert _number(line, "a:Price/b:BaseQuantity") == 1
            before = line.find("a:PricingReference/a:AlternativeConditionPrice/b:PriceAmount", _SPACES)
            if before is not None:
                assert net == _half_up(_quantity(line) * Decimal(before.text)) + _allowances(line, 1)
            else:
                assert not line.findall("a:AllowanceCharge", _SPACES)
            rate = _number(line, "a:TaxTotal/a:TaxSubtotal/a:TaxCategory/b:Percent")
            _subtotals(line, {rate: net})
            nets[rate] += net
        lines = sum(nets.values(), _ZERO)
        for one in root.findall("a:AllowanceCharge", _SPACES):
            nets[_number(one, "a:TaxCategory/b:Percent")] += _signed(one, 1)
        vat = _subtotals(root, nets)
        net = lines + _allowances(root, 1)
        rounding = _amount(root, "a:LegalMonetaryTotal/b:PayableRoundingAmount", _ZERO)
        sums = Sums(lines, net, vat, net + vat, net + vat + rounding)
        said = _sum_elements(root)
        assert (said["LineExtension"], said["TaxExclusive"], said["TaxInclusive"]) == (lines, vat, sums.payable)
        assert said["Payable"] == sums.payable >= 0
        if etree.QName(root).localname == "Invoice":
            assert _amount(root, "a:PaymentTerms/b:Amount") == sums.payable
    return sums


BALANCES: dict[str, Callable[[bytes], Sums]] = {
    "peppol-bis-3": balance_in_peppol,
    "oioubl-2.1": balance_in_oioubl,
}


def _lines(root: Any) -> list[Any]:
    found = root.findall("a:InvoiceLine", _SPACES) + root.findall("a:CreditNoteLine", _SPACES)
    assert found
    return list(found)


def _quantity(line: Any) -> Decimal:
    (found,) = [one for name in ("Invoiced", "Credited") for one in line.findall(f"b:{name}Quantity", _SPACES)]
    return Decimal(found.text)


def _number(node: Any, path: str) -> Decimal:
    (found,) = node.findall(path, _SPACES)
    return Decimal(found.text)


def _amount(node: Any, path: str, otherwise: Decimal | None = None) -> Decimal:
    """Kroner with two decimals, in DKK."""
    found = node.findall(path, _SPACES)
    if not found and otherwise is not None:
        return otherwise
    (amount,) = found
    assert amount.get("currencyID") == "DKK"
    assert re.fullmatch(r"-?(0|[1-9][0-9]*)\.[0-9]{2}", amount.text)
    return Decimal(amount.text)


def _half_up(kroner: Decimal) -> Decimal:
    return kroner.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _signed(allowance: Any, hundred: int) -> Decimal:
    """A charge adds, a discount subtracts. OIOUBL has a factor where Peppol has per cent."""
    amount = _amount(allowance, "b:Amount")
    assert amount >= 0
    if allowance.findall("b:MultiplierFactorNumeric", _SPACES):
        factor = _number(allowance, "b:MultiplierFactorNumeric") / hundred
        assert amount == _half_up(_amount(allowance, "b:BaseAmount") * factor)
    charge = allowance.find("b:ChargeIndicator", _SPACES).text
    return {"true": amount, "false": -amount}[charge]


def _allowances(node: Any, hundred: int = 100) -> Decimal:
    return sum([_signed(one, hundred) for one in node.findall("a:AllowanceCharge", _SPACES)], _ZERO)


def _subtotals(node: Any, nets: dict[Decimal, Decimal]) -> Decimal:
    """The moms; each rate has its own sum, rounded once, half up."""
    vat = _ZERO
    said: dict[Decimal, Decimal] = {}
    for part in node.findall("a:TaxTotal/a:TaxSubtotal", _SPACES):
        rate = _number(part, "a:TaxCategory/b:Percent")
        assert rate not in said
        said[rate] = _amount(part, "b:TaxableAmount")
        assert _amount(part, "b:TaxAmount") == _half_up(said[rate] * rate / 100)
        vat += _amount(part, "b:TaxAmount")
    assert said == nets
    assert _amount(node, "a:TaxTotal/b:TaxAmount") == vat
    return vat


def _sum_elements(root: Any) -> dict[str, Decimal]:
    total = root.find("a:LegalMonetaryTotal", _SPACES)
    names = ("LineExtension", "TaxExclusive", "TaxInclusive", "Payable")
    said = {name: _amount(total, f"b:{name}Amount") for name in names}
    for name, charge in (("Allowance", "false"), ("Charge", "true")):
        parts = [
            _amount(one, "b:Amount")
            for one in root.findall("a:AllowanceCharge", _SPACES)
            if one.find("b:ChargeIndicator", _SPACES).text == charge
        ]
        assert _amount(total, f"b:{name}TotalAmount", _ZERO) == sum(parts, _ZERO)
    return said
