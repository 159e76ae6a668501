"""Our own words for the banner, in the language that is spoken. A company may write title and body itself, per site."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _


def titles(regime: str) -> dict[str, str]:
    """Title and body where the company wrote none."""
    if regime == "opt_in":
        return {
            "title": _("May we use your data for more than this page needs?"),
            "body": _("Nothing of it is loaded before you say yes. You can change your mind at any time."),
        }
    return {
        "title": _("Your privacy choices on this site"),
        "body": _("These uses go on until you say no. Saying no costs nothing, and it holds at once."),
    }


def buttons(regime: str) -> dict[str, str]:
    """What stands on the two buttons that weigh the same, and on the others."""
    asks = regime == "opt_in"
    return {
        "accept": _("Accept all") if asks else _("Leave all on"),
        "refuse": _("Refuse all") if asks else _("Opt out of all"),
        "choose": _("Choose one by one"),
        "save": _("Save my choices"),
        "close": _("Close"),
        "reopen": _("Privacy choices"),
    }


def others() -> dict[str, str]:
    """Everything else that the banner says."""
    return {
        "about": _("It is about:"), "yes": _("Yes"), "no": _("No"),
        "needed": _("Always on: the site does not work without it."),
        "ifno": _("If you say no:"), "sale": _("Counts as selling or sharing your data."),
        "notice": _("Privacy notice"), "cookies": _("Cookies we use"),
        "signal": _("Opt-out request honored"),
        "signalbody": _(
            "Your browser sends Global Privacy Control. Your data is not sold or shared here; you need not do anything."
        ),
        "saved": _("Saved. Your choices hold from now on."),
        "kept": _("You chose to keep this on although your browser sends an opt-out signal."),
    }  # fmt: skip


def shown(said: Mapping[str, Any]) -> str:
    """Everything that stood before the person when they chose, as one text: what goes on record with the choice."""
    lines = [said["words"]["title"], said["words"]["body"]]
    lines.append(f"{said['words']['about']} {', '.join(one['name'] for one in said['purposes'] if not one['needed'])}")
    for one in said["purposes"]:
        lines.append(f"[{one['key']}] {one['name']}: {one['description']}")
        if one["consequence"]:
            lines.append(f"{said['words']['ifno']} {one['consequence']}")
        if one["sale"]:
            lines.append(said["words"]["sale"])
    lines.append(" | ".join(said["words"][name] for name in ("accept", "refuse", "choose", "save")))
    return "\n".join(lines)
