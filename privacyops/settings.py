"""Every setting of PrivacyOps, read from the environment; docs/settings.md explains each (a test compares the two)."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

from privacyops import beat, broker, keys, logs, theme
from privacyops.signin import provider

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

# ---------------------------------------------------------------- where things are
STATE_DIR = Path(env.str("STATE_DIR", default=str(BASE_DIR / "var"))).resolve()
STATE_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
SITE_HOST = urlsplit(SITE_URL).hostname or "127.0.0.1"
HTTPS = SITE_URL.startswith("https://")
PARCEL_DIR, UPLOAD_DIR, DEMAND_DIR = STATE_DIR / "parcels", STATE_DIR / "files", STATE_DIR / "demands"
SEALED_DIR = env.str("SEALED_DIR", default=f"{STATE_DIR}/sealed")  # never in the database's backup: docs/replay.md
ARCHIVE_DIR = env.str("ARCHIVE_DIR", default=f"{STATE_DIR}/archives")
SEALED_DAYS, ARCHIVE_DAYS = env.int("SEALED_DAYS", default=400), env.int("ARCHIVE_DAYS", default=90)
ANONYMOUS_K, ANONYMOUS_L = env.int("ANONYMOUS_K", default=5), env.int("ANONYMOUS_L", default=2)
CHOICE_PROOF_MONTHS = env.int("CHOICE_PROOF_MONTHS", default=60)

# ---------------------------------------------------------------- keys
SECRET_KEY = env.str("SECRET_KEY", default="") or keys.from_file(STATE_DIR / "keys", "secret.key")
# "id:key,id:key": the first encrypts, all of them decrypt.
DATA_KEYS = env.str("DATA_KEYS", default="") or "local:" + keys.from_file(STATE_DIR / "keys", "data.key")
INDEX_KEY = env.str("INDEX_KEY", default="") or keys.from_file(STATE_DIR / "keys", "index.key")
# "id:key,id:key": the first signs consent receipts, all of them are published; "id:public:key" for one that was retired.
RECEIPT_KEYS = env.str("RECEIPT_KEYS", default="") or "local:" + keys.from_file(STATE_DIR / "keys", "receipt.key")

# ---------------------------------------------------------------- the company
COMPANY_NAME = env.str("COMPANY_NAME", default="Hireline")
COMPANY_EMAIL = env.str("COMPANY_EMAIL", default="privacy@hireline.example")
COMPANY_ADDRESS = env.str("COMPANY_ADDRESS", default="Hireline GmbH, Lindenallee 12, 10115 Berlin, Germany")
# The establishment that answers: its zone and its public holidays count the days of EU and UK law.
ESTABLISHMENT_TIME_ZONE = env.str("ESTABLISHMENT_TIME_ZONE", default="Europe/Berlin")
ESTABLISHMENT_HOLIDAYS = env.str("ESTABLISHMENT_HOLIDAYS", default="DE")
# What some laws ask about the company before they speak: sells, data_broker, health_data, public_body.
COMPANY_OFFICER = env.str("COMPANY_OFFICER", default="Dr. Petra Lind, dpo@hireline.example")
COMPANY_REPRESENTATIVE = env.str("COMPANY_REPRESENTATIVE", default="")
COMPANY_FACTS = env.list("COMPANY_FACTS", default=["sells"])
# The demo company's own databases; empty: SQLite files in the state folder.
DEMO_DATABASE_URL = env.str("DEMO_DATABASE_URL", default="")

# ---------------------------------------------------------------- policy
# Hours between an approved erasure and its start, in which the person can stop it.
ERASURE_COOLING_OFF_HOURS = env.int("ERASURE_COOLING_OFF_HOURS", default=0)
PROOF_LINK_MINUTES = env.int("PROOF_LINK_MINUTES", default=60)
FRESH_PROOF_MINUTES = env.int("FRESH_PROOF_MINUTES", default=15)
PARCEL_STORE = env.str("PARCEL_STORE", default="")
PARCEL_DAYS = env.int("PARCEL_DAYS", default=7)
# Where a law leaves the choice (Oregon): third parties that got this person's data ("person"), or anybody's ("any").
THIRD_PARTY_LIST = env.str("THIRD_PARTY_LIST", default="person")
PARCEL_DOWNLOADS = env.int("PARCEL_DOWNLOADS", default=3)
# Days in which people can object before anything leaves, and days that a sealed copy of what left is kept.
DEMAND_OBJECTION_DAYS = env.int("DEMAND_OBJECTION_DAYS", default=14)
DEMAND_COPY_DAYS = env.int("DEMAND_COPY_DAYS", default=1096)
TRANSPARENCY_PAGE = env.bool("TRANSPARENCY_PAGE", default=False)
TRANSACTION_OBJECTION_DAYS = env.int("TRANSACTION_OBJECTION_DAYS", default=30)
# Attributes of the inventory that people may be asked about to prove themselves, in order; empty: nobody is asked.
PROOF_FACTS = env.list("PROOF_FACTS", default=[])
# Keys of the signed tokens by which the company's own site hands its signed-in people over: "id=HS256:key,id=EdDSA:key".
HOST_TOKEN_KEYS = env.list("HOST_TOKEN_KEYS", default=[])
# Sign-in by OpenID Connect, where the company has a provider; empty: no button.
OIDC_ISSUER = env.str("OIDC_ISSUER", default="")
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET", default="")
# Files that come with messages and mail (docs/conversation.md): size of one, how many with one message, days after the case.
ATTACHMENT_MB = env.int("ATTACHMENT_MB", default=10)
ATTACHMENTS_PER_MESSAGE = env.int("ATTACHMENTS_PER_MESSAGE", default=5)
ATTACHMENT_DAYS = env.int("ATTACHMENT_DAYS", default=90)
UNPROVED_DAYS = env.int("UNPROVED_DAYS", default=30)
# Working days that a client has to answer a referral.
REFERRAL_DAYS = env.int("REFERRAL_DAYS", default=5)
TRANSFER_REGIMES = env.list("TRANSFER_REGIMES", default=["EU"])  # EU, UK, CH: whose rules on transfers abroad hold
SUBPROCESSOR_NOTICE_DAYS = env.int("SUBPROCESSOR_NOTICE_DAYS", default=30)  # clients hear so long before
CONFIRM_DAYS = env.int(
    "CONFIRM_DAYS", default=14
)  # a recipient confirms in so many, unless its way of telling says other
POLICY_CHECK_DAYS = env.int("POLICY_CHECK_DAYS", default=7)  # between looks at policies of external sites
# Public forms that one network (an IPv4 address, an IPv6 /64) may send in ten minutes.
# Which rights the public form offers, of those that the law or our policy gives; empty: all.
RIGHTS_OFFERED = env.list("RIGHTS_OFFERED", default=[])
FORMS_PER_NETWORK = env.int("FORMS_PER_NETWORK", default=60)
# Answers of banners that one network may send in ten minutes: an office is one, and each of its people answers once a year.
BANNER_PER_NETWORK = env.int("BANNER_PER_NETWORK", default=300)
# The header in which a proxy of ours says from which country or state a visitor comes ("CF-IPCountry"); empty: none does.
REGION_HEADER = env.str("REGION_HEADER", default="")
# More public forms than this within a minute are a flood (0: never); then forms ask for a proof of work of so many bits, or
# for having been open so many seconds.
FLOOD_FORMS = env.int("FLOOD_FORMS", default=120)
FLOOD_BITS = env.int("FLOOD_BITS", default=18)
FLOOD_WAIT_SECONDS = env.int("FLOOD_WAIT_SECONDS", default=30)

# Questions that one API client may ask of `consent/decide/` in a minute; 0: as many as it likes.
DECISIONS_PER_MINUTE = env.int("DECISIONS_PER_MINUTE", default=600_000)

# ---------------------------------------------------------------- engine
CHUNK_ROWS = env.int("CHUNK_ROWS", default=2000)
# Rows that a retention run deletes in one statement, where the system can do that.
RETENTION_CHUNK_ROWS = env.int("RETENTION_CHUNK_ROWS", default=50000)
LEASE_SECONDS = env.int("LEASE_SECONDS", default=60)
WORK_SECONDS = env.int("WORK_SECONDS", default=120)
MOST_ATTEMPTS = env.int("MOST_ATTEMPTS", default=5)
# Telling people about a new notice: mails in a minute, and days after publication from which nobody need be told any more.
ANNOUNCE_PER_MINUTE = env.int("ANNOUNCE_PER_MINUTE", default=600)
NOTICE_PERIOD_DAYS = env.int("NOTICE_PERIOD_DAYS", default=30)
# Hours between two looks at the tables of each connected SQL database; 0: only when somebody asks (docs/discovery.md).
SURVEY_HOURS = env.int("SURVEY_HOURS", default=24)
# Internal networks that outgoing HTTP may reach all the same; see connectors/guard.py.
OUTGOING_NETWORKS = env.list("OUTGOING_NETWORKS", default=[])

# ---------------------------------------------------------------- Django
DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=not HTTPS)
SUBPROCESSORS_PUBLIC = env.bool("SUBPROCESSORS_PUBLIC", default=DEMO)  # their list as a public page
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[SITE_HOST, "127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = [SITE_URL] if HTTPS else []
# How many proxies in front of us set X-Forwarded-For and X-Forwarded-Proto; 0: headers are not believed.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "privacyops.apps.DeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "rest_framework",
    "drf_spectacular",
    "axes",
    "csp",
    "audit",
    "subjects",
    "inventory",
    "connectors",
    "consent",
    "disclosures",
    "retention",
    "requests_app",
    "privacyops.apps.RoofConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "privacyops.middleware.Headers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "privacyops.tongues.Languages",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "privacyops.signin.gate.Gate",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "privacyops.urls"
WSGI_APPLICATION = "privacyops.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "privacyops.context.company",
                "privacyops.signin.look.theme",
            ],
        },
    },
]

# ---------------------------------------------------------------- database
DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{STATE_DIR / 'privacyops.sqlite3'}")}
ON_SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if ON_SQLITE:
    # IMMEDIATE: a deferred transaction that upgrades fails at once with "database is locked", whatever the timeout.
    # recursive_triggers: without it INSERT OR REPLACE slips past the trigger that keeps the event log append-only.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA recursive_triggers=ON;"
        " PRAGMA busy_timeout=20000;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
    # Reading and planning our wide statements was half of the server's work. A pooler that hands a connection to somebody else
    # between two transactions must know prepared statements, or this is switched off.
    if env.bool("DATABASE_PREPARE", default=True):
        DATABASES["default"]["ENGINE"] = "privacyops.postgresql"
        DATABASES["default"]["OPTIONS"] |= {"server_side_binding": True, "prepare_threshold": 2}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---------------------------------------------------------------- broker, cache, tasks
REDIS_URL = env.str("REDIS_URL", default="")
BROKER = broker.choose(REDIS_URL, STATE_DIR)
CACHES = {"default": BROKER.cache}
CELERY_BROKER_URL = BROKER.url
CELERY_BROKER_TRANSPORT_OPTIONS = BROKER.options
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 280
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# Each sweep is idempotent and claims its slot (audit.sweeps), so two beats do the work of one. A beat that starts counts from
# zero, so none rings rarer than each minute: the slot says how often the work is done (`propose_due` once an hour).
CELERY_BEAT_SCHEDULE = beat.SCHEDULE

# ---------------------------------------------------------------- sign-in
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",  # passkeys
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "privacyops.visitors.address"
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_LOCKOUT_CALLABLE = "privacyops.errors.locked_out"
AXES_ENABLE_ADMIN = False  # privacyops.admin has its own screen: theirs deletes
LOGIN_REDIRECT_URL = "/admin/"  # the theme's form drops the page that Django would go on to
# "required": nobody opens the desk without a second factor of their own, or one at the company's own sign-in.
STAFF_SECOND_FACTOR = env.str("STAFF_SECOND_FACTOR", default="required" if HTTPS else "optional")
STAFF_IDLE_MINUTES = env.int("STAFF_IDLE_MINUTES", default=60)
STAFF_SESSION_HOURS = env.int("STAFF_SESSION_HOURS", default=8)
# The company's own sign-in by OpenID Connect, where it has one.
STAFF_OIDC_ISSUER = env.str("STAFF_OIDC_ISSUER", default="")
STAFF_OIDC_CLIENT_ID = env.str("STAFF_OIDC_CLIENT_ID", default="")
STAFF_OIDC_SECRET = env.str("STAFF_OIDC_SECRET", default="")
STAFF_OIDC_NAME = env.str("STAFF_OIDC_NAME", default="your company account")
ACCOUNT_ADAPTER = "privacyops.signin.adapters.Accounts"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True  # as long as SESSION_COOKIE_AGE says; no tick box
ACCOUNT_PRESERVE_USERNAME_CASING = True
# Wrong passwords are counted by axes; these count wrong codes, too.
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "60/m/ip,12/5m/key", "reauthenticate": "10/m/user"}
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
MFA_ADAPTER = "privacyops.signin.adapters.Factors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
SOCIALACCOUNT_ADAPTER = "privacyops.signin.adapters.Company"
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_PROVIDERS = provider.of(STAFF_OIDC_ISSUER, STAFF_OIDC_CLIENT_ID, STAFF_OIDC_SECRET, STAFF_OIDC_NAME)
SESSION_COOKIE_AGE = STAFF_SESSION_HOURS * 3600
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-desk" if HTTPS else "desk"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_FAILURE_VIEW = "privacyops.errors.csrf_failed"

# ---------------------------------------------------------------- headers
SECURE_SSL_REDIRECT = HTTPS
# Load balancers and monitors ask the process itself, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
# Not "no-referrer": under it browsers send `Origin: null` with every form, and the CSRF check then refuses them all.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
# The desk's theme evaluates its attributes (Alpine) and sets colour variables in a style element; nothing else may.
DESK_CSP = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}

# ---------------------------------------------------------------- mail
# Empty: letters land in a mailbox folder that the demo shows at /mailbox/.
EMAIL_URL = env.str("EMAIL_URL", default="")
MAILBOX_DIR = STATE_DIR / "mailbox"
if EMAIL_URL:
    vars().update(env.email_url("EMAIL_URL"))
    EMAIL_TIMEOUT = 20
else:
    EMAIL_BACKEND = "privacyops.mailbox.MailboxBackend"
# Who sends texts to phones: the dotted path of a callable (number, text); docs/proof.md. The demo's lands in its mailbox.
PHONE_SENDER = env.str("PHONE_SENDER", default="requests_app.proving.senders.demo" if DEMO and not EMAIL_URL else "")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=f"{COMPANY_NAME} Privacy <{COMPANY_EMAIL}>")
# Mail that comes in (docs/mailbox.md): imaps://user:password@host/INBOX. Empty: nobody looks.
MAILBOX_IMAP_URL = env.str("MAILBOX_IMAP_URL", default="")
MAILBOX_DONE_FOLDER = env.str("MAILBOX_DONE_FOLDER", default="")
# Names under which our own mail server writes Authentication-Results; those of others are not believed.
MAILBOX_AUTHSERV_IDS = env.list("MAILBOX_AUTHSERV_IDS", default=[])
MAILBOX_MB = env.int("MAILBOX_MB", default=25)
MAILBOX_PER_SENDER = env.int("MAILBOX_PER_SENDER", default=20)
MAILBOX_DAYS = env.int("MAILBOX_DAYS", default=30)

# ---------------------------------------------------------------- words, time, files
# What the desk, the logs and whatever no visitor asked for speak.
LANGUAGE_CODE = "en"
# Each in its own name. A further one needs a catalogue, letters and a row here and in `stationery`: docs/languages.md.
TONGUES = {
    "en": "English",
    "es": "Español",
    "de": "Deutsch",
    "fr": "Français",
    "pt-br": "Português",
    "zh-hans": "简体中文",
    "ar": "العربية",
}
# Which of them the public pages are offered in, and the one for visitors whose browser asks for none of them.
PUBLIC_LANGUAGES = env.list("PUBLIC_LANGUAGES", default=list(TONGUES))
PUBLIC_LANGUAGE = env.str("PUBLIC_LANGUAGE", default="en")
LANGUAGES = [(code, name) for code, name in TONGUES.items() if code in {*PUBLIC_LANGUAGES, PUBLIC_LANGUAGE, "en"}]
LANGUAGE_COOKIE_NAME = "__Host-language" if HTTPS else "language"
# A folder of further fonts for letters on paper, beside those of the machine: Chinese and Arabic need some.
FONTS_DIR = env.str("FONTS_DIR", default="")
FORMAT_MODULE_PATH = "privacyops.formats"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = STATE_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": STATE_DIR / "files"}},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# Files that may be taken stay in memory, so that they reach the disk encrypted only.
FILE_UPLOAD_MAX_MEMORY_SIZE = (2 * ATTACHMENT_MB + 1) * 1024 * 1024

# ---------------------------------------------------------------- API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["privacyops.api.ClientKey"],
    "DEFAULT_PERMISSION_CLASSES": ["privacyops.api.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["privacyops.api.Json"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "privacyops.refusals.explain",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.UserRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"user": "600/min"},
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.CursorPagination",
    "PAGE_SIZE": 100,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "PrivacyOps API",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
}

# ---------------------------------------------------------------- logs: ids and codes, never personal data
LOGGING = logs.SETTING
DEFAULT_EXCEPTION_REPORTER_FILTER = "audit.scrub.ReporterFilter"

# ---------------------------------------------------------------- the staff desk's theme
UNFOLD = theme.of(COMPANY_NAME)
