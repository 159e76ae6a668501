"""Outgoing HTTP cannot be turned against our own network: decisions for many forms, and no connection to what is refused."""

import ast
import socket
import ssl
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpcore2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import timezone
from httpcore2 import NetworkBackend, NetworkStream, SyncBackend
from hypothesis import given
from hypothesis import strategies as st

from connectors import guard, guarded
from tests.connectors.web import Web
from tests.house.tree import trees

INTERNAL = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.8.8.8 168.63.129.16
169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1
198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.7 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
:: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1 64:ff9b::7f00:1
64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1 2001::1 2001:0:5ef5:79fb:0:0:8080:8080 2001:2::1 2001:10::1 2001:20::1 2001:db8::1
2002:7f00:1::1 2002:a9fe:a9fe::1 2002:808:808::1 3fff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1
ff02::1 ffff::1 2130706433 0x7f.1 127.1 nonsense
"""
PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1 169.253.255.255 169.255.0.1
172.15.255.255 172.32.0.1 192.0.1.1 192.167.255.255 192.169.0.1 198.17.255.255 198.20.0.1 223.255.255.255
2606:4700:4700::1111 2a00:1450:4001:80b::200e 2001:4860:4860::8888 ::ffff:8.8.8.8 64:ff9b::808:808
"""
UNREADABLE = """
http://2130706433/ http://0x7f000001/ http://0x7f.0.0.1/ http://017700000001/ http://0177.0.0.1/ http://127.1/ http://127.0.1/
http://127.0.0.1./ http://127.0.0.01/ http://localhost./ http://a.example./ http://a..example/ http://.example/ http://256.1.1.1/
http://1.2.3.4.5/ http://0x/ http://a.0x7f/ http://a.1/ http://user@a.example/ http://user:pass@a.example/ http://@a.example/
http://a.example@127.0.0.1/ http://127.0.0.1%2f@a.example/ http://a.example%00.b.example/ http://a%2eexample/ http://[::1/
http://[::1]x/ http://[::1]:80x/ http://[fe80::1%25eth0]/ http://[fe80::1%eth0]/ http://[127.0.0.1]/ http://[v1.a]/ http://::1/
http://a.example:0/ http://a.example:65536/ http://a.example:-1/ http://a.example:8x/ http:///etc http:a.example //a.example/
/etc/passwd file:///etc/passwd gopher://a.example/ ftp://a.example/ dict://a.example:11211/ unix:///run/x https:/a.example
http://-a.example/ http://a-.example/ http://a.example\\@127.0.0.1/ http:\\\\127.0.0.1/ http://①②⑦.⓪.⓪.①/ http://ⓛocalhost/
http://127。0。0。1/ http://bücher.example/ http://a.example:٨٠/
"""


@pytest.fixture
def web(web_server: Web) -> Web:
    """The shop's process; this machine may not be called."""
    web_server.open()
    return web_server


class Recording(NetworkBackend):
    """Opens no socket and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def connect_tcp(self, host: str, port: int, *rest: Any, **more: Any) -> NetworkStream:
        self.asked.append(host)
        raise httpcore2.ConnectError("recorded")


def answering(*found: str) -> Callable[[str, int], list[str]]:
    return lambda host, port: list(found)


def try_call(url: str, *found: str) -> tuple[str, list[str]]:
    """Call a URL whose host resolves to `found`; (what came of it, the addresses that were connected to)."""
    inner = Recording()
    try:
        guard.call("GET", url, {}, pool=guard.new_pool(guard.GuardedBackend(answering(*found), inner)))
    except guard.Forbidden:
        return "forbidden", inner.asked
    except guard.NoAnswer as error:
        return error.code, inner.asked
    return "answered", inner.asked


@pytest.mark.parametrize("address", INTERNAL.split())
def test_an_internal_address_is_refused_and_never_connected_to(address: str) -> None:
    assert try_call("https://a.example/", address) == ("forbidden", [])
    assert try_call("https://a.example/", "8.8.8.8", address) == ("forbidden", []), "one bad address among good ones"
    if "%" not in address:
        literal = f"[{address}]" if ":" in address else address
        assert try_call(f"http://{literal}/", address) == ("forbidden", [])


@pytest.mark.parametrize("address", PUBLIC.split())
def test_a_public_address_is_connected_to_as_it_was_judged(address: str) -> None:
    assert try_call("https://a.example/", address) == ("connection", [address])


def test_each_address_of_a_host_is_tried_and_no_more_than_a_few() -> None:
    many = [f"8.8.8.{one}" for one in range(9)]
    assert try_call("https://a.example/", *many) == ("connection", many[: guard.MOST_ADDRESSES])


@pytest.mark.parametrize("url", UNREADABLE.split())
def test_a_form_that_two_readers_may_read_differently_is_refused_unasked(url: str) -> None:
    assert try_call(url, "8.8.8.8") == ("forbidden", [])


@pytest.mark.parametrize(
    "url", ["http://a.example/a b", "http://a.example\t/", "http://a.exa\nmple/", "http://a.example/\r\nX: y", ""]
)
def test_a_url_with_blanks_or_line_breaks_is_refused_unasked(url: str) -> None:
    assert try_call(url, "8.8.8.8") == ("forbidden", [])


@given(st.ip_addresses())
def test_whatever_the_standard_library_calls_private_or_reserved_is_refused(address: Any) -> None:
    """Our own list is never laxer than the library of the day, forms with an IPv4 address inside aside."""
    strange = address.is_private or address.is_reserved or address.is_multicast or address.is_loopback
    hidden = address.version == 6 and (address in guarded.MAPPED or address in guarded.NAT64)
    if strange and not hidden:
        with pytest.raises(guard.Forbidden):
            guarded.judge(str(address))


def test_a_name_server_that_changes_its_mind_is_asked_once_for_a_connection() -> None:
    answers = [["8.8.8.8"], ["127.0.0.1"]]
    inner = Recording()
    pool = guard.new_pool(guard.GuardedBackend(lambda host, port: answers.pop(0), inner))
    with pytest.raises(guard.NoAnswer):
        guard.call("GET", "https://a.example/", {}, pool=pool)
    assert inner.asked == ["8.8.8.8"] and answers == [["127.0.0.1"]]
    with pytest.raises(guard.Forbidden):
        guard.call("GET", "https://a.example/", {}, pool=pool)
    assert inner.asked == ["8.8.8.8"]


def test_this_machine_is_not_called_unless_its_network_is_allowed(web: Web, settings) -> None:
    web.open()
    port = web.url.rpartition(":")[2]
    for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"):
        with pytest.raises(guard.Forbidden):
            guard.call("GET", f"http://{host}:{port}/api/customers", {})
    assert web.calls() == []
    settings.OUTGOING_NETWORKS = ["10.0.0.0/8"]
    with pytest.raises(guard.Forbidden):
        guard.call("GET", f"{web.url}/api/customers", {})
    assert web.calls() == []
    settings.OUTGOING_NETWORKS = ["10.0.0.0/8", "127.0.0.0/8"]
    assert guard.call("GET", f"{web.url}/api/customers", {}).status == 200
    settings.OUTGOING_NETWORKS = []
    with pytest.raises(guard.Forbidden):  # the connection that is open still is not used any more
        guard.call("GET", f"{web.url}/api/customers", {})


def test_a_setting_that_is_no_network_lets_nothing_through_and_says_so(settings) -> None:
    settings.OUTGOING_NETWORKS = ["localhost"]
    with pytest.raises(guard.Forbidden) as told:
        guard.call("GET", "http://127.0.0.1/", {})
    assert "OUTGOING_NETWORKS" in told.value.sentence


def test_a_proxy_of_the_environment_is_not_used(web: Web, settings, monkeypatch) -> None:
    settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert guard.call("GET", f"{web.url}/api/customers", {}).status == 200


def test_a_redirect_is_handed_back_and_not_followed(web: Web, settings) -> None:
    settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]
    web.open()
    web.set(trouble=[{"kind": "status", "status": 302, "headers": {"Location": "/api/customers"}}])
    assert guard.call("GET", f"{web.url}/api/x", {}).status == 302
    assert len(web.calls()) == 1


def test_an_answer_ends_in_bytes_and_in_seconds(web: Web, settings) -> None:
    settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]
    web.open()
    with pytest.raises(guard.TooLarge):
        guard.call("GET", f"{web.url}/api/customers", {}, most_bytes=100)
    with socket.create_server(("127.0.0.1", 0)) as server:
        dripping = threading.Thread(target=_drip, args=(server,))
        dripping.start()
        with pytest.raises(guard.NoAnswer) as told:
            guard.call("GET", f"http://127.0.0.1:{server.getsockname()[1]}/", {}, seconds=0.5)
        dripping.join(timeout=10)
    assert told.value.code == "timeout" and not dripping.is_alive()


def _drip(server: socket.socket) -> None:
    """A header that never ends, a byte at a time: each read succeeds, the call must not."""
    stream, _ = server.accept()
    with stream:
        stream.recv(1000)
        try:
            stream.sendall(b"HTTP/1.1 200 OK\r\nx: ")
            for _ in range(200):
                stream.sendall(b"a")
                threading.Event().wait(0.05)
        except OSError:
            return


def test_an_unknown_name_and_a_closed_port_are_told_apart(settings) -> None:
    settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]
    with pytest.raises(guard.NoAnswer) as told:
        guard.call("GET", "http://nobody.invalid/", {})
    assert told.value.code == "name"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(guard.NoAnswer) as told:
        guard.call("GET", f"http://127.0.0.1:{port}/", {})
    assert told.value.code == "connection"


def test_tls_and_the_host_header_keep_the_name_while_the_socket_goes_to_the_judged_address(
    tmp_path: Path, settings
) -> None:
    settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]
    certificate = _certificate(tmp_path, "shop.example")
    seen: dict[str, Any] = {}
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for name, trusted, came in (
            ("shop.example", True, "200"),
            ("other.example", True, "tls"),
            ("shop.example", False, "tls"),
        ):
            serving = threading.Thread(target=_serve_tls, args=(server, certificate, seen))
            serving.start()
            backend = guard.GuardedBackend(answering("127.0.0.1"), SyncBackend())
            context = ssl.create_default_context(cafile=str(certificate) if trusted else None)
            pool = httpcore2.ConnectionPool(ssl_context=context, network_backend=backend)
            try:
                found = str(guard.call("GET", f"https://{name}:{port}/", {}, pool=pool).status)
            except guard.NoAnswer as error:
                found = error.code
            serving.join(timeout=10)
            pool.close()
            assert (name, trusted, found) == (name, trusted, came)
            if came == "200":
                assert seen == {"sni": "shop.example", "host": f"shop.example:{port}"}


def _certificate(folder: Path, name: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), timezone.now()
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return path


def _serve_tls(server: socket.socket, certificate: Path, seen: dict[str, Any]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda stream, name, _: seen.update(sni=name)
    stream, _ = server.accept()
    try:
        with context.wrap_socket(stream, server_side=True) as safe:
            lines = safe.recv(4000).decode().split("\r\n")
            seen["host"] = next(one[6:] for one in lines if one.lower().startswith("host: "))
            safe.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    except OSError:
        stream.close()  # the client did not trust us


def test_no_other_module_of_ours_speaks_http_to_the_outside() -> None:
    """`manage.py up` asks its own server for its health, and the S3 client has an endpoint set by the administrator."""
    speaking = {"httpx2", "httpcore2", "httpx", "requests", "urllib3", "urllib.request", "http.client", "aiohttp"}
    found = set()
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                named = {one.name for one in node.names} if isinstance(node, ast.Import) else {node.module or ""}
                if named & speaking:
                    found.add(path)
    assert found <= {"connectors/guard.py", "privacyops/management/commands/up.py"}
