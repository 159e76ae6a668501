"""Addresses of the API of the ledger, under /api/v1/disclosures/."""

from django.urls import path

from disclosures import api

app_name = "disclosures"

urlpatterns = [path("", api.Disclosures.as_view(), name="record")]
