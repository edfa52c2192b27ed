"""Facts about the listener: what is answered, what is on disk then, what follows; messages are invented."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from scanindex import feeding
from scanindex.cli import cli
from scanindex.errors import CatalogBusy, ConfigError, ReceiverSilent
from scanindex.hl7.answers import Answer, read_ack
from scanindex.hl7.er7 import parse
from scanindex.hl7.mllp import MllpConnection
from scanindex.model import DocumentState
from scanindex.store.clock import SystemClock
from tests.ehr.peers import tls
from tests.roster_feeds.messages import Fed, Told, adt, merge, separate, state_of, write_file

TILDA = Told(mrn="0071184")
TWICE = Told(mrn="0099999")
REPOSITORY = Path(__file__).resolve().parents[2]


class Line:
    """A listener on this workspace, and a sender."""

    def __init__(self, fed: Fed) -> None:
        self.fed = fed
        self.said: list[str] = []
        self.changes = 0
        self.receiving = feeding.Receiving(fed.opened, fed.feed, self._changed, self.said.append)

    def _changed(self) -> None:
        self.changes += 1

    def ask(self, data: bytes) -> Answer:
        return read_ack(self.receiving.answer(data))


@pytest.fixture
def line(fed: Fed) -> Line:
    return Line(fed)


def events(fed: Fed, kind: str) -> list[dict[str, object]]:
    with fed.opened.catalog.read() as unit:
        found = [e for e in unit.events.after(0, limit=10_000) if e.kind == kind]
    return [{"actor": e.actor, **e.payload} for e in found]


# --- answers --------------------------------------------------------------------------------
def test_what_is_taken_is_accepted(line: Line) -> None:
    """The answer names the message; the patient is there."""
    answer = line.ask(adt("A28", TILDA, control_id="M1"))

    assert (answer.code, answer.control_id, line.changes) == ("AA", "M1", 1)
    assert line.fed.one(TILDA.mrn).birth_date == "1948-03-09"


@pytest.mark.parametrize(
    ("message", "code", "table"),
    [
        (adt("A28", replace(TILDA, born="19490309"), 5), "birth_date_changed", "207"),
        (adt("A29", TILDA, 5), "event_not_taken", "201"),
        (adt("A28", TILDA, 5, processing="T"), "not_production", "202"),
        (adt("A28", TILDA, 5).replace(b"|A28-0071184--5|", b"||"), "control_id_missing", "101"),
        (adt("A28", Told(mrn="5"), 5, authority="NEW"), "authority_unknown", "204"),
    ],
)
def test_what_is_understood_and_refused_says_why(line: Line, message: bytes, code: str, table: str) -> None:
    """AE with the code; nothing of it is taken; the trail knows, without anybody's name."""
    line.ask(adt("A28", TILDA, 1))
    before = state_of(line.fed.opened)

    answer = line.ask(message)

    assert (answer.code, answer.text) == ("AE", code)
    assert [(f.code, f.own_code) for f in answer.faults] == [(table, code)]
    assert state_of(line.fed.opened) == before
    (refused,) = events(line.fed, "feed_refused")
    assert (refused["actor"], refused["code"]) == ("feed:adt", code)
    assert "ABERCRON" not in json.dumps(refused) and TILDA.mrn not in json.dumps(refused)


@pytest.mark.parametrize("data", [b"", b"GET / HTTP/1.1\r\n", b"MSH|", adt("A28", TILDA)[4:]])
def test_what_is_no_message_is_rejected(line: Line, data: bytes) -> None:
    """AR, and nothing is kept."""
    assert line.ask(data).code == "AR" and line.said == ["rejected: hl7_malformed"]


def test_the_same_message_again_gets_the_same_answer(line: Line) -> None:
    """Byte for byte, and nothing happens twice; another one under the same id is another one."""
    first = line.receiving.answer(adt("A28", TILDA, control_id="M1"))

    assert line.receiving.answer(adt("A28", TILDA, control_id="M1")) == first
    assert line.changes == 1
    assert line.ask(adt("A28", TWICE, control_id="M1")).is_accepted
    assert line.fed.one(TWICE.mrn)


def test_a_refused_message_is_looked_at_again_when_it_is_sent_again(line: Line) -> None:
    """Once its cause is gone it is taken."""
    line.ask(adt("A28", TILDA, 1))
    line.ask(merge(TWICE.mrn, TILDA, 2))
    late = adt("A08", replace(TILDA, born="19490309"), 3, control_id="M9")
    assert [line.ask(late).code, line.ask(late).code] == ["AE", "AE"]
    assert len(events(line.fed, "feed_refused")) == 1

    (message,) = [m for m in listed(line.fed) if m["control_id"] == "M9"]
    done = run(line.fed, "roster", "accept", str(message["message_no"]))

    assert "taken" in done and line.ask(late).code == "AA"
    assert line.fed.one(TILDA.mrn).birth_date == "1949-03-09"


def test_a_message_that_cannot_be_kept_gets_no_answer(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sender keeps it and sends it again."""

    def busy(*_: object, **__: object) -> None:
        raise CatalogBusy

    monkeypatch.setattr(feeding.feed_intake, "receive", busy)
    where = feeding.Line(host="127.0.0.1", port=0)
    with feeding.open_listener(where, line.receiving.answer_or_hang_up) as listener:
        sender = MllpConnection("127.0.0.1", listener.port)
        with pytest.raises(ReceiverSilent):
            sender.exchange([adt("A28", TILDA)])
    assert line.said[0].startswith("not answered: catalog_busy")


# --- the line ----------------------------------------------------------------------------------
def test_patients_data_do_not_go_over_the_network_in_the_clear() -> None:
    """Beyond this machine only with TLS, or where somebody said so."""
    with pytest.raises(ConfigError):
        feeding.open_listener(feeding.Line(host="0.0.0.0", port=0), lambda data: data)
    feeding.open_listener(feeding.Line(host="0.0.0.0", port=0, is_insecure=True), lambda data: data).stop()


def test_senders_show_their_certificate(line: Line, tmp_path: Path) -> None:
    """TLS both ways, with a hospital's own authority."""
    import ssl

    ours = tls.Authority(tmp_path / "ca")
    server, client = ours.issue("server"), ours.issue("client")
    where = feeding.Line(
        host="127.0.0.1",
        port=0,
        certificate=server.certificate,
        key=server.key,
        clients_from=ours.certificate,
    )
    context = ssl.create_default_context(cafile=str(ours.certificate))
    context.check_hostname = False
    with feeding.open_listener(where, line.receiving.answer_or_hang_up) as listener:
        with pytest.raises(ReceiverSilent):
            MllpConnection("127.0.0.1", listener.port, tls=context).exchange([adt("A28", TILDA)])
        context.load_cert_chain(client.certificate, client.key)
        with MllpConnection("127.0.0.1", listener.port, tls=context) as sender:
            assert read_ack(sender.exchange([adt("A28", TILDA)])).is_accepted


@pytest.mark.parametrize("name", ["", "a b", "x" * 25, "é"])
def test_a_feeds_name_stands_in_the_trail(fed: Fed, name: str) -> None:
    """So it is a word."""
    with pytest.raises(ConfigError):
        feeding.feed_of(name, fed.opened.settings)


# --- what follows --------------------------------------------------------------------------------
def test_a_burst_is_one_version_of_the_roster(line: Line) -> None:
    """What waits is decided again once, not for every message; look-ups see each at once."""
    for n in range(20):
        line.ask(adt("A28", Told(mrn=f"70{n:02d}"), n))
    assert (line.fed.opened.roster.version(), line.fed.one("7019").mrn) == (0, "7019")

    feeding.follow(line.fed.feed, line.fed.opened)

    assert (line.fed.opened.roster.version(), line.fed.opened.roster.patients()) == (1, 20)
    (fed_event,) = events(line.fed, "roster_fed")
    assert (fed_event["actor"], fed_event["counts"]) == ("feed:adt", {"added": 20})
    assert feeding.follow(line.fed.feed, line.fed.opened) == {}


def test_what_waits_is_decided_with_the_patient_who_arrived(line: Line) -> None:
    """A page about somebody whom the roster did not know."""
    line.ask(adt("A28", TWICE))
    feeding.follow(line.fed.feed, line.fed.opened)
    new = Told(mrn="70418826", last="OKONKWOBELL", first="THEODORA", born="19470823")
    line.fed.drop(new, "page")
    line.ask(adt("A28", new, 5))

    counts = feeding.follow(line.fed.feed, line.fed.opened)

    assert counts["decided_again"] >= 1
    (found,) = line.fed.documents(new.mrn)
    assert found.state is DocumentState.PROPOSED


def test_what_was_filed_is_looked_at_again_when_a_namesake_arrives(line: Line) -> None:
    """Somebody of the same name and birth date: the page no longer says who it is about."""
    known = Told(mrn="70418826", last="OKONKWOBELL", first="THEODORA", born="19470823")
    line.ask(adt("A28", known))
    feeding.follow(line.fed.feed, line.fed.opened)
    line.fed.drop(known, "page")
    assert [d.state for d in line.fed.documents(known.mrn)] == [DocumentState.FILED]

    line.ask(adt("A08", replace(known, mrn="88800011"), 5))
    feeding.follow(line.fed.feed, line.fed.opened)

    touched = line.fed.opened.roster.touched_since(1)
    assert touched == {line.fed.one(mrn).patient_id for mrn in (known.mrn, "88800011")}


def test_an_import_counts_what_a_feed_changed_before(line: Line, tmp_path: Path) -> None:
    """A person whom the feed just told of is no second row of the file."""
    line.ask(adt("A28", TILDA, 1))
    path = tmp_path / "all.csv"
    path.write_text("mrn,last,first,dob,sex,phone\n0071184,ABERCRONVIK,TILDA,1948-03-09,F,4195550101\n")
    report = json.loads(run(line.fed, "roster", "import", str(path), "--json"))

    assert (report["version"], report["changed"], report["warning_count"]) == (2, 1, 0)
    assert line.fed.opened.roster.patients() == 1


# --- from the command line ------------------------------------------------------------------------
def run(fed: Fed, *arguments: str) -> str:
    done = CliRunner().invoke(cli, ["--home", str(fed.opened.settings.home), *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def listed(fed: Fed) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(run(fed, "roster", "messages", "--json"))["messages"]
    return found


def test_messages_are_listed_without_patient_data(line: Line) -> None:
    """Numbers, events and codes."""
    line.ask(adt("A28", TILDA, 1))
    line.ask(adt("A08", replace(TILDA, born="19490309"), 3, control_id="M9"))
    line.ask(merge("12345", TILDA, 4))

    text = run(line.fed, "roster", "messages")
    assert [m["state"] for m in listed(line.fed)] == ["waiting", "refused"]
    assert "birth_date_changed" in text and "ABERCRON" not in text


def test_taken_messages_are_forgotten_in_time(line: Line) -> None:
    """Those that were refused or wait stay."""
    line.ask(adt("A28", TILDA, 1))
    line.ask(adt("A29", TILDA, 2))
    now = SystemClock().now()
    catalog = line.fed.opened.catalog

    assert feeding.feed_intake.forget(catalog, 1, now) == 0
    assert feeding.feed_intake.forget(catalog, -1, now) == 1
    assert [m["state"] for m in listed(line.fed)] == ["refused"]


@pytest.mark.parametrize("name", ["patients.json", "patients.hl7"])
def test_one_command_imports_every_format(fed: Fed, tmp_path: Path, name: str) -> None:
    """And names what it counts."""
    path = tmp_path / name
    if name.endswith("hl7"):
        write_file(path, [adt("A28", TILDA), adt("A28", replace(TWICE, born="x"))])
    else:
        good = {"resourceType": "Patient", "identifier": [{"value": TILDA.mrn}], "birthDate": "1948-03-09"}
        good["name"] = [{"family": TILDA.last, "given": [TILDA.first]}]
        path.write_text(json.dumps(good) + "\n" + json.dumps({**good, "birthDate": "x"}) + "\n")
    done = CliRunner().invoke(cli, ["--home", str(fed.opened.settings.home), "roster", "import", str(path)])

    assert done.exit_code == 2 and "2 rows; 1 were added" in done.output
    unit = "message" if name.endswith("hl7") else "line"
    assert f"error: {unit} 2: " in done.output and "[birth_date_unreadable]" in done.output
    assert fed.one(TILDA.mrn).birth_date == "1948-03-09"


# --- killed ---------------------------------------------------------------------------------------
def test_killed_and_sent_again_it_ends_the_same(fresh, tmp_path: Path) -> None:
    """Wherever the process died: what it had answered is there, and the rest is taken as if nothing was."""
    rng = random.Random(4)
    people = [Told(mrn=f"8{n:04d}") for n in range(30)]
    messages = [adt("A28", who) for who in people]
    for minute in range(1, 40):
        loser, survivor = rng.sample(people, 2)
        messages.append(separate(loser, minute) if minute % 7 == 0 else merge(loser.mrn, survivor, minute))
    rng.shuffle(messages)
    path = write_file(tmp_path / "feed.hl7", messages)
    whole, broken = fresh(), fresh()
    whole.send(*messages)
    command = [
        sys.executable,
        "-m",
        "tests.roster_feeds.feeding_main",
        str(broken.opened.settings.home),
        str(path),
    ]
    for answers in (11, 37):
        with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            lines: Iterator[str] = iter(process.stdout)
            assert [next(lines) for _ in range(answers)] == ["answered\n"] * answers
            process.send_signal(signal.SIGKILL)

    broken.send(*messages)

    assert state_of(broken.opened) == state_of(whole.opened)
    assert all(parse(m).control_id for m in messages)
