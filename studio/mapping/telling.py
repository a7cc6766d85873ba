"""What programs outside are told about mappings; inside the transaction of what happened."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from studio.mapping.models import Mapping
from studio.webhooks.outbox import tell


def tell_mapping(key: str, mapping: Mapping, **more: Any) -> None:
    """An event about the mapping of one entity."""
    data = {
        "entity": mapping.entity,
        "document": mapping.document,
        "direction": mapping.direction,
        "connection": str(mapping.connection.uuid),
        **more,
    }
    page = reverse("mapping:review", args=[mapping.uuid])
    tell(mapping.workspace_id, key, f"mapping:{mapping.uuid}", data, page=page)
