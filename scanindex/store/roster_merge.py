"""A row over the person it was known as: what may change silently, what may not, what stays. Pure."""

from __future__ import annotations

from dataclasses import replace

from scanindex.match import fold
from scanindex.model import Patient, PatientId, PersonName
from scanindex.store.roster_newborns import is_named_later, newborn
from scanindex.store.roster_people import RowError


def is_same_person(one: Patient, two: Patient) -> bool:
    a, b = one.names[0], two.names[0]
    return (fold.name_key(a.last), fold.name_key(a.first), one.birth_date) == (
        fold.name_key(b.last),
        fold.name_key(b.first),
        two.birth_date,
    )


def check_change(old: Patient, new: Patient) -> None:
    """Refuse what looks like somebody else, or a birth date that moved."""
    import jellyfish

    born_differs = bool(old.birth_date and new.birth_date and old.birth_date != new.birth_date)
    known_lasts = {fold.name_key(n.last) for n in old.names}
    a, b = old.names[0], new.names[0]
    firsts = jellyfish.jaro_winkler_similarity(fold.name_key(a.first), fold.name_key(b.first))
    lasts = jellyfish.jaro_winkler_similarity(fold.name_key(a.last), fold.name_key(b.last))
    is_last_known = fold.name_key(b.last) in known_lasts or lasts >= 0.85
    is_first_known = firsts >= 0.85 or fold.name_key(b.first) in {fold.name_key(n.first) for n in old.names}
    if old.is_provisional and (born_differs or not is_same_person(old, new)):
        raise RowError("provisional_differs")
    if is_named_later(old, new):
        return
    if not is_first_known and (not is_last_known or born_differs or not (old.birth_date and new.birth_date)):
        raise RowError("person_changed")
    if not is_last_known and (born_differs or not (old.birth_date and new.birth_date)):
        raise RowError("person_changed")
    if born_differs:
        raise RowError("birth_date_changed")


def may_be_one(one: Patient, two: Patient) -> bool:
    """As far apart as an import lets one person change without asking, and of one sex."""
    if {one.sex, two.sex} == {"F", "M"}:
        return False
    try:
        check_change(one, two)
    except RowError:
        return False
    return True


def merged(old: Patient, new: Patient) -> Patient:
    """The new row over the old person: blanks keep what was, old names stay as former ones."""
    names = list(new.names)
    seen = {(n.last, n.first) for n in names}
    for name in old.names:
        if (name.last, name.first) not in seen:
            names.append(replace(name, use=_later_use(name)))
            seen.add((name.last, name.first))
    if names[0].middle == "" and _same_key(names[0], old.names[0]):
        names[0] = replace(names[0], middle=old.names[0].middle)
    if names[0].suffix == "" and _same_key(names[0], old.names[0]):
        names[0] = replace(names[0], suffix=old.names[0].suffix)
    held = {(i.authority, i.type, i.value) for i in new.identifiers}
    others = tuple(i for i in old.identifiers if (i.authority, i.type, i.value) not in held)
    return Patient(
        patient_id=PatientId(old.patient_id),
        names=tuple(names),
        birth_date=new.birth_date or old.birth_date,
        sex=new.sex or old.sex,
        identifiers=new.identifiers + others,
        ssn4=new.ssn4 or old.ssn4,
        phone=new.phone or old.phone,
        address=new.address or old.address,
        mother_mrn=new.mother_mrn or old.mother_mrn,
    )


def _later_use(name: PersonName) -> str:
    if name.use != "official":
        return name.use
    return "alias" if newborn(name) else "former"


def _same_key(one: PersonName, two: PersonName) -> bool:
    return (fold.name_key(one.last), fold.name_key(one.first)) == (
        fold.name_key(two.last),
        fold.name_key(two.first),
    )
