"""Money: integer øre, and moms on a sum rather than on each line."""

from __future__ import annotations


def moms(net_ore: int, percent: int) -> int:
    """Moms in øre of a net sum per rate, half up (away from zero), as momsbekendtgørelsen § 58 wants it shown."""
    sign = -1 if net_ore < 0 else 1
    return sign * ((abs(net_ore) * percent * 2 + 100) // 200)


def with_moms(net_ore: int, percent: int) -> int:
    return net_ore + moms(net_ore, percent)
