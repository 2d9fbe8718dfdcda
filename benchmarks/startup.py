"""`rescind --help` against `import dbos` on the same machine, alternating, and what the help has imported.

usage: startup.py [ROUNDS=9]. Prints one JSON line; both figures have the bare interpreter's own start in them.
"""

import json
import subprocess
import sys
import time

BAR = 0.25
HEAVY = ("dbos", "sqlalchemy", "boto3", "botocore", "azure", "google", "httpx", "keyring", "cryptography", "rich")
FORBIDDEN = {"dbos", "sqlalchemy", "boto3", "botocore", "azure", "google"}
HELP = [sys.executable, "-m", "rescind", "--help"]
ENGINE = [sys.executable, "-c", "import dbos"]
LOADED = "import runpy, sys\nsys.argv = ['rescind', '--help']\ntry: runpy.run_module('rescind', run_name='__main__')\nexcept SystemExit: pass\nprint('loaded:', *{m.split('.')[0] for m in sys.modules})"


def seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    times = [(seconds(HELP), seconds(ENGINE)) for _ in range(rounds)]
    told = subprocess.run([sys.executable, "-c", LOADED], check=True, capture_output=True, text=True).stdout
    loaded = set(told.rsplit("loaded:", 1)[1].split())
    helped, engine = (min(column) for column in zip(*times, strict=True))
    bad = sorted(loaded & FORBIDDEN)
    print(
        json.dumps(
            {
                "benchmark": "startup",
                "ratio": round(helped / engine, 3),
                "bar": f"<= {BAR}",
                "ok": helped / engine <= BAR and not bad,
                "help_ms": round(helped * 1e3),
                "import_dbos_ms": round(engine * 1e3),
                "heavy_modules_loaded": sorted(loaded & set(HEAVY)),
                "forbidden_loaded": bad,
                "rounds": rounds,
            }
        )
    )


if __name__ == "__main__":
    main()
