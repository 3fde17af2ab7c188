"""One answer in two shapes: JSON, and XML with the element names the specification gives."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring  # writes only

from aiohttp import web

XML, JSON = "xml", "json"
_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ITEMS: Mapping[str, str] = {
    "services": "service",
    "service_requests": "request",
    "errors": "error",
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
}
"""What one item of each list is called."""


def render(form: str, root: str, data: Any, status: int = 200) -> web.Response:
    """The answer in the asked format, UTF-8; `root` names the outermost element in XML."""
    if form == JSON:
        body = json.dumps(data, ensure_ascii=False).encode()
        return web.Response(
            body=body, content_type="application/json", charset="utf-8", status=status
        )
    element = Element(root)
    _fill(element, data)
    body = tostring(element, encoding="utf-8", xml_declaration=True)
    return web.Response(body=body, content_type="text/xml", charset="utf-8", status=status)


def _fill(element: Element, data: Any) -> None:
    if isinstance(data, Mapping):
        for name, value in data.items():
            _fill(SubElement(element, name), value)
    elif isinstance(data, Sequence) and not isinstance(data, str):
        for item in data:
            _fill(SubElement(element, _ITEMS[element.tag]), item)
    elif isinstance(data, bool):
        element.text = "true" if data else "false"
    elif data is not None:
        element.text = _NOT_XML.sub("", str(data))
