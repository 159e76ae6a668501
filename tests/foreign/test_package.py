"""A package before the public validators of its formats, and in an S3-compatible store that is a process of its own."""

import io
import json
import os
import socket
import subprocess
import time
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import boto3
import pytest
from django.utils import timezone

from requests_app import delivery
from requests_app.models import Parcel
from subjects import stores
from tests.requests_app.builders import company_database, inventory, recipients, reviewer
from tests.requests_app.test_parcels import fetch, fresh_session, ready

CHECKERS = Path(os.environ.get("CHECKERS", "var/foreign/checkers")).resolve()
pytestmark = pytest.mark.django_db


@pytest.fixture
def company(db: None, tmp_path: Path, settings) -> None:
    settings.PARCEL_DIR = tmp_path / "parcels"
    inventory(company_database(tmp_path))
    recipients()


@pytest.fixture
def store(settings) -> Iterator[str]:
    """The address of an empty bucket."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [CHECKERS / "bin/moto_server", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    endpoint = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        client = boto3.client(
            "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        client.create_bucket(Bucket="packages")
        settings.PARCEL_STORE = f"s3://a:b@packages/portal?endpoint={endpoint}"
        yield endpoint
    finally:
        server.terminate()
        server.wait()


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(one) for one in command], capture_output=True, text=True, check=False)


def unpacked(parcel: Parcel, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(fetch(parcel, fresh_session(parcel.request)))) as archive:
        archive.extractall(folder)
    assert [one.name for one in folder.iterdir()] == [parcel.request.reference], "a bag is one folder"
    return folder / parcel.request.reference


def test_the_public_validators_find_nothing_wrong_and_notice_a_changed_file(company: None, tmp_path: Path) -> None:
    bag = unpacked(ready(reviewer()), tmp_path / "unpacked")
    said = run(CHECKERS / "bin/python", "-m", "bagit", "--validate", bag)
    assert said.returncode == 0, said.stderr
    said = run(CHECKERS / "bin/frictionless", "validate", bag / "datapackage.json", "--json")
    report = json.loads(said.stdout)
    assert report["valid"] and report["stats"]["tasks"] == 3, said.stdout
    (bag / "data/site.people.csv").write_text("id\n1\n")
    assert run(CHECKERS / "bin/python", "-m", "bagit", "--validate", bag).returncode != 0
    assert not json.loads(run(CHECKERS / "bin/frictionless", "validate", bag / "datapackage.json", "--json").stdout)[
        "valid"
    ]


def test_a_package_lies_in_the_bucket_as_ciphertext_is_fetched_and_destroyed(company: None, store: str) -> None:
    parcel = ready(reviewer())
    client = boto3.client(
        "s3", endpoint_url=store, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    keys = [one["Key"] for one in client.list_objects_v2(Bucket="packages")["Contents"]]
    assert keys == [f"portal/{parcel.file_name}"]
    stored = client.get_object(Bucket="packages", Key=keys[0])["Body"].read()
    assert stored.startswith(b"POSEAL1") and b"Lovelace" not in stored and b"index.html" not in stored
    assert zipfile.ZipFile(io.BytesIO(fetch(parcel, fresh_session(parcel.request)))).testzip() is None
    client.put_object(Bucket="packages", Key="portal/left-behind.sealed", Body=b"noise")
    assert delivery.tidy_folder(timezone.now()) == 0, "younger than an hour"
    assert delivery.tidy_folder(timezone.now() + timedelta(hours=2)) == 1
    assert delivery.destroy_expired(parcel.expires_at) == 1
    assert "Contents" not in client.list_objects_v2(Bucket="packages")


def test_a_store_that_is_away_stops_nothing_and_names_no_secret(company: None, settings, caplog) -> None:
    settings.PARCEL_STORE = "s3://key:very-secret@packages?endpoint=http://127.0.0.1:9"
    with pytest.raises(OSError, match="the store of packages failed") as caught:
        stores.store().open("name")
    assert "very-secret" not in str(caught.value)
    with pytest.raises(AssertionError):
        ready(reviewer())
    assert Parcel.objects.get().state == "open", "it is tried again"
    assert "very-secret" not in caplog.text
