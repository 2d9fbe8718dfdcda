"""A loopback HTTP server that answers every request after a while and remembers when each came. usage: _server.py LATENCY_SECONDS

Prints its port; `GET /times` answers the arrival times (monotonic seconds) of all other requests, `POST /reset` forgets them.
"""

import asyncio
import json
import sys
import time

LATENCY = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
TIMES: list[float] = []


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = next((int(h[15:]) for h in head.lower().split(b"\r\n") if h.startswith(b"content-length:")), 0)
            await reader.readexactly(length)
            path = head.split()[1]
            body = b'{"revoked":true}'
            if path == b"/times":
                body = json.dumps(TIMES).encode()
            elif path == b"/reset":
                TIMES.clear()
            else:
                TIMES.append(time.monotonic())
                await asyncio.sleep(LATENCY)
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
