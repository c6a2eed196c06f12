"""Signed tokens of CDS clients: each refusal beside a token that differs in this one thing and is accepted.

Tokens are written here by hand, octet for octet, so that nothing is tested against the library that reads them.
"""

from __future__ import annotations

import base64
import hmac
import json
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from hashlib import sha256, sha384
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from refractory.errors import UsageError
from refractory.service.identity.bearer import MAX_TOKEN, Unidentified
from refractory.service.identity.clients import Client, Clients
from refractory.service.identity.jose import octets
from refractory.service.identity.key_sets import EC, RSA, Key
from refractory.service.identity.replay import Use, Used

NOW = 1_800_000_000
ISSUER, OTHER = "https://ehr.example.org/", "https://ehr.example.org/other"
URL = "https://cds.example.org/cds-services/some"
SIZE = 48

LEFT_OUT: Any = object()
"""A member that is not there."""

Sign = Callable[[bytes], bytes]


def base64url(raw: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@cache
def elliptic(name: str, curve: type[ec.EllipticCurve] = ec.SECP384R1) -> ec.EllipticCurvePrivateKey:
    """Return a key by the name we give it."""
    assert name
    return ec.generate_private_key(curve())


@cache
def modular(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return an RSA key by the name we give it."""
    assert name
    return rsa.generate_private_key(65537, bits)


def by_ec(message: bytes, key: ec.EllipticCurvePrivateKey, hashed: Any = None) -> bytes:
    """Sign with an elliptic key: both numbers, each as long as the curve's."""
    numbers = decode_dss_signature(key.sign(message, ec.ECDSA(hashed or hashes.SHA384())))
    size = (key.curve.key_size + 7) // 8
    return b"".join(number.to_bytes(size, "big") for number in numbers)


def by_rsa(message: bytes, key: rsa.RSAPrivateKey, hashed: Any = None, padding: Any = None) -> bytes:
    """Sign with an RSA key."""
    return key.sign(message, padding or PKCS1v15(), hashed or hashes.SHA384())


E384: Sign = partial(by_ec, key=elliptic("a"))
R384: Sign = partial(by_rsa, key=modular("a"))


def raw_token(header: bytes, claims: bytes, sign: Sign = E384) -> str:
    """Return a token of two texts, signed as they stand."""
    signed = f"{base64url(header)}.{base64url(claims)}"
    return f"{signed}.{base64url(sign(signed.encode()))}"


def header_of(**changed: Any) -> bytes:
    """Return a good header with members changed or left out."""
    header = {"alg": "ES384", "typ": "JWT", "kid": "ec-1"} | changed
    return json.dumps({name: value for name, value in header.items() if value is not LEFT_OUT}).encode()


def claims_of(**changed: Any) -> bytes:
    """Return good claims with members changed or left out."""
    claims = {"iss": ISSUER, "aud": URL, "exp": NOW + 300, "iat": NOW, "jti": "one"} | changed
    return json.dumps({name: value for name, value in claims.items() if value is not LEFT_OUT}).encode()


def made(sign: Sign = E384, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """Return a good token with claims and members of the header changed or left out."""
    return raw_token(header_of(**(header or {})), claims_of(**claims), sign)


def of_rsa(sign: Sign = R384, **claims: Any) -> str:
    """Return a good token that is signed with RSA."""
    return made(sign, {"alg": "RS384", "kid": "rsa-1"}, **claims)


def clients(remembered: int = 1) -> Clients:
    """Return two issuers: `ec-1` is a name that both use, each for a key of its own."""
    ours = {"ec-1": Key(EC, elliptic("a").public_key()), "rsa-1": Key(RSA, modular("a").public_key())}
    theirs = {"ec-1": Key(EC, elliptic("b").public_key()), "ec-2": Key(EC, elliptic("c").public_key())}
    return Clients({ISSUER: ours, OTHER: theirs}, remembered=remembered)


def who(known: Clients, token: str, *, audience: str = URL, now: float = NOW) -> Client:
    """Return who signed a token that is sent now, to our service."""
    return known.who(token, audience=audience, now=now)


def by_hmac(secret: bytes, hashed: Any = sha384) -> Sign:
    """Sign with a secret."""
    return lambda message: hmac.new(secret, message, hashed).digest()


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """Return the public key as everybody may have it."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def der(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """Return the public key in its other form."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def unsigned(message: bytes) -> bytes:
    """Sign with nothing."""
    assert message
    return b""


def of_size(characters: int) -> str:
    """Return a good token of at most so many characters, and at least three fewer."""
    overhead = len(made(more=""))
    found = max(
        (
            made(more="x" * size)
            for size in range((characters - overhead) * 3 // 4 - 4, (characters - overhead) * 3 // 4 + 4)
        ),
        key=lambda token: (len(token) <= characters, len(token)),
    )
    assert characters - 3 <= len(found) <= characters
    return found


def with_member_twice(raw: bytes, member: str) -> bytes:
    """Return an object with one member said a second time, the same way."""
    return raw[:-1] + f', "{member}": {json.dumps(json.loads(raw)[member])}}}'.encode()


def not_canonical(token: str) -> str:
    """Return the token with another last character of its signature, which a lax reader takes for the same bytes."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    changed = token[:-1] + alphabet[alphabet.index(token[-1]) + 1]
    assert lax(token.split(".")[2]) == lax(changed.split(".")[2])
    return changed


def lax(text: str) -> bytes:
    """Read base64url as most readers do."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Refusal(NamedTuple):
    """A token that is turned away, what is said of it, and its near miss."""

    bad: Callable[[], str]
    says: str
    good: Callable[[], str] = made


def claim(says: str, good: dict[str, Any] | None = None, **bad: Any) -> Refusal:
    """Return a refusal for a claim; the near miss has it right."""
    return Refusal(lambda: made(**bad), says, lambda: made(**(good or {})))


def header(says: str, good: dict[str, Any] | None = None, **bad: Any) -> Refusal:
    """Return a refusal for a member of the header; the near miss has it right."""
    return Refusal(lambda: made(header=bad), says, lambda: made(header=good))


def algorithm(name: Any, sign: Sign, *, kid: str = "ec-1", good: Callable[[], str] = made) -> Refusal:
    """Return a refusal for an algorithm, under a key that the issuer has."""
    return Refusal(lambda: made(sign, {"alg": name, "kid": kid}), "alg is not accepted", good)


JWK_OF_A = {"kty": "EC", "crv": "P-384", "kid": "ec-1", "x": "AA", "y": "AA"}
P256: Sign = partial(by_ec, key=elliptic("p256", ec.SECP256R1), hashed=hashes.SHA256())
PSS384: Sign = partial(by_rsa, key=modular("a"), padding=PSS(MGF1(hashes.SHA384()), 48))

REFUSED: dict[str, Refusal] = {
    # ---- The algorithm ----
    "none, no signature": algorithm("none", unsigned)._replace(says="no signed JSON Web Token"),
    "none, signed": algorithm("none", E384),
    "None, signed": algorithm("None", E384),
    "no alg": header("alg is not accepted", alg=LEFT_OUT),
    "alg is a list": header("alg is not accepted", alg=["ES384"]),
    "small letters": algorithm("es384", E384),
    "HS256 by the PEM": algorithm("HS256", by_hmac(pem(elliptic("a")), sha256)),
    "HS384 by the PEM": algorithm("HS384", by_hmac(pem(elliptic("a")))),
    "HS384 by the DER": algorithm("HS384", by_hmac(der(elliptic("a")))),
    "HS256 by the PEM of RSA": algorithm("HS256", by_hmac(pem(modular("a")), sha256), kid="rsa-1", good=of_rsa),
    "HS384 by the PEM of RSA": algorithm("HS384", by_hmac(pem(modular("a"))), kid="rsa-1", good=of_rsa),
    "HMAC called ES384": Refusal(lambda: made(by_hmac(pem(elliptic("a")))), "signature is not"),
    "HMAC called RS384": Refusal(lambda: of_rsa(by_hmac(pem(modular("a")))), "signature is not", of_rsa),
    "RS256": algorithm("RS256", partial(by_rsa, key=modular("a"), hashed=hashes.SHA256()), kid="rsa-1", good=of_rsa),
    "RS512": algorithm("RS512", partial(by_rsa, key=modular("a"), hashed=hashes.SHA512()), kid="rsa-1", good=of_rsa),
    "PS384": algorithm("PS384", PSS384, kid="rsa-1", good=of_rsa),
    "PS384 called RS384": Refusal(lambda: of_rsa(PSS384), "signature is not", of_rsa),
    "SHA-256 called RS384": Refusal(
        lambda: of_rsa(partial(by_rsa, key=modular("a"), hashed=hashes.SHA256())), "signature is not", of_rsa
    ),
    "ES256": algorithm("ES256", P256),
    "ES256 called ES384": Refusal(lambda: made(P256), "signature is not"),
    "SHA-256 called ES384": Refusal(
        lambda: made(partial(by_ec, key=elliptic("a"), hashed=hashes.SHA256())), "signature is not"
    ),
    "EdDSA": algorithm("EdDSA", ed25519.Ed25519PrivateKey.generate().sign),
    "RS384 with the EC key": Refusal(lambda: made(R384, {"alg": "RS384"}), "alg is not that of the key", of_rsa),
    "ES384 with the RSA key": Refusal(lambda: made(E384, {"kid": "rsa-1"}), "alg is not that of the key"),
    # ---- The key ----
    "unknown kid": header("kid is none", kid="ec-9"),
    "no kid": header("kid is none", kid=LEFT_OUT),
    "kid is a number": header("kid is none", kid=1),
    "kid is a list": header("kid is none", kid=["ec-1"]),
    "kid with a path": header("kid is none", kid="../ec-1"),
    "another's kid": Refusal(
        lambda: made(partial(by_ec, key=elliptic("c")), {"kid": "ec-2"}),
        "kid is none",
        lambda: made(partial(by_ec, key=elliptic("c")), {"kid": "ec-2"}, iss=OTHER),
    ),
    "another's key, same kid": Refusal(
        lambda: made(partial(by_ec, key=elliptic("b"))),
        "signature is not",
        lambda: made(partial(by_ec, key=elliptic("b")), iss=OTHER),
    ),
    "our key in another's name": Refusal(lambda: made(iss=OTHER), "signature is not"),
    "nobody's key": Refusal(lambda: made(partial(by_ec, key=elliptic("z"))), "signature is not"),
    "signature of nothing": Refusal(lambda: made(lambda _: bytes(96)), "signature is not"),
    "signature too short": Refusal(lambda: made(lambda message: E384(message)[:-1]), "signature is not"),
    "signature too long": Refusal(lambda: made(lambda message: E384(message) + b"\0"), "signature is not"),
    # ---- What a header may not bring ----
    "embedded key": header("header has one of", jwk=JWK_OF_A, good={"jku": "https://ehr.example.org/keys"}),
    "embedded certificate": header("header has one of", x5c=["AA=="]),
    "address of a certificate": header("header has one of", x5u="https://ehr.example.org/c"),
    "critical extension": header("header has one of", crit=["exp"], exp=1, good={"exp": 1}),
    "critical, empty": header("header has one of", crit=[]),
    "payload apart": header("header has one of", b64=False, good={"other": False}),
    "no typ": header("typ is not", typ=LEFT_OUT),
    "token of another kind": header("typ is not", typ="at+jwt"),
    # ---- Who and for whom ----
    "no iss": claim("iss is none", iss=LEFT_OUT),
    "unknown iss": claim("iss is none", iss="https://ehr.example.com/"),
    "iss without its slash": claim("iss is none", iss=ISSUER[:-1]),
    "iss is a list": claim("iss is none", iss=[ISSUER]),
    "iss is null": claim("iss is none", iss=None),
    "no aud": claim("aud is not", aud=LEFT_OUT),
    "another's aud": claim("aud is not", aud="https://cds.example.org/cds-services/other"),
    "aud is the server": claim("aud is not", aud="https://cds.example.org"),
    "aud goes on": claim("aud is not", aud=URL + "/feedback"),
    "aud with a slash": claim("aud is not", aud=URL + "/"),
    "aud in clear text": claim("aud is not", aud=URL.replace("https", "http")),
    "aud is a list without it": claim("aud is not", aud=[URL + "/", ISSUER], good={"aud": [ISSUER, URL]}),
    "aud is an empty list": claim("aud is not", aud=[], good={"aud": [URL]}),
    "aud is a list in a list": claim("aud is not", aud=[[URL]], good={"aud": [URL]}),
    "aud is an object": claim("aud is not", aud={URL: URL}),
    "aud is null": claim("aud is not", aud=None),
    # ---- When ----
    "no exp": claim("no exp", exp=LEFT_OUT),
    "exp is text": claim("no exp", exp=str(NOW + 300)),
    "exp is true": claim("no exp", exp=True),
    "exp is null": claim("no exp", exp=None),
    "exp is huge": claim("no exp", exp=10**400),
    "exp is beyond floats": Refusal(
        lambda: raw_token(header_of(), claims_of(exp=0).replace(b'"exp": 0', b'"exp": 1e999')), "no exp"
    ),
    "exp is negative": claim("no exp", exp=-1),
    "no iat": claim("no iat", iat=LEFT_OUT),
    "iat is text": claim("no iat", iat=str(NOW)),
    "iat is false": claim("no iat", iat=False),
    "expired": claim("expired", iat=NOW - 60, exp=NOW - 30, good={"iat": NOW - 60, "exp": NOW - 29}),
    "expired long ago": claim("expired", iat=NOW - 86_400, exp=NOW - 86_300),
    "lives too long": claim("not within 300", exp=NOW + 301, good={"exp": NOW + 300}),
    "lives a fraction too long": claim("not within 300", exp=NOW + 300.5, good={"exp": NOW + 299.5}),
    "lives for ever": claim("not within 300", exp=2**53 - 1),
    "ends when it begins": claim("not within 300", exp=NOW, good={"exp": NOW + 1}),
    "ends before it begins": claim("not within 300", exp=NOW - 1),
    "iat in the future": claim(
        "in the future", iat=NOW + 31, exp=NOW + 60, good={"iat": NOW + 30, "exp": NOW + 330}
    ),
    # ---- Once ----
    "no jti": claim("no jti", jti=LEFT_OUT),
    "jti is empty": claim("no jti", jti="", good={"jti": " "}),
    "jti is a number": claim("no jti", jti=1, good={"jti": "1"}),
    # ---- What would stand in a log ----
    "tenant with a line break": claim("tenant is not", tenant="a\nb", good={"tenant": "a b"}),
    "tenant that is half a character": claim("tenant is not", tenant="\ud800", good={"tenant": "\u00fc"}),
    "tenant is a number": claim("tenant is not", tenant=1, good={"tenant": "1"}),
    "sub is a list": claim("sub is not", sub=["a"], good={"sub": "a"}),
    # ---- The form ----
    "empty": Refusal(lambda: "", "no signed"),
    "two parts": Refusal(lambda: made().rpartition(".")[0], "no signed"),
    "four parts": Refusal(lambda: made() + ".AA", "no signed"),
    "five parts": Refusal(lambda: made() + ".AA.AA", "no signed"),
    "line break after it": Refusal(lambda: made() + "\n", "no signed"),
    "blank in it": Refusal(lambda: made().replace(".", ". ", 1), "no signed"),
    "padded": Refusal(lambda: made() + "=", "no signed"),
    "other alphabet": Refusal(lambda: made().replace(".", ".+", 1), "no signed"),
    "one character left over": Refusal(lambda: made() + "A", "not base64url"),
    "bits left over": Refusal(lambda: not_canonical(of_rsa()), "not base64url", of_rsa),
    "header is no JSON": Refusal(lambda: raw_token(b"{", claims_of()), "not base64url"),
    "header is a list": Refusal(lambda: raw_token(b"[]", claims_of()), "not base64url"),
    "header in UTF-16": Refusal(lambda: raw_token(header_of().decode().encode("utf-16"), claims_of()), "not base64url"),
    "header twice": Refusal(lambda: raw_token(header_of() + header_of(), claims_of()), "not base64url"),
    "alg twice": Refusal(lambda: raw_token(with_member_twice(header_of(), "alg"), claims_of()), "not base64url"),
    "claims are text": Refusal(lambda: raw_token(header_of(), b'"a"'), "not base64url"),
    "claims are no UTF-8": Refusal(lambda: raw_token(header_of(), b'{"a": "\xff"}'), "not base64url"),
    "iss twice": Refusal(lambda: raw_token(header_of(), with_member_twice(claims_of(), "iss")), "not base64url"),
    "a member inside twice": Refusal(
        lambda: raw_token(header_of(), claims_of(more=0).replace(b'"more": 0', b'"more": {"a": 1, "a": 1}')),
        "not base64url",
        lambda: made(more={"a": 1, "b": 1}),
    ),
    "no number": Refusal(
        lambda: raw_token(header_of(), claims_of(more=0).replace(b'"more": 0', b'"more": NaN')),
        "not base64url",
        lambda: made(more=0),
    ),
    "a number of too many digits": Refusal(
        lambda: raw_token(header_of(), claims_of(more=0).replace(b'"more": 0', b'"more": ' + b"9" * 5000)),
        "not base64url",
    ),
    "huge": Refusal(lambda: of_size(MAX_TOKEN + 4), "too long", lambda: of_size(MAX_TOKEN)),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_token_is_refused_and_its_near_miss_is_accepted(name: str) -> None:
    """The refusal says what it is about, holds nothing of the token, and leaves the one place of the memory free."""
    refusal = REFUSED[name]
    known, bad = clients(remembered=1), refusal.bad()

    with pytest.raises(Unidentified) as error:
        who(known, bad)

    assert refusal.says in error.value.reason
    assert error.value.reason.isascii()
    assert not any(part in error.value.reason for part in (*bad.split("."), "ec-1", "rsa-1", "BEGIN") if len(part) > 3)
    assert error.value.challenge == 'Bearer realm="refractory", error="invalid_token"'
    assert who(known, refusal.good()).issuer in (ISSUER, OTHER)


def test_who_signed_is_told() -> None:
    """The issuer, and where it says so its tenant and subject; the name is fit for a log and leaves out the subject."""
    found = who(clients(), made(tenant="Ward 3 subject=x", sub="Ana"))

    assert Client(ISSUER, "Ward 3 subject=x", "Ana") == found
    assert f"{ISSUER} tenant=Ward%203%20subject%3Dx" == found.name
    assert who(clients(), made()).name == ISSUER


def test_an_address_of_keys_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """CDS Hooks lets a client send `jku`; nothing is read from there, neither for a good token nor for a bad one."""

    def reach(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, reach)
    address = {"jku": "https://ehr.example.org/keys"}

    assert who(clients(), made(header=address)).issuer == ISSUER
    with pytest.raises(Unidentified, match="kid is none"):
        who(clients(), made(partial(by_ec, key=elliptic("z")), address | {"kid": "z"}))


# ---- Once ----


def test_a_token_is_used_once_however_often_it_is_sent() -> None:
    """It is remembered until it would be refused anyway, and no longer."""
    known, token = clients(), made()
    who(known, token)

    for later, says in ((0, "used before"), (329.9, "used before"), (330, "expired"), (10_000, "expired")):
        with pytest.raises(Unidentified, match=says):
            who(known, token, now=NOW + later)
    assert who(known, made(iat=NOW + 330, exp=NOW + 360), now=NOW + 330)


def test_a_used_identifier_is_used_under_another_signature() -> None:
    """Anybody can turn an elliptic signature into a second one that holds; that does not make a second token."""
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
    known, token = clients(), made()
    signed, _, signature = token.rpartition(".")
    raw = octets(signature)
    turned = raw[:SIZE] + (order - int.from_bytes(raw[SIZE:], "big")).to_bytes(SIZE, "big")
    second = f"{signed}.{base64url(turned)}"

    assert who(clients(), second).issuer == ISSUER
    who(known, token)
    with pytest.raises(Unidentified, match="used before"):
        who(known, second)
    with pytest.raises(Unidentified, match="used before"):
        who(known, of_rsa())


def test_each_issuer_has_identifiers_of_its_own() -> None:
    """Two issuers may choose the same; neither can use up the other's."""
    known = clients()
    theirs = made(partial(by_ec, key=elliptic("b")), iss=OTHER)

    assert [ISSUER, OTHER] == [who(known, made()).issuer, who(known, theirs).issuer]
    for token in (made(), theirs):
        with pytest.raises(Unidentified, match="used before"):
            who(known, token)


def test_a_full_memory_refuses_and_does_not_forget() -> None:
    """A new token waits until one has expired; a used one stays used, and other issuers are not touched."""
    known, times = clients(remembered=2), {"first": 100, "second": 200}
    for jti, ends in times.items():
        who(known, made(jti=jti, exp=NOW + ends))

    with pytest.raises(Unidentified, match="more tokens than can be remembered") as error:
        who(known, made(jti="third"), now=NOW + 0.5)
    assert error.value.retry_after == 130
    for jti, ends in times.items():
        with pytest.raises(Unidentified, match="used before"):
            who(known, made(jti=jti, exp=NOW + ends))
    assert who(known, made(partial(by_ec, key=elliptic("b")), iss=OTHER, jti="third")).issuer == OTHER
    assert who(known, made(jti="third"), now=NOW + 130).issuer == ISSUER
    with pytest.raises(Unidentified, match="used before"):
        who(known, made(jti="second", exp=NOW + 200), now=NOW + 130)


def test_a_clock_that_is_put_back_makes_no_used_token_new() -> None:
    """What was forgotten because it had expired stays used, should the clock return to before its end."""
    known = clients(remembered=9)
    who(known, made(exp=NOW + 100))
    who(known, made(jti="two", iat=NOW + 131), now=NOW + 131)

    with pytest.raises(Unidentified, match="too old to say"):
        who(known, made(exp=NOW + 100))
    assert who(known, made(jti="three", exp=NOW + 101)).issuer == ISSUER


def test_many_at_once_use_a_token_once() -> None:
    """However threads meet in it, an identifier is used for the first time once."""
    used, interval = Used(), sys.getswitchinterval()
    names = [str(number) for number in range(2000)]

    def call(_: int) -> int:
        return sum(used.use(name, NOW + 1, NOW) is Use.FIRST for name in names)

    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(call, range(8))) == len(names)
    finally:
        sys.setswitchinterval(interval)


def test_an_identifier_may_be_any_text() -> None:
    """Half a character, which JSON can say and UTF-8 cannot, is told from the other half."""
    known = clients(remembered=2)

    assert [ISSUER, ISSUER] == [who(known, made(jti=jti)).issuer for jti in ("\ud800", "\udc00")]
    with pytest.raises(Unidentified, match="used before"):
        who(known, made(jti="\ud800"))


# ---- Whatever else is sent ----

SOUND = {"EC": made(), "RSA": of_rsa()}
CHARACTERS = st.one_of(
    st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n"), st.characters()
)


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(sorted(SOUND)), st.data())
def test_no_token_with_one_character_changed_is_accepted(kind: str, data: st.DataObject) -> None:
    """Another character, one more or one fewer, anywhere: the token is refused, and its own place stays free."""
    token, known = SOUND[kind], clients()
    position = data.draw(st.integers(0, len(token)))
    taken = data.draw(st.integers(0, 1))
    put = data.draw(CHARACTERS) if not taken or data.draw(st.booleans()) else ""
    changed = token[:position] + put + token[position + taken :]

    if changed != token:
        with pytest.raises(Unidentified):
            who(known, changed)
    assert who(known, token).issuer == ISSUER


@pytest.mark.parametrize("kind", SOUND)
def test_no_other_last_character_of_a_part_is_accepted(kind: str) -> None:
    """Where the last character has bits to spare, many readers take several characters for one; ours takes one."""
    token, known, spare = SOUND[kind], clients(), 0
    ends = [position - 1 for position, character in enumerate(token + ".") if character == "."]
    for position in ends:
        for character in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
            changed = token[:position] + character + token[position + 1 :]
            if changed != token:
                spare += [lax(part) for part in changed.split(".")] == [lax(part) for part in token.split(".")]
                with pytest.raises(Unidentified):
                    who(known, changed)

    assert spare > 0
    assert who(known, token).issuer == ISSUER


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([ISSUER, URL, NOW, NOW + 60]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def members(names: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return changes of some members by anything that JSON can say, and of some by leaving them out."""
    return st.dictionaries(st.sampled_from(names.split()), JSON | st.just(LEFT_OUT), max_size=3)


@settings(max_examples=400, deadline=None)
@given(
    members("alg typ kid jku jwk x5c x5u x5t crit b64 zip cty enc"),
    members("iss aud exp iat jti nbf sub tenant cnf act"),
)
def test_whatever_a_client_signs_is_accepted_or_turned_away(header: dict[str, Any], claims: dict[str, Any]) -> None:
    """There is no third outcome, whoever holds a good key; and nobody becomes another issuer."""
    try:
        found = who(clients(), made(E384, header, **claims)).issuer
    except Unidentified:
        found = ISSUER

    assert found == ISSUER


@given(st.text() | st.from_regex(r"\A[A-Za-z0-9_-]{1,9}(\.[A-Za-z0-9_-]{1,9}){1,3}\Z"))
def test_whatever_text_is_sent_is_turned_away(text: str) -> None:
    """Nothing that was not signed comes in, and nothing else than a refusal comes back."""
    with pytest.raises(Unidentified):
        who(clients(), text)


@pytest.mark.parametrize("depth", [10, 900, 1100, 2900])
def test_a_token_that_nests_deep_ends_nothing(depth: int) -> None:
    """How deep JSON is read depends on the version of Python; beyond it the token is refused, and nothing breaks."""
    nested = b'"more": ' + b"[" * depth + b"]" * depth
    token, known = raw_token(header_of(), claims_of(more=0).replace(b'"more": 0', nested)), clients()
    try:
        who(known, token)
    except Unidentified as error:
        says = error.reason
    else:
        says = ""

    assert says == "" or (depth > 10 and "not a JSON object" in says)


# ---- Issuers ----


@pytest.mark.parametrize("issuer", ["", "ehr", "ehr.example.org", "https://ehr.example.org/ x", "https://ehr\n"])
def test_an_issuer_is_a_uri(issuer: str) -> None:
    """It stands in the log where a caller's name could stand, and is told from it by its colon."""
    with pytest.raises(UsageError, match="is no URI"):
        Clients.load({issuer: None})  # type: ignore[dict-item]  # it is refused before its file is opened


def test_there_is_an_issuer() -> None:
    """Clients of whom none can call were surely meant otherwise."""
    with pytest.raises(UsageError, match="no issuer"):
        Clients.load({})
