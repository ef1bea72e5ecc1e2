"""The process that runs the official rules of e-invoices; `official_rules` starts it, and nobody else loads it.

What it imports weighs 100 MB. Of the service it imports `rules_protocol` alone. Standard input is a socket. The
compiled rules stay in memory. It ends when the socket is closed, and, if it hangs, by its own alarm.
"""

from __future__ import annotations

import json
import re
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import saxonche
from lxml import etree

from services.invoicing.adapters.einvoice.rules_protocol import (
    CHECK_DEADLINE_S,
    READY_DEADLINE_S,
    RULES,
    SCHEMAS,
    UBL,
    Finding,
    receive,
    send,
)

Stylesheet = Callable[[str], list[Finding]]

_SVRL = "{http://purl.oclc.org/dsdl/svrl}"
_CODE = re.compile(r"\[((?:[FW]-)?[A-Z0-9-]+)\]\s*-?\s*")
_STEP = re.compile(r"\*\[local-name\(\)='([^']+)'\]|\*:(\w+)\[namespace-uri\(\)='[^']*'\]")


class Rules:
    """The schema, and the stylesheets as they are needed: compiling the four takes about three seconds."""

    def __init__(self, folder: Path, on_compile: Callable[[], None]) -> None:
        self._folder = folder
        self._on_compile = on_compile
        self._failed = saxonche.PySaxonApiError
        self._saxon = saxonche.PySaxonProcessor(license=False)
        self._compiler = self._saxon.new_xslt30_processor()
        self._compiled: dict[str, Stylesheet] = {}
        self._parser = safe_parser()
        self._schema = _schema(folder, self._parser)

    def check(self, xml: bytes) -> list[Finding]:
        """Everything the schema and the rules say; an XML that cannot be read safely says only that."""
        try:
            root = etree.fromstring(xml, self._parser)
        except etree.XMLSyntaxError as error:
            return [Finding("XML", "fatal", "", str(error))]
        if root.getroottree().docinfo.doctype:
            return [Finding("XML", "fatal", "", "A document type declaration is not allowed.")]
        kind = etree.QName(root).localname
        customization = root.findtext(f"{{{UBL}CommonBasicComponents-2}}CustomizationID", "").strip()
        stylesheets = RULES.get((customization, kind))
        if stylesheets is None:
            return [Finding("FORMAT", "fatal", f"/{kind}", f"CustomizationID {customization!r} has no rules here.")]
        if not self._schema.validate(root):
            # The rules presuppose a valid document; what they say of another is noise.
            return [Finding("XSD", "fatal", e.path or "", e.message) for e in self._schema.error_log]
        # Not the bytes that came in: another parser than the one that was told to be careful never sees them.
        text = etree.tostring(root, encoding="unicode")
        return [finding for path in stylesheets for finding in self._stylesheet(path)(text)]

    def _stylesheet(self, path: str) -> Stylesheet:
        found = self._compiled.get(path)
        if found is None:
            self._on_compile()
            compiled = self._compiler.compile_stylesheet(stylesheet_file=str(self._folder / path))

            def found(text: str) -> list[Finding]:
                try:
                    said = compiled.transform_to_string(xdm_node=self._saxon.parse_xml(xml_text=text))
                except self._failed as error:
                    return [Finding("RULES", "fatal", "", f"The rules stopped at this document: {error}")]
                return _findings(said)

            self._compiled[path] = found
        return found


def safe_parser() -> etree.XMLParser:
    """For XML from outside: no entities, no DTD, no network, and lxml's limits on depth and size."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False)


def _schema(folder: Path, parser: etree.XMLParser) -> etree.XMLSchema:
    root = etree.Element("{http://www.w3.org/2001/XMLSchema}schema")
    for namespace, path in SCHEMAS:
        where = (folder / path).as_uri()
        etree.SubElement(root, "{http://www.w3.org/2001/XMLSchema}import", namespace=namespace, schemaLocation=where)
    return etree.XMLSchema(etree.fromstring(etree.tostring(root), parser))


def _findings(svrl: str) -> list[Finding]:
    root = etree.fromstring(svrl.encode(), safe_parser())
    return [_finding(found) for found in root.iter(f"{_SVRL}failed-assert", f"{_SVRL}successful-report")]


def _finding(found: etree._Element) -> Finding:
    """EN 16931 and Peppol name rule and severity in attributes; OIOUBL begins its text with `[F-INV001]` or `[W-…]`."""
    text = " ".join("".join(found.itertext()).split())
    rule, severity = found.get("id", ""), found.get("flag", "fatal")
    code = _CODE.match(text)
    if code:
        text = text[code.end() :]
        rule = rule or code[1]
        if code[1].startswith("W-"):
            severity = "warning"
    location = _STEP.sub(lambda step: step[1] or step[2], found.get("location", "")).replace("[1]", "")
    return Finding(rule or "RULE", "warning" if severity == "warning" else "fatal", location, text)


def serve(connection: socket.socket, folder: Path) -> None:
    """Answers documents until the other side is gone: `{"findings": […]}`, or `{"wait": true}` before a slow one."""

    def tell(message: dict[str, Any]) -> None:
        send(connection, json.dumps(message).encode())

    def compiling() -> None:
        signal.alarm(READY_DEADLINE_S)
        tell({"wait": True})

    signal.alarm(READY_DEADLINE_S)
    rules = Rules(folder, compiling)
    tell({"ready": True})
    signal.alarm(0)
    while (xml := receive(connection)) is not None:
        # Nobody handles the signal: the kernel ends the process, whatever it is stuck in.
        signal.alarm(CHECK_DEADLINE_S)
        try:
            tell({"findings": rules.check(xml)})
        finally:
            signal.alarm(0)


if __name__ == "__main__":
    serve(socket.socket(fileno=0), Path(sys.argv[1]))
