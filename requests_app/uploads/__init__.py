"""Files from outside: judged by their content, cleaned, sealed, and handed out as bytes that no browser runs.

`judging` says what may come in and what is kept of it, `images` and `papers` know their formats, `keeping` stores, hands
out and destroys. A caller judges first, seals next, and writes its rows last; what a crash leaves sealed without a row is
tidied away.
"""

from requests_app.uploads.judging import Clean, Given, judge, judge_all, too_much
from requests_app.uploads.keeping import attach, destroy_old, fetch, forget, sealed_copy, tidy, unsealed

__all__ = (
    "Clean",
    "Given",
    "attach",
    "destroy_old",
    "fetch",
    "forget",
    "judge",
    "judge_all",
    "sealed_copy",
    "tidy",
    "too_much",
    "unsealed",
)
