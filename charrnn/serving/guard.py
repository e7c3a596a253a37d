"""Who may ask: checks of a request's headers before anything else.

A web page that somebody visits may send requests to servers on their machine. A browser names the page in ``Origin``,
and in ``Host`` the name that the page has resolved; after DNS rebinding, that is a foreign name with this machine's
address. So both must be ours.
"""

import hmac
import ipaddress
import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Guard:
    """Checks requests.

    Attributes:
        host: the address that the server listens on, as the user has given it.
        origins: the origins of other pages that may ask.
        key: what requests must bring in ``Authorization: Bearer KEY``; empty for none.
    """

    host: str = "127.0.0.1"
    origins: Collection[str] = ()
    key: str = field(default="", repr=False)

    def refusal(self, headers: Mapping[str, str], *, preflight: bool = False) -> tuple[int, str]:
        """The status and message of the refusal of a request; 200 and an empty message if it may be answered.

        Args:
            headers: the request's, with names in small letters.
            preflight: whether a browser asks for permission first, which it does without the key.
        """
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._is_ours(host):
            return (
                403,
                f"Host must be this server's, not {host[:100]!r}: use the address that charrnn serve has printed",
            )
        if origin is not None and origin != f"http://{host}" and origin not in self.origins:
            return 403, f"Origin must be allowed, not {origin[:100]!r}: start the server with --allow-origin"
        given = headers.get("authorization", "").encode()
        if self.key and not preflight and not hmac.compare_digest(given, f"Bearer {self.key}".encode()):
            return 401, "Authorization must be Bearer and the server's key: give the key to your client"
        return 200, ""

    def cors(self, origin: str | None) -> dict[str, str]:
        """The headers that let a page of an allowed origin read the response."""
        if origin not in self.origins:
            return {}
        return {
            "Access-Control-Allow-Origin": str(origin),
            "Access-Control-Allow-Headers": "Authorization, Content-Type",
            "Access-Control-Allow-Methods": "GET, POST",
            "Vary": "Origin",
        }

    def _is_ours(self, host: str) -> bool:
        name = _without_port(host).lower()
        if is_loopback(self.host):
            return name in (*LOOPBACK, self.host)
        if name in (*LOOPBACK, self.host.lower(), socket.gethostname().lower()):
            return True
        try:  # a page can make a name mean this machine, but not an address
            return bool(ipaddress.ip_address(name)) and _is_any(self.host)
        except ValueError:
            return False


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_any(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
