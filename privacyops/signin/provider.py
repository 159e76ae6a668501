"""The company's own sign-in, as the sign-in library reads it from the settings. Imported by them: no framework here."""

from typing import Any


def of(issuer: str, client_id: str, secret: str, name: str) -> dict[str, Any]:
    """One OpenID Connect provider with PKCE; none where there is no issuer."""
    app = {
        "provider_id": "company",
        "name": name,
        "client_id": client_id,
        "secret": secret,
        "settings": {"server_url": issuer},
    }
    return {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app] if issuer else []}}
