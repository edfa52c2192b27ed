"""Facts about people: how they come in, what keeps strangers out, and who may change what."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest

from scanindex import app, credentials, passwords, people
from scanindex.access_model import RIGHTS, Access, Right, StaffRole
from scanindex.errors import (
    Forbidden,
    IntegrityError,
    LoginFailed,
    LoginNeeded,
    NotAllowedNow,
    NotFound,
    ScanindexError,
    SecondFactorNeeded,
    TooManyTries,
    UsageError,
)
from scanindex.model import PatientId
from scanindex.people import tries
from scanindex.services import Services
from scanindex.settings import Settings
from scanindex.store.roster_import import import_csv
from tests.crash.service_main import open_stubbed, quick_settings

GOOD, OTHER, WRONG = "violet kettles drift", "slow amber lighthouse", "a wrong guess of it"
HERE, THERE = "10.0.0.7", "203.0.113.9"
CLERK, SUPERVISOR, CLINICIAN = StaffRole.CLERK, StaffRole.SUPERVISOR, StaffRole.CLINICIAN
AUDITOR, ADMINISTRATOR = StaffRole.AUDITOR, StaffRole.ADMINISTRATOR


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.time = datetime(2031, 5, 4, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def ahead(self, **spans: float) -> None:
        self.time += timedelta(**spans)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cheap parameters; what the real ones are is a fact of its own below."""
    monkeypatch.setattr(credentials, "MEMORY_KIB", 64)
    monkeypatch.setattr(credentials, "ROUNDS", 1)
    monkeypatch.setattr(credentials, "_NOBODY", credentials._nobody())


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[app.Workspace]:
    app.initialise(quick_settings(tmp_path))
    workspace = open_stubbed(quick_settings(tmp_path))
    yield workspace
    workspace.close()


@pytest.fixture
def services(opened: app.Workspace, clock: Clock) -> Services:
    return dataclasses.replace(opened.services, clock=clock)


def with_access(services: Services, **changes: Any) -> Services:
    settings: Settings = services.settings
    access = dataclasses.replace(settings.access, **changes)
    return dataclasses.replace(services, settings=dataclasses.replace(settings, access=access))


def first(services: Services, *roles: StaffRole) -> Access:
    """The first administrator, who came by the one-time link."""
    link = people.first_invitation(services)
    secret, _ = people.accept_invitation(link, "ann", "Ann Ode", GOOD, HERE, "", services, roles)
    return people.session_of(secret, services)[1]


def add(boss: Access, login: str, services: Services, *roles: StaffRole, **more: Any) -> Access:
    link = people.invite(boss, login, f"{login} Person", roles, services, **more)
    secret, _ = people.accept_invitation(link, None, None, GOOD, HERE, "", services)
    return people.session_of(secret, services)[1]


def enter(services: Services, login: str = "ann", password: str = GOOD, code: str | None = None) -> str:
    return people.log_in(login, password, code, HERE, "Browser", services)[0]


def events(services: Services) -> list[Any]:
    with services.catalog.read() as unit:
        return unit.events.of()


def kinds(services: Services) -> list[str]:
    return [event.kind for event in events(services)]


# --- the first one ------------------------------------------------------------------------
def test_the_first_administrator_comes_by_a_link_and_no_password_is_preset(services: Services) -> None:
    """Before that nobody exists; afterwards there is no second first one."""
    assert not people.exist(services)
    access = first(services)

    assert people.exist(services) and access.rights == RIGHTS[ADMINISTRATOR]
    with pytest.raises(NotAllowedNow):
        people.first_invitation(services)


def test_a_new_first_link_replaces_the_old_one_and_lasts_a_day(services: Services, clock: Clock) -> None:
    """Of two links only the later counts, and neither forever."""
    old, new = people.first_invitation(services), people.first_invitation(services)
    with pytest.raises(NotFound):
        people.invitation(old, services)
    assert people.invitation(new, services).is_first

    clock.ahead(hours=24)
    with pytest.raises(NotFound):
        people.accept_invitation(new, "ann", "Ann", GOOD, HERE, "", services)
    assert not people.exist(services)


def test_an_office_of_one_person_works(services: Services) -> None:
    """The first administrator may be clerk and supervisor too, and nothing else."""
    link = people.first_invitation(services)
    with pytest.raises(UsageError):
        people.accept_invitation(link, "ann", "Ann", GOOD, HERE, "", services, [AUDITOR])
    secret, _ = people.accept_invitation(link, "ann", "Ann", GOOD, HERE, "", services, [CLERK, SUPERVISOR])

    access = people.session_of(secret, services)[1]
    assert access.may(Right.PEOPLE) and access.may(Right.SUPERVISE) and access.patient_ids is None


def test_an_invitation_counts_once(services: Services) -> None:
    """The second one who uses a link is refused."""
    boss = first(services)
    link = people.invite(boss, "bo", "Bo Lee", [CLERK], services)
    people.accept_invitation(link, None, None, GOOD, HERE, "", services)

    with pytest.raises(NotFound):
        people.accept_invitation(link, None, None, OTHER, HERE, "", services)
    enter(services, "bo")


def test_the_first_login_is_an_administrators(services: Services) -> None:
    """Otherwise the house would have shut itself out."""
    from scanindex.access_model import unlimited

    with pytest.raises(NotAllowedNow):
        people.invite(unlimited("user:root"), "bo", "Bo", [CLERK], services)


# --- logging in ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("login", "password"), [("ann", WRONG), ("nobody", GOOD), ("off", GOOD), ("new", GOOD)]
)
def test_whatever_is_wrong_the_answer_is_the_same(services: Services, login: str, password: str) -> None:
    """Wrong password, unknown, disabled and not yet accepted: the same words, and a hash each."""
    boss = first(services)
    add(boss, "off", services, CLERK)
    people.change_user(boss, "off", services, is_disabled=True)
    people.invite(boss, "new", "New One", [CLERK], services)

    with pytest.raises(LoginFailed) as caught:
        enter(services, login, password)
    assert str(caught.value) == LoginFailed.meaning


def test_an_unknown_login_costs_a_hash_too(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time it takes must not tell who has a login."""
    first(services)
    hashed: list[str] = []
    check = credentials.is_password
    monkeypatch.setattr(credentials, "is_password", lambda p, kept: hashed.append(kept) or check(p, kept))
    for login in ("ann", "nobody"):
        with pytest.raises(LoginFailed):
            enter(services, login, WRONG)

    assert len(hashed) == 2 and credentials._NOBODY.split("$")[3] == hashed[0].split("$")[3]


def test_a_session_has_its_own_secret_of_which_only_a_hash_is_kept(services: Services, opened: Any) -> None:
    """Neither the cookie nor a password stands in the catalog or in the archive's events."""
    first(services)
    secrets = [enter(services), enter(services)]
    assert secrets[0] != secrets[1] and len(secrets[0]) >= 43

    home = opened.settings.home
    kept = b"".join(p.read_bytes() for p in home.rglob("*") if p.is_file() and not p.is_symlink())
    assert not any(text.encode() in kept for text in (*secrets, GOOD))
    csrf = people.session_of(secrets[0], services)[0].csrf
    assert csrf and csrf.encode() not in kept


def test_passwords_are_kept_as_argon2id() -> None:
    """With no less than 19 MiB and two rounds (OWASP)."""
    source = Path(credentials.__file__).read_text()
    assert re.search(r"MEMORY_KIB, ROUNDS, LANES = 19 \* 1024, 2, 1", source)
    assert credentials.password_hash(GOOD).startswith("$argon2id$v=19$")


# --- guessing -----------------------------------------------------------------------------
def test_every_miss_makes_the_next_try_wait_longer(services: Services, clock: Clock) -> None:
    """And the right password does not pass either while one has to wait."""
    first(services)
    waits = []
    for _ in range(5):
        with pytest.raises(LoginFailed):
            enter(services, password=WRONG)
    for _ in range(4):
        with pytest.raises(TooManyTries) as caught:
            enter(services)
        waits.append(caught.value.wait_seconds)
        clock.ahead(seconds=waits[-1])
        with pytest.raises(LoginFailed):
            enter(services, password=WRONG)
    assert waits == sorted(set(waits))
    clock.ahead(minutes=5)
    assert enter(services)


def test_a_stranger_cannot_keep_somebody_out(services: Services, clock: Clock) -> None:
    """A hundred misses from elsewhere: the person comes in from where they always do."""
    first(services)
    enter(services)
    for _ in range(100):
        with pytest.raises((LoginFailed, TooManyTries)):
            people.log_in("ann", WRONG, None, THERE, "", services)

    assert enter(services)
    with pytest.raises(TooManyTries):
        people.log_in("ann", GOOD, None, THERE, "", services)
    clock.ahead(minutes=5)
    assert people.log_in("ann", GOOD, None, THERE, "", services)


def test_an_address_that_tries_many_logins_waits_too(services: Services) -> None:
    """One guess for each of many people is guessing as well."""
    first(services)
    for number in range(31):
        with pytest.raises((LoginFailed, TooManyTries)):
            people.log_in(f"guess{number}", WRONG, None, THERE, "", services)
    with pytest.raises(TooManyTries):
        people.log_in("ann", GOOD, None, THERE, "", services)


def test_what_was_typed_as_an_unknown_login_is_kept_nowhere(services: Services, opened: Any) -> None:
    """It may be a password in the wrong field."""
    first(services)
    with pytest.raises(LoginFailed):
        enter(services, "my-secret-word-77", WRONG)

    assert events(services)[-1].kind == "login_failed" and events(services)[-1].payload["login"] == ""
    kept = b"".join(p.read_bytes() for p in opened.settings.home.rglob("*") if p.is_file())
    assert b"my-secret-word-77" not in kept


@pytest.mark.parametrize("kind", ["pair", "address", "login"])
def test_no_wait_is_longer_than_five_minutes(kind: str) -> None:
    """It grows, and ends: nobody is ever locked out."""
    waits = [tries.delay_seconds(kind, misses) for misses in range(200)]
    assert waits == sorted(waits) and waits[0] == 0 and 0 < waits[-1] <= 300


# --- sessions -----------------------------------------------------------------------------
def test_a_session_ends_when_no_hand_is_on_it(services: Services, clock: Clock) -> None:
    """Minutes of the settings; what screens ask by themselves does not count as a hand."""
    first(services)
    secret = enter(services)
    for _ in range(3):
        clock.ahead(minutes=10)
        people.session_of(secret, services)
    clock.ahead(minutes=10)
    people.session_of(secret, services, is_hand=False)
    clock.ahead(minutes=5)

    with pytest.raises(LoginNeeded):
        people.session_of(secret, services)
    assert kinds(services)[-1] == "session_ended"


def test_a_session_ends_after_its_hours_whatever_happens(services: Services, clock: Clock) -> None:
    """Also with a hand on it all the time."""
    first(services)
    secret = enter(services)
    for _ in range(12 * 6 - 1):
        clock.ahead(minutes=10)
        people.session_of(secret, services)
    clock.ahead(minutes=10)
    with pytest.raises(LoginNeeded):
        people.session_of(secret, services)


def test_looking_often_writes_seldom(services: Services, clock: Clock) -> None:
    """When it was seen last is renewed at most once a minute."""
    first(services)
    secret = enter(services)
    begun = people.session_of(secret, services)[0].seen_at
    clock.ahead(seconds=59)
    assert people.session_of(secret, services)[0].seen_at == begun
    clock.ahead(seconds=1)
    assert people.session_of(secret, services)[0].seen_at == clock.now()


def test_a_new_password_ends_all_sessions_but_begins_one(services: Services) -> None:
    """Whoever had the old one is out at once."""
    first(services)
    old = [enter(services), enter(services)]
    access = people.session_of(old[0], services)[1]
    with pytest.raises(LoginFailed):
        people.change_password(access, WRONG, OTHER, HERE, "", services)
    fresh, _ = people.change_password(access, GOOD, OTHER, HERE, "", services)

    assert people.session_of(fresh, services)[0].login == "ann"
    for secret in old:
        with pytest.raises(LoginNeeded):
            people.session_of(secret, services)
    with pytest.raises(LoginFailed):
        enter(services, password=GOOD)


def test_sessions_are_listed_and_ended_by_their_owner_or_an_administrator(services: Services) -> None:
    """For others they do not exist."""
    boss = first(services)
    bo, cy = (add(boss, login, services, CLERK) for login in ("bo", "cy"))
    (mine,) = people.sessions(bo, services)
    with pytest.raises(NotFound):
        people.end_session(cy, mine.session_id, services)
    assert {s.login for s in people.sessions(boss, services)} == {"ann", "bo", "cy"}
    assert [s.login for s in people.sessions(cy, services, "bo")] == ["cy"]

    people.end_session(boss, mine.session_id, services)
    assert people.sessions(bo, services) == []


def test_logging_out_ends_the_session(services: Services) -> None:
    """The cookie is worth nothing afterwards."""
    first(services)
    secret = enter(services)
    people.log_out(people.session_of(secret, services)[0], services)
    with pytest.raises(LoginNeeded):
        people.session_of(secret, services)


# --- passwords ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    "password",
    ["short one", "Password123!", "P@ssw0rd2026!!", "qwertyuiop12", "123456789012", "welcomewelcome",
     "scanindex2026", "annode123456", "x" * 257, "abcabcabcabc", "violet\nkettles drift"],
)  # fmt: skip
def test_easy_passwords_are_refused(services: Services, password: str) -> None:
    """Common words, rows of keys, the login, the product; and the link still counts."""
    link = people.first_invitation(services)
    with pytest.raises(UsageError):
        people.accept_invitation(link, "ann.ode", "Ann Ode", password, HERE, "", services)
    assert people.invitation(link, services)


@pytest.mark.parametrize("password", ["violet kettles", "847362958173", "ALL LOWER OR NOT", "пароль из слов"])
def test_no_kinds_of_characters_are_asked_for(password: str) -> None:
    """Length counts; any script will do."""
    assert passwords.problem(password, 12, ("ann",)) is None


# --- second factor ------------------------------------------------------------------------
def factor(access: Access, services: Services, clock: Clock) -> tuple[pyotp.TOTP, tuple[str, ...]]:
    uri = people.start_second_factor(access, services)
    device = pyotp.parse_uri(uri)
    assert isinstance(device, pyotp.TOTP)
    return device, people.confirm_second_factor(access, device.at(clock.now()), services)


def test_with_a_second_factor_the_password_alone_is_not_enough(services: Services, clock: Clock) -> None:
    """It is asked for only when the password fits, and each code counts once."""
    device, _ = factor(first(services), services, clock)
    with pytest.raises(SecondFactorNeeded):
        enter(services)
    with pytest.raises(LoginFailed):
        enter(services, password=WRONG)
    with pytest.raises(LoginFailed):  # used to confirm it
        enter(services, code=device.at(clock.now()))
    clock.ahead(seconds=30)
    code = device.at(clock.now())
    assert enter(services, code=code)
    with pytest.raises(LoginFailed):
        enter(services, code=code)


def test_a_recovery_code_counts_once(services: Services, clock: Clock) -> None:
    """Hyphens and capitals do not matter."""
    _, codes = factor(first(services), services, clock)
    assert len(set(codes)) == 10
    assert enter(services, code=codes[3].upper().replace("-", " "))
    with pytest.raises(LoginFailed):
        enter(services, code=codes[3])


def test_the_secret_of_a_second_factor_is_sealed(services: Services, clock: Clock, opened: Any) -> None:
    """The catalog alone does not give it away; with another key it does not open."""
    device, codes = factor(first(services), services, clock)
    keys = opened.settings.keys
    kept = b"".join(p.read_bytes() for p in opened.settings.home.rglob("*") if p.is_file())
    assert device.secret.encode() not in kept and codes[0].encode() not in kept
    assert {p.stat().st_mode & 0o777 for p in keys.iterdir()} == {0o600}

    (keys / "people.key").unlink()
    with pytest.raises(IntegrityError):
        enter(services, code="123456")


def test_codes_cannot_be_guessed_quickly(services: Services, clock: Clock) -> None:
    """Also by somebody who has the password, or the session."""
    access = first(services)
    factor(access, services, clock)
    for _ in range(7):
        with pytest.raises((LoginFailed, TooManyTries)):
            enter(services, code="000000")
    with pytest.raises(TooManyTries):
        enter(services, code="000000")
    for _ in range(7):
        with pytest.raises((LoginFailed, TooManyTries)):
            people.drop_second_factor(access, services, code="000000")
    with pytest.raises(TooManyTries):
        people.drop_second_factor(access, services, code="000000")


def test_a_role_that_must_have_one_has_no_rights_until_it_has(services: Services, clock: Clock) -> None:
    """The screens see it from the access; a token does not get round it."""
    strict = with_access(services, second_factor_for=("administrator",))
    boss = first(services)
    token, _ = people.new_token(boss, "script", [Right.PEOPLE], 3, services)
    now = people.session_of(enter(strict), strict)[1]
    assert now.needs_second_factor and not now.rights
    assert not people.access_of_token(token, strict).rights

    factor(now, strict, clock)
    (session,) = [s for s in people.sessions(now, strict)][:1]
    assert session and people.access_of_token(token, strict).rights == {Right.PEOPLE}


def test_a_lost_device_is_taken_off_by_an_administrator(services: Services, clock: Clock) -> None:
    """Nobody else can, but for its owner with a code."""
    boss = first(services)
    bo, cy = (add(boss, login, services, CLERK) for login in ("bo", "cy"))
    factor(bo, services, clock)
    with pytest.raises(Forbidden):
        people.drop_second_factor(cy, services, login="bo")
    people.drop_second_factor(boss, services, login="bo")
    assert enter(services, "bo")


# --- who may change what --------------------------------------------------------------------
def test_the_last_administrator_stays_one(services: Services) -> None:
    """Neither disabled nor demoted, until another can come in."""
    boss = first(services)
    people.invite(boss, "bo", "Bo", [ADMINISTRATOR], services)  # has no password yet
    for change in ({"is_disabled": True}, {"roles": [CLERK]}):
        with pytest.raises((NotAllowedNow, Forbidden)):
            people.change_user(boss, "ann", services, **change)
    assert people.me(boss, services).roles == (ADMINISTRATOR,)


def test_nobody_gives_more_to_themselves(services: Services) -> None:
    """As long as there is somebody else to ask."""
    boss = first(services)
    people.change_user(boss, "ann", services, roles=[ADMINISTRATOR, CLERK])  # the only administrator
    other = add(boss, "bo", services, ADMINISTRATOR)
    for change in ({"roles": [ADMINISTRATOR, SUPERVISOR]}, {"may_see_sensitive": True}):
        with pytest.raises(Forbidden):
            people.change_user(other, "bo", services, **change)
    assert people.change_user(other, "ann", services, may_see_sensitive=True).may_see_sensitive


def test_only_administrators_keep_people(services: Services) -> None:
    """Every other role is refused, whatever it asks for."""
    boss = first(services)
    for role in StaffRole:
        if role is ADMINISTRATOR:
            continue
        who = add(boss, role.value, services, role)
        for call in (
            lambda w: people.users(w, services),
            lambda w: people.invitations(w, services),
            lambda w: people.invite(w, "zed", "Zed", [CLERK], services),
            lambda w: people.link(w, "ann", services),
            lambda w: people.change_user(w, "ann", services, name="X"),
        ):
            with pytest.raises(Forbidden):
                call(who)


def test_a_disabled_login_is_out_at_once(services: Services) -> None:
    """Sessions, tokens and links end; a change of roles counts at the next request."""
    boss = first(services)
    bo = add(boss, "bo", services, CLERK)
    session, link = enter(services, "bo"), people.link(boss, "bo", services)
    token, _ = people.new_token(bo, "script", [Right.STATUS], 3, services)
    people.change_user(boss, "bo", services, roles=[AUDITOR])
    assert people.session_of(session, services)[1].rights == RIGHTS[AUDITOR]

    people.change_user(boss, "bo", services, is_disabled=True)
    for call in (people.session_of, people.access_of_token, people.invitation):
        with pytest.raises((LoginNeeded, NotFound)):
            call({people.session_of: session, people.access_of_token: token}.get(call, link), services)  # type: ignore[operator]


def test_every_change_names_who_made_it(services: Services) -> None:
    """Invited, changed, disabled: events with the administrator as actor."""
    boss = first(services, SUPERVISOR)
    add(boss, "bo", services, CLERK)
    people.change_user(boss, "bo", services, roles=[SUPERVISOR], patient_ids=[PatientId("p1")])

    changed = events(services)[-1]
    assert (changed.kind, changed.actor) == ("user_changed", "user:ann")
    assert changed.payload == {"login": "bo", "roles": ["supervisor"], "patient_ids": ["p1"]}
    assert {"invited", "user_added", "invitation_accepted", "logged_in"} <= set(kinds(services))


def test_one_account_of_the_system_speaks_for_one_login(services: Services) -> None:
    """And not for one that is disabled."""
    boss = first(services)
    add(boss, "bo", services, CLERK, os_user="bob")
    with pytest.raises(UsageError):
        people.invite(boss, "cy", "Cy", [CLERK], services, os_user="bob")
    access = people.access_of_os_user("bob", services)
    assert access is not None and access.login == "bo"
    people.change_user(boss, "bo", services, is_disabled=True)
    assert people.access_of_os_user("bob", services) is None
    assert people.access_of_os_user("", services) is None


def test_who_owns_the_data_can_rescue_a_login(services: Services, clock: Clock) -> None:
    """A forgotten administrator: recorded, second factor off, and the old password until then."""
    factor(first(services), services, clock)
    link = people.rescue("ann", "user:root", services)
    assert [e.actor for e in events(services) if e.kind == "user_rescued"] == ["user:root"]
    people.accept_invitation(link, None, None, OTHER, HERE, "", services)
    assert enter(services, password=OTHER)


# --- tokens ---------------------------------------------------------------------------------
def test_a_token_has_at_most_its_owners_rights_at_any_time(services: Services) -> None:
    """Also when the owner loses some later."""
    boss = first(services)
    bo = add(boss, "bo", services, CLERK)
    with pytest.raises(Forbidden):
        people.new_token(bo, "script", [Right.TRAIL], 3, services)
    secret, _ = people.new_token(bo, "script", [Right.READ, Right.STATUS], 3, services)
    assert people.access_of_token(secret, services).rights == {Right.READ, Right.STATUS}

    people.change_user(boss, "bo", services, roles=[AUDITOR])
    assert people.access_of_token(secret, services).rights == {Right.STATUS}


def test_a_token_ends_on_its_day(services: Services, clock: Clock) -> None:
    """And not before."""
    boss = first(services)
    secret, token = people.new_token(boss, "script", [Right.STATUS], 3, services)
    clock.ahead(days=3, seconds=-1)
    assert people.access_of_token(secret, services).login == "ann"
    assert people.tokens(boss, services)[0].used_at == clock.now()
    clock.ahead(seconds=1)
    with pytest.raises(LoginNeeded):
        people.access_of_token(secret, services)
    assert token.expires_at == clock.now()


def test_a_revoked_token_is_worth_nothing(services: Services) -> None:
    """By its owner or an administrator; for others it does not exist."""
    boss = first(services)
    bo, cy = (add(boss, login, services, CLERK) for login in ("bo", "cy"))
    secret, token = people.new_token(bo, "script", [Right.STATUS], 3, services)
    with pytest.raises(NotFound):
        people.revoke_token(cy, token.token_id, services)
    assert people.tokens(cy, services, "bo") == []
    people.revoke_token(boss, token.token_id, services)
    with pytest.raises(LoginNeeded):
        people.access_of_token(secret, services)


# --- breaking the glass ---------------------------------------------------------------------
@pytest.fixture
def patient_id(opened: app.Workspace, tmp_path: Path) -> PatientId:
    path = tmp_path / "roster.csv"
    path.write_text("mrn,last_name,first_name,birth_date,sex\n81220034,TARNHELM,OTTILIE,1951-02-03,F\n")
    import_csv(opened.engine, path, authority="local")
    (found,) = opened.roster.by_identifier(["81220034"])
    return found.patient_id


WHY = "unconscious in the emergency room"


def test_breaking_the_glass_opens_one_chart_for_a_time(
    services: Services, clock: Clock, patient_id: PatientId
) -> None:
    """With a reason, and never longer than the settings say."""
    link = people.invite(first(services), "doc", "Doc", [CLINICIAN], services)
    secret, _ = people.accept_invitation(link, None, None, GOOD, HERE, "", services)
    access = people.session_of(secret, services)[1]
    assert not access.sees_patient(patient_id)
    with pytest.raises(UsageError):
        people.break_glass(access, patient_id, "curious", services)
    with pytest.raises(NotFound):
        people.break_glass(access, PatientId("p-unknown"), WHY, services)
    people.break_glass(access, patient_id, WHY, services)

    assert people.session_of(secret, services)[1].opened == {patient_id}
    for _ in range(6):
        clock.ahead(minutes=10)
        access = people.session_of(secret, services)[1]
    assert not access.opened
    told = next(e for e in events(services) if e.kind == "glass_broken")
    assert told.payload["patient_ids"] == [patient_id] and told.payload["reason"] == WHY


def test_who_may_not_break_it_cannot(services: Services, patient_id: PatientId) -> None:
    """Administrators and auditors read no chart at all."""
    boss = first(services)
    for access in (boss, add(boss, "eve", services, AUDITOR)):
        with pytest.raises(Forbidden):
            people.break_glass(access, patient_id, WHY, services)


def test_it_is_reviewed_by_somebody_else_and_closed_where_it_was_wrong(
    services: Services, patient_id: PatientId
) -> None:
    """Once; who opened it sees their own only."""
    boss = first(services)
    chief = add(boss, "chief", services, SUPERVISOR)
    doc, auditor = add(boss, "doc", services, CLINICIAN), add(boss, "eve", services, AUDITOR)
    own = people.break_glass(chief, patient_id, WHY, services)
    grant = people.break_glass(doc, patient_id, WHY, services)
    assert len(people.grants(auditor, services, open_only=True)) == 2
    assert people.grants(doc, services) == [grant]

    for who, what in ((chief, own), (doc, grant)):
        with pytest.raises(Forbidden):
            people.review_grant(who, what.grant_id, "justified", "", services)
    people.review_grant(auditor, grant.grant_id, "not_justified", "no contact with the patient", services)
    with pytest.raises(NotAllowedNow):
        people.review_grant(auditor, grant.grant_id, "justified", "", services)
    assert people.access_of_os_user("", services) is None
    assert not people.session_of(enter(services, "doc"), services)[1].opened
    assert people.grants(auditor, services, open_only=True) == [own]


def test_ones_own_can_be_closed_early(services: Services, patient_id: PatientId) -> None:
    """Nobody else's."""
    boss = first(services)
    doc, other = add(boss, "doc", services, CLINICIAN), add(boss, "dee", services, CLINICIAN)
    grant = people.break_glass(doc, patient_id, WHY, services)
    with pytest.raises(NotFound):
        people.close_glass(other, grant.grant_id, services)
    people.close_glass(doc, grant.grant_id, services)
    assert not people.session_of(enter(services, "doc"), services)[1].opened


def test_errors_carry_no_names_and_no_secrets(services: Services) -> None:
    """What is logged of a failed login says nothing about anybody."""
    boss = first(services)
    said = []
    for call in (
        lambda: enter(services, "ann", WRONG),
        lambda: people.session_of(WRONG, services),
        lambda: people.access_of_token(WRONG, services),
        lambda: people.invitation(WRONG, services),
        lambda: people.change_user(boss, WRONG, services, name="x"),
    ):
        with pytest.raises(ScanindexError) as caught:
            call()
        said.append(str(caught.value))
    assert not any(WRONG in text or "ann" in text.split() for text in said)
