"""Asks a language model one closed question and takes nothing from it on trust.

Any OpenAI-compatible server works, by base URL; without a key nothing is ever sent. The question
comes ready (``engine.propose.question`` writes it from masked samples); the answer is a choice among
the numbered candidates, checked by pydantic and again against the question. Whatever goes wrong
(no key, budget, timeout, refusal, cut answer, nonsense) gives no opinion and a reason, never an
exception: the product works the same without the model.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types import CompletionUsage

PROMPT_VERSION = "fields-1"
TIMEOUT = 30.0
MAX_TOKENS = 300


class Choice(BaseModel):
    """What the model must answer: the number of a candidate (0: none of them) and why."""

    model_config = ConfigDict(extra="forbid")

    choice: int = Field(ge=0, le=20)
    confidence: float = Field(ge=0.0, le=1.0)
    reason: str = Field(max_length=400)


@dataclass(frozen=True, slots=True)
class Settings:
    """Where and how to ask.

    Attributes:
        api_key: empty means off.
        base_url: empty means the vendor's own.
        model: name of the model.
        timeout: seconds for one answer.
        monthly_tokens: tokens that may be used in a month; 0 means no limit.
        price_in: money per million tokens sent, for the log.
        price_out: money per million tokens received.
        temperature: None leaves it to the model: models that reason refuse any of ours.
    """

    api_key: str = field(default="", repr=False)
    base_url: str = ""
    model: str = "gpt-4.1-mini"
    timeout: float = TIMEOUT
    monthly_tokens: int = 2_000_000
    price_in: float = 0.0
    price_out: float = 0.0
    temperature: float | None = None


@dataclass(frozen=True, slots=True)
class CallLog:
    """What one question cost; holds no text of the question."""

    prompt_hash: str
    prompt_version: str
    model: str
    tokens_in: int
    tokens_out: int
    cost: float
    seconds: float
    outcome: str
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Opinion:
    """The model's answer, or why there is none.

    Attributes:
        choice: number of the candidate, 0 for none of them; None without an answer.
        confidence: what the model says about itself; never used as a probability.
        reason: its reason, shown as text only; or why there is no answer.
        log: what it cost.
    """

    choice: int | None
    confidence: float
    reason: str
    log: CallLog


class AnswerCache(Protocol):
    """Remembers answers by prompt hash."""

    def get(self, key: str) -> str | None:
        """The answer's JSON, or None."""
        ...

    def put(self, key: str, answer: str) -> None:
        """Remember an answer's JSON."""
        ...


class Budget(Protocol):
    """Tokens used this month, kept by the caller."""

    def used(self) -> int:
        """Tokens used so far this month."""
        ...

    def add(self, tokens: int) -> None:
        """Count tokens."""
        ...


class MonthlyBudget:
    """``Budget`` inside the process, for one month of a given clock.

    Args:
        month: tells the present month, e.g. ``2026-11``.
    """

    def __init__(self, month: Callable[[], str]) -> None:
        self._month = month
        self._used: dict[str, int] = {}

    def used(self) -> int:
        """Tokens used so far this month."""
        return self._used.get(self._month(), 0)

    def add(self, tokens: int) -> None:
        """Count tokens."""
        self._used[self._month()] = self.used() + tokens


class _NoCache:
    def get(self, key: str) -> str | None:
        """Nothing is remembered."""
        del key
        return None

    def put(self, key: str, answer: str) -> None:
        """Nothing is remembered."""
        del key, answer


class Adjudicator:
    """Asks one question at a time.

    Args:
        settings: where and how; without a key every question comes back unanswered.
        budget: counts tokens of the month.
        cache: answers by prompt hash.
        sink: receives a record of every call.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        budget: Budget,
        cache: AnswerCache | None = None,
        sink: Callable[[CallLog], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._budget = budget
        self._cache: AnswerCache = cache or _NoCache()
        self._sink = sink
        self._client: OpenAI | None = None

    @property
    def on(self) -> bool:
        """Whether there is a key and anything left of the budget."""
        left = self._settings.monthly_tokens
        return bool(self._settings.api_key) and (not left or self._budget.used() < left)

    def ask(self, rules: str, data: str, candidates: int) -> Opinion:
        """Ask which of the numbered candidates is right.

        Args:
            rules: what the model is to do; ours, constant for a prompt version.
            data: the question as JSON; everything in it is quoted data and never an instruction.
            candidates: how many there are; answers above are nonsense.
        """
        key = self._hash(rules, data)
        if not self.on:
            why = "no key" if not self._settings.api_key else "this month's budget is used up"
            return self._nothing(key, why)
        kept = self._cache.get(key)
        if kept is not None:
            return self._checked(key, kept, candidates, None, 0.0)
        return self._called(key, rules, data, candidates)

    def _hash(self, rules: str, data: str) -> str:
        parts = "\x00".join((PROMPT_VERSION, self._settings.model, rules, data))
        return hashlib.sha256(parts.encode()).hexdigest()

    def _warmth(self) -> dict[str, Any]:
        """Said only where somebody chose it."""
        warm = self._settings.temperature
        return {} if warm is None else {"temperature": warm}

    def _called(self, key: str, rules: str, data: str, candidates: int) -> Opinion:
        import openai

        client = self._connect()
        started = time.monotonic()
        try:
            answer = client.chat.completions.parse(
                model=self._settings.model,
                messages=[
                    {"role": "system", "content": rules},
                    {"role": "user", "content": data},
                ],
                response_format=Choice,
                max_completion_tokens=MAX_TOKENS,
                **self._warmth(),
            )
        except openai.LengthFinishReasonError as error:
            self._count(error.completion.usage)
            return self._nothing(key, "the answer was cut off", time.monotonic() - started)
        except openai.APITimeoutError:
            return self._nothing(key, "no answer in time", time.monotonic() - started)
        except openai.OpenAIError as error:
            return self._nothing(
                key, f"the service failed ({type(error).__name__})", time.monotonic() - started
            )
        except ValidationError:
            return self._nothing(
                key, "the answer does not have the agreed form", time.monotonic() - started
            )
        seconds = time.monotonic() - started
        self._count(answer.usage)
        message = answer.choices[0].message if answer.choices else None
        if message is None or message.refusal or message.parsed is None:
            return self._nothing(key, "the model refused to answer", seconds)
        text = message.parsed.model_dump_json()
        opinion = self._checked(key, text, candidates, answer.usage, seconds)
        if opinion.choice is not None:
            self._cache.put(key, text)
        return opinion

    def _connect(self) -> OpenAI:
        if self._client is None:
            from openai import OpenAI

            self._client = OpenAI(
                api_key=self._settings.api_key,
                base_url=self._settings.base_url or None,
                timeout=self._settings.timeout,
                max_retries=1,
            )
        return self._client

    def _count(self, usage: CompletionUsage | None) -> None:
        if usage is not None:
            self._budget.add(usage.total_tokens)

    def _checked(
        self, key: str, text: str, candidates: int, usage: CompletionUsage | None, seconds: float
    ) -> Opinion:
        """The answer after the second check: a candidate that was offered, or none."""
        try:
            said = Choice.model_validate_json(text)
        except ValidationError:
            return self._nothing(key, "the answer does not have the agreed form", seconds)
        if said.choice > candidates:
            return self._nothing(key, "the answer names a candidate that was not offered", seconds)
        log = self._log(key, usage, seconds, "answered", cached=usage is None)
        return Opinion(said.choice, said.confidence, said.reason, log)

    def _log(
        self, key: str, usage: CompletionUsage | None, seconds: float, outcome: str, *, cached: bool
    ) -> CallLog:
        sent = usage.prompt_tokens if usage else 0
        got = usage.completion_tokens if usage else 0
        cost = (sent * self._settings.price_in + got * self._settings.price_out) / 1_000_000
        log = CallLog(
            key,
            PROMPT_VERSION,
            self._settings.model,
            sent,
            got,
            cost,
            round(seconds, 3),
            outcome,
            cached,
        )
        self._sink(log)
        return log

    def _nothing(self, key: str, why: str, seconds: float = 0.0) -> Opinion:
        return Opinion(None, 0.0, why, self._log(key, None, seconds, why, cached=False))

    def close(self) -> None:
        """Release sockets."""
        if self._client is not None:
            self._client.close()
            self._client = None


class MemoryAnswerCache:
    """``AnswerCache`` inside the process."""

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        self._known = dict(known or {})

    def get(self, key: str) -> str | None:
        """The answer's JSON, or None."""
        return self._known.get(key)

    def put(self, key: str, answer: str) -> None:
        """Remember an answer's JSON."""
        self._known[key] = answer
