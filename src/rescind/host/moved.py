"""Files and roots that variables moved: the values come from `env`, the places are mapped back into the evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rescind.errors import EvidenceError
from rescind.host import env, registry
from rescind.host.globs import expand
from rescind.host.listing import Listings
from rescind.host.names import Parts, split
from rescind.host.roots import XDG, Home
from rescind.host.tree import Trouble
from rescind.models.store import At, Root

_FILE_BYTES = 256 * 1024
_SSH, _INCLUDED = ".ssh/config", 16
_BESIDE = "beside:"  # a row whose file lies in the folder of the file that a variable names


class Moves:
    """What the start-up files of one home (and `environ`, for a live one) move. `roots` are moved roots, `troubles` for gaps.

    A place outside the evidence is never looked at: it is a `Trouble`, because a moved file must not read as an absent one.
    """

    def __init__(self, where: Listings, home: Home, environ: Mapping[str, str]) -> None:
        self._where, self._tree, self._home, self._environ = where, where.tree, home, environ
        self.troubles: list[Trouble] = []
        self._texts = self._start_up_files()
        self._named = self._named_files()
        self.roots: dict[Root, list[Parts]] = {}
        for name, root in XDG.items():
            for value in self._values(name):
                place = self.place(value) if value else None
                if place is not None:
                    self.roots.setdefault(root, []).append(place)
                else:
                    self.troubles.append(
                        Trouble(home.parts, f"{name} moves files to a place outside the evidence or not known")
                    )

    def files(self, at: At, glob: Sequence[str]) -> Iterator[Parts | Trouble]:
        """Yield the files that the row's variable moves, and a `Trouble` for each place that cannot be looked at."""
        beside = at.env.startswith(_BESIDE)
        for value in self._values(at.env.removeprefix(_BESIDE)):
            if value is None:
                yield Trouble(self._home.parts, f"{at.env} moves this file, and only a shell could tell where to")
            for text in env.places(value or "", windows=self._home.os == "windows"):
                place = self.place(text)
                if place is None:
                    yield Trouble(self._home.parts, f"{at.env} moves this file to a place outside the evidence")
                elif beside:
                    yield from expand(self._where, place[:-1], glob[-1:], folded=self._home.folded)
                elif self._tree.is_dir(place):
                    yield from self._in_folder(place, glob)
                else:
                    yield place

    def folders(self, at: At) -> list[Parts]:
        """Return the folders that the row's variable names, for `**` rows."""
        found = [self.place(text) for value in self._values(at.env) for text in env.places(value or "")]
        return [place for place in found if place is not None and self._tree.is_dir(place)]

    def place(self, value: str) -> Parts | None:
        """Return where a path of the machine lies in the evidence, None when it does not."""
        if self._home.os == "windows":
            value = value.replace("\\", "/")
            value = value[2:] if value[1:2] == ":" else value
        if value == env.HOME or value.startswith(env.HOME + "/"):
            base: Parts | None = self._home.parts
            rest = split(value[1:])
            place: Parts | None = (*self._home.parts, *rest)
        else:
            place = self._tree.below(value, self._home.parts) if value.startswith("/") else None
            base = self._home.volume
            rest = place[len(base) :] if place is not None and base is not None else ()
        if self._home.folded and base is not None and rest:
            return self._where.place(base, "/".join(rest)) or place
        return place

    def _named_files(self) -> dict[str, list[str | None]]:
        """Return what settings files of the home name, by the word for it in a store's row."""
        found: dict[str, list[str | None]] = {}
        for pattern, word, rule in env.NAMING:
            texts = self._said(pattern)
            if pattern == _SSH:
                texts += [more for name in self._included(texts) for more in self._said(name)]
            found.setdefault(word, []).extend(value for text in texts for value in env.named(text, rule))
        return found

    def _said(self, pattern: str) -> list[str]:
        """Return the texts of the files that a glob below the home names; their own stores say what is wrong with them."""
        texts: list[str] = []
        for path in expand(self._where, self._home.parts, pattern.split("/"), folded=self._home.folded):
            if not isinstance(path, Trouble):
                self._read(path, pattern, texts)
        return texts

    def _included(self, texts: Sequence[str]) -> list[str]:
        """Return the globs below the home that SSH's settings include."""
        words = [word.strip('"') for text in texts for line in env.named(text, env.INCLUDE) for word in line.split()]
        names = [w.removeprefix("~/") if w.startswith("~/") else f".ssh/{w}" for w in words if not w.startswith("/")]
        return [n for n in dict.fromkeys(names) if n != _SSH and not {"..", "**", ""} & set(n.split("/"))][:_INCLUDED]

    def _values(self, name: str) -> list[str | None]:
        if ":" in name:
            return self._named.get(name, [])
        found = env.values(self._texts, name)
        live = self._environ.get(name)
        return [live, *(v for v in found if v != live)] if live else found

    def _in_folder(self, place: Parts, glob: Sequence[str]) -> list[Parts | Trouble]:
        """Return the files in a moved folder: the variable replaces a leading part of the glob, the shortest that fits."""
        tails = [glob[i:] for i in range(1, len(glob))] or [glob]
        for tail in tails if "**" not in glob else ():
            found = list(expand(self._where, place, tail, folded=self._home.folded))
            if found:
                return found
        return []

    def _start_up_files(self) -> list[str]:
        """Return the texts of the files that may move others: the system's first, then the home's own, which win."""
        volume, windows = self._home.volume, self._home.os == "windows"
        patterns: list[tuple[Parts, str]] = []
        if volume is not None:
            patterns += [(volume, p) for p in (*env.SYSTEM_FILES, *(env.HIVES if windows else ()))]
        patterns += [(self._home.parts, p) for p in (*env.FILES, *env.AGENT_FILES, *(env.HIVES if windows else ()))]
        texts: list[str] = []
        for base, pattern in patterns:
            for path in expand(self._where, base, pattern.split("/"), folded=self._home.folded):
                trouble = path if isinstance(path, Trouble) else self._read(path, pattern, texts)
                if trouble:
                    self.troubles.append(Trouble(trouble.parts, f"start-up file {trouble.reason}"))
        return texts

    def _read(self, path: Parts, pattern: str, texts: list[str]) -> Trouble | None:
        """Add what one file says to the texts."""
        hive = pattern in env.HIVES
        try:
            blob = self._tree.read(path, env.HIVE_BYTES if hive else _FILE_BYTES)
            if blob and hive:
                texts.append(registry.assignments(blob.data))
            elif blob and pattern in env.AGENT_FILES:
                texts.append(env.agent_variables(blob.data))
            elif blob:
                texts.append(blob.data.decode("utf-8", "surrogateescape"))
        except EvidenceError as exc:
            return Trouble(path, exc.message)
        except ValueError:
            return Trouble(path, "is not understood")
        return None
