"""Pages of a list that may be very long: nobody leafs past a thousand rows, so nobody pays for counting them."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.utils.functional import cached_property

MOST = 1000


class Bounded(Paginator):
    """Counts no further than MOST and offers no page beyond; `more` says that there is more."""

    template_name = "admin/requests_app/request/pages.html"

    @cached_property
    def _seen(self) -> int:
        rows: Any = self.object_list
        if isinstance(rows, list):
            return len(rows)
        return int(rows.order_by().values("pk")[: MOST + 1].count())

    @cached_property
    def count(self) -> int:
        """How many rows the pages hold."""
        return min(self._seen, MOST)

    def page(self, number: Any) -> Page[Any]:
        """A page; a later one by its keys first, so that the rows of the pages before it are skipped and not read."""
        rows: Any = self.object_list
        number = self.validate_number(number)
        if number == 1 or isinstance(rows, list):
            return super().page(number)
        first = (number - 1) * self.per_page
        keys = list(rows.values_list("pk", flat=True)[first : min(first + self.per_page, self.count)])
        return Page(rows.filter(pk__in=keys), number, self)

    @property
    def more(self) -> bool:
        """Whether there are rows that no page holds."""
        return self._seen > MOST
