"""The walks that anybody must be able to take: by keyboard alone, without JavaScript, and at 390 px.

Which test takes each. `tests/architecture/test_walks.py` looks whether each of them is there, and
`tests/browser/test_walks.py` takes those that are its own.
"""

from __future__ import annotations

from collections.abc import Mapping

WAYS = ("keyboard", "without scripts", "phone")
HERE = "tests/browser/test_walks.py::test_each_walk_is_taken_in_every_way"
_EDITOR = "tests/browser/test_editor.py::test_p2_is_copied_edited_looked_at_and_published_by_keyboard"
_SHEET = "tests/browser/test_import.py"
_OWN: Mapping[str, str] = dict.fromkeys(WAYS, HERE)

TABLE: Mapping[str, Mapping[str, str]] = {
    "publish P2 from a copy in the editor": {
        "keyboard": f"{_EDITOR}[desktop-True]",
        "without scripts": f"{_EDITOR}[phone-False]",
        "phone": f"{_EDITOR}[phone-False]",
    },
    "sign up with a forbehold": _OWN,
    "a scanner opens every link": _OWN,
    "what-if and raise the limit": _OWN,
    "staff admit late": _OWN,
    "change tovholder": _OWN,
    "register, replace and cancel participants": _OWN,
    "read a sheet of enrolments in": {
        "keyboard": f"{_SHEET}::test_a_sheet_of_enrolments_is_read_in_by_anybody",
        "without scripts": f"{_SHEET}::test_a_sheet_is_read_in_on_a_phone_without_scripts",
        "phone": f"{_SHEET}::test_a_sheet_is_read_in_on_a_phone_without_scripts",
    },
    "export": _OWN,
}
"""By the walk and the way: the test, with its parameters if it has any."""
OWN = tuple(walk for walk, cells in TABLE.items() if cells is _OWN)
