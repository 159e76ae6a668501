"""The two pages on which a release is proposed: whose data for whom, and what each column is."""

from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from audit import typed
from audit.accountable import colleague
from audit.refusal import Refused
from disclosures import proposing
from disclosures.models import Recipient, ReleaseProposal
from disclosures.releases import parameters, writing
from inventory.models import Collection, Dataset, Purpose

Kind, State = ReleaseProposal.Kind, ReleaseProposal.State
ROLES = {
    "": "Leave it out", "quasi": "Could identify (quasi-identifier)", "sensitive": "Sensitive: nobody may learn it",
    "dimension": "Dimension", "measure": "Sum it", "person": "Says whose row it is",
}  # fmt: skip
# name, label, default, words beneath; by kind
NUMBERS = {
    Kind.MICRODATA: (
        ("k", "Smallest group (k)", "10", "So many people look alike at least."),
        ("l", "Different sensitive values (l)", "2", "So many in each group at least; 1 if nothing is sensitive."),
        ("entropy", "Effective number of them", "1", "Higher than 1: one value must not prevail either."),
        ("t", "Distance from all rows (t)", "1", "Lower than 1: a group must look like the whole. 0.3 is strict."),
        ("most_suppressed", "Rows that may be left out", "0.05", "As a share: 0.05 is one in twenty."),
    ),
    Kind.TABLE: (
        ("least", "Fewest people in a cell", "10", "Cells of fewer are left out."),
        ("margin", "Narrowest gap", "10", "How exactly a count that is left out may be guessed."),
        ("dominant_n", "Dominance: n", "2", "For sums: the n largest ..."),
        ("dominant_k", "Dominance: k", "85", "... may have k percent of a cell at most."),
        ("percent", "p percent", "10", "For sums: nobody may guess another's part more closely."),
    ),
    Kind.PRIVATE: (
        ("epsilon", "Epsilon", "0.5", "How much it may tell of one person. It is charged to the budget."),
        ("delta", "Delta", "0", "For Gaussian noise, about 0.000001."),
        ("low", "Least contribution of a row", "0", "For sums: what is less counts as this."),
        ("high", "Greatest contribution of a row", "0", "For sums: what is more counts as this."),
        (
            "rows_per_person",
            "Rows of one person",
            "1",
            "More are not counted; needs a column that says whose a row is.",
        ),
    ),
}


def propose(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """A GET shows the form; a POST makes the draft and leads on to its columns."""
    status = 200
    if request.method == "POST":
        try:
            made = _proposed(request)
            return redirect("admin:disclosures_releaseproposal_columns", made.pk)
        except Refused as refused:
            messages.error(request, refused.message)
            status = 422
    given = request.POST
    context = {
        **site.each_context(request), "title": "Propose a release", "given": given, "kinds": Kind.choices,
        "datasets": Dataset.objects.select_related("system"), "purposes": Purpose.objects.all(),
        "recipients": Recipient.objects.filter(active=True), "chosen": given.getlist("recipients"),
        "collections": Collection.objects.exclude(dated_by="").filter(skip=False).select_related("dataset"),
        "most": proposing.MOST_BYTES // 1024 // 1024,
    }  # fmt: skip
    return TemplateResponse(request, "admin/releases/propose.html", context, status=status)


def _proposed(request: HttpRequest) -> ReleaseProposal:
    given, file = request.POST, request.FILES.get("file")
    collection = _found(Collection, given.get("collection"), "collection") if given.get("collection") else None
    return proposing.propose(
        title=given.get("title", ""), kind=given.get("kind", ""), dataset=_found(Dataset, given.get("dataset"), "dataset"),
        purpose=_found(Purpose, given.get("purpose"), "purpose"), public=given.get("public") == "on",
        recipients=list(Recipient.objects.filter(pk__in=[typed.number(one) for one in given.getlist("recipients")])),
        content=None if file is None or collection is not None else file.chunks(), collection=collection,
        by=colleague(request),
    )  # fmt: skip


def _found(model: Any, pk: str | None, name: str) -> Any:
    row = model.objects.filter(pk=typed.number(pk)).first()
    if row is None:
        raise Refused(f"Choose a {name} of the list.", code="choice_unknown", field=name)
    return row


def choose(site: AdminSite, request: HttpRequest, proposal: ReleaseProposal) -> HttpResponse:
    """A GET shows what was seen of the columns; a POST puts the proposal to the gate."""
    status = 200
    if request.method == "POST":
        try:
            proposing.choose(proposal, asked(request, proposal), by=colleague(request))
            messages.success(request, "Put to the gate. A worker judges it; the verdict stands here in a moment.")
            return redirect("admin:disclosures_releaseproposal_change", proposal.pk)
        except Refused as refused:
            messages.error(request, refused.message)
            status = 422
    context = {
        **site.each_context(request), "title": proposal.title, "proposal": proposal,
        "columns": [_line(request, proposal, place, one) for place, one in enumerate(proposal.columns or ())],
        "roles": [(code, ROLES[code]) for code in ("", *parameters.ROLES[proposal.kind])], "how": writing.HOW,
        "numbers": [_number(request, proposal, *one) for one in NUMBERS[Kind(proposal.kind)]],
        "given": request.POST or _filters(proposal), "open": proposal.state in (State.DRAFT, State.REFUSED, State.PARKED),
    }  # fmt: skip
    return TemplateResponse(request, "admin/releases/columns.html", context, status=status)


def asked(request: HttpRequest, proposal: ReleaseProposal) -> dict[str, Any]:
    """The form as parameters. Raises Refused."""
    given, columns = request.POST, []
    for place, one in enumerate(proposal.columns or ()):
        role = given.get(f"role-{place}", "")
        if not role:
            continue
        try:
            spec = writing.spec(given.get(f"how-{place}", "plain"), given.get(f"with-{place}", ""))
        except ValueError as error:
            raise Refused(f"{one['name']}: {error}.", code="parameters", field=f"with-{place}") from None
        values = [value.strip() for value in given.get(f"values-{place}", "").split("|") if value.strip()]
        level = given.get(f"level-{place}") or 0
        columns.append({"name": one["name"], "role": role, "hierarchy": spec, "level": level, "values": values})
    found: dict[str, Any] = {name: given[name] for name, *_ in NUMBERS[Kind(proposal.kind)] if given.get(name)}
    for name in ("zeros", "mechanism"):
        if given.get(name):
            found[name] = given[name]
    filters = []
    for line in given.get("filters", "").splitlines():
        column, _, values_ = line.partition("=")
        if line.strip():
            filters.append({"column": column.strip(), "is": [v.strip() for v in values_.split("|") if v.strip()]})
    if given.get("first") or given.get("last"):
        found["period"] = [given.get("first"), given.get("last")]
    return {**found, "filters": filters, "columns": columns}


def _line(request: HttpRequest, proposal: ReleaseProposal, place: int, seen: dict[str, Any]) -> dict[str, Any]:
    """One column with what is chosen for it: as typed, as asked before, or as suggested."""
    before = {one["name"]: one for one in proposal.parameters.get("columns", ())}
    known = before.get(seen["name"])
    # What a program asked for may leave out all but the role.
    spec = (known or {}).get("hierarchy") or seen["hierarchy"]
    line = {
        **seen, "place": place, "chosen": known["role"] if known else "" if before else seen["role"], "spec": spec["kind"],
        "with": writing.words(spec), "level": known.get("level", 0) if known else 0,
        "shown": " | ".join(known.get("values", ()) if known else seen["values"]),
    }  # fmt: skip
    if request.method == "POST":
        typed = {"chosen": "role", "spec": "how", "with": "with", "level": "level", "shown": "values"}
        line |= {name: request.POST.get(f"{field}-{place}", "") for name, field in typed.items()}
    return line


def _number(
    request: HttpRequest, proposal: ReleaseProposal, name: str, label: str, default: str, words: str
) -> dict[str, Any]:
    value = request.POST.get(name) if request.method == "POST" else proposal.parameters.get(name, default)
    return {"name": name, "label": label, "value": value, "words": words}


def _filters(proposal: ReleaseProposal) -> dict[str, Any]:
    asked_ = proposal.parameters
    first, last = asked_.get("period") or ("", "")
    lines = [f"{one['column']} = {' | '.join(one['is'])}" for one in asked_.get("filters") or ()]
    return {
        "filters": "\n".join(lines), "first": first, "last": last, "zeros": asked_.get("zeros", "show"),
        "mechanism": asked_.get("mechanism", "laplace"),
    }  # fmt: skip
