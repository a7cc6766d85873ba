"""What an administrator decides about a portal."""

from __future__ import annotations

from django import forms

from studio.portal.models import Shop


class RulesForm(forms.ModelForm):  # type: ignore[type-arg]
    """The rules of a shop."""

    class Meta:
        model = Shop
        fields = ["open", "stock_shown", "back_orders", "whole_packs", "minimum", "price_minutes"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        # Several shops stand on one page: their fields need names of their own for labels.
        self.auto_id = f"rules-{self.instance.pk}-%s"
