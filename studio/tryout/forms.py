"""What people send to try: what is in it, and a file of each system."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from engine.schema.exports import Upload
from studio.tryout.files import Unreadable, look_into, upload_of
from studio.tryout.models import KINDS, SIDES

_ENDINGS = ".csv,.tsv,.txt,.json"
_ERRORS = {
    "empty": _("The file is empty; a heading line is needed."),
    "required": _("Choose a file."),
}


class TryForm(forms.Form):
    """Two files; each that cannot be tried is refused at its own field."""

    kind = forms.ChoiceField(choices=KINDS, label=_("What is in the files"))
    left = forms.FileField(label=_("Left file"), error_messages=_ERRORS)
    right = forms.FileField(label=_("Right file"), error_messages=_ERRORS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["left"].help_text = _("Of the system to take from, such as the ERP.")
        self.fields["right"].help_text = _("Of the system to fill, such as the books.")
        self.fields["kind"].help_text = _(
            "Exports with a heading line, separated by commas, semicolons or tabs, in UTF-8; for fields also "
            "schema files in JSON. At most %(size)s MB and %(records)s records each."
        ) % {"size": settings.TRY_MEGABYTES, "records": f"{settings.TRY_RECORDS:,}"}
        for side in SIDES:
            self.fields[side].widget.attrs["accept"] = _ENDINGS

    def clean(self) -> dict[str, Any]:
        """The kind, and each side as it is read."""
        given = super().clean() or self.cleaned_data
        for side in SIDES:
            if given.get("kind") and given.get(side):
                try:
                    upload = upload_of(given[side])
                    look_into(given["kind"], upload)
                    given[side] = upload
                except Unreadable as error:
                    self.add_error(side, str(error))
        return given

    def sides(self) -> tuple[Upload, Upload]:
        """Both files of a form that is valid."""
        return self.cleaned_data["left"], self.cleaned_data["right"]
