"""An id that follows from a natural key is the uuid5 that everybody else computes too."""

from __future__ import annotations

from uuid import uuid5

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.event import NAMESPACE, natural_id


@given(parts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5))
def test_a_natural_id_is_the_uuid5_of_its_parts_a_line_each(parts: list[str]) -> None:
    assert natural_id(*parts) == str(uuid5(NAMESPACE, "\n".join(parts)))
