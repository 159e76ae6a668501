"""What a playbook may say, and what it says for one request. No database.

A playbook makes the plan of a right stricter, or fills in what nobody gave. It never takes away proof, the second person of
an erasure or a legal hold, and it never delays or narrows an opt-out: one that would is refused in words when it is saved,
is not frozen with any request, and the verbs that follow a playbook ask the plan again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from law import NO_PROOF_RIGHTS
from requests_app import plans, policy, stationery

PROOF = "Proof is asked for as the right and its law want it. A playbook can neither take it away nor ask for more."
HOLD = "A legal hold stops an erasure until it is released. No playbook can pass it by."
DELAY = "Nothing may delay or narrow an opt-out: it is carried out at once, without a colleague."
SECOND = "An erasure needs two people, and they can never be one. A playbook cannot change that."
REVIEW = "What a colleague has to review stays with a colleague. Objections of low risk have a box of their own."
MUST = "!"  # before a step's words: nothing is carried out until it is ticked
WHEN = "When work begins is not for a playbook to say."
# Names under which somebody might try, each with the sentence for it.
PROTECTED = {
    "proof": PROOF, "needs_proof": PROOF, "verify": PROOF, "legal_hold": HOLD, "legal_holds": HOLD, "hold": HOLD,
    "holds": HOLD, "wait": WHEN, "wait_days": WHEN, "delay": WHEN, "not_before": WHEN, "cooling_off": WHEN,
}  # fmt: skip
KNOWN = ("masks", "second_person")
MOST_STEPS, LONGEST_STEP, LONGEST_WORDS = 20, 200, 1000


@dataclass(frozen=True)
class Fault:
    """Why a playbook is refused: the input and the sentence."""

    field: str
    words: str


@dataclass(frozen=True)
class Play:
    """A playbook's version as it is frozen with a request; empty: none applied. `over`: extra approval above so many rows."""

    id: int = 0
    name: str = ""
    version: int = 0
    by: int = 0
    auto: bool = False
    auto_rows: int = 0
    extra: bool = False
    over: int | None = None
    limited: bool = False
    steps: tuple[str, ...] = ()
    must: tuple[int, ...] = ()  # the numbers of the steps that have to be ticked before anything is carried out
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def thaw(frozen: Mapping[str, Any]) -> Play:
    """The version that applied to a request."""
    return Play(**{**frozen, "steps": tuple(frozen.get("steps", ())), "must": tuple(frozen.get("must", ()))})


def lines(text: str) -> list[str]:
    """The steps of a checklist, one a line, without their marks."""
    return [words for words, _ in _marked(text)]


def blocking(text: str) -> list[int]:
    """The numbers of the steps that are marked: nothing is carried out before they are ticked."""
    return [number for number, (_, must) in enumerate(_marked(text), 1) if must]


def _marked(text: str) -> list[tuple[str, bool]]:
    """(words, whether it is marked) of each step."""
    found = []
    for line in text.splitlines():
        whole = " ".join(line.split())
        if words := whole.removeprefix(MUST).strip():
            found.append((words, whole.startswith(MUST)))
    return found


def may_block(plan: plans.Plan) -> bool:
    """Whether a step may hold up what was asked for: never an opt-out, which is carried out at once."""
    return plan.review and plan.right not in NO_PROOF_RIGHTS


def open_steps(play: Play, plan: plans.Plan, ticked: Collection[int]) -> list[str]:
    """The steps that have to be ticked before anything is carried out, and are not."""
    if not may_block(plan):
        return []
    return [words for number, words in enumerate(play.steps, 1) if number in play.must and number not in ticked]


def unticked(steps: Sequence[str]) -> str:
    """The sentence for steps that are open; "" for none."""
    named = " and ".join(f"“{one}”" for one in steps)
    return f"Tick {named} on the checklist first: nothing is carried out before." if named else ""


def words(frozen: Mapping[str, Any], kind: str, language: str) -> str:
    """The manager's own paragraph for this kind of letter in this language; empty where there is none in it."""
    return str(frozen.get("texts", {}).get(kind, {}).get(language, "")) if frozen else ""


def may_approve_itself(plan: plans.Plan) -> bool:
    """Whether the plan leaves room for it: one colleague reviews, and what is done only switches something off."""
    return plan.review and not plan.second_person and plan.operation == "suppress"


def faults(right: str, wanted: Mapping[str, Any]) -> list[Fault]:
    """Everything that speaks against a playbook, in words for the manager; empty for one that may be saved."""
    plan = plans.PLANS.get(right)
    if plan is None or right not in plans.OFFERED:
        return [Fault("right", "Choose a right that requests are made for.")]
    return [
        *_automatic(plan, wanted), *_opt_outs(plan, wanted), *_narrows(plan, wanted),
        *_defaults(plan, wanted.get("defaults") or {}), *_steps(plan, wanted.get("steps", "")),
        *(fault for text in wanted.get("texts", ()) for fault in _text(right, *text)),
    ]  # fmt: skip


def _automatic(plan: plans.Plan, wanted: Mapping[str, Any]) -> list[Fault]:
    if not wanted.get("auto_approve") or may_approve_itself(plan):
        if wanted.get("auto_approve") and (wanted.get("extra_approval") or _second(wanted)):
            return [
                Fault(
                    "auto_approve", "It cannot approve by itself and ask for one more colleague. Choose one of the two."
                )
            ]
        return []
    if plan.second_person:
        return [Fault("auto_approve", SECOND)]
    if not plan.review:
        return [Fault("auto_approve", "This right is carried out at once as it is: there is nothing to approve.")]
    return [
        Fault(
            "auto_approve",
            "Only what switches a use off may be approved by itself. This right needs a colleague's look.",
        )
    ]


def _opt_outs(plan: plans.Plan, wanted: Mapping[str, Any]) -> list[Fault]:
    if plan.review and plan.right not in NO_PROOF_RIGHTS:
        return []
    return [Fault(name, DELAY) for name in ("extra_approval", "review_over", "categories") if wanted.get(name)]


def _narrows(plan: plans.Plan, wanted: Mapping[str, Any]) -> list[Fault]:
    if not wanted.get("categories") or plan.right in NO_PROOF_RIGHTS:
        return []
    if plan.operation != "export":
        words = "Only a copy can be limited for everybody. What an erasure keeps is decided finding by finding, on a ground."
        return [Fault("categories", words)]
    told = {text[0] for text in wanted.get("texts", ()) if str(text[2]).strip()}
    if plan.letter in told:
        return []
    return [
        Fault(
            "categories", f"People must be told of a limit. Write a paragraph for the letter “{_title(plan.letter)}”."
        )
    ]


def _defaults(plan: plans.Plan, defaults: Any) -> list[Fault]:
    if not isinstance(defaults, Mapping):
        return [Fault("defaults", 'Write further defaults as JSON: {"second_person": true}.')]
    found = []
    for name, value in defaults.items():
        key = str(name).strip().lower()
        opt_out = not plan.review
        if key in PROTECTED:
            found.append(Fault("defaults", DELAY if opt_out and PROTECTED[key] == WHEN else PROTECTED[key]))
        elif key == "review":
            found.append(Fault("defaults", DELAY if opt_out else REVIEW))
        elif key == "second_person" and value is not True:
            found.append(Fault("defaults", SECOND if plan.second_person else "Leave second_person out, or write true."))
        elif key == "second_person" and opt_out:
            found.append(Fault("defaults", DELAY))
        elif key == "masks" and (opt_out or plan.operation != "erase"):
            found.append(Fault("defaults", "Masks are for erasures: they say what becomes of a row that stays."))
        elif key not in KNOWN:
            found.append(Fault("defaults", f"A playbook knows no “{name}”. It knows: {', '.join(KNOWN)}."))
    return found


def _second(wanted: Mapping[str, Any]) -> bool:
    defaults = wanted.get("defaults")
    return isinstance(defaults, Mapping) and defaults.get("second_person") is True


def _steps(plan: plans.Plan, text: str) -> list[Fault]:
    steps = lines(text)
    if blocking(text) and not may_block(plan):
        return [Fault("steps", f"{DELAY} Take the {MUST} away: the step then reminds and stops nothing.")]
    if len(steps) > MOST_STEPS or any(len(one) > LONGEST_STEP or not policy.printable(one) for one in steps):
        return [Fault("steps", f"At most {MOST_STEPS} steps, each a line of at most {LONGEST_STEP} plain characters.")]
    return []


def _text(right: str, kind: str, language: str, text: str) -> list[Fault]:
    known = stationery.KINDS.get(kind)
    if known is None or known.to != "person" or right not in known.rights:
        return [Fault("texts", "Choose a letter that people get about this right.")]
    if language not in stationery.LANGUAGES:
        return [Fault("texts", "Choose a language that letters are written in.")]
    if not text.strip() or len(text) > LONGEST_WORDS or not policy.printable(text, lines=True):
        return [Fault("texts", f"Write a paragraph of at most {LONGEST_WORDS:,} plain characters.")]
    return []


def _title(kind: str) -> str:
    return stationery.KINDS[kind].when.rstrip(".")
