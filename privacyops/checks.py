"""Django system checks with ids: what is wrong with this installation before it serves anybody."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

import law
from law import calendars, registry
from privacyops.signin import rules
from requests_app import budget, plans, questions
from requests_app.forms import OptOutForm
from subjects import vault


@register()
def rights_that_may_not_wait(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """An opt-out that asks for proof breaks the law of California (11 CCR 7060(b))."""
    return [
        Error(
            f"The plan for {right} asks for proof of identity.",
            hint='Set proof="none" in requests_app/plans.py: this right may not wait for proof.',
            id="privacyops.E001",
        )
        for right, plan in plans.PLANS.items()
        if right in law.NO_PROOF_RIGHTS and plan.needs_proof
    ]


@register()
def keys_that_open(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """DATA_KEYS can be read."""
    try:
        vault.decrypt(vault.encrypt(b"check", "check"), "check")
    except (ValueError, vault.Undecryptable) as error:
        hint = "DATA_KEYS=id:key, with 32 random bytes in URL-safe base64 as the key."
        return [Error(f"DATA_KEYS cannot be used: {error}", hint=hint, id="privacyops.E002")]
    return []


@register()
def statutes_that_load(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Every statute file is right."""
    try:
        law.statutes()
    except law.StatuteError as error:
        return [Error(str(error), hint="Mend the file in law/statutes/.", id="privacyops.E003")]
    return []


@register()
def demo_in_public(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """The demo's open mailbox and its staff do not belong on a public address."""
    if settings.DEMO and settings.HTTPS:
        hint = "Unset DEMO, or use an http:// address of this machine as SITE_URL."
        return [Error("The demo is on at a public address.", hint=hint, id="privacyops.E004")]
    return []


@register()
def times_are_aware(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Deadlines are moments, not readings of a wall clock."""
    if not settings.USE_TZ or settings.TIME_ZONE != "UTC":
        return [
            Error("Times are not kept in UTC.", hint='Set USE_TZ = True and TIME_ZONE = "UTC".', id="privacyops.E005")
        ]
    return []


@register()
def an_establishment_with_a_calendar(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """The zone and the holidays of the company are known: deadlines are counted by them."""
    found: list[CheckMessage] = []
    try:
        ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE)
    except (KeyError, ValueError, OSError):
        hint = "A name such as Europe/Berlin."
        found.append(Error("ESTABLISHMENT_TIME_ZONE is not a time zone.", hint=hint, id="privacyops.E006"))
    try:
        calendars.is_working_day(date(2026, 1, 1), settings.ESTABLISHMENT_HOLIDAYS)
    except (KeyError, ValueError):
        hint = "A country or region such as DE or DE-BE."
        found.append(Error("ESTABLISHMENT_HOLIDAYS is not a region we know.", hint=hint, id="privacyops.E007"))
    return found


@register()
def forms_that_ask_no_more(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """A public form asks for what its right needs, and no more: California fined eight fields where two sufficed."""
    hint = "Take the field out of the form, or write down in requests_app/budget.py why it is needed, with the section."
    asks = [
        (right, by, questions.asked(right, by, questions.AskForm.base_fields))
        for right in plans.OFFERED
        for by in (law.SELF, *law.BASES)
    ]
    asks.append(("opt_out_sale", law.SELF, set(OptOutForm.base_fields) - set(questions.MARKS)))
    found = {(right, name) for right, by, names in asks for name in budget.beyond(names, right, by)}
    return [
        Error(f"The form asks for “{name}” for {right}, which does not need it.", hint=hint, id="privacyops.E009")
        for right, name in sorted(found)
    ]


@register()
def rights_that_are_known(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """RIGHTS_OFFERED names rights that the form can offer."""
    unknown = set(settings.RIGHTS_OFFERED) - set(plans.OFFERED)
    if not unknown:
        return []
    hint = f"Known are {', '.join(plans.OFFERED)}; leave it empty for all."
    return [Error(f"RIGHTS_OFFERED has {', '.join(sorted(unknown))}.", hint=hint, id="privacyops.E010")]


@register()
def facts_that_a_law_knows(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """What is said about the company is something that a law asks for."""
    unknown = set(settings.COMPANY_FACTS) - registry.COMPANY_FACTS
    if not unknown:
        return []
    hint = f"Known are {', '.join(sorted(registry.COMPANY_FACTS))}; leave it empty for none."
    words = f"COMPANY_FACTS has what no law asks for: {', '.join(sorted(unknown))}."
    return [Error(words, hint=hint, id="privacyops.E008")]


@register()
def a_second_factor_by_rule(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """STAFF_SECOND_FACTOR says one of two words; a misspelt one would open the desk to passwords alone."""
    known = (rules.REQUIRED, rules.OPTIONAL)
    if settings.STAFF_SECOND_FACTOR in known:
        return []
    return [Error("STAFF_SECOND_FACTOR is not known.", hint=f"One of: {', '.join(known)}.", id="privacyops.E011")]


@register()
def addresses_without_tls(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """People's data over plain http is for one's own machine only."""
    if not settings.HTTPS and settings.SITE_HOST not in ("127.0.0.1", "localhost", "::1"):
        hint = "Put a proxy with TLS in front and set SITE_URL to its https:// address."
        return [Warning("People would send their data without encryption.", hint=hint, id="privacyops.W001")]
    return []
