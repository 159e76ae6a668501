"""Model fields whose column is encrypted. They cannot be searched: equality goes through a blind index column."""

import json
from typing import Any

from django.core.exceptions import FieldError
from django.db import models

from subjects import vault


class EncryptedTextField(models.TextField):
    """Text in Python, `vault` ciphertext in the column. Empty text and None are stored as they are."""

    def _context(self) -> str:
        return f"{self.model._meta.label_lower}.{self.attname}"

    def get_prep_value(self, value: Any) -> Any:
        if value is None or value == "":
            return value
        return vault.encrypt(self._dump(value), self._context())

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        if value is None or value == "":
            return self._empty(value)
        return self._load(vault.decrypt(value, self._context()))

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self._context()} is encrypted and cannot be searched by {lookup_name!r}")
        return super().get_lookup(lookup_name)

    def _dump(self, value: Any) -> bytes:
        return str(value).encode()

    def _load(self, plain: bytes) -> Any:
        return plain.decode()

    def _empty(self, value: Any) -> Any:
        return value


class JsonText(str):
    """JSON that is written already, for a long list that nobody need take apart first."""


class EncryptedJSONField(EncryptedTextField):
    """A JSON value, encrypted as a whole."""

    # What django-stubs takes for the type of the attribute.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def words(self, stored: str) -> str:
        """The JSON text behind what a column holds, for who does not need it taken apart."""
        return vault.decrypt(stored, self._context()).decode()

    def _dump(self, value: Any) -> bytes:
        if isinstance(value, JsonText):
            return value.encode()
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()

    def _load(self, plain: bytes) -> Any:
        return json.loads(plain)

    def to_python(self, value: Any) -> Any:
        return value

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else vault.encrypt(self._dump(value), self._context())

    def _empty(self, value: Any) -> Any:
        return None
