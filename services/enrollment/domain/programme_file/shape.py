"""From the text of a programme file to its shape, with a place and a Danish sentence for all that does not fit."""

from __future__ import annotations

import difflib
import re
import types
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from services.enrollment.domain.programme_file.findings import Finding, Path, path_text
from services.enrollment.domain.programme_file.format import BAD_VALUE, Identifier, ProgrammeFile
from services.enrollment.domain.programme_file.yaml_lines import Document

SENTENCES = {
    "string_type": "Skriv en tekst her.",
    "string_unicode": "Teksten indeholder et tegn, der ikke findes.",
    "tuple_type": "Skriv en liste her: linjer, der begynder med en bindestreg.",
    "model_type": "Skriv felter her (navn: værdi).",
    "model_attributes_type": "Skriv felter her (navn: værdi).",
}


def shape(document: Document) -> tuple[ProgrammeFile | None, list[Finding]]:
    """The programme, and what does not fit. Unknown fields are reported and left out; the rest is still checked."""
    value: Any = document.value
    findings: list[Finding] = []
    for _ in range(2):
        try:
            return ProgrammeFile.model_validate(value), findings
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False)
            findings = [_finding(detail, document) for detail in details]
            unknown = [detail["loc"] for detail in details if detail["type"] == "extra_forbidden"]
            if len(unknown) < len(details):
                break
            value = _without(value, set(unknown))
    return None, findings


def model_at(path: Path) -> type[BaseModel] | None:
    """The part of the format that stands at `path`; None where a plain value stands or nothing can."""
    here: Any = ProgrammeFile
    for step in path:
        if isinstance(step, int):
            arguments = get_args(here)
            here = arguments[0] if get_origin(here) is tuple and arguments else None
        else:
            here = field_types(here).get(step) if isinstance(here, type) and issubclass(here, BaseModel) else None
    return here if isinstance(here, type) and issubclass(here, BaseModel) else None


def field_types(model: type[BaseModel]) -> dict[str, Any]:
    """The fields by the names they have in the file, `| None` taken away."""
    return {field.alias or name: _present(field.annotation) for name, field in model.model_fields.items()}


def _present(annotation: Any) -> Any:
    if get_origin(annotation) in {Union, types.UnionType}:
        return next(one for one in get_args(annotation) if one is not types.NoneType)
    return annotation


def _without(value: Any, paths: set[Path], here: Path = ()) -> Any:
    if isinstance(value, dict):
        return {key: _without(inner, paths, (*here, key)) for key, inner in value.items() if (*here, key) not in paths}
    if isinstance(value, list):
        return [_without(inner, paths, (*here, at)) for at, inner in enumerate(value)]
    return value


def _finding(detail: ErrorDetails, document: Document) -> Finding:
    path = detail["loc"]
    name = path[-1] if path else ""
    match detail["type"]:
        case "missing":
            place, code = document.place(path), "missing_field"
            message = f"Feltet «{name}» mangler. {_meaning(path)}"
        case "extra_forbidden":
            place, code = document.key_place(path), "unknown_field"
            message = f"Feltet «{name}» findes ikke. {_near(path)}"
        case other:
            place, code = document.place(path), "bad_value"
            message = _sentence(other, detail)
    return Finding(code, place.line, place.column, path_text(path), message.strip())


def _meaning(path: Path) -> str:
    model = model_at(path[:-1])
    for name, field in model.model_fields.items() if model else ():
        if (field.alias or name) == path[-1] and field.description:
            return f"Tilføj det ({field.description})."
    return "Tilføj det."


def _near(path: Path) -> str:
    if not re.fullmatch("[A-Za-z_-]+", str(path[-1])):
        return "Hører det til en tekst eller et tal med komma, så sæt det hele i anførselstegn."
    model = model_at(path[:-1])
    names = sorted(field_types(model)) if model else []
    near = difflib.get_close_matches(str(path[-1]), names, n=1)
    if near:
        return f"Mente I «{near[0]}»?"
    return f"Slet det. Her kan stå: {', '.join(names)}."


def _sentence(kind: str, detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    if kind == BAD_VALUE:
        return str(context["sentence"])
    match kind:
        case "literal_error":
            return f"Skriv en af disse værdier: {context['expected']}.".replace("'", "").replace(" or ", " eller ")
        case "greater_than_equal":
            return f"Tallet skal være mindst {context['ge']}."
        case "less_than_equal":
            return f"Tallet må højst være {context['le']}."
        case "too_short":
            return f"Listen skal have mindst {context['min_length']}."
        case _:
            return SENTENCES.get(kind, "Værdien kan ikke bruges her. Se docs/programmes.md.")


_ID = TypeAdapter[str](Identifier)


def refused_id(text: str) -> str:
    """Why it is no id, in Danish; empty when it is one."""
    try:
        _ID.validate_python(text)
    except ValidationError as error:
        return _sentence(error.errors()[0]["type"], error.errors()[0])
    return ""
