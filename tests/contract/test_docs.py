"""The documentation is true: its code runs, its examples load, its commands exist and its links lead somewhere."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import itertools
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from rescind import catalogue
from rescind.cli import app
from rescind.dev import policies
from rescind.schema import config
from rescind.schema.playbook import load_playbook, parse_playbook
from tests.contract import store_vectors, test_kinds, test_stores
from tests.contract.faults import FaultServer

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(?P<lang>\w*)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page: Path, *languages: str) -> list[re.Match[str]]:
    return [m for m in FENCE.finditer(page.read_text(encoding="utf-8")) if m["lang"] in languages]


def of(*languages: str) -> list[Any]:
    found = [(p, i, m["body"]) for p in PAGES for i, m in enumerate(blocks(p, *languages))]
    return [pytest.param(body, id=f"{p.relative_to(ROOT)}#{i}") for p, i, body in found]


def forget() -> None:
    for cached in (catalogue.stores, catalogue.providers, catalogue.kinds, catalogue.version):
        cached.cache_clear()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The files of both guides, written out, with the packages that they extend looking there as well."""
    folder = tmp_path_factory.mktemp("guide")
    for guide in ("adding-a-store.md", "adding-a-kind.md"):
        for block in blocks(ROOT / "docs" / "guides" / guide, "python", "json"):
            assert block["title"], f"{guide}: a block of code says which file it is"
            path = folder / block["title"]
            assert folder in path.resolve().parents
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block["body"], encoding="utf-8")
    before = set(sys.modules)
    packages = [importlib.import_module(f"rescind.{name}") for name in ("stores", "providers")]
    for package in packages:
        package.__path__.append(str(folder / "src" / package.__name__.replace(".", "/")))
    forget()
    yield folder
    for package in packages:
        package.__path__.pop()
    for name in set(sys.modules) - before:
        if "acme" in name:
            parent, _, child = name.rpartition(".")
            vars(sys.modules.get(parent, sys)).pop(child, None)
            del sys.modules[name]
    forget()


def test_the_store_of_the_guide_keeps_the_contract(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_vectors, "VECTORS", made / "tests" / "vectors" / "stores")
    store = catalogue.stores()["acme-cli"]
    (case,) = store_vectors.cases("acme-cli")
    test_stores.test_row(store)
    test_stores.test_vector(store, case, tmp_path / "one")
    test_stores.test_any_bytes(store)
    test_stores.test_mutated_vectors(store, tmp_path / "two")
    for name in test_stores._NASTY:
        test_stores.test_nasty(store, name)


def contract() -> list[Any]:
    """Return every test of `test_kinds` with every combination of its parameters."""
    found = []
    for name, test in vars(test_kinds).items():
        if not name.startswith("test_") or "bench" not in inspect.signature(test).parameters:
            continue
        marks = [m.args for m in getattr(test, "pytestmark", []) if m.name == "parametrize"]
        for values in itertools.product(*(v for _, v in marks)):
            found.append(
                pytest.param(
                    test, dict(zip((n for n, _ in marks), values, strict=True)), id="-".join([name, *map(str, values)])
                )
            )
    return found


@pytest.fixture(scope="module")
def bench(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[test_kinds.Bench]:
    spec = importlib.util.spec_from_file_location("acme_world", made / "tests" / "contract" / "acme_world.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.acme(tmp_path_factory.mktemp("world")) as world, FaultServer(world.target) as server:
        yield test_kinds.Bench(world, server, world.connect(server.url), world.make())
        assert server.elsewhere_hits == []


@pytest.mark.parametrize(("test", "values"), contract())
def test_the_kind_of_the_guide_keeps_the_contract(bench: test_kinds.Bench, test: Any, values: dict[str, Any]) -> None:
    test(bench, **values)


def test_the_guides_change_nothing_else(made: Path) -> None:
    assert {p.relative_to(made).parts[0] for p in made.rglob("*") if p.is_file()} == {"src", "tests"}
    assert len(catalogue.kinds()["acme.token"].actions) == 1
    assert not [f for f in policies.files() if "acme" in f]


@pytest.mark.parametrize("text", of("yaml"))
def test_playbooks_in_the_pages_load(made: Path, text: str) -> None:
    parse_playbook(text, "page.yaml")


@pytest.mark.parametrize("text", of("toml"))
def test_configurations_in_the_pages_load(made: Path, tmp_path: Path, text: str) -> None:
    path = tmp_path / "rescind.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    assert bool(config.load(path).tenants) is ("[tenant." in text)


def commands() -> list[Any]:
    """Return every command of ours in a console block; what follows `&&` is a command too."""
    found = []
    for page in PAGES:
        for block in blocks(page, "console", "sh", "bash"):
            lines = [line[2:].partition(" #")[0] for line in block["body"].splitlines() if line.startswith("$ ")]
            parts = [part.strip() for line in lines for part in line.split("&&")]
            ours = [part for part in parts if part.startswith(("rescind ", "python3 tasks.py"))]
            found += [pytest.param(part, id=f"{page.name}: {part}") for part in ours]
    return found


@pytest.mark.parametrize("line", commands())
def test_commands_in_the_pages_exist(line: str) -> None:
    words = shlex.split(line)
    if words[0] == "python3" and words[1] == "tasks.py":
        assert f'"{words[2]}":' in (ROOT / "tasks.py").read_text(encoding="utf-8")
        return
    command: Any = typer.main.get_command(app)
    rest = words[1:]
    while rest:
        options = {o for p in command.params for o in (*p.opts, *p.secondary_opts)} | {"--help"}
        for word in rest:
            name = word.partition("=")[0]
            if word in getattr(command, "commands", {}):
                break
            assert not name.startswith("-") or name in options, f"{command.name} has no {name}"
        inner = [w for w in rest if w in getattr(command, "commands", {})]
        assert inner or not hasattr(command, "commands"), f"{rest} is no command"
        if not inner:
            return
        command, rest = command.commands[inner[0]], rest[rest.index(inner[0]) + 1 :]
    assert not hasattr(command, "commands") or command.invoke_without_command, f"{line} names no command"


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.replace("`", "")).strip().lower().replace(" ", "-") for h in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_relative_link_resolves(page: Path) -> None:
    text = re.sub(r"`[^`\n]*`", "", FENCE.sub("", page.read_text(encoding="utf-8")))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), f"{target} leads nowhere"
        assert ROOT in [there, *there.parents]
        if anchor and there.suffix == ".md":
            assert anchor in anchors(there), f"{target} has no such heading"


def test_every_page_is_reached_from_the_index() -> None:
    reached, waiting = set(), [ROOT / "docs" / "index.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        links = re.findall(r"\]\(([^)\s#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        waiting += [p for link in links if (p := (page.parent / link).resolve()).is_file()]
    lost = sorted(str(p.relative_to(ROOT)) for p in PAGES if ROOT / "docs" in p.parents and p not in reached)
    assert lost == [], "no page leads there from docs/index.md"


def test_shipped_playbooks_have_their_policies() -> None:
    for name in policies.shipped():
        assert load_playbook(name).name == name
        for job in ("plan", "apply"):
            assert (ROOT / "docs" / "reference" / f"policy-{name}.{job}.aws.json").is_file()
