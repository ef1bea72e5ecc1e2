"""The moms of invoice lines, summed per rate. Amounts in øre."""

from __future__ import annotations

from collections.abc import Sequence

from services.invoicing.domain.document.model import VatSum
from shared.contracts.invoicing import InvoiceLine
from shared.contracts.money import moms


def vat_sums(lines: Sequence[InvoiceLine]) -> list[VatSum]:
    """Moms on the net sum of each rate, half up; the lowest rate first."""
    nets: dict[int, int] = {}
    for one in lines:
        nets[one.vat_percent] = nets.get(one.vat_percent, 0) + one.net_ore
    return [VatSum(percent, net, moms(net, percent)) for percent, net in sorted(nets.items())]
