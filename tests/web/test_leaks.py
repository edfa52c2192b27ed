"""Facts about what the screens tell a clinician of everybody else: nothing, to the byte.

The same workspace twice, with and without the other list's paper; the same person asks the same of
both through the application, and the answers are compared. Ids stand for what they name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient

from scanindex import people
from scanindex.access_model import StaffRole
from scanindex.web.application import make_app
from tests.test_leaks import CORA, HERS, NAMESAKE, OTHERS, PAPERS, QUERIES, World, build
from tests.web.conftest import ROLES, access_as
from tests.web.gate import is_let_in
from tests.web.route_map import Operation, operations
from tests.web.samples import NO_ID, session_headers

pytestmark = pytest.mark.xdist_group("web_leaks")
HER_PAPERS = tuple(p.serial for p in PAPERS if p.who in HERS and not p.is_labelled)
_ASKED = QUERIES[:14] + QUERIES[15:18] + ("coralie", "8011", "name:ostergaarde", "mrn:80347761", '"spleen')


@dataclass(frozen=True, slots=True)
class Site:
    world: World
    client: TestClient
    headers: dict[str, str]

    def ask(self, method: str, path: str, **sent: Any) -> tuple[int, str]:
        self.client.cookies.clear()
        answer = self.client.request(method, path, headers=self.headers, **sent)
        return answer.status_code, self.plain(answer)

    def plain(self, answer: Any) -> str:
        text = answer.text + " ".join(
            f"{k}={v}" for k, v in sorted(answer.headers.items()) if k not in _MOVING
        )
        for known, meant in self.world.names.items():
            text = text.replace(known, f"<{meant}>")
        text = text.replace(self.headers["x-csrf-token"], "<csrf>")
        return _MOMENT.sub("<moment>", text)


_MOVING = frozenset({"etag", "last-modified", "content-length", "date"})
"""Of moments and ids; and lengths, which ids that are written in other characters change."""
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(\+00:00|Z)?"
    r"|\"seconds\":[\d.e-]+|\"milliseconds\":[\d.]+|[\d.]+ (ms|s\b)|\d{8}-\d{6}|tag=[\w-]+|[?&]v=[\w-]+"
)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Site]]:
    """With everybody's paper, and with hers alone."""
    hers = tuple(p for p in PAPERS if p.who in HERS)
    worlds = [
        build(tmp_path_factory.mktemp("everybody"), (*HERS, *OTHERS), PAPERS),
        build(tmp_path_factory.mktemp("hers"), HERS, hers),
    ]
    clients = [_open(world) for world in worlds]
    yield Site(worlds[0], *clients[0]), Site(worlds[1], *clients[1])
    for world, (client, _) in zip(worlds, clients, strict=True):
        client.__exit__(None, None, None)
        world.opened.close()


def _open(world: World) -> tuple[TestClient, dict[str, str]]:
    services = world.opened.services
    secret = people.first_invitation(services)
    people.accept_invitation(
        secret, "ada", "Ada", "violet kettles drift", "", "", services, roles=ROLES["ada"]
    )
    link = people.invite(access_as(world.opened, "ada"), "doc", "Doc", (StaffRole.CLINICIAN,), services)
    people.accept_invitation(link, None, None, "violet kettles drift", "", "", services)
    people.add_patients(access_as(world.opened, "ada"), "doc", [p.mrn for p in HERS], services)
    client = TestClient(make_app(world.opened), base_url="http://127.0.0.1", follow_redirects=False)
    client.__enter__()
    return client, session_headers(world.opened, "doc")


def same(sites: tuple[Site, Site], ask: Callable[[Site], tuple[int, str]]) -> tuple[int, str]:
    whole, hers = ask(sites[0]), ask(sites[1])
    differ = next((n for n, (a, b) in enumerate(zip(whole[1], hers[1], strict=False)) if a != b), None)
    assert whole[0] == hers[0]
    assert whole == hers, [text[max(0, (differ or 0) - 100) :][:240] for _, text in (whole, hers)]
    return whole


def _routes(site: Site) -> list[Operation]:
    web: Any = site.client.app
    """But what is about her login: sessions have ids of their own."""
    found = (op for op in operations(web) if op.is_known and is_let_in(op, "doc"))
    return [op for op in found if not op.path.removeprefix("/api/v1").startswith("/me")]


def _values(site: Site, serial: str) -> dict[str, str]:
    number = next(p.who.mrn for p in PAPERS if p.serial == serial)
    return {
        "document_id": site.world.id_of(serial),
        "scan_id": site.world.id_of(f"scan {serial}"),
        "patient_id": site.world.id_of(number),
        "page_no": "1",
        "scan_page_no": "1",
        "width": "thumb",
    }


@pytest.mark.parametrize("serial", HER_PAPERS)
def test_what_she_looks_at_is_the_same_beside_others(sites: tuple[Site, Site], serial: str) -> None:
    """Every screen and answer about one of her patients' papers: documents, charts, histories, files."""
    shown = 0
    for op in _routes(sites[0]):
        if op.is_look and "picture" not in op.path and set(op.parameters) <= set(_values(sites[0], serial)):
            status, _ = same(sites, lambda s, o=op: s.ask(o.method, o.address(_values(s, serial))))
            shown += status == 200
    assert shown >= 10


@pytest.mark.parametrize("query", _ASKED)
def test_a_search_tells_her_of_nobody_else(sites: tuple[Site, Site], query: str) -> None:
    """Results, counts, look-alikes, what was meant, what is exported, on the screen and by the interface."""
    for sent in (
        {"query": query},
        {"query": query, "limit": 1, "offset": 1},
        {"query": query, "spellings": "alike"},
    ):
        for path in ("/api/v1/search", "/api/v1/search/export"):
            same(sites, lambda s, p=path, j=sent: s.ask("POST", p, json=j))
    for path in ("/search", "/search/export"):
        same(sites, lambda s, p=path: s.ask("POST", p, data={"q": query, "query": query}))


@pytest.mark.parametrize(
    "text", ["tre", "tregarthwaite", "annic", "cora", "8011", "80347761", "1939-05-27", "o"]
)
def test_suggestions_name_nobody_else(sites: tuple[Site, Site], text: str) -> None:
    """Neither the other list's people, nor how many were left out for them."""
    status, told = same(sites, lambda s: s.ask("POST", "/api/v1/patients/suggest", json={"text": text}))
    assert status == 200 and CORA.last not in told.upper() and NAMESAKE.first not in told.upper()


def test_what_is_not_hers_is_nowhere(sites: tuple[Site, Site]) -> None:
    """Every route about a paper or person of the other list says what it says about no paper at all."""
    whole = sites[0]
    others = _values(whole, "c1") | {"grant_id": NO_ID}
    names = {value: key for key, value in others.items() if key.endswith("_id")}
    problems = []
    for op in _routes(whole):
        if op.is_look and set(op.parameters) <= set(others) and set(op.parameters) & set(names.values()):
            nothing = dict.fromkeys(names.values(), NO_ID) | {
                "page_no": "1",
                "scan_page_no": "1",
                "width": "thumb",
            }
            there, missing = (whole.ask(op.method, op.address(values)) for values in (others, nothing))
            told = [re.sub("|".join([*names, "<[^>]*>", NO_ID]), "ID", text) for _, text in (there, missing)]
            if there[0] != 404 or missing[0] != 404 or told[0] != told[1]:
                problems.append(f"{op} -> {there[0]} and {missing[0]}")
    assert problems == []


def test_a_glass_cannot_be_used_to_find_out_who_exists(sites: tuple[Site, Site]) -> None:
    """Number and birth date of somebody, nearly right: the words are those for nobody at all."""
    tries = [(CORA.mrn, "1939-05-28"), ("80347762", CORA.born), ("80347761x", CORA.born), ("", CORA.born)]
    for mrn, born in tries:
        form = {"mrn": mrn, "birth_date": born, "reason": "called to the ward at night"}
        status, _ = same(sites, lambda s, f=form: s.ask("POST", "/glass", data=f))
        assert status != 303
