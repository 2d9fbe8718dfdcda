"""What lies on a live machine itself: items of its keychain, and values in its files. Ending them there cuts nothing at a provider."""

from __future__ import annotations

from rescind.models.provider import Provider

PROVIDER = Provider(
    id="local",
    title="This machine",
    connect="rescind.providers.local._connect:connect",
    reference="https://specifications.freedesktop.org/secret-service-spec/latest/",
)
