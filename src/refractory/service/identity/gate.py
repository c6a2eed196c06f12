"""Who is asking: a caller with a bearer token, a client of CDS Hooks with a token that it signed, or anybody."""

from __future__ import annotations

from refractory.service.identity.bearer import Unidentified, bearer
from refractory.service.identity.clients import Client, Clients
from refractory.service.identity.tokens import ANONYMOUS, Tokens

__all__ = ["ANONYMOUS", "Client", "Clients", "Gate", "Tokens", "Unidentified", "bearer"]


class Gate:
    """Says who is asking, or turns the caller away.

    Whether anybody may ask without a token is not decided here: without tokens and clients, everybody is let in.
    """

    __slots__ = ("_clients", "_tokens")

    def __init__(self, tokens: Tokens | None = None, clients: Clients | None = None) -> None:
        self._tokens = tokens
        self._clients = clients

    def caller(self, authorization: str | None) -> str:
        """Return the name of a caller of the plain service; `anonymous` where there are no tokens.

        Args:
            authorization: The value of the `Authorization` header; None where there is none.

        Raises:
            Unidentified: There are tokens, and the caller has none of them.
        """
        if self._tokens is None:
            return ANONYMOUS
        name = self._tokens.who(bearer(authorization))
        if name is None:
            raise Unidentified("the token is none of those that this service knows. Have one set up here.")
        return name

    def client(self, authorization: str | None, audience: str, now: float) -> str:
        """Return the name of a client of CDS Hooks: by its signed token where there are clients, else as a caller.

        Args:
            authorization: The value of the `Authorization` header; None where there is none.
            audience: The URL of the endpoint that is called, as clients know it.
            now: The second it is, counted from 1970-01-01T00:00:00Z.

        Raises:
            Unidentified: The client does not show who it is.
        """
        if self._clients is None:
            return self.caller(authorization)
        return self._clients.who(bearer(authorization), audience=audience, now=now).name
