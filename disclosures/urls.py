"""Addresses of the API of the ledger, under /api/v1/disclosures/."""

from django.urls import path

from disclosures import api, batch_api, releases_api, retracting_api

app_name = "disclosures"

urlpatterns = [
    path("", api.Disclosures.as_view(), name="record"),
    path("batch/", batch_api.Batch.as_view(), name="batch"),
    path("received/", batch_api.Received.as_view(), name="received"),
    path("take-back/", retracting_api.TakeBack.as_view(), name="take_back"),
    path("releases/", releases_api.Proposals.as_view(), name="releases"),
    path("releases/<uuid:pk>/", releases_api.Verdict.as_view(), name="release"),
]
