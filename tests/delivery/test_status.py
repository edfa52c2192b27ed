"""Facts about what `scanindex export status` and `consent add` tell."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from scanindex.cli import cli
from scanindex.delivery import consents, status
from scanindex.delivery_model import Consent
from tests.delivery.conftest import SUE, Exports
from tests.desk import lab


@pytest.fixture
def labelled(exports: Exports) -> Exports:
    """PLAIN's document needs a consent."""
    with exports.workspace.catalog.write() as unit:
        document = unit.documents.get(exports.document_of(lab.PLAIN).document_id)
        assert document is not None
        changed = dataclasses.replace(document, sensitivity=("substance_use",))
        unit.documents.change(changed, document.version)
    (targets := exports.workspace.settings.home / "targets").mkdir()
    (targets / "springfield.toml").write_text('[target]\nrecipient = "Springfield General"\n')
    return exports


def agreed(exports: Exports, **values: Any) -> Consent:
    asked: dict[str, Any] = {
        "labels": ("substance_use",),
        "reference": "form 17",
        "given_on": "2020-01-01",
        "until": None,
    } | values
    patient = exports.lab.patient_id(lab.PLAIN)
    return consents.record(SUE, patient, "springfield", services=exports.services, **asked)


def gone(exports: Exports) -> int:
    (one,) = status.overview(SUE, exports.services)
    return one.consents_gone


def command(exports: Exports, *words: str) -> Result:
    home = str(exports.workspace.settings.home)
    done = CliRunner().invoke(cli, ["--home", home, "export", *words])
    assert done.exit_code == 0, done.output
    return done


def test_a_document_there_whose_consent_was_revoked_is_counted(labelled: Exports) -> None:
    made = agreed(labelled)
    labelled.export()
    assert gone(labelled) == 0

    consents.revoke(SUE, made.consent_id, labelled.services)

    assert gone(labelled) == 1
    assert "1 document(s) there whose consent was revoked or ended" in command(labelled, "status").stdout


def test_another_consent_in_force_covers_it(labelled: Exports) -> None:
    made = agreed(labelled)
    labelled.export()
    agreed(labelled)
    consents.revoke(SUE, made.consent_id, labelled.services)

    assert gone(labelled) == 0


def test_what_never_left_needs_no_taking_back(labelled: Exports) -> None:
    made = agreed(labelled)
    labelled.queue()
    consents.revoke(SUE, made.consent_id, labelled.services)

    assert gone(labelled) == 0


@pytest.mark.parametrize(("days", "is_told"), [(-1, False), (2, True)])
def test_a_day_of_signing_to_come_is_said_plainly(exports: Exports, days: int, is_told: bool) -> None:
    day = (date.today() + timedelta(days=days)).isoformat()
    form = ("--target", "*", "--label", "substance_use", "--reference", "form 17", "--given", day)

    said = command(exports, "consent", "add", lab.PLAIN.mrn, *form).stderr

    assert (f"it does not count before {day}" in said) is is_told
