from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest

from connectors.config import Services
from connectors.emulation.clock import EmulatorClock
from connectors.emulation.serve import Running, load, start_in_thread
from connectors.registry import open_connector, sandbox
from connectors.syspro.xml import Node, decode, parse
from engine.ports import Draft

REST = "/SYSPROWCFService/Rest"


class Wire:
    """Plain HTTP, as a stranger would speak to the service."""

    def __init__(self, running: Running) -> None:
        self.url = running.url
        self.hello = running.hello()
        self.http = httpx.Client()

    def get(self, path: str, **args: str) -> httpx.Response:
        return self.http.get(f"{self.url}{path}?{urlencode(args, quote_via=quote)}")

    def logon(self, company: str = "EDU1", operator: str = "STUDIO", more: str = "") -> str:
        answer = self.get(
            f"{REST}/Logon",
            Operator=operator,
            OperatorPassword=self.hello["operator_password"],
            CompanyId=company,
            CompanyPassword=self.hello["company_password"],
            XmlIn=more,
        )
        return answer.text

    def query(self, token: str, bo: str, document: str) -> str:
        args = {"UserId": token, "BusinessObject": bo, "XmlIn": document}
        return decode(self.get(f"{REST}/Query/Query", **args).content)

    def parsed(self, token: str, bo: str, document: str) -> Node:
        return parse(self.query(token, bo, document))


@pytest.fixture
def wire(served: Running) -> Wire:
    return Wire(served)


def test_a_token_has_34_characters_and_two_blanks_and_works_with_and_without_them(
    wire: Wire,
) -> None:
    token = wire.logon()
    assert len(token) == 36
    assert token.endswith("00  ")
    for form in (token, token.strip()):
        assert "CompanyName" in wire.get(f"{REST}/GetLogonProfile", UserId=form).text


def test_answers_are_200_octets_of_windows_1252_with_a_trailing_newline_and_blank(
    wire: Wire,
) -> None:
    token = wire.logon()
    find = (
        "<Query><TableName>ArCustomer</TableName><Columns><Column>Name</Column></Columns></Query>"
    )
    args = {"UserId": token, "BusinessObject": "COMFND", "XmlIn": find}
    answer = wire.get(f"{REST}/Query/Query", **args)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["server"] == "Microsoft-HTTPAPI/2.0"
    assert answer.content.startswith(b'<?xml version="1.0" encoding="Windows-1252"?>')
    assert answer.content.endswith(b"\n ")
    assert "Cafés".encode("cp1252") in answer.content


def test_paths_match_in_any_letter_case_and_unknown_ones_are_404(wire: Wire) -> None:
    assert wire.get("/sysprowcfservice/rest/getversion").text == "8.0.0.161"
    assert wire.get(f"{REST}/Nothing").status_code == 404
    # a logon without each argument misses the address template
    assert wire.get(f"{REST}/Logon", Operator="STUDIO").status_code == 404


def test_a_second_logon_ends_the_first_session_unless_it_is_refused(wire: Wire) -> None:
    first = wire.logon()
    refused = wire.logon(more="<Logon><FailWhenAlreadyLoggedIn>Y</FailWhenAlreadyLoggedIn></Logon>")
    assert refused.startswith("ERROR")
    assert "CompanyName" in wire.get(f"{REST}/GetLogonProfile", UserId=first).text
    wire.logon()
    answer = wire.get(f"{REST}/GetLogonProfile", UserId=first)
    assert answer.status_code == 200
    assert answer.text == "ERROR: The supplied UserID is invalid."


def test_a_session_idles_out_and_a_logoff_answers_zero(wire: Wire, clock: EmulatorClock) -> None:
    token = wire.logon()
    clock.advance(3600)
    assert wire.get(f"{REST}/GetLogonProfile", UserId=token).text.startswith("ERROR")
    assert wire.get(f"{REST}/Logoff", UserId=wire.logon()).text == "0"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"OperatorPassword": "no"}, "Invalid operator password"),
        ({"CompanyId": "ZZ"}, "Invalid company"),
        ({"Operator": "NOBODY"}, "Invalid operator"),
    ],
)
def test_a_refused_logon_is_text_with_status_200(
    wire: Wire, changed: dict[str, str], words: str
) -> None:
    args = {
        "Operator": "STUDIO",
        "OperatorPassword": wire.hello["operator_password"],
        "CompanyId": "EDU1",
        "CompanyPassword": wire.hello["company_password"],
    }
    answer = wire.get(f"{REST}/Logon", **{**args, **changed})
    assert answer.status_code == 200
    assert answer.text.startswith("ERROR: ")
    assert words in answer.text


def test_a_where_tree_obeys_brackets_and_and_before_or(wire: Wire) -> None:
    def keys(*tests: tuple[str, str, str, str, str, str]) -> list[str]:
        where = "".join(
            f"<Expression><AndOr>{word}</AndOr><OpenBracket>{a}</OpenBracket><Column>{column}"
            f"</Column><Condition>{op}</Condition><Value>{value}</Value>"
            f"<CloseBracket>{z}</CloseBracket></Expression>"
            for word, a, column, op, value, z in tests
        )
        answer = wire.parsed(
            token,
            "COMFND",
            f"<Query><TableName>TblArTerms</TableName><Columns><Column>TermsCode</Column></Columns>"
            f"<Where>{where}</Where><OrderBy><Column>TermsCode</Column></OrderBy></Query>",
        )
        return [row.value("TermsCode") for row in answer.all("Row")]

    token = wire.logon()
    either = ("", "", "DueDays", "EQ", "15", ""), ("Or", "", "DueDays", "EQ", "60", "")
    assert keys(*either) == ["15", "60"]
    assert keys(*either, ("And", "", "TermsCode", "EQ", "60", "")) == ["15", "60"]
    bracketed = ("", "(", "DueDays", "EQ", "15", ""), ("Or", "", "DueDays", "EQ", "60", ")")
    assert keys(*bracketed, ("And", "", "TermsCode", "EQ", "60", "")) == ["60"]
    assert keys(("", "", "Description", "LIKE", "*COD*", "")) == []
    assert keys(("", "", "Description", "LIKE", "CASH*", "")) == ["CD"]


def test_unknown_tables_and_columns_are_answered_in_place(wire: Wire) -> None:
    token = wire.logon()
    for document in (
        "<Query><TableName>Nope</TableName></Query>",
        "<Query><TableName>ArCustomer</TableName><Columns><Column>name</Column></Columns></Query>",
    ):
        answer = wire.parsed(token, "COMFND", document)
        assert answer.anywhere("ErrorNumber")
        assert "not found" in answer.anywhere("ErrorDescription")[0].text


def test_an_unknown_business_object_is_an_exception_text(wire: Wire) -> None:
    assert wire.query(wire.logon(), "ARSPAY", "<Query/>").startswith(
        "e.net exception raised: 100000"
    )


def test_setup_objects_answer_in_lower_case_and_repeat_the_value_in_error(wire: Wire) -> None:
    parameters = "<SetupInvMaster><Parameters/></SetupInvMaster>"
    data = "<SetupInvMaster><Item><Key><StockCode>ZZZ9</StockCode></Key></Item></SetupInvMaster>"
    args = {
        "UserId": wire.logon(),
        "BusinessObject": "INVSST",
        "XmlParameters": parameters,
        "XmlIn": data,
    }
    text = wire.get(f"{REST}/Setup/Update", **args).text
    assert "<setupinvmaster " in text
    assert "<key><stockcode>ZZZ9</stockcode></key>" in text
    assert "<RecordsRead>1</RecordsRead><RecordsInvalid>1</RecordsInvalid>" in text
    assert "<Value>ZZZ9</Value>" in text


def test_a_validation_posts_nothing(wire: Wire) -> None:
    token = wire.logon()
    parameters = "<SalesOrders><Parameters><Process>VALIDATE</Process></Parameters></SalesOrders>"
    line = "<StockLine><StockCode>STEFLA-12MM-GRY</StockCode><OrderQty>1</OrderQty></StockLine>"
    data = (
        "<SalesOrders><Orders><OrderHeader><CustomerPoNumber>V1</CustomerPoNumber>"
        "<OrderActionType>A</OrderActionType><Customer>101</Customer></OrderHeader>"
        f"<OrderDetails>{line}</OrderDetails></Orders></SalesOrders>"
    )
    args = {"UserId": token, "BusinessObject": "SORTOI", "XmlParameters": parameters, "XmlIn": data}
    answer = parse(decode(wire.get(f"{REST}/Transaction/Post", **args).content))
    assert answer.value("ValidationStatus/Status") == "Successful"
    found = wire.parsed(
        token,
        "COMFND",
        "<Query><TableName>SorMaster</TableName><Where><Expression><Column>CustomerPoNumber"
        "</Column><Condition>EQ</Condition><Value>V1</Value></Expression></Where></Query>",
    )
    assert found.all("Row") == []


def test_browse_and_next_key_walk_a_table(wire: Wire) -> None:
    token = wire.logon()
    document = "<Browse><BrowseName>ArCustomer</BrowseName><ReturnRows>3</ReturnRows></Browse>"
    page = parse(wire.get(f"{REST}/Query/Browse", UserId=token, XmlIn=document).text)
    assert len(page.all("Row")) == 3
    assert page.value("NextPrevKey/Fwd") == "True"
    keys = "<Keys><TableName>ArCustomer</TableName><Key>101</Key></Keys>"
    following = parse(wire.get(f"{REST}/NextKey", UserId=token, XmlIn=keys).text)
    former = parse(wire.get(f"{REST}/PreviousKey", UserId=token, XmlIn=keys).text)
    assert following.value("Key").endswith("102")
    assert former.value("Key").endswith("100")


@pytest.mark.parametrize(
    ("bo", "document", "path"),
    [
        ("ARSQRY", "<Query><Key><Customer>101</Customer></Key></Query>", "Header/Name"),
        ("APSQRY", "<Query><Key><Supplier>11</Supplier></Key></Query>", "Supplier/SupplierName"),
        (
            "INVQRY",
            "<Query><Key><StockCode>STEFLA-12MM-GRY</StockCode></Key></Query>",
            "WarehouseItem/QtyOnHand",
        ),
        ("SORQRY", "<Query><Key><SalesOrder>1000</SalesOrder></Key></Query>", "CustomerPoNumber"),
        (
            "GENQGL",
            "<Query><Key><GlCode>10-1000</GlCode></Key></Query>",
            "LedgerDetails/Description",
        ),
        ("IMPQTX", "<Query/>", "TaxCodeItem/CurTaxRate"),
        (
            "SORQUM",
            (
                "<Query><Key><StockCode>STEFLA-12MM-GRY</StockCode><Quantity>2</Quantity>"
                "<FromUom>CS</FromUom><ToUom>EA</ToUom></Key></Query>"
            ),
            "Quantity",
        ),
    ],
)
def test_query_objects_answer_their_record(wire: Wire, bo: str, document: str, path: str) -> None:
    assert wire.parsed(wire.logon(), bo, document).value(path)


def test_every_effect_survives_a_restart(tmp_path: Path) -> None:
    def opened() -> tuple[Running, Any]:
        running = start_in_thread(load("syspro").make("S", 1, tmp_path, None, False))
        return running, open_connector(sandbox("syspro", running.hello()), Services())

    running, syspro = opened()
    syspro.update(Draft("SorMaster", {"CusSorMaster.InvoiceDocId": "77"}, "wb", key="001000"))
    cursor = syspro.changes("ArCustomer", limit=100).cursor
    syspro.close()
    running.stop()
    running, syspro = opened()
    order = syspro.read("SorMaster", "001000")
    assert order.data["CusSorMaster"]["InvoiceDocId"] == "77"
    assert syspro.changes("ArCustomer", cursor=cursor).records == []
    syspro.update(Draft("ArCustomer", {"Contact": "New"}, "c", key="0000101"))
    assert [r.key for r in syspro.changes("ArCustomer", cursor=cursor).records] == ["0000101"]
    syspro.close()
    running.stop()


def test_the_control_api_edits_as_a_person_and_starts_over(wire: Wire, served: Running) -> None:
    edit = {"entity": "EDU1.ArCustomer", "key": "101", "changes": {"Name": "Edited"}}
    assert httpx.post(f"{wire.url}/_control/edit", json=edit).json()["Name"] == "Edited"
    wrong = {"entity": "EDU1.ArCustomer", "key": "101", "changes": {"Nope": "x"}}
    assert httpx.post(f"{wire.url}/_control/edit", json=wrong).status_code == 400
    assert httpx.post(f"{wire.url}/_control/reset").status_code == 200
    token = wire.logon()
    fetched = "<Fetch><TableName>ArCustomer</TableName><Key>101</Key></Fetch>"
    assert "Edited" not in wire.get(f"{REST}/Query/Fetch", UserId=token, XmlIn=fetched).text
