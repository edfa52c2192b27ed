"""Facts about what is not handed over, and why."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

import pytest

from scanindex import paper
from scanindex.delivery import consents, holds, queue
from scanindex.delivery_model import Action
from scanindex.errors import NotFound, ProfileError, UsageError
from scanindex.target_file import parse_target
from tests.crash import stub
from tests.delivery.conftest import SUE, Exports
from tests.desk import lab
from tests.test_batches import open_box


def change(exports: Exports, person: lab.Person, **values: Any) -> None:
    """As the catalog would have it after somebody's work."""
    with exports.workspace.catalog.write() as unit:
        document = unit.documents.get(exports.document_of(person).document_id)
        assert document is not None
        unit.documents.change(dataclasses.replace(document, **values), document.version)


def why(exports: Exports, person: lab.Person) -> tuple[str, ...]:
    wanted = exports.document_of(person).document_id
    (found,) = (one for one in exports.looked_at() if one.document_id == wanted)
    return tuple(p.code for p in found.problems)


@pytest.mark.parametrize(
    ("section", "rule", "values", "code"),
    [
        ("document", {}, {"recheck": ("somebody must look",)}, "recheck"),
        ("document", {"undated": "hold"}, {"service_date": None}, "undated"),
        ("document", {"partial_dates": "hold"}, {"service_date": "1998-03"}, "partial_date"),
        ("document", {"untyped": "hold"}, {"document_type": None}, "untyped"),
        ("document", {"encounter": "required"}, {}, "no_encounter"),
        ("document", {"minimum_legibility": 0.99}, {"page_facts": ()}, "illegible"),
        ("document", {}, {"sensitivity": ("hiv",)}, "restricted"),
        ("document", {}, {"sensitivity": ("substance_use",)}, "consent_needed"),
        ("document", {"max_bytes": 10}, {}, "too_large"),
        ("document", {"content": "small"}, {}, "no_rendition"),
        ("patient", {"authority": "elsewhere"}, {}, "no_number"),
    ],
)
def test_a_document_is_held_back(
    exports: Exports, section: str, rule: dict[str, Any], values: dict[str, Any], code: str
) -> None:
    exports.rule(section, **rule)
    change(exports, lab.PLAIN, **values)

    assert code in why(exports, lab.PLAIN)


def test_a_type_that_the_crosswalk_lacks_is_held_back(exports: Exports) -> None:
    from scanindex.target_profile import TypeCode

    exports.rule("document", untyped="hold")
    exports.target = dataclasses.replace(exports.target, types={"consent_form": TypeCode(code="CONS")})

    assert why(exports, lab.PLAIN) == ("untyped",)


def test_a_document_on_hold_stays_and_its_neighbours_go(exports: Exports) -> None:
    document = exports.document_of(lab.PLAIN)
    paper.hold("lawsuit", SUE.actor, exports.services, document_id=document.document_id)

    assert why(exports, lab.PLAIN) == ("on_hold",)
    assert why(exports, lab.ANYA) == ()


def test_what_the_form_cannot_take_is_listed_with_the_rest(exports: Exports) -> None:
    kind = exports.document_of(lab.PLAIN).document_type
    exports.receiver.problem_of = {kind: "no_such_code"}

    assert exports.held() == {"no_such_code"}


def test_a_damaged_file_is_found_when_asked(exports: Exports) -> None:
    document = exports.document_of(lab.PLAIN)
    folder = exports.services.archive.document_folder(document.document_id, document.filed_version)
    text = folder / "text.txt"
    text.chmod(0o600)
    text.write_text("changed")
    found = queue.dry_run(
        SUE,
        queue.choose.Selection(document_ids=(document.document_id,)),
        exports.target,
        exports.receiver,
        exports.services,
        check_fixity=True,
    )

    assert [p.code for one in found for p in one.problems] == ["damaged"]


def consent(exports: Exports, **values: Any) -> Any:
    asked: dict[str, Any] = {
        "patient_id": exports.lab.patient_id(lab.PLAIN),
        "target": "springfield",
        "labels": ("substance_use",),
        "reference": "form 17",
        "given_on": "2020-01-01",
        "until": None,
    } | values
    return consents.record(SUE, services=exports.services, **asked)


def test_a_consent_lets_a_labelled_document_go_with_its_notice(exports: Exports) -> None:
    change(exports, lab.PLAIN, sensitivity=("substance_use",))
    consent(exports)
    exports.export()

    (record,) = (x.record for x in exports.lines() if x.record.sensitivity)
    assert record.consent is not None
    assert record.consent.reference == "form 17" and "42 CFR part 2" in record.consent.notice


@pytest.mark.parametrize(
    "values",
    [
        {"target": "another"},
        {"labels": ("hiv",)},
        {"until": "2020-12-31"},
        {"given_on": (date.today().replace(year=date.today().year + 1)).isoformat()},
    ],
    ids=["another target", "another label", "run out", "not yet"],
)
def test_a_consent_covers_no_more_than_it_says(exports: Exports, values: dict[str, Any]) -> None:
    change(exports, lab.PLAIN, sensitivity=("substance_use",))
    consent(exports, **values)

    assert why(exports, lab.PLAIN) == ("consent_needed",)


def test_a_revoked_consent_holds_back_and_tells_of_what_is_there(exports: Exports) -> None:
    change(exports, lab.PLAIN, sensitivity=("substance_use",))
    made = consent(exports)
    exports.export()
    consents.revoke(SUE, made.consent_id, exports.services)

    assert why(exports, lab.PLAIN) == ("now_held", "consent_needed")


def test_a_consent_revoked_while_it_waits_stops_it(exports: Exports) -> None:
    change(exports, lab.PLAIN, sensitivity=("substance_use",))
    made = consent(exports)
    exports.queue()
    consents.revoke(SUE, made.consent_id, exports.services)
    sent = exports.send()

    assert (sent.taken, sent.overtaken) == (2, 1)
    assert lab.PLAIN.mrn not in exports.receiver.valid.values()


def test_a_hold_placed_while_it_waits_stops_it(exports: Exports) -> None:
    exports.queue()
    document = exports.document_of(lab.PLAIN)
    paper.hold("lawsuit", SUE.actor, exports.services, document_id=document.document_id)
    sent = exports.send()

    assert (sent.taken, sent.overtaken) == (2, 1)
    assert lab.PLAIN.mrn not in exports.receiver.valid.values()


def test_a_hold_on_a_batch_stops_its_documents(exports: Exports) -> None:
    batch_id = open_box(exports.workspace)
    exports.lab.scan(stub.page_text(lab.OTHER_NAMESAKE, "d", "LABORATORY REPORT"), folder="box")
    exports.queue()
    paper.hold("lawsuit", SUE.actor, exports.services, batch_id=batch_id)

    assert exports.send().taken == 3
    assert why(exports, lab.OTHER_NAMESAKE) == ("on_hold",)
    assert lab.OTHER_NAMESAKE.mrn not in exports.receiver.valid.values()


def test_a_wrong_list_of_patients_is_no_list(exports: Exports) -> None:
    """One wrong number among right ones: nothing is exported."""
    with pytest.raises(NotFound):
        exports.queue(patients=(lab.PLAIN.mrn, "00000000"))
    assert exports.lines() == []


def test_a_misspelt_type_or_label_is_refused(exports: Exports) -> None:
    """It would hold back, leave out or hand over documents without a word."""
    with pytest.raises(UsageError):
        exports.queue(types=("progres_note",))
    for text in (
        "[types.progres_note]",
        '[document]\nrestricted_labels = ["hivv"]',
        '[patient]\noid = "no oid"',
    ):
        with pytest.raises(ProfileError):
            exports.target = parse_target("x", f'[target]\nrecipient = "x"\n{text}\n')
            exports.queue()


def test_documents_are_chosen_by_patient_type_and_date(exports: Exports) -> None:
    change(exports, lab.PLAIN, service_date="1998-03", document_type="consultation")

    def chosen(**selection: Any) -> set[str]:
        return {one.document_id for one in exports.looked_at(**selection)}

    wanted = {exports.document_of(lab.PLAIN).document_id}
    assert chosen(patients=(lab.PLAIN.mrn,)) == wanted
    assert chosen(types=("consultation",)) == wanted
    assert chosen(since="1998", until="1998-03") == wanted
    assert not wanted & chosen(since="1998-04", until="1998")
    assert chosen(query=f"mrn:{lab.PLAIN.mrn}") == wanted


def test_a_consent_is_checked_when_it_is_recorded(exports: Exports) -> None:
    for wrong in (
        {"labels": ("nonsense",)},
        {"given_on": "1.2.2020"},
        {"until": "2019-01-01"},
        {"reference": " "},
    ):
        with pytest.raises(UsageError):
            consent(exports, **wrong)


def test_every_code_has_a_meaning() -> None:
    assert all(text.endswith((".", ").")) for text in holds.HOLDS.values())


__all__ = ["Action"]
