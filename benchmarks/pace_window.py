"""The worst one-second window at a real loopback server while threads send through one `Pacer`.

usage: pace_window.py [RATE=20] [SECONDS=6] [THREADS=16]. Prints one JSON line; `ratio` is that window's requests over the rate.
"""

import bisect
import json
import sys
import threading
import time

import httpx
from _common import server

from rescind.models.clock import SystemClock
from rescind.wire.pace import Pacer

BAR = 1.25


def main() -> None:
    given = [float(a) for a in sys.argv[1:]]
    rate, seconds, threads = (given + [20, 6, 16][len(given) :])[:3]
    pacer = Pacer(rate, SystemClock())
    with server(0.05) as base, httpx.Client(base_url=base, limits=httpx.Limits(max_connections=64)) as client:
        end = time.monotonic() + seconds

        def send() -> None:
            while time.monotonic() < end:
                pacer.wait()
                client.post("/act")

        workers = [threading.Thread(target=send) for _ in range(int(threads))]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        times = sorted(client.get("/times").json())
    worst = max(bisect.bisect_left(times, moment + 1) - index for index, moment in enumerate(times))
    print(
        json.dumps(
            {
                "benchmark": "pace_window",
                "ratio": round(worst / rate, 3),
                "bar": f"<= {BAR}",
                "ok": worst / rate <= BAR,
                "rate": rate,
                "worst_window": worst,
                "mean": round((len(times) - 1) / (times[-1] - times[0]), 2),
                "requests": len(times),
            }
        )
    )


if __name__ == "__main__":
    main()
