"""Writing XML: the standard library's writer, and nothing in a text that XML cannot hold."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from sargas.share.release import clean

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def child(parent: ET.Element, name: str, text: object = None, /, **said: str) -> ET.Element:
    """Add an element with a text and attributes, cleaned."""
    one = ET.SubElement(parent, name, {key: clean(value) for key, value in said.items()})
    if text is not None:
        one.text = "\n".join(map(clean, str(text).split("\n")))
    return one


def document(root: ET.Element) -> str:
    """Write a document, indented."""
    ET.indent(root)
    return HEAD + ET.tostring(root, encoding="unicode") + "\n"
