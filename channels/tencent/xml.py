"""The small XML of the protocol: read without entities or document types, written safely."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from channels.tencent.errors import BadMessage

_MOST_FIELDS = 64
_MOST_ELEMENTS = 512
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_xml(body: bytes | str) -> Element:
    """The root `<xml>` element; raises BadMessage for anything else.

    A document type is refused before anything in it is read: without one there are no entities.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    elements = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal elements
        elements += 1
        if elements > _MOST_ELEMENTS:
            raise BadMessage
        builder.start(name, attributes)

    parser.StartElementHandler = start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse
    parser.buffer_text = True
    try:
        parser.Parse(body, True)
        root = builder.close()
    except (expat.ExpatError, ValueError, LookupError, AssertionError) as error:
        raise BadMessage from error
    if root.tag != "xml" or len(root) > _MOST_FIELDS:
        raise BadMessage
    return root


def _refuse(*_: Any) -> None:
    raise BadMessage


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
