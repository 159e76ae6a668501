"""Sealed copies of what left: noise on the disk, the same file when fetched, known by their digest for ever."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from audit import failpoints
from audit.models import Event
from disclosures.demands import moving, sealing
from disclosures.models import DemandFile
from tests.disclosures import legal
from tests.disclosures.legal import refused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]


def test_a_sealed_copy_is_noise_on_the_disk_and_the_same_file_when_fetched(two, folder):
    paula, lena = two
    demand = legal.approved(paula, lena, notify="never", never="knows")
    content = b"Ada Lovelace, " * 20_000
    file = legal.sealed(demand, paula, content)
    assert legal.sealed(demand, paula, content) == file, "the same file twice is one row"
    [path] = list(folder.iterdir())
    assert b"Lovelace" not in path.read_bytes()
    assert b"".join(sealing.fetch(file, by=paula)) == content
    assert Event.objects.get(name="demand.file_sealed").facts["digest"] == file.digest


def test_only_what_left_is_known_by_its_digest(two):
    paula, lena = two
    demand = legal.approved(paula, lena, notify="never", never="knows")
    file = legal.sealed(demand, paula)
    assert not sealing.known(file.digest)
    moving.disclose(demand, by=paula)
    assert sealing.known(sealing.digest_of(ContentFile(b"name;mail\r\n"))) == [file]
    assert not sealing.known(sealing.digest_of(ContentFile(b"name;mail\n")))
    refused("state_conflict", sealing.drop, demand, 1, by=paula)


def test_a_file_that_was_not_meant_is_taken_out_before(two, folder):
    paula, lena = two
    demand = legal.approved(paula, lena, notify="never", never="knows")
    legal.sealed(demand, paula)
    sealing.drop(demand, 1, by=paula)
    assert not list(folder.iterdir()) and not DemandFile.objects.exists()


def test_what_a_crash_leaves_is_tidied_away_and_old_copies_are_destroyed(two, folder):
    paula, lena = two
    demand = legal.approved(paula, lena, notify="never", never="knows")
    failpoints.arm("demand.after_sealed=raise")
    with pytest.raises(Exception, match=r"demand\.after_sealed"):
        legal.sealed(demand, paula)
    failpoints.arm("")
    kept = legal.sealed(demand, paula, b"other")
    later = timezone.now() + timedelta(hours=2)
    assert len(list(folder.iterdir())) == 2
    assert sealing.tidy(later) == 1 and [one.name for one in folder.iterdir()] == [kept.file_name]
    moving.disclose(demand, by=paula)
    assert sealing.destroy_old(later) == 0
    assert sealing.destroy_old(later + timedelta(days=1100)) == 1
    assert not list(folder.iterdir()) and sealing.known(kept.digest), "the digest outlives the copy"
    refused("file_gone", lambda: list(sealing.fetch(DemandFile.objects.get(), by=paula)))
