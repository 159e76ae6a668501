"""The package of one person's data: an encrypted ZIP, built by a worker, streamed to its owner, destroyed on its day.

`sealed` is the encrypted stream, `tables` makes values harmless, `package` writes the content, `parcels` is the conductor.
"""

from requests_app.delivery.parcels import build, destroy_expired, retry, stream, take_over, tidy_folder, waiting

__all__ = ("build", "destroy_expired", "retry", "stream", "take_over", "tidy_folder", "waiting")
