"""What the service and the process with the official rules both know: which rules there are, and how they talk.

A message is four bytes of length and so much JSON or XML. It imports nothing but Python's own.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from typing import NamedTuple

READY_DEADLINE_S = 120
"""From the start, or from saying that a stylesheet is being compiled, to the next message."""
CHECK_DEADLINE_S = 20
"""Of one document. An invoice of 200 lines takes a tenth of a second."""
LARGEST_MESSAGE = 32 * 1024 * 1024
_LENGTH = struct.Struct(">I")

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


class Finding(NamedTuple):
    """What a rule found; `location` is the way to the element without namespaces."""

    rule: str
    severity: str
    location: str
    text: str


def receive(connection: socket.socket) -> bytes | None:
    """The next message; None at the end. TimeoutError if the socket has a deadline and it passes."""
    head = _exactly(connection, _LENGTH.size)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > LARGEST_MESSAGE:
        raise ValueError(f"a message of {length} bytes")
    return _exactly(connection, length)


def send(connection: socket.socket, message: bytes) -> None:
    connection.sendall(_LENGTH.pack(len(message)) + message)


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < count:
        part = connection.recv(min(count - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return bytes(parts)
