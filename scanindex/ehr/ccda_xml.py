"""XML as text, for CDA: elements, and characters that XML 1.0 has no way to write.

Source: W3C XML 1.0 (fifth edition), 2.2 (characters), 2.11 and 3.3.3 (what a parser makes of line
ends and of white space in attributes; hence the references). Promises: what is made is
well-formed whatever the values hold, and every value comes back from a parser as it went in, but
for characters that XML lacks: those become U+FFFD, and `lacks` says so beforehand.
"""

from __future__ import annotations

import re

_LACKING = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_IN_ATTRIBUTE = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)


def lacks(value: str) -> bool:
    """Whether XML cannot say this exactly."""
    return _LACKING.search(value) is not None


def text(value: str) -> str:
    """As the content of an element."""
    return _LACKING.sub("\ufffd", value).translate(_IN_TEXT)


def element(name: str, *children: str, **attributes: str | None) -> str:
    """children: XML already (see `text`); "" for one that is left out. Attributes that are None or "" are
    left out: the types of CDA allow none that are empty."""
    told = "".join(
        f' {key}="{_LACKING.sub(chr(0xFFFD), value).translate(_IN_ATTRIBUTE)}"'
        for key, value in attributes.items()
        if value
    )
    inner = "".join(children)
    return f"<{name}{told}>{inner}</{name}>" if inner else f"<{name}{told}/>"


def said(name: str, value: str | None) -> str:
    """An element with this text, or with nullFlavor where there is none."""
    return element(name, text(value)) if value and value.strip() else unknown(name)


def unknown(name: str) -> str:
    """It exists; we do not know it."""
    return element(name, nullFlavor="UNK")
