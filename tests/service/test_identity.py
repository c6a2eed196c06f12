"""Who is asking: the `Authorization` header, and which proof counts where."""

from __future__ import annotations

import re
from functools import partial

import pytest

from refractory.service.identity.bearer import MAX_TOKEN
from refractory.service.identity.gate import Client, Clients, Gate, Tokens, Unidentified, bearer
from refractory.service.identity.tokens import _digest

TOKEN = "t" * 32
SIGNED = "signed"
URL = "https://cds.example.org/cds-services/some"


@pytest.mark.parametrize(
    "value", ["Bearer a", "bearer a", "BEARER a", "Bearer  a", "Bearer aZ09-._~+/==", "Bearer a.b.c"]
)
def test_one_bearer_token_is_read(value: str) -> None:
    """A scheme has no letter case, and RFC 6750 says of which characters a token is."""
    assert value.split()[1] == bearer(value)


@pytest.mark.parametrize(
    "value",
    [
        "Bearer", "Bearer ", "Bearera", "Bearer\ta", " Bearer a", "Bearer a ", "Bearer a\n", "Bearer a b", "Bearer a,b",
        "Bearer a, Bearer b", "Bearer =", "Bearer a=b", "Bearer ü", "Bearer \ud800", "Bearer a\x00", "Basic YTpi",
        "a", "Bearer: a", 'Bearer "a"', "Bearer Bearer a", "Bearer " + "a" * (MAX_TOKEN + 1),
    ],
)  # fmt: skip
def test_whatever_else_is_turned_away(value: str) -> None:
    """Two tokens are none, since one reader might take the first and another the last."""
    with pytest.raises(Unidentified) as error:
        bearer(value)

    assert error.value.challenge == 'Bearer realm="refractory", error="invalid_token"'


def test_a_token_of_the_largest_size_is_read() -> None:
    """What stands at the limit is within it."""
    assert "a" * MAX_TOKEN == bearer("Bearer " + "a" * MAX_TOKEN)


@pytest.mark.parametrize("value", [None, ""])
def test_who_sends_nothing_is_told_how_to_begin(value: str | None) -> None:
    """By RFC 6750 the challenge names an error only where a token was sent."""
    with pytest.raises(Unidentified) as error:
        bearer(value)

    assert error.value.challenge == 'Bearer realm="refractory"'
    assert "Authorization: Bearer" in error.value.reason


class OneClient(Clients):
    """Clients of whom one is known, by one word."""

    def __init__(self) -> None:
        super().__init__({})

    def who(self, token: str, *, audience: str, now: float) -> Client:
        """Return the client, and what it was asked with."""
        if token != SIGNED:
            raise Unidentified("no")
        return Client(f"https://ehr.example.org/{audience}/{now}", "a b")


TOKENS = Tokens((("ward", _digest(TOKEN)),))
SIGNED_BY = f"https://ehr.example.org/{URL}/7.0 tenant=a%20b"

# Which of the two are set up, what is sent, and who that is to the plain service and to CDS Hooks; None: turned away.
WHO = {
    "nothing set up, nothing sent": (None, None, None, "anonymous", "anonymous"),
    "nothing set up, something sent": (None, None, "nonsense", "anonymous", "anonymous"),
    "tokens, nothing sent": (TOKENS, None, None, None, None),
    "tokens, token sent": (TOKENS, None, f"Bearer {TOKEN}", "ward", "ward"),
    "tokens, another sent": (TOKENS, None, f"Bearer {TOKEN}x", None, None),
    "tokens, the name sent": (TOKENS, None, "Bearer ward", None, None),
    "tokens, another scheme": (TOKENS, None, f"Basic {TOKEN}", None, None),
    "clients, nothing sent": (None, OneClient(), None, "anonymous", None),
    "clients, signed": (None, OneClient(), "Bearer signed", "anonymous", SIGNED_BY),
    "both, nothing sent": (TOKENS, OneClient(), None, None, None),
    "both, signed": (TOKENS, OneClient(), "Bearer signed", None, SIGNED_BY),
    "both, token sent": (TOKENS, OneClient(), f"Bearer {TOKEN}", "ward", None),
}


@pytest.mark.parametrize("name", WHO)
def test_each_door_has_its_proof(name: str) -> None:
    """A bearer token opens the plain service, a signed one CDS Hooks; where both are set, neither opens the other."""
    tokens, clients, sent, caller, client = WHO[name]
    gate = Gate(tokens, clients)

    doors = (caller, partial(gate.caller, sent)), (client, partial(gate.client, sent, URL, 7.0))
    for expected, ask in doors:
        if expected is None:
            with pytest.raises(Unidentified) as error:
                ask()
            assert not re.search(TOKEN, error.value.reason + error.value.challenge)
        else:
            assert expected == ask()
