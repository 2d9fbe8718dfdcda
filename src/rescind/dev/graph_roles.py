"""Application permissions of Microsoft Graph by name, with the ids that an application's manifest names them by.

https://learn.microsoft.com/en-us/graph/permissions-reference; the ids are those of `permissions/permissions-descriptions.json` of
microsoftgraph/microsoft-graph-devx-content, and a test holds them to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

GRAPH = "00000003-0000-0000-c000-000000000000"
SIGNED_IN = ("Application.Read.All", "User.Read.All")
"""What telling who we are, and in which organisation, needs: our own service principal and the organisation."""
ROLES: Mapping[str, str] = {
    "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    "AuditLog.Read.All": "b0afded3-3588-46d8-8b3d-9842eff778da",
    "Application.ReadWrite.All": "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
    "BitlockerKey.ReadBasic.All": "f690d423-6b29-4d04-98c6-694c42282419",
    "DelegatedPermissionGrant.ReadWrite.All": "8e8e4742-1d95-4f68-9d56-6ee75648c72a",
    "Device.Read.All": "7438b122-aefc-4978-80ed-43db9fcc7715",
    "Device.ReadWrite.All": "1138cb37-bd11-4084-a2b7-9f71582aeddb",
    "DeviceManagementManagedDevices.PrivilegedOperations.All": "5b07b0dd-2377-4e44-a38d-703f09a0dc3c",
    "DeviceManagementManagedDevices.Read.All": "2f51be20-0bb4-4fed-bf7b-db946066c75e",
    "Directory.Read.All": "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
    "Domain.Read.All": "dbb9058a-0e50-45d7-ae91-66909b5d4664",
    "GroupMember.Read.All": "98830695-27a2-44f7-8c18-0c3ebc9698f6",
    "User.EnableDisableAccount.All": "3011c876-62b7-4ada-afa2-506cbbecc68c",
    "User.Read.All": "df021288-bdef-4463-88db-98f22de89214",
    "User.RevokeSessions.All": "77f3a031-c388-4f99-b373-dc68676a979e",
    "UserAuthenticationMethod.Read.All": "38d9df27-64da-44fd-b7c5-a6fbac20248f",
    "UserAuthenticationMethod.ReadWrite.All": "50483e42-d915-4231-9639-7fdb7fd190e5",
}


def manifest(permissions: Iterable[str]) -> str:
    """Return `requiredResourceAccess` of an application's manifest for the Graph permissions among these, or nothing."""
    named = {p for p in permissions if p in ROLES}
    if not named:
        return ""
    access = [{"id": ROLES[p], "type": "Role"} for p in sorted({*named, *SIGNED_IN})]
    return json.dumps({"requiredResourceAccess": [{"resourceAppId": GRAPH, "resourceAccess": access}]}, indent=2) + "\n"
