"""Two people settle a document alike, neither seeing the other (blind second key). Pure but for `standing`.

A key holds for the pages it was given for: a document that was split or joined since is
keyed anew. Rejecting a document needs no second person: nothing is filed by it.
"""

from __future__ import annotations

from scanindex.desk_model import Key
from scanindex.errors import NotAllowedNow
from scanindex.model import Document, DocumentState
from scanindex.ports import Unit
from scanindex.services import Services

_SOURCE, _LABEL = "source:", "label:"


def are_asked(document: Document, document_type: str | None, source: str, services: Services) -> bool:
    """Whether setting `review.second_key` names its type (read or chosen), its source or a label of it."""
    for wanted in services.settings.review.second_key:
        if wanted.startswith(_SOURCE):
            if wanted.removeprefix(_SOURCE) == source:
                return True
        elif wanted.startswith(_LABEL):
            if wanted.removeprefix(_LABEL) in document.sensitivity:
                return True
        elif wanted in (document.document_type, document.fields.document_type, document_type):
            return True
    return False


def refuse_one_key(document: Document, document_type: str | None, services: Services) -> None:
    """Raises NotAllowedNow where two must settle it: who settles without the desk would be the only one."""
    with services.catalog.read() as unit:
        scan = unit.scans.get(document.scan_id)
        is_keyed = bool(standing(document, unit))
    is_asked = scan is not None and are_asked(document, document_type, scan.preset.source, services)
    if document.state is DocumentState.IN_REVIEW and (is_asked or is_keyed):
        raise NotAllowedNow(
            f"document {document.document_id}: two people settle this kind, in the browser's review"
        )


def standing(document: Document, unit: Unit) -> list[Key]:
    """Keys that hold for the document as it is, first given first."""
    return [key for key in unit.desk.keys(document.document_id) if key.pages == document.pages]
