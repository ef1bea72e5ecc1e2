"""Problem details (RFC 9457): what is wrong, in Danish for people and with stable codes for machines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.contracts.refusal import Refused

MOST_ERRORS = 100
LONGEST_FIELD = 200
LONGEST_DETAIL = 2000
"""Characters. Whoever sends a thousand mistakes, or one as long as a book, is not told all of it."""

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "https://tovholder.example/problems/"

TITLES = {
    400: "Forespørgslen kan ikke læses",
    401: "Log ind først",
    403: "Ingen adgang",
    404: "Findes ikke",
    405: "Den handling findes ikke her",
    408: "Det tog for lang tid",
    409: "Det kan ikke lade sig gøre",
    410: "Findes ikke længere",
    413: "For meget på én gang",
    415: "Formatet kan ikke læses",
    422: "Noget skal rettes",
    429: "For mange forsøg",
    500: "Der skete en fejl hos os",
    503: "Prøv igen om lidt",
}

DETAILS = {
    "invalid_json": "Indholdet er ikke gyldig JSON.",
    "not_an_object": "Indholdet skal være et JSON-objekt.",
    "too_deep": "JSON-indholdet har for mange niveauer.",
    "body_too_large": "Indholdet er større, end vi tager imod.",
    "body_incomplete": "Indholdet kom ikke helt frem.",
    "unsupported_media_type": "Indholdstypen kan ikke læses her.",
    "duplicate_parameter": "En parameter står der to gange.",
    "parameter_missing": "En parameter, som adressen skal have, mangler.",
    "invalid_parameter": "En parameter har tegn, som ikke er tilladt.",
    "unauthorized": "Adgangsnøglen mangler eller kendes ikke.",
    "forbidden": "Adgangsnøglen giver ikke adgang til dette.",
    "source_not_yours": "Adgangsnøglen må ikke sende hændelser fra den source.",
    "not_found": "Adressen findes ikke.",
    "method_not_allowed": "Adressen findes, men ikke med den metode.",
    "idempotency_key_missing": "Headeren Idempotency-Key mangler. Den skal være ny for hver ny handling.",
    "idempotency_key_malformed": "Headeren Idempotency-Key skal være 1-255 synlige ASCII-tegn.",
    "idempotency_key_reused": "Samme Idempotency-Key er allerede brugt til noget andet.",
    "request_in_flight": "Den samme forespørgsel er i gang. Prøv igen om lidt.",
    "validation_failed": "Et eller flere felter skal rettes.",
    "overloaded": "Der er mange, der bruger systemet lige nu. Prøv igen om lidt.",
    "unavailable": "Systemet kan ikke gemme lige nu. Prøv igen om lidt.",
    "internal_error": "Fejlen er noteret. Intet er gemt.",
    "too_many_attempts": "Der er forsøgt for mange gange. Vent lidt, og prøv igen.",
    "form_key_missing": "Formularen mangler sin nøgle. Hent siden igen.",
    "form_already_sent": "Formularen er allerede sendt. Hent siden igen, hvis du vil sende en ny.",
    "cross_site": "Formularen blev sendt fra et andet websted.",
    "sign_in_away": "Man kan ikke logge ind lige nu. Prøv igen om lidt.",
    "sign_in_unset": "Denne installation har ingen log-ind. Den, der driver den, sætter TOVHOLDER_OIDC_ISSUER.",
    "sign_in_failed": "Log-ind blev ikke til noget. Begynd forfra.",
    "fact_too_large": "Indholdet er større, end et forløb kan rumme.",
}
"""The kernel's own problems; a use case's come with their text."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """`field` is a dotted path such as `billing.ean`, the name of the form field too."""

    field: str
    code: str
    detail: str

    def as_dict(self) -> dict[str, str]:
        field, detail = cut(self.field, LONGEST_FIELD), cut(self.detail, LONGEST_DETAIL)
        return {"field": field, "code": self.code, "detail": detail}


@dataclass(slots=True, eq=False)
class Problem(Exception):  # noqa: N818  (an answer, as Refused is)
    """Raised on the way in to stop a request; becomes the answer."""

    status: int
    code: str
    detail: str = ""
    errors: tuple[FieldError, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)

    def as_dict(self, correlation_id: str) -> dict[str, Any]:
        return problem(
            self.status, self.code, self.detail or DETAILS[self.code], correlation_id=correlation_id, errors=self.errors
        )


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    correlation_id: str | None = None,
    errors: Iterable[FieldError] = (),
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The members of RFC 9457 § 3.1, then ours; `extra` never replaces one of them.

    Refusals repeat what was sent. No text has a NUL, which no database keeps, and none is longer than the limits above.
    """
    body: dict[str, Any] = {
        "type": TYPE_BASE + code,
        "title": TITLES.get(status, TITLES[409]),
        "status": status,
        "detail": cut(detail, LONGEST_DETAIL),
        "code": code,
    }
    if correlation_id is not None:
        body["instance"] = f"urn:uuid:{correlation_id}"
    listed = [error.as_dict() for error in islice(errors, MOST_ERRORS)]
    if listed:
        body["errors"] = listed
    for name, value in (extra or {}).items():
        body.setdefault(name, value)
    return {name: _without_nul(value) for name, value in body.items()}


def cut(text: str, most: int) -> str:
    """At most so many characters of it."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(item) for name, item in value.items()}
    return [_without_nul(item) for item in value] if isinstance(value, list | tuple) else value


def problem_of(refused: Refused, correlation_id: str | None = None) -> dict[str, Any]:
    """A "no" of the domain as problem details; its field is named as a validation error's is."""
    named = [FieldError(refused.field, refused.code, refused.detail)] if refused.field else []
    return problem(
        refused.status,
        refused.code,
        refused.detail,
        correlation_id=correlation_id,
        errors=named,
        extra=refused.extra,
    )


def refused_of(body: Mapping[str, Any]) -> Refused:
    """The refusal that `problem_of` wrote down."""
    errors = body.get("errors") or []
    alone = len(errors) == 1 and errors[0]["code"] == body["code"]
    several = {"errors": errors} if errors and not alone else {}
    known = {"type", "title", "status", "detail", "code", "instance", "errors"}
    return Refused(
        body["code"],
        body["detail"],
        status=body["status"],
        field=errors[0]["field"] if alone else None,
        **{name: value for name, value in body.items() if name not in known},
        **several,
    )


_TEXTS: dict[str, tuple[str, str]] = {
    "missing": ("required", "Feltet skal udfyldes."),
    "extra_forbidden": ("unknown_field", "Feltet kendes ikke."),
    "string_type": ("not_text", "Skal være tekst."),
    "string_too_short": ("too_short", "Skal være mindst {min_length} tegn."),
    "string_too_long": ("too_long", "Må højst være {max_length} tegn."),
    "string_pattern_mismatch": ("wrong_format", "Har ikke den rigtige form."),
    "int_type": ("not_an_integer", "Skal være et helt tal."),
    "int_parsing": ("not_an_integer", "Skal være et helt tal."),
    "int_from_float": ("not_an_integer", "Skal være et helt tal."),
    "int_parsing_size": ("too_large", "Tallet er for stort."),
    "float_type": ("not_a_number", "Skal være et tal."),
    "float_parsing": ("not_a_number", "Skal være et tal."),
    "decimal_type": ("not_a_number", "Skal være et tal."),
    "decimal_parsing": ("not_a_number", "Skal være et tal."),
    "bool_type": ("not_yes_or_no", "Skal være ja eller nej (true eller false)."),
    "bool_parsing": ("not_yes_or_no", "Skal være ja eller nej."),
    "date_type": ("not_a_date", "Skal være en dato, for eksempel 2021-04-15."),
    "date_parsing": ("not_a_date", "Skal være en dato, for eksempel 2021-04-15."),
    "date_from_datetime_parsing": ("not_a_date", "Skal være en dato, for eksempel 2021-04-15."),
    "date_from_datetime_inexact": ("not_a_date", "Skal være en dato uden klokkeslæt, for eksempel 2021-04-15."),
    "datetime_type": ("not_a_time", "Skal være dato og klokkeslæt, for eksempel 2021-04-15T09:30:00Z."),
    "datetime_parsing": ("not_a_time", "Skal være dato og klokkeslæt, for eksempel 2021-04-15T09:30:00Z."),
    "datetime_from_date_parsing": ("not_a_time", "Skal være dato og klokkeslæt, for eksempel 2021-04-15T09:30:00Z."),
    "timezone_aware": ("no_time_zone", "Skal have en tidszone, for eksempel Z."),
    "time_type": ("not_a_clock_time", "Skal være et klokkeslæt, for eksempel 09:30."),
    "time_parsing": ("not_a_clock_time", "Skal være et klokkeslæt, for eksempel 09:30."),
    "literal_error": ("not_an_option", "Skal være {expected}."),
    "enum": ("not_an_option", "Skal være {expected}."),
    "greater_than": ("too_small", "Skal være større end {gt}."),
    "greater_than_equal": ("too_small", "Skal være mindst {ge}."),
    "less_than": ("too_large", "Skal være mindre end {lt}."),
    "less_than_equal": ("too_large", "Må højst være {le}."),
    "too_short": ("too_few", "Der skal være mindst {min_length}."),
    "too_long": ("too_many", "Der må højst være {max_length}."),
    "list_type": ("not_a_list", "Skal være en liste."),
    "tuple_type": ("not_a_list", "Skal være en liste."),
    "dict_type": ("not_an_object", "Skal være et objekt."),
    "model_type": ("not_an_object", "Skal være et objekt."),
    "model_attributes_type": ("not_an_object", "Skal være et objekt."),
    "uuid_type": ("not_an_id", "Skal være et UUID."),
    "uuid_parsing": ("not_an_id", "Skal være et UUID."),
    "json_invalid": ("invalid_json", "Indholdet er ikke gyldig JSON."),
}
"""pydantic's error type → our stable code and the Danish text."""

_CODED = re.compile(r"([a-z][a-z0-9_]*): (.+)", re.DOTALL)
_OR = re.compile(r" or ")


def _field_error(error: ErrorDetails) -> FieldError:
    name = ".".join(str(part) for part in error["loc"])
    context = error.get("ctx", {})
    if error["type"] in {"value_error", "assertion_error"}:
        # A validator of ours says it in Danish, perhaps with a code in front: ValueError("ean_check_digit: …").
        text = str(context.get("error", "")) or "Ugyldig værdi."
        coded = _CODED.fullmatch(text)
        return FieldError(name, coded[1], coded[2]) if coded else FieldError(name, "invalid", text)
    code, text = _TEXTS.get(error["type"], ("invalid", "Ugyldig værdi."))
    shown = {key: _OR.sub(" eller ", str(value)) for key, value in context.items()}
    return FieldError(name, code, text.format_map(shown))


def field_errors(error: ValidationError) -> tuple[FieldError, ...]:
    """What pydantic found, in its order; the values themselves are not repeated."""
    return tuple(_field_error(item) for item in error.errors(include_url=False, include_input=False))
