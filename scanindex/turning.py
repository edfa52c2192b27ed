"""Turning what was read on a page: boxes follow their picture. Pure, stdlib only.

Promises: nothing read is lost or changed but its place. Leaves out turning pixels (clean).
"""

from __future__ import annotations

from dataclasses import replace

from scanindex.model import Box, PageReading

BY_PERSON = "note:turned_by_person"
"""Problem code of a reading made at the turn that a person gave the page."""


def turn_box(box: Box, turn: int, width_px: int, height_px: int) -> Box:
    """`box` after its picture was turned clockwise; width and height after the turn."""
    left, top, right, bottom = box.left_px, box.top_px, box.right_px, box.bottom_px
    if turn == 90:
        left, top, right, bottom = width_px - bottom, left, width_px - top, right
    elif turn == 180:
        left, top, right, bottom = width_px - right, height_px - bottom, width_px - left, height_px - top
    elif turn == 270:
        left, top, right, bottom = top, height_px - right, bottom, height_px - left
    return Box(left_px=left, top_px=top, right_px=right, bottom_px=bottom)


def turned(reading: PageReading, rotation_degrees: int) -> PageReading:
    """The same reading with another turn as the upright one (of the archived picture, clockwise)."""
    more = (rotation_degrees - reading.rotation_degrees) % 360
    width_px, height_px = reading.width_px, reading.height_px
    if more % 180:
        width_px, height_px = height_px, width_px
    return replace(
        reading,
        rotation_degrees=rotation_degrees % 360,
        width_px=width_px,
        height_px=height_px,
        words=tuple(replace(w, box=turn_box(w.box, more, width_px, height_px)) for w in reading.words),
        barcodes=tuple(
            replace(code, box=code.box and turn_box(code.box, more, width_px, height_px))
            for code in reading.barcodes
        ),
    )
