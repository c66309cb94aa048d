"""Connections to addresses that were checked: below HTTP, where a name has become an address.

A name is resolved, each of its addresses is put to a rule, and the connection is made to the very address that
was checked, so that a name that changes its mind between the two gains nothing. Certificates are checked
against the name. Knows no robots and no files.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator

import httpcore
import httpx

from ingest.errors import FetchError

AddressRule = Callable[[str], str | None]
Resolver = Callable[[str, int], list[str]]


def resolve(host: str, port: int) -> list[str]:
    """The addresses that a name stands for now."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Network(httpcore.NetworkBackend):
    """Connects to addresses that the rule lets through, to the very one that was checked; nothing outlives ``deadline``."""

    def __init__(self, rule: AddressRule, resolver: Resolver) -> None:
        self._rule, self._resolver, self._plain = rule, resolver, httpcore.SyncBackend()
        self.deadline = float("inf")

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address of ``host`` that answers. FetchError where one is refused."""
        name = host.strip("[]")
        try:
            addresses = self._resolver(name, port)
        except (OSError, UnicodeError) as error:
            raise FetchError(f"the name {name} is not known (is there a network?)") from error
        for address in addresses:
            if why := self._rule(address):
                raise FetchError(f"{name} is {address}, {why}; never fetched from")
        failed: Exception = httpcore.ConnectError(f"{name} has no address")
        for address in addresses:
            try:
                stream = self._plain.connect_tcp(address, port, self.left(timeout), None, socket_options)
            except (httpcore.NetworkError, httpcore.TimeoutException) as error:
                failed = error
            else:
                return _Stream(stream, self)
        raise failed

    def left(self, timeout: float | None) -> float:
        """Seconds that one step may take. Raises httpcore.ReadTimeout where none are left."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("over")
        return min(left, timeout if timeout is not None else left)


class _Stream(httpcore.NetworkStream):
    """A connection whose every step ends by the deadline, also where a server sends one byte at a time."""

    def __init__(self, stream: httpcore.NetworkStream, network: Network) -> None:
        self._stream, self._network = stream, network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._network.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._network.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._network.left(timeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._network)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class Transport(httpx.BaseTransport):
    """httpx over our network; no connection is used twice, so that every request is checked."""

    def __init__(self, network: Network) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(), network_backend=network, max_keepalive_connections=0
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request, one connection; raises what httpcore raises, and FetchError."""
        url = request.url
        address = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        reply = self._pool.handle_request(
            httpcore.Request(request.method, address, headers=request.headers.raw, extensions=request.extensions)
        )
        return httpx.Response(reply.status, headers=reply.headers, stream=_Body(reply), extensions=reply.extensions)

    def close(self) -> None:
        """Free the connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, reply: httpcore.Response) -> None:
        self._reply = reply

    def __iter__(self) -> Iterator[bytes]:
        return self._reply.iter_stream()

    def close(self) -> None:
        self._reply.close()
