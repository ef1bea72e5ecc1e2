"""The JSON Schema of programme files, for editors; a test compares it with docs/schemas/programme.schema.json."""

from __future__ import annotations

import json
from typing import Any

from services.enrollment.domain.programme_file.format import ProgrammeFile


def schema_text() -> str:
    schema: dict[str, Any] = ProgrammeFile.model_json_schema(by_alias=True, mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["$id"] = "programme.schema.json"
    schema["title"] = "Tovholder programme"
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
