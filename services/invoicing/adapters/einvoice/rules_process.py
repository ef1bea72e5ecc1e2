"""The process that runs the official rules of e-invoices; `official_rules` starts it by this file's path.

It imports nothing of the service. Standard input is a socket: a message is four bytes of length and so much JSON or
XML. The compiled rules stay in memory. It ends when the socket is closed, and, if it hangs, by its own alarm.
"""

from __future__ import annotations

import json
import re
import signal
import socket
import struct
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree

Stylesheet = Callable[[str], "list[Finding]"]

READY_DEADLINE_S = 120
"""From the start, or from saying that a stylesheet is being compiled, to the next message."""
CHECK_DEADLINE_S = 20
"""Of one document. An invoice of 200 lines takes a tenth of a second."""
LARGEST_MESSAGE = 32 * 1024 * 1024
LENGTH = struct.Struct(">I")

PEPPOL_BIS3 = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
OIOUBL21 = "OIOUBL-2.1"
_PEPPOL = "external/schematron/openpeppol/2026.5/xslt"
_OIOUBL = "external/schematron/oioubl/1.17.1/xslt"
_EN16931 = (f"{_PEPPOL}/CEN-EN16931-UBL.xslt", f"{_PEPPOL}/PEPPOL-EN16931-UBL.xslt")
RULES: Mapping[tuple[str, str], tuple[str, ...]] = {
    (PEPPOL_BIS3, "Invoice"): _EN16931,
    (PEPPOL_BIS3, "CreditNote"): _EN16931,
    (OIOUBL21, "Invoice"): (f"{_OIOUBL}/OIOUBL_Invoice_Schematron.xslt",),
    (OIOUBL21, "CreditNote"): (f"{_OIOUBL}/OIOUBL_CreditNote_Schematron.xslt",),
}
"""What a document of this CustomizationID and root element has to keep to, beside the schema. Paths in the folder."""
UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
SCHEMAS = (
    ("urn:un:unece:uncefact:data:specification:CoreComponentTypeSchemaModule:2", "schemas/CCTS_CCT_SchemaModule.xsd"),
    ("http://www.w3.org/2000/09/xmldsig#", "schemas/xmldsig-core-schema.xsd"),
    (f"{UBL}Invoice-2", "external/schemas/ubl21/maindoc/UBL-Invoice-2.1.xsd"),
    (f"{UBL}CreditNote-2", "external/schemas/ubl21/maindoc/UBL-CreditNote-2.1.xsd"),
)
"""Together one schema. UBL's import the first two without saying where they lie."""
FILES = tuple({path for _, path in SCHEMAS} | {path for paths in RULES.values() for path in paths})

_SVRL = "{http://purl.oclc.org/dsdl/svrl}"
_CODE = re.compile(r"\[((?:[FW]-)?[A-Z0-9-]+)\]\s*-?\s*")
_STEP = re.compile(r"\*\[local-name\(\)='([^']+)'\]|\*:(\w+)\[namespace-uri\(\)='[^']*'\]")


class Finding(NamedTuple):
    """What a rule found; `location` is the way to the element without namespaces."""

    rule: str
    severity: str
    location: str
    text: str


class Rules:
    """The schema, and the stylesheets as they are needed: compiling the four takes about three seconds."""

    def __init__(self, folder: Path, on_compile: Callable[[], None]) -> None:
        import saxonche  # noqa: PLC0415 # nobody but this process loads the 100 MB

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


def receive(connection: socket.socket) -> bytes | None:
    """The next message; None at the end. TimeoutError if the socket has a deadline and it passes."""
    head = _exactly(connection, LENGTH.size)
    if head is None:
        return None
    (length,) = LENGTH.unpack(head)
    if length > LARGEST_MESSAGE:
        raise ValueError(f"a message of {length} bytes")
    return _exactly(connection, length)


def send(connection: socket.socket, message: bytes) -> None:
    connection.sendall(LENGTH.pack(len(message)) + message)


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < count:
        part = connection.recv(min(count - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return bytes(parts)


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
