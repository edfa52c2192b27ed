"""Facts about the HTTP line: whom we trust, who we are, how long we listen."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from scanindex.ehr.http_auth import auth_of
from scanindex.ehr.http_client import HttpLine, retry_after
from scanindex.errors import ConfigError, ReceiverSilent
from scanindex.target_profile import HttpRule
from tests.ehr.fhir_faults import Fault, FaultyFhir
from tests.ehr.fhir_samples import patient_resource, send_one, sink
from tests.ehr.peers import tls
from tests.ehr.records import patient, record


def line(far: FaultyFhir, seconds: float = 5.0, **rule: Any) -> HttpLine:
    return HttpLine(HttpRule(base_url=far.base, **rule), seconds, {})


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    with FaultyFhir(script_of_reads=[Fault.BABBLE]) as far:
        to = line(far, most_answer_bytes=10_000)

        with pytest.raises(ConfigError, match="most_answer_bytes"):
            to.get(to.address("Patient"))


def test_nobody_there_is_a_matter_of_time() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    to = HttpLine(HttpRule(base_url=f"http://127.0.0.1:{port}/fhir"), 1.0, {})

    with pytest.raises(ReceiverSilent):
        to.get(to.address("metadata"))


def test_a_server_that_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=server.accept, daemon=True).start()
        to = HttpLine(HttpRule(base_url=f"http://127.0.0.1:{server.getsockname()[1]}"), 0.2, {})

        with pytest.raises(ReceiverSilent):
            to.get(to.address("metadata"))


def test_links_to_other_hosts_are_not_followed() -> None:
    with FaultyFhir() as far:
        to = line(far)

        assert to.within("Binary/7") == f"{far.base}/Binary/7"
        assert to.within(f"{far.base}/Binary/7") == f"{far.base}/Binary/7"
        for address in (
            "http://elsewhere.example/fhir/Binary/7",
            "//elsewhere.example/Binary/7",
            far.base.replace("127.0.0.1", "127.0.0.2"),
            far.base.replace("http://", "http://user@"),
            "file:///etc/passwd",
        ):
            assert to.within(address) is None


# --- TLS --------------------------------------------------------------------------------------------
@pytest.fixture
def secure(tmp_path: Path) -> Any:
    """A TLS server that answers one request; its address by certificate."""
    authority = tls.Authority(tmp_path / "ca")

    def start(**how: Any) -> str:
        context = tls.serving(authority.issue("server", **how), clients_from=None)
        server = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            try:
                plain, _ = server.accept()
                with context.wrap_socket(plain, server_side=True) as peer:
                    peer.recv(65536)
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            except OSError:
                pass
            finally:
                server.close()

        threading.Thread(target=serve, daemon=True).start()
        return f"https://127.0.0.1:{server.getsockname()[1]}/fhir"

    return start, str(authority.certificate)


def test_a_trusted_certificate_is_taken(secure: Any) -> None:
    start, ca_file = secure
    to = HttpLine(HttpRule(base_url=start(), ca_file=ca_file), 5.0, {})

    assert to.get(to.address("metadata")).is_good


@pytest.mark.parametrize("how", [{"host": "wrong.example"}, {"is_expired": True}, {}])
def test_any_other_certificate_is_not(secure: Any, how: dict[str, Any]) -> None:
    """Another host's, an expired one, one of an authority we do not know."""
    start, ca_file = secure
    to = HttpLine(HttpRule(base_url=start(**how), ca_file=ca_file if how else ""), 5.0, {})

    with pytest.raises(ConfigError, match="certificate"):
        to.get(to.address("metadata"))


# --- who we are -------------------------------------------------------------------------------------
def test_a_token_comes_from_the_environment_alone(tmp_path: Path) -> None:
    with FaultyFhir(token="s3cret") as far:
        far.keep(patient_resource(patient()))

        assert send_one(
            sink(far.base, {"MY_TOKEN": "s3cret"}, http={"auth": "bearer", "token_env": "MY_TOKEN"}),
            record(tmp_path),
        ).is_taken
        with pytest.raises(ConfigError, match="MY_TOKEN"):
            sink(far.base, {}, http={"auth": "bearer", "token_env": "MY_TOKEN"})
        with pytest.raises(ConfigError, match="401"):
            send_one(
                sink(far.base, {"MY_TOKEN": "old"}, http={"auth": "bearer", "token_env": "MY_TOKEN"}),
                record(tmp_path),
            )


def test_basic_is_user_and_password() -> None:
    rule = HttpRule(auth="basic", user_env="U", password_env="P")

    made = auth_of(rule, {"U": "ann", "P": "p:w"}, _nobody, float).header()

    assert made == "Basic " + base64.b64encode(b"ann:p:w").decode()


def _nobody(address: str, fields: Mapping[str, str]) -> Mapping[str, object]:
    raise AssertionError


def pem(key: Any) -> str:
    kind = serialization.PrivateFormat.PKCS8
    return str(key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode())


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@pytest.mark.parametrize("algorithm", ["RS384", "ES384"])
def test_smart_signs_an_assertion_and_keeps_the_token(algorithm: str) -> None:
    """SMART backend services; the token is asked for anew when it runs out or is not taken any more."""
    key: Any = (
        rsa.generate_private_key(65537, 2048)
        if algorithm == "RS384"
        else ec.generate_private_key(ec.SECP384R1())
    )
    asked: list[tuple[str, Mapping[str, str]]] = []
    clock = [1_000.0]

    def ask(address: str, fields: Mapping[str, str]) -> Mapping[str, object]:
        asked.append((address, fields))
        if not fields:
            return {"token_endpoint": "https://ehr.example/token"}
        return {"access_token": f"t{len(asked)}", "expires_in": 300}

    rule = HttpRule(auth="smart", base_url="https://ehr.example/fhir", key_id="k1")
    environ = {"SCANINDEX_FHIR_CLIENT_ID": "scanindex", "SCANINDEX_FHIR_KEY": pem(key)}
    auth = auth_of(rule, environ, ask, lambda: clock[0])

    assert [auth.header(), auth.header()] == ["Bearer t2", "Bearer t2"]
    clock[0] += 280
    assert auth.header() == "Bearer t3"
    assert auth.renew()
    assert auth.header() == "Bearer t4"

    assert asked[0][0] == "https://ehr.example/fhir/.well-known/smart-configuration"
    head, body, signature = asked[1][1]["client_assertion"].split(".")
    assert json.loads(decoded(head)) == {"alg": algorithm, "typ": "JWT", "kid": "k1"}
    claims = json.loads(decoded(body))
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("scanindex", "scanindex", asked[1][0])
    assert 0 < claims["exp"] - 1_000 <= 300
    signed, raw = f"{head}.{body}".encode(), decoded(signature)
    if algorithm == "RS384":
        key.public_key().verify(raw, signed, padding.PKCS1v15(), hashes.SHA384())
    else:
        pair = utils.encode_dss_signature(int.from_bytes(raw[:48], "big"), int.from_bytes(raw[48:], "big"))
        key.public_key().verify(pair, signed, ec.ECDSA(hashes.SHA384()))
    assert json.loads(decoded(asked[2][1]["client_assertion"].split(".")[1]))["jti"] != claims["jti"]


def test_smart_finds_the_token_endpoint_and_sends(tmp_path: Path) -> None:
    environ = {
        "SCANINDEX_FHIR_CLIENT_ID": "scanindex",
        "SCANINDEX_FHIR_KEY": pem(ec.generate_private_key(ec.SECP384R1())),
    }
    with FaultyFhir(token="t0ken") as far:
        far.keep(patient_resource(patient()))

        assert send_one(sink(far.base, environ, http={"auth": "smart"}), record(tmp_path)).is_taken


def test_a_key_that_smart_does_not_take_is_refused() -> None:
    environ = {
        "SCANINDEX_FHIR_CLIENT_ID": "x",
        "SCANINDEX_FHIR_KEY": pem(ec.generate_private_key(ec.SECP256R1())),
    }
    rule = HttpRule(auth="smart", base_url="https://a.example", token_url="https://a.example/token")

    with pytest.raises(ConfigError, match="P-384"):
        auth_of(rule, environ, _nobody, float).header()


def test_an_expired_token_is_renewed_once_on_the_way(tmp_path: Path) -> None:
    class Renewing:
        tokens = ("old", "new")
        at = 0

        def header(self) -> str:
            return f"Bearer {self.tokens[self.at]}"

        def renew(self) -> bool:
            self.at = min(self.at + 1, 1)
            return True

    with FaultyFhir(token="new") as far:
        far.keep(patient_resource(patient()))
        to = sink(far.base)
        to._line._auth = Renewing()  # type: ignore[attr-defined]

        assert send_one(to, record(tmp_path)).is_taken


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("99999999999", 3600.0),
        ("Thu, 01 Jan 1970 00:17:40 GMT", 60.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("-3", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after(value, datetime(1970, 1, 1, 0, 16, 40, tzinfo=UTC).timestamp()) == seconds
