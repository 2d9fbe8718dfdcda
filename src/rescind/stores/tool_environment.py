"""Settings beside the work: `mise.toml` and its like, `just` files, requests written down for an HTTP client, access tokens of Nix."""

from __future__ import annotations

from rescind.models.store import At, Erase, MiB, Root, Store
from rescind.stores._free import KINDS, searched
from rescind.stores._lines import plain

SKIP = ("node_modules", "vendor", "site-packages", ".cache")

STORE = Store(
    id="tool-environment",
    title="mise, asdf, just, HTTP request and Nix files",
    where=(
        *(At(root=Root.XDG_CONFIG, glob=g) for g in ("mise/config.toml", "mise/config.*.toml", "mise/conf.d/*.toml")),
        *(
            At(root=Root.HOME, glob=f"**/{name}", skip=SKIP)
            for name in (
                "mise.toml",
                ".mise.toml",
                "mise.local.toml",
                ".mise.local.toml",
                ".mise/config.toml",
                "justfile",
                ".justfile",
                "*.http",
                "*.rest",
            )
        ),
        *(At(root=Root.XDG_CONFIG, glob=g) for g in ("nix/nix.conf", "nix/netrc", "act/actrc")),
        *(At(root=Root.HOME, glob=g) for g in (".actrc", ".netrc-nix", ".nixpkgs/config.nix")),
        *(At(root=Root.SYSTEM, glob=g) for g in ("etc/nix/nix.conf", "etc/nix/netrc")),
    ),
    yields=KINDS,
    max_bytes=1 * MiB,
    erase=Erase.NONE,
    parse=searched(plain),
    text=plain,
    since="0.1",
    reference="https://mise.jdx.dev/environments/#using-environment-variables",
)
