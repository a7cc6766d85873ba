from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "studio.core"
    label = "core"

    def ready(self) -> None:
        """Give the admin site the product's name."""
        from django.contrib import admin

        admin.site.site_header = _("Mapping studio: administration")
        admin.site.site_title = _("Mapping studio")
        admin.site.index_title = _("Administration")
