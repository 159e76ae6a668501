"""Addresses of the API of retention, under /api/v1/retention/."""

from django.urls import path

from retention import api

app_name = "retention"

urlpatterns = [path("erased/", api.WereErased.as_view(), name="erased")]
