"""Ours: user pools of Cognito behind `aws_model`, as AWS documents them: a disabled user is shown, and keeps what it has until it is deleted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.interop.aws_cloud import FakeAws, Given
from tests.interop.aws_model import Fault


@dataclass
class Pools(FakeAws):
    """One account with user pools. A user is known by its name and its aliases."""

    pools: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def pool(self) -> str:
        made = f"us-east-1_Fake{next(self._numbers):05d}"
        self.pools[made] = {}
        return made

    def member(self, pool: str, name: str, *aliases: str, enabled: bool = True) -> str:
        self.pools[pool][name] = {"aliases": aliases, "enabled": enabled, "since": 0, "made": self.now()}
        return f"{pool}/{name}"

    def sign_in(self, ident: str) -> tuple[str, int]:
        """Return a refresh token of the user."""
        pool, _, name = ident.partition("/")
        return ident, self.pools[pool][name]["since"]

    def refreshes(self, held: tuple[str, int]) -> bool:
        pool, _, name = held[0].partition("/")
        row = self.pools[pool][name]
        return bool(row["enabled"]) and held[1] == row["since"]

    def _at(self, given: Given) -> tuple[str, dict[str, Any]]:
        if given["UserPoolId"] not in self.pools:
            raise Fault("ResourceNotFoundException")
        for name, row in self.pools[given["UserPoolId"]].items():
            if given["Username"] in {name, *row["aliases"]}:
                return name, row
        raise Fault("UserNotFoundException")

    def cognito_idp_ListUserPools(self, given: Given) -> Given:
        start, rows = int(given.get("NextToken") or 0), sorted(self.pools)
        size = min(self.page, given["MaxResults"])
        more = {"NextToken": str(start + size)} if start + size < len(rows) else {}
        return {"UserPools": [{"Id": p, "Name": "app"} for p in rows[start : start + size]], **more}

    def cognito_idp_AdminGetUser(self, given: Given) -> Given:
        name, row = self._at(given)
        return {"Username": name, "Enabled": row["enabled"], "UserStatus": "CONFIRMED", "UserCreateDate": row["made"]}

    def cognito_idp_AdminDisableUser(self, given: Given) -> Given:
        self._at(given)[1]["enabled"] = False
        return {}

    def cognito_idp_AdminEnableUser(self, given: Given) -> Given:
        self._at(given)[1]["enabled"] = True
        return {}

    def cognito_idp_AdminUserGlobalSignOut(self, given: Given) -> Given:
        self._at(given)[1]["since"] += 1
        return {}
