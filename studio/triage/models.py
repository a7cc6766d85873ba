"""The exception queue: cases, their notes, nothing is ever deleted."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from simple_history.models import HistoricalRecords

from studio.accounts.models import Membership, User, Workspace
from studio.accounts.roles import OURS, READ, permissions_of
from studio.core.action import Actor
from studio.core.models import Base, Told
from studio.triage.words import CLASS_LABELS, OWNERS, ROLE_OF

STATES = [
    ("open", "Open"),
    ("in_work", "In work"),
    ("waiting", "Waiting"),
    ("fixed", "Fixed and replayed"),
    ("accepted", "Accepted with reason"),
    ("void", "Void"),
    ("auto_closed", "Closed by itself"),
]
OPEN_STATES = ("open", "in_work", "waiting")


class Case(Base):
    """One thing a person must decide. ``subject`` is a key such as ``inbox:<uuid>``.

    ``cause`` groups cases that one fix heals: class, code, connection and the value in question.
    ``base_amount`` is the money in the own currency of the company the record comes from.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="cases")
    subject = models.CharField(max_length=120, db_index=True)
    code = models.CharField(max_length=60)
    case_class = models.CharField(max_length=30, db_index=True)
    audience = models.CharField(max_length=20)
    severity = models.CharField(max_length=10, default="block")
    state = models.CharField(max_length=12, choices=STATES, default="open", db_index=True)
    cause = models.CharField(max_length=200, db_index=True)
    cause_label = models.CharField(max_length=300)
    sentence = models.TextField()
    field = models.CharField(max_length=200, blank=True)
    record_label = models.CharField(max_length=200)
    flow_key = models.CharField(max_length=120, blank=True, db_index=True)
    flow_label = models.CharField(max_length=120, blank=True)
    evidence = models.JSONField(default=dict)
    amount = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    currency = models.CharField(max_length=3, blank=True)
    base_amount = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    base_currency = models.CharField(max_length=3, blank=True)
    document_on = models.DateField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    waiting_for = models.CharField(max_length=200, blank=True)
    waiting_until = models.DateTimeField(null=True, blank=True)
    assignee = models.ForeignKey(
        User,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="cases",
    )
    tags = models.JSONField(default=list)
    seen_count = models.PositiveIntegerField(default=1)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=150, blank=True)
    closed_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "cause"],
                condition=Q(state__in=OPEN_STATES),
                name="one_open_case_per_subject_and_cause",
            )
        ]
        indexes = [
            # All that the queue adds up stands in these two, so that it is read without the rows.
            models.Index(
                fields=[
                    *("workspace", "cause", "case_class", "flow_key", "assignee"),
                    *("state", "waiting_until", "base_currency", "base_amount", "created_at"),
                    *("currency", "amount"),
                ],
                condition=Q(closed_at__isnull=True),
                name="open_cases_by_cause",
            ),
            models.Index(
                fields=["workspace", "currency", "subject", "state", "waiting_until", "amount"],
                condition=Q(closed_at__isnull=True),
                name="open_cases_by_subject",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record_label}: {self.sentence}"

    def is_for(self, actor: Actor) -> bool:
        """Whether it was given to this person or, as long as nobody has it, to the own role."""
        if actor.permissions <= {READ}:
            return False
        if self.assignee_id is not None:
            return self.assignee_id == actor.user_id
        return actor.role == ROLE_OF.get(self.audience, self.audience)


class CaseNote(Base):
    """A remark, a question to a colleague, or what the machine tried; append-only.

    A question (``asked``) waits for that person until they say something beside the case, or it is closed.
    """

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="notes")
    author = models.CharField(max_length=150)
    kind = models.CharField(max_length=20, default="comment")
    text = models.TextField()
    asked = models.ForeignKey(
        User,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="case_questions",
        help_text="whom a question is for",
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at"]
        indexes = [
            models.Index(
                fields=["asked", "case"],
                condition=Q(asked__isnull=False, answered_at__isnull=True),
                name="open_questions",
            )
        ]

    @property
    def waits(self) -> bool:
        """Whether it is a question that nobody has answered."""
        return self.asked_id is not None and self.answered_at is None


class CaseLetter(Told):
    """What one person is asked by mail about a case: a colleague, or who keeps the other system."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="letters")
    audience = models.CharField(max_length=254, help_text="a role, or mail addresses")
    subject = models.CharField(max_length=200)
    body = models.TextField()
    answer_to = models.EmailField(blank=True, help_text="whom an answer reaches")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.subject


class ClassOwner(Base):
    """Who has the cases of one class from the start: a person, or those in a role."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="class_owners")
    case_class = models.CharField(
        "class of cases", max_length=30, choices=list(CLASS_LABELS.items())
    )
    role = models.CharField(
        max_length=20,
        blank=True,
        choices=list(OWNERS.items()),
        help_text="who can act; empty: as the trouble itself says",
    )
    person = models.ForeignKey(
        User,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="gets each new case of the class; empty: it waits for whoever takes it",
    )
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "case_class"], name="one_owner_of_a_class_of_cases"
            )
        ]

    def __str__(self) -> str:
        return self.get_case_class_display()

    def clean(self) -> None:
        """An owner that nobody is, or who may only read, would leave the cases to nobody."""
        if not self.role and self.person is None:
            raise ValidationError(_("Name a person, or who can act."))
        if self.person is not None and not self.person_can_act():
            raise ValidationError(
                {"person": f"{self.person} is not in this workspace, or may only read there."}
            )

    def person_can_act(self) -> bool:
        """Whether the person is here and may do more than read; roles change, so it is asked each time."""
        found = Membership.objects.filter(
            user=self.person, workspace=self.workspace, role__in=OURS
        ).first()
        return found is not None and permissions_of(found.role) != {READ}
