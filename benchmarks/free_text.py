"""Free text: the whole default scan against a bare walk, the engine alone on the same files, and the fastest peer on the same tree.

`python benchmarks/free_text.py [FILES]` plants a home with so many other files (default 50,000) and some megabytes of free text.
The aims: a whole scan within four times a bare walk of the tree, under 200 MB with the engine's process, every planted secret
found, nothing among the decoys. Peers (`betterleaks`, `kingfisher` on PATH) are optional and left out with a word when absent.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from _planted import decoys, planted
from scan_walk import bare, os_walk
from scan_walk import plant as plant_others

from rescind import catalogue
from rescind.host.detector import Detector
from rescind.models.clock import SystemClock
from rescind.models.evidence import State
from rescind.pipeline.scan import ScanResult, scan
from rescind.stores._lines import pieces


def write(home: Path, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(data)


def padded(files: dict[str, bytes], kib: int) -> dict[str, bytes]:
    """Return the files with ordinary commands around what was planted in the histories."""
    plain = b"".join(
        b"cd /srv/app/%d && git commit -m 'change the thing %d' && ls -la\n" % (n, n) for n in range(kib * 16)
    )
    return {p: plain + data if p in {".bash_history", ".zsh_history"} else data for p, data in files.items()}


def memory_of(call: Callable[[], object]) -> float:
    """Return the most memory, in MiB, that this process and its children held together while a call ran."""
    most, done = 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.005):
            total = 0
            for pid in [
                "self",
                *Path("/proc/self/task")
                .joinpath(str(threading.main_thread().native_id), "children")
                .read_text()
                .split(),
            ]:
                try:
                    total += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                except (OSError, IndexError):
                    continue
            most = max(most, total)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        call()
    finally:
        done.set()
        watcher.join()
    return most * resource.getpagesize() / 2**20


def best(call: Callable[[], object], rounds: int = 3) -> float:
    figures = []
    for _ in range(rounds):
        begun = time.perf_counter()
        call()
        figures.append(time.perf_counter() - begun)
    return min(figures)


def found(result: ScanResult, values: dict[str, str]) -> set[str]:
    held = {f.secret.reveal() for _, f in result.findings if f.secret}
    return {name for name, value in values.items() if value in held}


def as_the_command(home: Path, rounds: int = 5) -> float:
    """Return the seconds of a scan whose engine began while the command's own modules were loaded, which takes 0.3 s."""
    figures = []
    for _ in range(rounds):
        with Detector() as engine:
            engine.begin()
            time.sleep(0.3)
            begun = time.perf_counter()
            scan(home, clock=SystemClock(), environ={}, detector=engine)
            figures.append(time.perf_counter() - begun)
    return min(figures)


def alone(home: Path, files: dict[str, bytes]) -> float:
    """Return the seconds that the engine itself takes for the same files, its start apart."""
    with Detector() as engine:
        engine.hits("warm")
        texts = [(home / path).read_bytes().decode("utf-8", "replace") for path in files]
        return best(lambda: [engine.hits(piece) for text in texts for piece, _ in pieces(text)])


def peer(name: str, home: Path) -> None:
    """Time another scanner on the same tree, where it is installed."""
    commands = {
        "betterleaks": [
            "betterleaks",
            "dir",
            str(home),
            "--redact",
            "--exit-code=0",
            "--no-banner",
            "--report-format=json",
            "--report-path=/dev/null",
        ],
        "kingfisher": [
            "kingfisher",
            "scan",
            str(home),
            "--no-validate",
            "--redact",
            "--format=json",
            "--output=/dev/null",
        ],
    }
    if not shutil.which(name):
        print(f"  {name}: not installed, left out")
        return
    seconds = best(lambda: subprocess.run(commands[name], capture_output=True, check=False), 2)
    print(f"  {name} on the same tree: {seconds:.2f} s")


def command(home: Path) -> None:
    """Time `rescind scan` as a process of its own, as the peers are: the interpreter's start and every import are in it."""
    line = [sys.executable, "-m", "rescind", "-q", "scan", str(home)]
    seconds = best(lambda: subprocess.run(line, capture_output=True, check=True))
    print(f"  rescind on the same tree, as a process: {seconds:.2f} s")


def main() -> None:
    others = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        plant_others(home, others)
        files, values = planted()
        write(home, padded(files, 64))

        def whole() -> ScanResult:
            with Detector() as engine:
                return scan(home, clock=SystemClock(), environ={}, detector=engine)

        result = whole()
        walk, bare_walk = best(lambda: os_walk(home), 5), best(lambda: bare(home), 5)
        seconds, own = best(whole), best(lambda: scan(home, clock=SystemClock(), environ={}))
        rows = [row for row in catalogue.stores().values() if row.text is None]
        known = best(lambda: scan(home, clock=SystemClock(), environ={}, stores=rows))
        print(
            f"{others} other files, {len(catalogue.stores())} stores: os.walk {walk:.2f} s, bare scandir {bare_walk:.2f} s"
        )
        print(f"  whole scan {seconds:.2f} s = {seconds / walk:.1f}x os.walk, {seconds / bare_walk:.1f}x bare scandir")
        real = as_the_command(home)
        print(
            f"  as the command runs it {real:.3f} s = {real / walk:.1f}x os.walk, {real / bare_walk:.1f}x bare scandir"
        )
        print(
            f"  without the engine {own:.2f} s, known stores alone {known:.2f} s; memory {memory_of(whole):.0f} MiB with the engine"
        )
        print(f"  the engine alone on the same files {alone(home, padded(files, 64)):.3f} s")
        missed = sorted(set(values) - found(result, values))
        print(f"  planted: {len(values) - len(missed)} of {len(values)}; missed {json.dumps(missed)}")
        empty = Path(folder) / "decoys"
        write(empty, decoys())
        with Detector() as engine:
            wrong = scan(empty, clock=SystemClock(), environ={}, detector=engine).findings
        print(f"  decoys: {sum(f.state is not State.PLACEHOLDER for _, f in wrong)} findings")
        command(home)
        for name in ("betterleaks", "kingfisher"):
            peer(name, home)


if __name__ == "__main__":
    main()
