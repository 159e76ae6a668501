"""Addresses of the API of choices, under /api/v1/consent/."""

from django.urls import path

from consent import api

app_name = "consent"

urlpatterns = [
    path("choices/", api.Choices.as_view(), name="choices"),
    path("withdraw/", api.Withdrawal.as_view(), name="withdraw"),
    path("current/", api.Current.as_view(), name="current"),
]
