"""Addresses of the API of choices, under /api/v1/consent/."""

from django.urls import path

from consent import api, batch_api, decide_api, notices_api
from consent.receipts.api import Receipts

app_name = "consent"

urlpatterns = [
    path("choices/", api.Choices.as_view(), name="choices"),
    path("choices/batch/", batch_api.Batch.as_view(), name="batch"),
    path("withdraw/", api.Withdrawal.as_view(), name="withdraw"),
    path("receipts/", Receipts.as_view(), name="receipts"),
    path("current/", api.Current.as_view(), name="current"),
    path("notices/pending/", notices_api.Pending.as_view(), name="notices_pending"),
    path("notices/told/", notices_api.Told.as_view(), name="notices_told"),
    path("history/", batch_api.History.as_view(), name="history"),
    path("decide/", decide_api.decide, name="decide"),
]
