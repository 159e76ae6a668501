"""A real IMAP server of our own: Debian's Dovecot on a private port, with every user's mail in a folder of this run."""

import getpass
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

PROGRAM = shutil.which("dovecot") or ("/usr/sbin/dovecot" if os.access("/usr/sbin/dovecot", os.X_OK) else "")
HOW = "install it (Debian: apt-get install dovecot-imapd; `make test` as root does)"
CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
ssl = no
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
first_valid_uid = 1
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


class Dovecot:
    """Starts with the object; `stop` ends it and takes its folder along."""

    def __init__(self) -> None:
        # Not below pytest's folder: that is ours alone, and the mail belongs to a user who may own nothing else.
        self.folder = Path(tempfile.mkdtemp(prefix="privacyops-dovecot-"))
        as_root = os.geteuid() == 0
        user = pwd.getpwnam("nobody") if as_root else pwd.getpwuid(os.geteuid())
        internal = user.pw_name if as_root else getpass.getuser()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        for name in ("run", "state", "mail"):
            (self.folder / name).mkdir()
        if as_root:
            self.folder.chmod(0o755)
            os.chown(self.folder / "mail", user.pw_uid, user.pw_gid)
        group = subprocess.run(["id", "-gn", internal], capture_output=True, text=True, check=True).stdout.strip()
        config = self.folder / "dovecot.conf"
        config.write_text(
            CONFIG.format(
                folder=self.folder, port=self.port, user=internal, group=group, uid=user.pw_uid, gid=user.pw_gid
            )
        )
        self.process = subprocess.Popen([PROGRAM, "-F", "-c", str(config)], stdout=subprocess.DEVNULL)
        self._wait()

    def _wait(self) -> None:
        for _ in range(100):
            try:
                imaplib.IMAP4("127.0.0.1", self.port, timeout=5).logout()
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"Dovecot did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, user: str) -> str:
        return f"imap://{user}:secret@127.0.0.1:{self.port}/INBOX"

    def box(self, user: str, folder: str = "INBOX") -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=10)
        client.login(user, "secret")
        client.select(folder)
        return client

    def deliver(self, user: str, message: EmailMessage | bytes, at: datetime | None = None, seen: bool = False) -> None:
        raw = message if isinstance(message, bytes) else message.as_bytes()
        client = self.box(user)
        arrived = imaplib.Time2Internaldate(at or datetime.now(UTC))
        answer, _ = client.append(
            "INBOX", r"(\Seen)" if seen else "", arrived, raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        )
        assert answer == "OK"
        client.logout()

    def seen(self, user: str, folder: str = "INBOX") -> tuple[int, int]:
        """(marked as seen, all) of a folder."""
        client = self.box(user, folder)
        found = [len(client.search(None, what)[1][0].split()) for what in ("SEEN", "ALL")]
        client.logout()
        return found[0], found[1]

    def make(self, user: str, folder: str) -> None:
        client = self.box(user)
        client.create(folder)
        client.logout()

    def anew(self, user: str) -> None:
        """The server makes the folder anew: its numbers begin again under another UIDVALIDITY."""
        home = self.folder / "mail" / user / "Maildir"
        for path in home.glob("dovecot*"):
            path.unlink()
        time.sleep(1.1)  # the number is a time in seconds
