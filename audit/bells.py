"""A task that a verb rings by name, because the task itself lives above the verb and imports it."""

from celery import current_app, signature


class Bell:
    """Something that `audit.bell.ring` can ring without importing the task."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def apply_async(self, args: tuple[str, ...], *, retry: bool) -> None:
        signature(self.name, app=current_app).apply_async(args=args, retry=retry)
