"""The small XML of the protocol: read without entities or document types, written safely."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from channels.tencent.errors import BadMessage

_MOST_FIELDS = 64
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_xml(body: bytes | str) -> Element:
    """The root `<xml>` element; raises BadMessage for anything else."""
    try:
        root: Element = fromstring(body, forbid_dtd=True, forbid_entities=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise BadMessage from error
    if root.tag != "xml" or len(root) > _MOST_FIELDS:
        raise BadMessage
    return root


def text_of(root: Element, name: str) -> str:
    """The text of a direct child, without surrounding space; empty when it is absent."""
    return (root.findtext(name) or "").strip()


def cdata(text: str) -> str:
    """A CDATA section holding the text; `]]>` inside is split over two sections."""
    clean = _NOT_XML.sub("", text).replace("]]>", "]]]]><![CDATA[>")
    return f"<![CDATA[{clean}]]>"


def write_xml(fields: Mapping[str, str | int]) -> str:
    """`<xml>` with one element a field; texts as CDATA, numbers plain."""
    inner = "".join(
        f"<{name}>{value if isinstance(value, int) else cdata(value)}</{name}>"
        for name, value in fields.items()
    )
    return f"<xml>{inner}</xml>"
