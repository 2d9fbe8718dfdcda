"""Settings for every test: a private HOME, no operator configuration, and no deadline for property tests on a shared machine."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import signal
import sys

import pytest
from botocore import loaders
from hypothesis import settings

# the command line is started some hundred times: once compiled is enough
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

settings.register_profile("rescind", deadline=None)
settings.load_profile("rescind")


# a shell that starts us in the background hands down an ignored SIGINT, and the tests of Ctrl-C would test nothing
with contextlib.suppress(ValueError):
    signal.signal(signal.SIGINT, signal.default_int_handler)


# every session of boto reads megabytes of models again: a process of tests makes hundreds of them
_read = functools.cache(functools.partial(loaders.JSONFileLoader.load_file, loaders.JSONFileLoader()))
loaders.JSONFileLoader.load_file = lambda _, path: _read(path)


@pytest.fixture(autouse=True, scope="session")
def _private_home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(("AWS_", "VAULT_", "BAO_", "XDG_")) and name != "XDG_RUNTIME_DIR":
            os.environ.pop(name)
    for name in ("RESCIND_CONFIG", "RESCIND_STATE", "DBUS_SESSION_BUS_ADDRESS"):
        os.environ.pop(name, None)
    os.environ["HOME"] = str(home)
    yield


WAITING = (
    "interop/test_case_playbooks", "interop/test_drill", "interop/test_line", "interop/test_used_line", "interop/test_contain",
    "interop/test_crash", "interop/test_rotation", "interop/test_readiness", "interop/test_approvals", "interop/test_sso",
)  # fmt: skip
"""Modules that mostly wait for a proof: longest first. They begin early, among others, so that no processor waits with them."""
AMONG = 5
CHUNKS = {"interop": 10, "golden": 10}
CHUNK = 60


def pytest_configure(config):
    """Hand groups out in our order, not by how many tests they hold: ten that start a server outlast a thousand that do not."""
    config.option.loadscopereorder = False


def _module(item):
    return f"{item.path.parent.name}/{item.path.stem}"


def _shared(item):
    """Return whether a test shares with others of its module what outlives it, and which of the parameters of that."""
    made = {n: d for n, some in item._fixtureinfo.name2fixturedefs.items() for d in some if d.scope != "function"}
    made = {n: d for n, d in made.items() if d.baseid not in {"", "tests/conftest.py", "tests"}}
    indices = item.callspec.indices if hasattr(item, "callspec") else {}
    return bool(made), tuple(str(indices[n]) for n, d in sorted(made.items()) if d.params and n in indices)


def _groups(items):
    """Return tests by the worker's group they belong to. Those that share a world are one, as each worker would build it again and wait
    for it again; so are some dozens of any others, as handing tests out one by one costs more than many of them."""
    groups, count = {}, {}
    for item in items:
        stem = _module(item)
        shared, which = _shared(item)
        mark = item.get_closest_marker("xdist_group")
        if mark is not None:
            name = mark.args[0]
        elif shared:
            name = "-".join((stem, *which))
        else:
            nth = count[stem] = count.get(stem, -1) + 1
            name = f"{stem}.{nth // (2 if stem in WAITING else CHUNKS.get(item.path.parent.name, CHUNK))}"
        if mark is None:
            item.add_marker(pytest.mark.xdist_group(name))
        groups.setdefault(name, []).append(item)
    return groups


@pytest.hookimpl(tryfirst=True)  # xdist looks for the groups first thing
def pytest_collection_modifyitems(config, items):
    """Deal tests out in groups; to several workers, those that wait longest early, and what is quick last, to fill the gaps."""
    groups = list(_groups(items).values())
    if not hasattr(config, "workerinput"):
        return
    places = {"interop": 0, "golden": 1, "contract": 2}
    waiting = sorted((g for g in groups if _module(g[0]) in WAITING), key=lambda g: WAITING.index(_module(g[0])))
    rest = [g for g in groups if _module(g[0]) not in WAITING]
    others = iter(sorted(rest, key=lambda g: places.get(g[0].path.parent.name, len(places))))
    order = [group for first in waiting for group in (first, *itertools.islice(others, AMONG))]
    items[:] = [item for group in (*order, *others) for item in group]


def pytest_collection_finish(session):
    """Refuse to go on without the groups: every worker would start every world, which takes three times as long and says nothing."""
    config = session.config
    if hasattr(config, "workerinput") and getattr(config.option, "loadgroup", False) and session.items:
        assert "@" in session.items[0].nodeid, "this pytest and this pytest-xdist do not group: pytest<9.2"
