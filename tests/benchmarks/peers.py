"""The other ends of a vendor of single calls, light enough not to be what is measured.

`carrier URL`: takes messages one a call, and reports on each by a call of the URL, with {id} and {to} put in.
`customer`: counts what it is told. `driver URL COUNT`: makes as many calls, with {n} filled in, and ends.
The first two print their address; GET /count tells what they saw.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

_CONNECTIONS = 32
_PAUSE_S = 0.2


class Pool:
    """Connections to one server, each kept open; a call is made again until it is taken."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        self._template = url[len(f"{parts.scheme}://{parts.netloc}") :]
        self._turns = asyncio.Semaphore(_CONNECTIONS)
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def call(self, **values: object) -> None:
        """Call the URL with these values."""
        target = self._template.format(**values)
        async with self._turns:
            while not await self._taken(target):
                await asyncio.sleep(_PAUSE_S)

    async def _taken(self, target: str) -> bool:
        try:
            pair = self._free.pop() if self._free else await asyncio.open_connection(self._host, self._port)
            reader, writer = pair
            writer.write(f"GET {target} HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(_length(head))
        except (OSError, EOFError, asyncio.IncompleteReadError):
            return False
        if b"connection: close" in head:
            writer.close()
        else:
            self._free.append(pair)
        return head.split(b" ", 2)[1].startswith(b"2")


def _length(head: bytes) -> int:
    _, _, rest = head.partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0] or 0)


class Server:
    """Answers every request by `answer`, but /count."""

    def __init__(self, answer: Callable[[str], bytes]) -> None:
        self._answer = answer
        self.count = 0

    async def run(self) -> None:
        """Print the address, and serve until the process is ended."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=256)
        print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(_length(head.lower()))
                target = head.split(b" ", 2)[1].decode()
                body = (
                    json.dumps({"count": self.count}).encode() if target == "/count" else self._take(target)
                )
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        except (OSError, EOFError, asyncio.IncompleteReadError):
            writer.close()

    def _take(self, target: str) -> bytes:
        self.count += 1
        return self._answer(target)


async def carry(report_url: str) -> None:
    """Take messages and report on each."""
    pool, tasks = Pool(report_url), set[asyncio.Task[None]]()

    def answer(target: str) -> bytes:
        identity, to = f"v{server.count}", parse_qs(urlsplit(target).query)["to"][0]
        task = asyncio.create_task(pool.call(id=identity, to=to))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return f"OK id={identity}".encode()

    server = Server(answer)
    await server.run()


async def drive(url: str, count: int) -> None:
    """Make the calls."""
    pool = Pool(url)
    await asyncio.gather(*(pool.call(n=number) for number in range(count)))


def main(role: str, *arguments: str) -> None:
    """Play the role."""
    if role == "carrier":
        asyncio.run(carry(arguments[0]))
    elif role == "customer":
        asyncio.run(Server(lambda _: b"OK").run())
    else:
        asyncio.run(drive(arguments[0], int(arguments[1])))


if __name__ == "__main__":
    main(*sys.argv[1:])
