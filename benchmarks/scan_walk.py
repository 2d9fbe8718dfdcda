"""A whole scan of a home with 50,000 other files against a bare walk of the same tree, in the same run.

`python benchmarks/scan_walk.py [FILES]` prints seconds of processor time, the ratio and the scan's own memory: for 500 made-up rows and for the
catalogue, for the rows that name places alone, and for the same home in a packed archive against unpacking it to nowhere. The home
has 80 sandboxes (snap, flatpak), in each of which every row is asked again. The aims: at most 4 times a bare walk, less than 200 MiB,
known places in well under a second.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from rescind import catalogue
from rescind.models.clock import SystemClock
from rescind.models.evidence import Finding, Location
from rescind.models.store import At, Root, Store
from rescind.pipeline.scan import ScanResult, scan
from rescind.secret import Secret


def plant(home: Path, files: int) -> None:
    per_folder = 40
    for number in range(files // per_folder):
        folder = home / "src" / f"project{number % 50}" / f"part{number // 50}" / "deep"
        folder.mkdir(parents=True, exist_ok=True)
        for n in range(per_folder):
            (folder / f"file{n}.{('py', 'md', 'json', 'txt')[n % 4]}").touch()
    for number in range(40):
        (home / f"snap/app{number}/current/.config").mkdir(parents=True)
        (home / f".var/app/org.app{number}/config").mkdir(parents=True)
    (home / ".profile").write_text("export AWS_SHARED_CREDENTIALS_FILE=$HOME/elsewhere/aws\n")
    for number in range(20):
        (home / "src" / f"project{number}" / ".env").write_text(f"TOKEN=made-up-{number:032d}\n")


def parse(blob: bytes, at: Location) -> Iterator[Finding]:
    for number, line in enumerate(blob.decode().splitlines(), start=1):
        yield Finding(
            kind="demo.token", location=Location(root=at.root, path=at.path, line=number), secret=Secret(line)
        )


def rows() -> list[Store]:
    def row(name: str, *where: At) -> Store:
        return Store(
            id=name,
            title=name,
            where=where,
            yields=("demo.token",),
            parse=parse,
            reference="https://example.com",
            since="0.1",
        )

    globs = (
        "**/.env",
        "**/.env.*",
        "**/*.pem",
        "**/*.p12",
        "**/id_*",
        "**/.git/config",
        "**/terraform.tfstate",
        "**/*credentials*.json",
    )
    walked = [row(f"walked-{n}", At(root=Root.HOME, glob=g)) for n, g in enumerate(globs)]
    placed = [
        row(
            f"placed-{n}",
            At(root=Root.HOME, glob=f".tool{n}/cache/*.json"),
            At(root=Root.XDG_CONFIG, glob=f"tool{n}/auth.json"),
        )
        for n in range(500)
    ]
    return [*walked, *placed]


def bare(home: Path) -> int:
    seen, todo = 0, [str(home)]
    while todo:
        with os.scandir(todo.pop()) as entries:
            for entry in entries:
                seen += 1
                if entry.is_dir(follow_symlinks=False):
                    todo.append(entry.path)
    return seen


def os_walk(home: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(home))


def cpu() -> float:
    """Return the processor time of this process and its children: on a busy machine, time on the wall measures the others."""
    return time.process_time() + sum(os.times()[2:4])


def best(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the fastest of some rounds of each call, taken in turn."""
    figures: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            begin = cpu()
            call()
            figures[name].append(cpu() - begin)
    return {name: max(min(values), 0.001) for name, values in figures.items()}


def measured(name: str, whole: Callable[[], ScanResult], against: dict[str, Callable[[], object]], rounds: int) -> None:
    """Print how long a scan takes, how often something simpler fits into that, and what memory it needs for itself."""
    t = best({**against, "scan": whole}, rounds)
    tracemalloc.start()
    result = whole()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    ratios = "; ".join(f"{other} {t[other]:.3f} s -> {t['scan'] / t[other]:.2f}x" for other in against)
    print(f"{name}: {len(result.findings)} findings, {len(result.gaps)} gaps")
    print(f"  scan {t['scan']:.3f} s; {ratios or 'alone'}; peak {peak / 2**20:.1f} MiB")


def main() -> None:
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        plant(home, files)
        print(f"{bare(home)} entries")
        walks = {"os.walk": partial(os_walk, home), "bare scandir": partial(bare, home)}
        for name, stores in (("made-up rows", rows()), ("catalogue rows", list(catalogue.stores().values()))):
            whole = partial(scan, home, clock=SystemClock(), stores=stores, environ={})
            measured(f"{name} ({len(stores)})", whole, walks, 7)
            placed = [s for s in stores if not any("**" in at.glob.split("/") for at in s.where)]
            known = partial(scan, home, clock=SystemClock(), stores=placed, environ={})
            measured(f"{name}, those of known places ({len(placed)})", known, {}, 7)
        packed = Path(folder) / "home.tar.gz"
        subprocess.run(["tar", "-czf", packed, "-C", home, "."], check=True)
        tar = {"tar -tzf": partial(subprocess.run, ["tar", "-tzf", packed], check=True, stdout=subprocess.DEVNULL)}
        whole = partial(scan, packed, clock=SystemClock(), stores=stores, environ={})
        measured("the same home as tar.gz", whole, tar, 2)
    print(f"process peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
