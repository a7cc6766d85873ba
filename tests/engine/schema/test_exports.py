from __future__ import annotations

from pathlib import Path

import pytest

from engine.schema.exports import ExportFileError, Upload, export_rows

ROWS = [["Kunde", "Firma, Zusatz", "Ort"], ["K1", 'Müller "Bau"; Söhne', "München"]]


def read(path: Path) -> list[list[str]]:
    with export_rows(path) as rows:
        return list(rows)


@pytest.mark.parametrize(
    "text",
    [
        'Kunde,"Firma, Zusatz",Ort\nK1,"Müller ""Bau""; Söhne",München\n',
        '"Kunde";"Firma, Zusatz";"Ort"\r\n"K1";"Müller ""Bau""; Söhne";"München"\r\n\r\n',
        'Kunde\tFirma, Zusatz\tOrt\nK1\t"Müller ""Bau""; Söhne"\tMünchen',
        'Kunde|Firma, Zusatz|Ort\nK1|"Müller ""Bau""; Söhne"|München\n',
        'sep=;\r\nKunde;Firma, Zusatz;Ort\r\nK1;"Müller ""Bau""; Söhne";München\r\n',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_export_is_read_as_its_country_writes_it(
    tmp_path: Path, text: str, encoding: str
) -> None:
    file = tmp_path / "export.csv"
    file.write_bytes(text.encode(encoding))

    assert read(file) == ROWS


def test_one_column_has_no_separator(tmp_path: Path) -> None:
    file = tmp_path / "names.csv"
    file.write_text("Name\nAcme\n", encoding="utf-8")

    assert read(file) == [["Name"], ["Acme"]]


def test_a_text_over_two_lines_stays_one(tmp_path: Path) -> None:
    file = tmp_path / "notes.csv"
    file.write_text('Code;"Note;\nmore"\n1;"a\nb"\n', encoding="utf-8")

    assert read(file) == [["Code", "Note;\nmore"], ["1", "a\nb"]]


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "no such file"), ("Müller\n".encode("cp1252"), "not UTF-8 text")],
)
def test_what_cannot_be_read_is_said_with_the_file(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    file = tmp_path / "export.csv"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ExportFileError, match=rf"export\.csv: {said}"):
        read(file)


def test_what_was_sent_is_read_like_a_file() -> None:
    with export_rows(Upload("k.csv", "Kunde;Ort\nK1;Köln\n".encode("utf-16"))) as rows:
        assert list(rows) == [["Kunde", "Ort"], ["K1", "Köln"]]
    with (
        pytest.raises(ExportFileError, match=r"^k\.csv: not UTF-8 text"),
        export_rows(Upload("k.csv", "Kunde;Ort\n".encode("utf-16-le"))),
    ):
        raise AssertionError("an export in UTF-16 without its mark was read")
