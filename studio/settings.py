"""All settings in one file; every value that differs between sites comes from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from studio.core.env import env_bool, env_database, env_int, env_number, env_str

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env_str("STUDIO_VAR", str(BASE_DIR / "var"))).resolve()
VAR_DIR.mkdir(parents=True, exist_ok=True)

# The sandbox is the one-command installation on one machine: emulators, sample people, control pages.
SANDBOX = env_bool("STUDIO_SANDBOX", default=True)
DEBUG = env_bool("STUDIO_DEBUG", default=False)


def _secret_key() -> str:
    """The key from the environment; a sandbox makes its own and keeps it in ``var``."""
    key = env_str("STUDIO_SECRET_KEY")
    if key:
        return key
    if not SANDBOX:
        raise ImproperlyConfigured("STUDIO_SECRET_KEY (or STUDIO_SECRET_KEY_FILE) must be set")
    file = VAR_DIR / "secret.key"
    try:
        with file.open("x", encoding="ascii") as handle:
            file.chmod(0o600)
            import secrets

            handle.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return file.read_text(encoding="ascii")


SECRET_KEY = _secret_key()
# Keys that encrypt stored credentials, newest first; rotating means putting a new one in front.
VAULT_KEYS = [k for k in env_str("STUDIO_VAULT_KEYS", SECRET_KEY).split(",") if k]
ALLOWED_HOSTS = env_str("STUDIO_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in env_str("STUDIO_ORIGINS").split(",") if o]
SITE_URL = env_str("STUDIO_URL", "http://127.0.0.1:8000")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "import_export",
    "simple_history",
    "axes",
    "csp",
    "studio.core",
    "studio.accounts",
    "studio.webhooks",
    "studio.triage",
    "studio.catalog",
    "studio.learning",
    "studio.mapping",
    "studio.linking",
    "studio.flows",
    "studio.tieout",
    "studio.tryout",
    "studio.portal",
    "studio.monitor",
    "studio.api",
    "studio.sandbox",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "studio.core.once.OncePerRequest",
    "studio.accounts.middleware.WorkspaceMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "studio.urls"
WSGI_APPLICATION = "studio.wsgi.application"
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
                "studio.core.context.studio",
            ],
            "builtins": ["studio.core.templatetags.studio"],
        },
    }
]

DATABASES: dict[str, Any] = {
    "default": env_database("DATABASE_URL", f"sqlite:///{VAR_DIR / 'studio.sqlite3'}")
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "accounts:login"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 1
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_VERBOSE = False

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "studio" / "static"]
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
BEHIND_TLS = env_bool("STUDIO_TLS", default=not SANDBOX)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
if BEHIND_TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31536000

REDIS_URL = env_str("REDIS_URL")
_broker = VAR_DIR / "broker"
CELERY_BROKER_URL = env_str("CELERY_BROKER_URL", REDIS_URL or "filesystem://")
if CELERY_BROKER_URL.startswith("filesystem"):
    for folder in ("queue", "control", "processed"):
        (_broker / folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        "data_folder_in": str(_broker / "queue"),
        "data_folder_out": str(_broker / "queue"),
        "control_folder": str(_broker / "control"),
        "processed_folder": str(_broker / "processed"),
        # False would move files through the system temp folder, outside the checkout.
        "store_processed": True,
        "polling_interval": 0.1,
    }
elif CELERY_BROKER_URL.startswith("redis"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 300,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {"confirm_publish": True}
    CELERY_TASK_DEFAULT_QUEUE_TYPE = "quorum"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "sync"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "studio.api.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "COERCE_DECIMAL_TO_STRING": True,
    "EXCEPTION_HANDLER": "studio.api.problems.answer",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Mapping studio",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "ConnectionState": "studio.catalog.models.CONNECTION_STATES",
        "RowState": "studio.mapping.models.ROW_STATES",
        "FlowState": "studio.flows.models.FLOW_STATES",
        "FlowVersionState": "studio.flows.models.VERSION_STATES",
        "RehearsalState": "studio.flows.models.REHEARSAL_STATES",
        "RehearsalKind": "studio.flows.models.REHEARSAL_KINDS",
        "ItemState": "studio.flows.models.ITEM_STATES",
        "DeliveryState": "studio.flows.models.DELIVERY_STATES",
        "WebhookState": "studio.webhooks.models.ENDPOINT_STATES",
        "WebhookMessageState": "studio.webhooks.models.MESSAGE_STATES",
        "CaseState": "studio.triage.models.STATES",
        "PartyKind": "studio.linking.models.KINDS",
        "TrialKind": "studio.tryout.models.KINDS",
        "TrialState": "studio.tryout.models.STATES",
        "JudgementVerdict": "studio.linking.models.VERDICTS",
        "RowVerdict": "studio.api.resources.mapping.VERDICTS",
        "PairVerdict": "studio.api.resources.linking.PAIR_VERDICTS",
    },
}

# Language model: off without a key. Any OpenAI-compatible server by base URL.
AI_BASE_URL = env_str("STUDIO_AI_BASE_URL")
AI_API_KEY = env_str("STUDIO_AI_KEY")
AI_MODEL = env_str("STUDIO_AI_MODEL", "gpt-5-mini")
AI_TEMPERATURE = env_number("STUDIO_AI_TEMPERATURE")
AI_MONTHLY_TOKENS = env_int("STUDIO_AI_MONTHLY_TOKENS", 2_000_000)
# "minilm" (the packaged model) or "hash" (dependency-free, for tests)
EMBEDDER = env_str("STUDIO_EMBEDDER", "minilm")

# Seconds a worker may hold a row before the sweep gives it to another: longer than the longest call
# (120 s, connectors.http.client), so that nobody looks a document up while it is being written.
LEASE_SECONDS = env_int("STUDIO_LEASE_SECONDS", 150)
SWEEP_SECONDS = env_int("STUDIO_SWEEP_SECONDS", 5)
POLL_SECONDS = env_int("STUDIO_POLL_SECONDS", 10)

# Agents that a web process keeps waiting for work at once: each occupies a thread. The others ask every second.
AGENT_HOLDS = env_int("STUDIO_AGENT_HOLDS", 2)

# What people may try before they connect anything, and how long it is kept.
TRY_MEGABYTES = env_int("STUDIO_TRY_MEGABYTES", 20)
TRY_RECORDS = env_int("STUDIO_TRY_RECORDS", 100_000)
TRY_FIELDS = env_int("STUDIO_TRY_FIELDS", 2_000)
TRY_DAYS = env_int("STUDIO_TRY_DAYS", 7)

# Webhooks may go to private and loopback addresses and over plain HTTP: the sample company's may.
WEBHOOKS_INSIDE = env_bool("STUDIO_WEBHOOKS_INSIDE", default=SANDBOX)

# Mail goes through the server named here; without one it is written to files in var/mail.
EMAIL_HOST = env_str("STUDIO_MAIL_HOST")
EMAIL_PORT = env_int("STUDIO_MAIL_PORT", 587)
EMAIL_HOST_USER = env_str("STUDIO_MAIL_USER")
EMAIL_HOST_PASSWORD = env_str("STUDIO_MAIL_PASSWORD")
EMAIL_USE_TLS = env_bool("STUDIO_MAIL_TLS", default=True)
EMAIL_TIMEOUT = 20
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
EMAIL_FILE_PATH = VAR_DIR / "mail"
DEFAULT_FROM_EMAIL = env_str("STUDIO_MAIL_FROM", "studio@localhost")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"refusals": {"()": "studio.core.logs.OneLineRefusals"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env_str("STUDIO_LOG_LEVEL", "INFO")},
    "loggers": {
        "django.request": {"filters": ["refusals"]},
        "httpx": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        "axes": {"level": "ERROR"},
        # The filesystem broker has no host name; kombu warns about that at every connection.
        "kombu.connection": {"level": "ERROR"},
    },
}
