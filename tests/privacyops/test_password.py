"""`manage.py password`: a new secret, shown once, stored as a hash."""

import io

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db


def test_a_colleague_gets_a_new_password_that_is_shown_once():
    User.objects.create_user("maya", password="the old one", is_staff=True)
    out = io.StringIO()
    call_command("password", "maya", stdout=out)
    name, _, password = out.getvalue().strip().partition(": ")
    maya = User.objects.get(username="maya")
    assert name == "maya" and maya.check_password(password) and not maya.check_password("the old one")
    assert password not in maya.password and len(password) >= 16


def test_a_name_that_is_not_a_colleague_gets_words(settings):
    User.objects.create_user("ada", password="a customer, not staff")
    User.objects.create_user("jonas", password="x", is_staff=True)
    with pytest.raises(CommandError, match=r"Known: jonas\."):
        call_command("password", "ada")
