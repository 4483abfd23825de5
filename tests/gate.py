"""Puts the BuildKit of a Docker Engine on TCP, as a builder of buildx elsewhere.

    python tests/gate.py SOCKET [CA CERTIFICATE KEY]

It prints its port on loopback; with files, it talks TLS with those who have a
certificate of the authority. At each end of a connection it prints the bytes that came
from the client, and that went to it.
"""

from __future__ import annotations

import asyncio
import ssl
import sys

UPGRADE = (
    b"POST /grpc HTTP/1.1\r\nHost: gate\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
)
"""How the engine hands a connection to BuildKit (moby: api/server/router/grpc)."""


async def passed(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> int:
    count = 0
    try:
        while data := await source.read(65536):
            to.write(data)
            await to.drain()
            count += len(data)
    except OSError:
        pass
    finally:
        to.close()
    return count


async def main() -> None:
    socket, *files = sys.argv[1:]
    context = None
    if files:
        authority, certificate, key = files
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(certificate, key)
        context.set_alpn_protocols(["h2"])

    async def opened(
        client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        try:
            engine, to_engine = await asyncio.open_unix_connection(socket)
            to_engine.write(UPGRADE)
            await engine.readuntil(b"\r\n\r\n")
        except (OSError, asyncio.IncompleteReadError):
            to_client.close()
            return
        counts = await asyncio.gather(
            passed(client, to_engine), passed(engine, to_client)
        )
        sys.stdout.write("{} {}\n".format(*counts))
        sys.stdout.flush()

    server = await asyncio.start_server(opened, "127.0.0.1", 0, ssl=context)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
