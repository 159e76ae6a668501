"""The rights that a law may grant, and those that may never wait for proof of identity."""

LABELS = {
    "access": "Know and receive a copy",
    "portability": "Receive in a portable form",
    "correct": "Correct",
    "delete": "Delete",
    "opt_out_sale": "Opt out of sale and sharing",
    "opt_out_targeted_ads": "Opt out of targeted advertising",
    "opt_out_profiling": "Opt out of profiling",
    "limit_sensitive": "Limit the use of sensitive data",
    "restrict": "Restrict processing",
    "object": "Object to processing",
    "withdraw_consent": "Withdraw consent",
    "adm_review": "Have an automated decision reviewed",
    "third_party_list": "Know the recipients",
    "appeal": "Appeal to the company",
    "complaint": "Complain to the company",
}
RIGHTS = frozenset(LABELS)

# California forbids to ask for proof before an opt-out or a limit (11 CCR 7060(b)); withdrawing consent must be as easy as
# giving it (GDPR art. 7(3)). We never ask, wherever the person lives. An appeal or a complaint hands out nothing by itself.
NO_PROOF_RIGHTS = frozenset(
    {
        "opt_out_sale",
        "opt_out_targeted_ads",
        "opt_out_profiling",
        "limit_sensitive",
        "withdraw_consent",
        "appeal",
        "complaint",
    }
)

# Who stands on a list of third parties, see `listing`.
LISTED = frozenset({"person", "either", "sold", "contacts", "categories"})
