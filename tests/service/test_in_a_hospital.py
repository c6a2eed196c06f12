"""The service as a hospital runs it: a signed client's call in, cards out, all of it in the audit log."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from refractory.cli import main
from refractory.service.work.tasks import case_hash
from tests.service.hook_calls import REVIEW, SIGN, call, day_of, draft, ordered, prefetch_of
from tests.service.served import Served, served
from tests.support import CASES, read_case, shipped

ISSUER = "https://ehr.example.org"
SLUG = "v3b-verrucous-zoster-resistant-in-vitro"
DATED = "beside-aids-zoster-day-21"
# No secret: the test writes the file that makes it known.
TOKEN = "a-token-of-forty-characters-for-this-test"  # noqa: S105


class Hospital(NamedTuple):
    """A running service, the key of its one client, and its audit log."""

    service: Served
    key: ec.EllipticCurvePrivateKey
    log: Path

    def token(self, path: str, **changed: Any) -> str:
        """Return a token for one call."""
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": self.service.url + path, "iat": now, "exp": now + 60, "jti": str(uuid4())}
        return jwt.encode({**claims, **changed}, self.key, "ES384", {"kid": "one"})

    def call(self, request: dict[str, Any], service: str = REVIEW, token: str | None = None) -> httpx.Response:
        """Return the answer to a call of CDS Hooks."""
        path = f"/cds-services/{service}"
        shown = {"Authorization": f"Bearer {self.token(path) if token is None else token}"}
        return self.service.http.post(path, json=request, headers=shown)

    def entries(self) -> list[dict[str, Any]]:
        """Return the entries of the audit log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    """Return a service that knows one client and one caller, and records all."""
    folder = tmp_path_factory.mktemp("hospital")
    key = ec.generate_private_key(ec.SECP384R1())
    public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
    keys, tokens, log = folder / "keys.json", folder / "tokens", folder / "audit.jsonl"
    keys.write_text(json.dumps({"keys": [{**public, "kid": "one", "alg": "ES384", "use": "sig"}]}))
    tokens.write_text(f"ward-7:{TOKEN}\n")
    tokens.chmod(0o600)
    options = ["--cds-client", f"{ISSUER}={keys}", "--token-file", str(tokens), "--audit", str(log)]
    with served(*options) as service:
        yield Hospital(service, key, log)


def review() -> dict[str, Any]:
    """Return the call of a client for a golden case."""
    return call(prefetch_of(DATED), **day_of(DATED))


def test_a_clients_request_is_answered_with_cards(hospital: Hospital) -> None:
    """A signed request of a golden case has cards with source and summary."""
    answer = hospital.call(review())

    assert 200 == answer.status_code
    assert answer.json()["cards"]
    assert all(len(card["summary"]) < 140 and card["source"]["label"] for card in answer.json()["cards"])


def test_the_same_call_has_the_same_cards(hospital: Hospital) -> None:
    """A call that is sent again, with a new token, is answered byte by byte as before."""
    assert hospital.call(review()).content == hospital.call(review()).content


def test_an_order_is_warned_of(hospital: Hospital) -> None:
    """A drug that the virus of the case resists: the client is warned before the order is signed."""
    resisted = [s.drug for s in shipped().assess(read_case(DATED)).resistance if s.status in {"Suspected", "Confirmed"}]
    warned = [hospital.call(ordered(DATED, draft(drug)), SIGN).json()["cards"] for drug in resisted]

    assert resisted
    assert all(any(card["indicator"] in {"warning", "critical"} for card in cards) for cards in warned)


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "https://elsewhere.example/cds-services/" + REVIEW},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"iat": 4_000_000_000, "exp": 4_000_000_060},
        {"jti": ""},
    ],
)
def test_a_wrong_token_is_turned_away(hospital: Hospital, wrong: dict[str, Any]) -> None:
    """Made for another, by another, too old, too early, or without an identifier."""
    answer = hospital.call(review(), token=hospital.token(f"/cds-services/{REVIEW}", **wrong))

    assert (401, True) == (answer.status_code, answer.headers["www-authenticate"].startswith("Bearer"))


def test_a_token_of_another_key_or_of_none_is_turned_away(hospital: Hospital) -> None:
    """A stranger's signature, no signature, a shared secret, the caller's token, and nothing."""
    stranger = hospital._replace(key=ec.generate_private_key(ec.SECP384R1()))
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": hospital.service.url + f"/cds-services/{REVIEW}", "iat": now, "exp": now + 60}
    unsigned = jwt.encode({**claims, "jti": "a"}, "", "none", {"kid": "one"})
    shared = jwt.encode({**claims, "jti": "b"}, "x" * 64, "HS384", {"kid": "one"})
    tried = [stranger.token(f"/cds-services/{REVIEW}"), unsigned, shared, TOKEN, "x"]

    assert [401] * 5 == [hospital.call(review(), token=token).status_code for token in tried]


def test_a_token_is_good_once(hospital: Hospital) -> None:
    """Who listened, and sends a token again, is turned away."""
    token = hospital.token(f"/cds-services/{REVIEW}")
    first, replayed = hospital.call(review(), token=token), hospital.call(review(), token=token)

    assert (200, 401) == (first.status_code, replayed.status_code)


def test_what_is_essential_and_missing_is_412(hospital: Hospital) -> None:
    """Without prefetch there is nothing to answer from, and the server of the client is not asked."""
    answer = hospital.call({**review(), "prefetch": {}})

    assert (412, "OperationOutcome") == (answer.status_code, answer.json()["resourceType"])


def test_feedback_is_taken_and_recorded(hospital: Hospital) -> None:
    """What became of a card is kept by its identifier alone; what a person wrote is not."""
    card = hospital.call(review()).json()["cards"][0]
    path = f"/cds-services/{REVIEW}/feedback"
    said: dict[str, Any] = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-03-10T10:00:00Z"}
    reason = {name: card["overrideReasons"][0][name] for name in ("system", "code")}
    said["overrideReason"] = {"reason": reason, "userComment": "Mustermann"}
    shown = {"Authorization": f"Bearer {hospital.token(path)}"}
    answer = hospital.service.http.post(path, json={"feedback": [said]}, headers=shown)
    entry = next(entry for entry in reversed(hospital.entries()) if entry["event"] == "feedback")

    assert 200 == answer.status_code
    assert (card["uuid"], "overridden", ISSUER) == (entry["card"], entry["outcome"], entry["who"])
    assert (reason["code"], "2026-03-10T10:00:00.000Z") == (entry["reason"], entry["at"])
    assert "Mustermann" not in hospital.log.read_text()


def test_an_answer_is_in_the_log_before_it_is_told(hospital: Hospital) -> None:
    """Who asked, the hash of the case and of the knowledge, and what was advised; and the chain is whole."""
    body = (CASES / SLUG / "case.json").read_bytes()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
    answer = hospital.service.http.post("/assess", content=body, headers=headers).json()
    entry = hospital.entries()[-1]

    assert ("ward-7", "assessment") == (entry["who"], entry["event"])
    assert (case_hash(read_case(SLUG).facts), answer["knowledgeHash"]) == (entry["case"], entry["knowledge"])
    assert [[r["action"], r["kind"], r["urgency"]] for r in answer["recommendations"]] == entry["recommendations"]
    assert SLUG not in hospital.log.read_text()
    assert 0 == main(["audit", "verify", str(hospital.log)])


def test_a_log_that_was_changed_is_found(hospital: Hospital, tmp_path: Path) -> None:
    """One letter of one entry is enough."""
    hospital.call(review())
    changed = tmp_path / "audit.jsonl"
    changed.write_text(hospital.log.read_text().replace(ISSUER, ISSUER.replace("ehr", "xhr"), 1))

    assert 1 == main(["audit", "verify", str(changed)])


def test_a_service_does_not_start_on_a_log_that_is_not_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says which line is wrong, and how to go on."""
    log = tmp_path / "audit.jsonl"
    log.write_text("nonsense\n")
    log.chmod(0o600)
    code = main(["serve", "--port", "0", "--audit", str(log)])

    assert (3, True) == (code, "line 1" in capsys.readouterr().err)
