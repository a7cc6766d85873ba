"""What people call the parts of a difference in quantity, and what each of them means."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from engine.runtime.quantities import Why

WORDS = {
    Why.IN_FLIGHT: _("Under way"),
    Why.CASE: _("Waits in the exception queue"),
    Why.DRAFT: _("Stands in the books as a draft"),
    Why.ADJUSTING: _("An adjustment is under way"),
    Why.ADJUSTED: _("Adjusted by this comparison"),
    Why.SHARED: _("Counted with another item"),
    Why.MOVING: _("Moved while it was compared"),
    Why.NOT_LINKED: _("Linked to nothing on the other side"),
    Why.NOT_TRACKED: _("The books keep no quantity of it"),
    Why.UNIT_DIFFERS: _("Kept in a unit that cannot be converted"),
    Why.UNEXPLAINED: _("Not explained"),
}
