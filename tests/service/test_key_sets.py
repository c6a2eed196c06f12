"""The key set of an issuer: each key that is refused beside one that differs in this one thing and is read."""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from refractory.errors import UsageError
from refractory.service.identity.clients import Clients
from refractory.service.identity.key_sets import ALGORITHMS, read_key_set

LEFT_OUT: Any = object()
"""A member that is not there."""


def number(value: int, size: int | None = None) -> str:
    """Return a number of a key in base64url, in as few bytes as it needs or in so many."""
    raw = value.to_bytes(size or (value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@cache
def elliptic(curve: type[ec.EllipticCurve] = ec.SECP384R1) -> dict[str, str]:
    """Return a private key on a curve, with all its members."""
    key = ec.generate_private_key(curve())
    public, size = key.public_key().public_numbers(), (key.key_size + 7) // 8
    name = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}[key.curve.name]
    numbers = {"x": number(public.x, size), "y": number(public.y, size)}
    return {"kty": "EC", "crv": name, **numbers, "d": number(key.private_numbers().private_value, size)}


@cache
def modular(bits: int = 2048) -> dict[str, str]:
    """Return a private RSA key, with all its members."""
    private = rsa.generate_private_key(65537, bits).private_numbers()
    public = private.public_numbers
    names = {"d": private.d, "p": private.p, "q": private.q, "dp": private.dmp1, "dq": private.dmq1, "qi": private.iqmp}
    return {"kty": "RSA", **{name: number(value) for name, value in (names | {"n": public.n, "e": public.e}).items()}}


def changed(jwk: dict[str, str], more: dict[str, Any]) -> dict[str, Any]:
    """Return the public part of a key with members changed or left out."""
    public = {name: value for name, value in jwk.items() if name not in ("d", "p", "q", "dp", "dq", "qi")}
    found = {**public, "kid": "one", **more}
    return {name: value for name, value in found.items() if value is not LEFT_OUT}


def on_curve(**more: Any) -> dict[str, Any]:
    """Return a public EC key with members changed or left out."""
    return changed(elliptic(), more)


def of_rsa(**more: Any) -> dict[str, Any]:
    """Return a public RSA key with members changed or left out."""
    return changed(modular(), more)


def written(folder: Path, content: object, mode: int = 0o644) -> Path:
    """Return a file with a key set, or with text as it stands."""
    path = folder / "keys.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    path.chmod(mode)
    return path


class Refusal(NamedTuple):
    """A key that is refused, what is said of it, and its near miss."""

    bad: object
    says: str
    good: object


def without_end(text: str) -> str:
    """Return base64url of one byte fewer."""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return base64.urlsafe_b64encode(raw[:-1]).decode().rstrip("=")


def with_zero(text: str) -> str:
    """Return base64url of the same number with one byte more."""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return base64.urlsafe_b64encode(b"\0" + raw).decode().rstrip("=")


def spare_bits(text: str) -> str:
    """Return base64url whose last character differs in bits that say nothing."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(text) % 4
    return text[:-1] + alphabet[alphabet.index(text[-1]) + 1]


PRIVATE = {f"private {name}": Refusal(of_rsa(**{name: modular()[name]}), "private", of_rsa()) for name in
           ("d", "p", "q", "dp", "dq", "qi")}  # fmt: skip

REFUSED: dict[str, Refusal] = PRIVATE | {
    "private EC": Refusal(on_curve(d=elliptic()["d"]), "private", on_curve()),
    "private, empty": Refusal(on_curve(d=""), "private", on_curve()),
    "private, more primes": Refusal(of_rsa(oth=[]), "private", of_rsa()),
    "symmetric": Refusal({"kty": "oct", "kid": "one", "k": "c2VjcmV0LXNlY3JldA"}, "symmetric", of_rsa()),
    "symmetric without its secret": Refusal({"kty": "oct", "kid": "one"}, "symmetric", of_rsa()),
    "symmetric by its member": Refusal(of_rsa(k="c2VjcmV0LXNlY3JldA"), "symmetric", of_rsa()),
    "no kid": Refusal(on_curve(kid=LEFT_OUT), "no kid", on_curve()),
    "empty kid": Refusal(on_curve(kid=""), "no kid", on_curve(kid="-")),
    "kid is a number": Refusal(on_curve(kid=1), "no kid", on_curve(kid="1")),
    "for secrets": Refusal(of_rsa(use="enc"), "not for checking", of_rsa(use="sig")),
    "for signing": Refusal(of_rsa(key_ops=["sign"]), "not for checking", of_rsa(key_ops=["sign", "verify"])),
    "operations in a text": Refusal(of_rsa(key_ops="verify"), "not for checking", of_rsa(key_ops=["verify"])),
    "for RS256": Refusal(of_rsa(alg="RS256"), "another algorithm than RS384", of_rsa(alg="RS384")),
    "for PS384": Refusal(of_rsa(alg="PS384"), "another algorithm than RS384", of_rsa(alg="RS384")),
    "EC for RS384": Refusal(on_curve(alg="RS384"), "another algorithm than ES384", on_curve(alg="ES384")),
    "no algorithm": Refusal(on_curve(alg=None), "another algorithm than ES384", on_curve()),
    "P-256": Refusal(changed(elliptic(ec.SECP256R1), {}), "another curve", on_curve()),
    "P-521": Refusal(changed(elliptic(ec.SECP521R1), {}), "another curve", on_curve()),
    "P-256 called P-384": Refusal(changed(elliptic(ec.SECP256R1), {"crv": "P-384"}), "make no key", on_curve()),
    "not on the curve": Refusal(on_curve(y=elliptic()["x"]), "make no key", on_curve()),
    "x too short": Refusal(on_curve(x=without_end(elliptic()["x"])), "make no key", on_curve()),
    "x too long": Refusal(on_curve(x=with_zero(elliptic()["x"])), "make no key", on_curve()),
    "no y": Refusal(on_curve(y=LEFT_OUT), "make no key", on_curve()),
    "x is a number": Refusal(on_curve(x=7), "make no key", on_curve()),
    "x is no base64url": Refusal(on_curve(x="+" + elliptic()["x"][1:]), "make no key", on_curve()),
    "x is not ASCII": Refusal(on_curve(x="ü" + elliptic()["x"][1:]), "make no key", on_curve()),
    "RSA too small": Refusal(changed(modular(1536), {}), "has 1536 bits", of_rsa()),
    "no modulus": Refusal(of_rsa(n=LEFT_OUT), "make no key", of_rsa()),
    "no exponent": Refusal(of_rsa(e=LEFT_OUT), "make no key", of_rsa()),
    "exponent is 1": Refusal(of_rsa(e="AQ"), "make no key", of_rsa(e="Aw")),
    "exponent is even": Refusal(of_rsa(e="BA"), "make no key", of_rsa(e="BQ")),
    "modulus with bits left over": Refusal(of_rsa(n=spare_bits(modular()["n"])), "make no key", of_rsa()),
    "padded": Refusal(of_rsa(n=modular()["n"] + "=="), "make no key", of_rsa()),
    "another kind": Refusal(
        {"kty": "OKP", "crv": "Ed25519", "kid": "one", "x": "AA"}, "neither EC nor RSA", on_curve()
    ),
    "no kind": Refusal(of_rsa(kty=LEFT_OUT), "neither EC nor RSA", of_rsa()),
    "no object": Refusal("one", "no JSON object", on_curve()),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_key_is_refused_and_its_near_miss_is_read(tmp_path: Path, name: str) -> None:
    """The message gives the place and how to mend it, and nothing secret; a good key beside it saves nothing."""
    refusal = REFUSED[name]
    path = written(tmp_path, {"keys": [on_curve(kid="zero"), refusal.bad]})

    with pytest.raises(UsageError) as error:
        read_key_set(path)

    assert refusal.says in error.value.what
    assert f"{path}, keys[1]" == error.value.place
    assert error.value.fix
    if isinstance(refusal.bad, dict):
        secrets = [refusal.bad.get(member) for member in ("d", "p", "q", "dp", "dq", "qi", "k", "n", "x")]
        assert not any(isinstance(text, str) and len(text) > 8 and text in str(error.value) for text in secrets)
    assert len(read_key_set(written(tmp_path, {"keys": [on_curve(kid="zero"), refusal.good]}))) == 2


def test_the_kid_of_a_key_is_its_own(tmp_path: Path) -> None:
    """Two keys of one name would make it a matter of luck which one checks a token."""
    with pytest.raises(UsageError, match="is that of a key before it"):
        read_key_set(written(tmp_path, {"keys": [on_curve(), of_rsa()]}))

    assert {"one": "ES384", "two": "RS384"} == {
        kid: key.algorithm
        for kid, key in read_key_set(written(tmp_path, {"keys": [on_curve(), of_rsa(kid="two")]})).items()
    }


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "not JSON"),
        ('{"keys": [], "keys": []}', "says something twice"),
        ('{"keys": [{"kid": "a", "kid": "b"}]}', "says something twice"),
        ("\ufeff{}", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ({}, "no list of keys"),
        ({"keys": {}}, "no list of keys"),
        (on_curve(), "no list of keys"),
        ({"keys": []}, "no key in the set"),
        (json.dumps({"keys": [on_curve()]}).ljust(1024 * 1024 + 1), "larger than 1 MiB"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_key_set_is_refused(tmp_path: Path, content: object, says: str) -> None:
    """The message names the file and says what it should be."""
    path = written(tmp_path, content)

    with pytest.raises(UsageError, match=says) as error:
        read_key_set(path)

    assert str(path) == error.value.place
    assert '{"keys": [{' in error.value.fix


def test_a_file_at_the_limit_is_read(tmp_path: Path) -> None:
    """So is a set with members that say nothing to us."""
    content = json.dumps({"keys": [on_curve(x5t="AA", note=None)], "note": 1}).ljust(1024 * 1024)

    assert ["one"] == list(read_key_set(written(tmp_path, content)))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A missing file and a folder are told as a wrong call, not as a fault of the program."""
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(UsageError, match="cannot be read"):
            read_key_set(path)


def test_a_file_that_anybody_may_write_is_refused(tmp_path: Path) -> None:
    """Its keys are no secret, but they decide who is let in."""
    content = {"keys": [on_curve()]}
    with pytest.raises(UsageError, match="its mode is 0646"):
        read_key_set(written(tmp_path, content, 0o646))

    assert read_key_set(written(tmp_path, content, 0o664))


def test_clients_are_read_issuer_by_issuer(tmp_path: Path) -> None:
    """A fault in the file of one issuer stops the start, though the others' are sound."""
    (tmp_path / "a").mkdir()
    files = {
        "https://a.example.org": written(tmp_path / "a", {"keys": [on_curve()]}),
        "https://b.example.org": written(tmp_path, {"keys": [of_rsa()]}),
    }

    assert Clients.load(files)
    written(tmp_path, {"keys": [of_rsa(alg="RS256")]})
    with pytest.raises(UsageError, match="another algorithm"):
        Clients.load(files)


def test_only_two_algorithms_sign() -> None:
    """They are those that CDS Hooks recommends."""
    assert ALGORITHMS == ("ES384", "RS384")
