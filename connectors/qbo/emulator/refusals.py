"""The service's refusals in its own words and shapes.

Texts marked ``invented`` are not Intuit's: the real wording is unknown, so nothing may assert on
them. Codes, statuses and shapes are documented.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Complaint:
    """One error of a fault."""

    code: str
    message: str
    detail: str = ""
    element: str = ""

    def body(self) -> dict[str, Any]:
        """As the service writes it."""
        return {
            "Message": self.message,
            "Detail": self.detail or self.message,
            "code": self.code,
            "element": self.element,
        }


class RefusedError(Exception):
    """The request is refused; ``kind`` is the fault type."""

    def __init__(
        self, *complaints: Complaint, status: int = 400, kind: str = "ValidationFault"
    ) -> None:
        super().__init__("; ".join(c.detail or c.message for c in complaints))
        self.complaints = complaints
        self.status = status
        self.kind = kind

    def fault(self) -> dict[str, Any]:
        """The ``Fault`` object."""
        return {"Error": [c.body() for c in self.complaints], "type": self.kind}


def _refuse(code: str, message: str, detail: str = "", element: str = "") -> RefusedError:
    return RefusedError(Complaint(code, message, detail, element))


_INACTIVE = (
    "Something you're trying to use has been made inactive. "
    "Check the fields with accounts, customers, items, vendors or employees."
)
_GROUP = {
    "Customer": "Names",
    "Vendor": "Names",
    "Employee": "Names",
    "Account": "Accounts",
    "Item": "Items",
    "Class": "Klasses",
    "Department": "Departments",
    "Term": "Terms",
    "TaxCode": "TaxCode",
    "TaxAgency": "TaxAgency",
}


def not_found(*, deleted: bool = False) -> RefusedError:
    """610: the record does not exist, or not any more."""
    why = "Another user has deleted this transaction." if deleted else _INACTIVE
    return _refuse("610", "Object Not Found", f"Object Not Found : {why}")


def stale() -> RefusedError:
    """5010: the SyncToken is not the stored one."""
    return _refuse(
        "5010",
        "Stale Object Error",
        "Stale Object Error : You and root were working on this at the same time. root finished "
        "before you did, so your work was not saved.",
    )


def duplicate_name(existing: str, kind: str = "") -> RefusedError:
    """6240: the name is taken; ``existing`` is the id of its holder."""
    detail = f"The name supplied already exists. : Id={existing}"
    if kind == "Account":
        detail = (
            "The name supplied already exists. : Another account is already using this name.  "
            "Please use a different name."
        )
    return _refuse("6240", "Duplicate Name Exists Error", detail)


def duplicate_number(number: str, label: str, existing: str) -> RefusedError:
    """6140: the document number is taken."""
    return _refuse(
        "6140",
        "Duplicate Document Number Error",
        "Duplicate Document Number Error : You must specify a different number. This number has "
        f"already been used. DocNumber={number} is assigned to TxnType={label} with TxnId={existing}",
    )


def bad_reference(entity: str, value: str) -> RefusedError:
    """2500: a reference to a record that does not exist."""
    group = _GROUP.get(entity, entity)
    return _refuse(
        "2500",
        "Invalid Reference Id",
        f"Invalid Reference Id : {group} element id {value} not found",
    )


def inactive_reference() -> RefusedError:
    """2500, second form: a reference to an inactive record."""
    return _refuse("2500", "Invalid Reference Id", f"Invalid Reference Id : {_INACTIVE}")


def unsupported_property(name: str) -> Complaint:
    """2010: a name the schema does not have, or a body that is not JSON."""
    return Complaint(
        "2010",
        "Request has invalid or unsupported property",
        f"Property Name:{name or 'failed to parse json object'}; a property specified is "
        "unsupported or invalid",
        name,
    )


def missing(name: str) -> Complaint:
    """2020: a required parameter is absent."""
    return Complaint(
        "2020",
        "Required param missing, need to supply the required value for the API",
        f"Required parameter {name} is missing in the request",
        name,
    )


def too_long(name: str, longest: int, given: int) -> Complaint:
    """2050: a text is longer than allowed."""
    return Complaint(
        "2050",
        "String length is either shorter or longer than supported by specification",
        "String length specified does not match the supported length. "
        f"Min:0 Max:{longest:,} supported. Supplied length:{given}",
        name,
    )


def bad_value(code: str, name: str, value: object) -> Complaint:
    """2040 to 2240: a value of the wrong format (message wording invented)."""
    kind = {
        "2040": "Invalid String",
        "2070": "Invalid Date",
        "2080": "Invalid Number",
        "2170": "Invalid Enumeration",
        "2210": "Invalid Email Address format",
        "2230": "Invalid Boolean",
    }.get(code, "Invalid Value")
    return Complaint(code, kind, f"Supplied value:{value}", name)


def unsupported_object(name: str) -> RefusedError:
    """2000: there is no such entity here."""
    return _refuse("2000", "Unsupported Object Name", f"Object Name: {name}")


def unsupported_operation(name: str) -> RefusedError:
    """500: the entity has no such operation."""
    return _refuse("500", "Unsupported Operation", f"Operation {name} is not supported.")


def business(text: str, code: str = "6000") -> RefusedError:
    """6000: one of the many business validations."""
    return _refuse(
        code,
        "A business validation error has occurred while processing your request",
        f"Business Validation Error: {text}",
    )


def refused(code: str, message: str, detail: str = "", element: str = "") -> RefusedError:
    """Any other documented code."""
    return _refuse(code, message, detail, element)


def period_closed() -> RefusedError:
    """6210: the books are closed for that day."""
    return _refuse(
        "6210",
        "Account Period Closed",
        "The account period has closed and the account books cannot be updated through the QBO "
        "Services API. Please use the QBO website to make these changes.",
    )


def query_syntax(detail: str) -> RefusedError:
    """4000: the statement cannot be parsed."""
    return _refuse("4000", "Error parsing query", f"QueryParserError: {detail}")


def query_invalid(detail: str) -> RefusedError:
    """4001: the statement names something that cannot be queried."""
    return _refuse("4001", "Invalid query", f"QueryValidationError: {detail}")


def system_failure() -> RefusedError:
    """10000: the service broke."""
    return RefusedError(
        Complaint(
            "10000",
            "An application error has occurred while processing your request",
            "System Failure Error: Something went wrong.",
        ),
        status=500,
        kind="SystemFault",
    )


def gateway(status: int, code: str, words: str, detail: str, kind: str) -> dict[str, Any]:
    """The gateway's lower-case body (401 and 403), with its trailing members."""
    error = {
        "message": f"message={words}; errorCode={code.zfill(6)}; statusCode={status}",
        "detail": detail,
        "code": code,
        "element": None,
    }
    return {
        "warnings": None,
        "intuitObject": None,
        "fault": {"error": [error], "type": kind},
        "report": None,
        "queryResponse": None,
        "batchItemResponse": [],
        "attachableResponse": [],
        "syncErrorResponse": None,
        "requestId": None,
        "time": 1700000000000,
        "status": None,
        "cdcresponse": [],
    }


def throttled() -> dict[str, Any]:
    """The body of a 429."""
    error = {
        "Message": "message=ThrottleExceeded; errorCode=003001; statusCode=429",
        "Detail": "The request limit was reached.",
        "code": "3001",
    }
    return {"Fault": {"Error": [error], "type": "SERVICE"}}
