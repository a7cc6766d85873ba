"""Other worlds for the generator of ``shared/bench/records``: other countries, words and noise.

The generator is loaded from the shared folder (``SHARED_DIR``) and its vocabulary is replaced in
memory, so that models are trained and judged on more than the style of the development set.

    python bench/records_worlds.py --world alps --n 4000 --seed 11 --out /tmp/alps
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import records_item_worlds


def shared_records() -> Path:
    return (
        Path(os.environ.get("SHARED_DIR", Path(__file__).resolve().parents[2] / "shared"))
        / "bench"
        / "records"
    )


def _towns(text: str, digits: int) -> list[tuple[str, str, str, str, str, str]]:
    """``Name/Other name/ABC/post/area`` entries; the post code stem leaves two digits to the generator."""
    out = []
    for entry in text.split(";"):
        name, other, short, post, area = (p.strip() for p in entry.split("/"))
        out.append((name, other, short, "", post[:digits], area))
    return out


_PLACES = {
    "DE": "Hamburg//HH/20/40;Berlin//B/10/30;München/Munich/M/80/89;Köln/Cologne/K/50/221;Leipzig//L/04/341;Dresden//DD/01/351;Nürnberg/Nuremberg/N/90/911;Bremen//HB/28/421;Münster//MS/48/251;Würzburg//WÜ/97/931;Görlitz//GR/02/3581;Saarbrücken//SB/66/681;Mönchengladbach//MG/41/2161;Kassel//KS/34/561",
    "AT": "Wien/Vienna/W/10/1;Graz//G/80/316;Linz//L/40/732;Salzburg//S/50/662;Innsbruck//I/60/512;Klagenfurt//K/90/463;Sankt Pölten/St. Pölten/P/31/2742",
    "NL": "Amsterdam//AMS/10/20;Rotterdam//RTM/30/10;Den Haag/The Hague/DH/25/70;Utrecht//UTR/35/30;Eindhoven//EHV/56/40;Groningen//GRO/97/50;'s-Hertogenbosch/Den Bosch/DB/52/73;Zwolle//ZWO/80/38;Breda//BRE/48/76;Vlissingen/Flushing/VLI/43/118",
    "BE": "Antwerpen/Antwerp/ANR/20/3;Gent/Ghent/GNT/90/9;Brugge/Bruges/BRG/80/50;Luik/Liège/LGG/40/4;Leuven/Louvain/LEU/30/16;Brussel/Brussels/BRU/10/2;Kortrijk/Courtrai/KOR/85/56",
    "FR": "Lyon//LYS/690/4;Marseille//MRS/130/4;Nantes//NTE/440/2;Lille//LIL/590/3;Orléans//ORL/450/2;Saint-Étienne//EBU/420/4;Béziers//BZR/345/4;Châteauroux//CHR/360/2;Strasbourg//SXB/670/3;Nîmes//FNI/300/4",
    "ES": "Sevilla/Seville/SVQ/410/95;Zaragoza/Saragossa/ZAZ/500/976;Málaga//AGP/290/952;Cádiz//CAD/110/956;León//LEN/240/987;Girona/Gerona/GRO/170/972;Bilbao/Bilbo/BIO/480/94;A Coruña/La Coruña/LCG/150/981;Logroño//RJL/260/941",
    "IE": "Dublin/Baile Átha Cliath/DUB/D0/1;Cork/Corcaigh/ORK/T1/21;Galway/Gaillimh/GWY/H9/91;Limerick/Luimneach/LMK/V9/61;Waterford/Port Láirge/WAT/X9/51;Sligo//SLG/F9/71;Dundalk//DDK/A9/42;Tralee//TRA/V9/66;Athlone//ATH/N3/90",
    "NZ": "Auckland/Tāmaki Makaurau/AKL/10/9;Christchurch/Ōtautahi/CHC/80/3;Wellington/Te Whanganui-a-Tara/WLG/60/4;Hamilton/Kirikiriroa/HLZ/32/7;Dunedin/Ōtepoti/DUD/90/3;Tauranga//TRG/31/7;Napier/Ahuriri/NPE/41/6;Nelson/Whakatū/NSN/70/3;Invercargill/Waihōpai/IVC/98/3",
    "CA": "Toronto//YYZ/M5/416;Montréal/Montreal/YUL/H3/514;Québec/Quebec City/YQB/G1/418;Calgary//YYC/T2/403;Vancouver//YVR/V6/604;Halifax//YHZ/B3/902;Winnipeg//YWG/R3/204;Trois-Rivières//YRQ/G9/819;Saskatoon//YXE/S7/306;Moncton//YQM/E1/506;Kelowna//YLW/V1/250",
    "PL": "Warszawa/Warsaw/WAW/00/22;Kraków/Cracow/KRK/30/12;Łódź//LCJ/90/42;Wrocław/Breslau/WRO/50/71;Poznań/Posen/POZ/60/61;Gdańsk/Danzig/GDN/80/58;Szczecin//SZZ/70/91;Rzeszów//RZE/35/17",
    "IT": "Milano/Milan/MIL/201/2;Torino/Turin/TRN/101/11;Genova/Genoa/GOA/161/10;Bologna//BLQ/401/51;Forlì//FRL/471/543;Napoli/Naples/NAP/801/81;Cantù//CTU/220/31",
    "DK": "København/Copenhagen/CPH/21/33;Århus/Aarhus/AAR/80/86;Ålborg/Aalborg/AAL/90/98;Odense//ODE/50/66;Næstved//NST/47/55",
}
_FORMS = {
    "DE": [
        ("gmbh", 60, ["GmbH", "G.m.b.H.", "Gesellschaft mbH", "gmbh"]),
        ("kg", 20, ["GmbH & Co. KG", "GmbH & Co KG", "GmbH+Co.KG"]),
        ("ek", 8, ["e.K.", "eK"]),
        ("ag", 6, ["AG"]),
        ("", 6, [""]),
    ],
    "AT": [("gmbh", 80, ["GmbH", "Ges.m.b.H.", "GesmbH"]), ("og", 10, ["OG"]), ("", 10, [""])],
    "NL": [
        ("bv", 74, ["B.V.", "BV", "bv", "B.V"]),
        ("vof", 14, ["V.O.F.", "VOF"]),
        ("nv", 4, ["N.V.", "NV"]),
        ("", 8, [""]),
    ],
    "BE": [("bv", 50, ["BV", "BVBA", "B.V."]), ("nv", 36, ["NV", "N.V.", "SA"]), ("", 14, [""])],
    "FR": [
        ("sarl", 50, ["SARL", "S.A.R.L.", "Sarl"]),
        ("sas", 32, ["SAS", "S.A.S."]),
        ("eurl", 8, ["EURL"]),
        ("", 10, [""]),
    ],
    "ES": [("sl", 70, ["S.L.", "SL", "S.L.U."]), ("sa", 20, ["S.A.", "SA"]), ("", 10, [""])],
    "IE": [
        ("ltd", 70, ["Ltd", "Limited", "Ltd.", "Teoranta", "Teo"]),
        ("dac", 14, ["DAC", "D.A.C."]),
        ("ulc", 6, ["ULC", "Unlimited Company"]),
        ("", 10, [""]),
    ],
    "NZ": [("ltd", 88, ["Ltd", "Limited", "LTD", "Ltd."]), ("", 12, [""])],
    "CA": [
        ("inc", 44, ["Inc.", "Inc", "Incorporated"]),
        ("ltd", 30, ["Ltd.", "Limited", "Ltée", "Ltee"]),
        ("corp", 16, ["Corp.", "Corporation"]),
        ("ulc", 4, ["ULC"]),
        ("", 6, [""]),
    ],
    "PL": [
        ("spzoo", 80, ["Sp. z o.o.", "sp. z o.o.", "Sp z oo", "SP. Z O.O."]),
        ("sj", 10, ["Sp. j.", "sp.j."]),
        ("", 10, [""]),
    ],
    "IT": [("srl", 70, ["S.r.l.", "Srl", "SRL"]), ("spa", 20, ["S.p.A.", "SpA"]), ("", 10, [""])],
    "DK": [("aps", 60, ["ApS", "APS"]), ("as", 30, ["A/S", "AS"]), ("", 10, [""])],
}
_COUNTRY = {
    "DE": (["Germany", "DE", "Deutschland", "DEU"], "49", "EUR", "DE"), "AT": (["Austria", "AT", "Österreich"], "43", "EUR", "AT"),
    "NL": (["Netherlands", "NL", "Nederland", "The Netherlands"], "31", "EUR", "NL"), "BE": (["Belgium", "BE", "België", "Belgique"], "32", "EUR", "BE"),
    "FR": (["France", "FR", "FRA"], "33", "EUR", "FR"), "ES": (["Spain", "ES", "España"], "34", "EUR", "ES"), "IE": (["Ireland", "IE", "Éire", "IRL"], "353", "EUR", "IE"),
    "NZ": (["New Zealand", "NZ", "NZL", "Aotearoa"], "64", "NZD", "NZ"), "CA": (["Canada", "CA", "CAN"], "1", "CAD", "CA"), "PL": (["Poland", "PL", "Polska"], "48", "PLN", "PL"),
    "IT": (["Italy", "IT", "Italia"], "39", "EUR", "IT"), "DK": (["Denmark", "DK", "Danmark"], "45", "DKK", "DK"),
}  # fmt: skip
# The generator's own country codes keep their habits (branches, shelf companies, ...) and get another country's words.
_WORLDS: dict[str, dict[str, Any]] = {
    "alps": {"map": {"ZA": "DE", "US": "AT", "GB": "NL", "AU": "BE", "NA": "FR", "BW": "IT", "ZW": "DK", "IN": "PL"}, "rates": 1.2, "present": 0.85, "noise": 0.05},
    "isles": {"map": {"ZA": "IE", "US": "CA", "GB": "NZ", "AU": "NL", "DE": "FR", "NA": "ES", "BW": "PL", "IN": "DK"}, "rates": 1.4, "present": 0.9, "noise": 0.04},
    "latin": {"map": {"ZA": "ES", "US": "FR", "GB": "IT", "AU": "CA", "NA": "BE", "BW": "IE", "ZW": "AT", "IN": "NZ"}, "rates": 1.0, "present": 0.75, "noise": 0.06},
    "plain": {"map": {}, "rates": 1.5, "present": 0.7, "noise": 0.03},
    "baltic": {"map": {"ZA": "PL", "US": "DE", "GB": "DK", "AU": "NZ", "DE": "AT", "NA": "IE", "BW": "NL", "IN": "IT"}, "rates": 1.3, "present": 0.8, "noise": 0.07},
}  # fmt: skip
_LINES = {
    "alps": "Stahlbau|Pumpen|Wälzlager|Armaturen|Sanitär|Elektro|Hydraulik|Verpackung|Kunststoffe|Holzhandel|Eisenwaren|Farben|Werkzeuge|Befestigungstechnik|Lebensmittel|Landtechnik|Motoren|Fahrzeugteile|Bergbau|Bohrtechnik|Fördertechnik|Kältetechnik|Klimatechnik|Bedachungen|Glas|Fliesen|Zement|Textil|Chemie|Schmierstoffe|Brennstoffe|Spedition|Gebäudereinigung|Sicherheit|Druckerei|Etiketten|Möbel|Schweißtechnik|Messtechnik|Automation|Bewässerung|Reifen|Batterien|Medizintechnik|Dentallabor",
    "latin": "Aceros|Bombas|Rodamientos|Válvulas|Fontanería|Électricité|Hidráulica|Embalajes|Plásticos|Bois|Quincaillerie|Peinture|Herramientas|Boulonnerie|Alimentación|Agricole|Motores|Recambios|Minería|Forage|Convoyeurs|Refrigeración|Climatisation|Toitures|Vidrio|Carrelage|Cementos|Textiles|Química|Lubricantes|Carburants|Logística|Transportes|Limpieza|Seguridad|Imprenta|Étiquettes|Meubles|Soldadura|Instrumentación|Automatismes|Riego|Pneus|Baterías|Médical|Laboratorios",
    "isles": "Joinery|Plant Hire|Agri Feeds|Dairy|Seafoods|Whiskey|Groundworks|Scaffolding|Insulation|Flooring|Lighting|Optics|Robotics|Software|Telecom|Vending|Nurseries|Landscaping|Marine|Aviation|Haulage|Forestry|Sawmills|Bakery|Brewing|Printing|Signage|Uniforms|Laundry|Fitness|Veterinary|Dental|Pharmacy|Acoustics|Heating|Drainage|Solar|Recycling|Waste|Cranes|Forklifts|Castings|Galvanising|Coatings",
    "baltic": "Stal|Pompy|Łożyska|Zawory|Hydraulika|Elektro|Opakowania|Tworzywa|Drewno|Narzędzia|Farby|Żywność|Maskiner|Møbler|Tømmer|Værktøj|Byggeri|Fiskeri|Skibsteknik|Wood|Kälte|Metallbau|Papier|Feinkost|Wolle|Seeds|Honey|Timber|Boats|Rigging|Sails|Nets|Ropes",
}
_TYPES = {
    "alps": "Handel|Service|Technik|Fertigung|Vertrieb|Industrie|Gruppe|Produktion|Systeme|Anlagenbau|Großhandel|Montage|Werke|Bau|Instandhaltung|Zentrum|Partner|Söhne|Holding|International|Projekte|Groep|Techniek|Handelsonderneming|Bouw",
    "latin": "Suministros|Servicios|Ingeniería|Fabricación|Distribuciones|Industrias|Grupo|Productos|Tecnologías|Sistemas|Proyectos|Construcciones|Instalaciones|Mantenimiento|Hermanos|Comercial|Services|Ingénierie|Fabrication|Distribution|Frères|Établissements|Holding|Internacional",
    "isles": "Supplies|Services|Engineering|Manufacturing|Distribution|Merchants|Holdings|International|Solutions|Systems|Projects|Contractors|Wholesale|Group|Products|Technologies|Partners|Associates|Works|Brothers|Construction|Stores|Centre|Specialists|& Sons|& Daughters|Co-operative|Consultants|Ventures",
    "baltic": "Handel|Serwis|Technika|Produkcja|Dystrybucja|Grupa|Systemy|Projekty|Hurtownia|Zakłady|Bracia|Teknik|Entreprise|Gruppen|Produktion|Import|Export|Brødre|Werk|Partner|Agency|Holding",
}
_ABBR = {
    "alps": {
        "Technik": ["Techn.", "Tech"],
        "Industrie": ["Ind.", "Industr"],
        "Elektro": ["El.", "Elektr"],
        "Hydraulik": ["Hydr."],
        "Gruppe": ["Grp"],
        "Verpackung": ["Verp."],
        "Großhandel": ["Großh.", "Grosshdl"],
        "Fertigung": ["Fertg."],
        "Produktion": ["Prod."],
        "International": ["Intl", "Int."],
        "Anlagenbau": ["Anl.bau"],
        "Montage": ["Mont."],
        "Sicherheit": ["Sich."],
        "Handel": ["Hdl."],
        "Vertrieb": ["Vertr."],
        "Werkzeuge": ["Wkzg"],
        "Techniek": ["Techn"],
    },
    "latin": {
        "Suministros": ["Sumin.", "Sum"],
        "Servicios": ["Serv."],
        "Ingeniería": ["Ing."],
        "Distribuciones": ["Distr.", "Dist"],
        "Industrias": ["Ind.", "Inds"],
        "Construcciones": ["Constr.", "Const"],
        "Instalaciones": ["Inst."],
        "Mantenimiento": ["Mant.", "Mto"],
        "Hermanos": ["Hnos", "Hnos."],
        "Établissements": ["Éts", "Ets"],
        "Internacional": ["Intl", "Int."],
        "Transportes": ["Transp.", "Tptes"],
        "Comercial": ["Cial", "Com."],
        "Productos": ["Prod."],
    },
    "isles": {
        "Engineering": ["Eng", "Engr"],
        "Manufacturing": ["Mfg", "Manuf"],
        "Distribution": ["Dist", "Distrib"],
        "International": ["Intl", "Int'l"],
        "Services": ["Svcs", "Serv"],
        "Contractors": ["Contr"],
        "Associates": ["Assoc", "Assocs"],
        "Technologies": ["Tech"],
        "Brothers": ["Bros"],
        "Wholesale": ["Whsle", "W/sale"],
        "Construction": ["Constr"],
        "Scaffolding": ["Scaff"],
        "Galvanising": ["Galv"],
        "Consultants": ["Cons"],
        "Co-operative": ["Co-op", "Coop"],
    },
    "baltic": {
        "Hurtownia": ["Hurt."],
        "Produkcja": ["Prod."],
        "Dystrybucja": ["Dystr."],
        "Technika": ["Techn."],
        "Systemy": ["Syst."],
        "Entreprise": ["Entr."],
        "Hydraulika": ["Hydr."],
        "Opakowania": ["Opak."],
    },
}
_SURNAMES = {
    "alps": "Lind Haber Stein Vogel Brunn Kessel Wald Rosen Grün Blau Hoff Feld Schön Tann Eich Birk Ahorn Zell Bach Mohr Kranz Adler Falk Hirsch",
    "latin": "Mar Sol Cam Ver Alt Pen Riv Bel Gar Mon Cas Lop Ram Gut Ser Tor Nav Sal Ber Dur Lef Mor Per Vil Gal",
    "isles": "Mac Don Kil Bal Car Mur Fitz Dun Glen Brad Col Har Tip Wex Ros Aro Whan Tam Pap Man Otu Ken Lon Sas",
    "baltic": "Kow Nowa Wisz Zie Szym Lew Dab Jan Woj Hans Niel Ras Krog Lund Dahl Berg Skov Møll Wint Krau Schul Pfei",
}
_TAILS = {
    "alps": "er mann bauer thal hofer ner ling hardt meier stätter huber berger kamp dijk veld stra",
    "latin": "ez es era illo ona ier eau elle ard ato ucci ini ales osa ente and",
    "isles": "ahan agh nally ery oghue ley more patrick ua oa aki iti nell rick ton dale",
    "baltic": "ski owski icz ak ewicz sen gaard strup holm ke mann berg czyk zyński",
}


def _noise(rate: float, seed: str) -> Callable[[dict[str, str]], None]:
    """Damage of the road: UTF-8 read as cp1252, scanner and ear mistakes; only in names and streets."""
    r = random.Random(seed)
    swaps = [
        ("rn", "m"),
        ("o", "0"),
        ("l", "1"),
        ("ph", "f"),
        ("ei", "ie"),
        ("ck", "k"),
        ("m", "rn"),
        ("I", "1"),
        ("B", "8"),
        ("v", "w"),
    ]

    def apply(row: dict[str, str]) -> None:
        for name, value in row.items():
            if (
                not value
                or not any(h in name for h in ("Name", "Addr", "City", "Line"))
                or any(h in name for h in ("Email", "Ref", "Short"))
            ):
                continue
            if not value.isascii() and r.random() < 0.12:
                try:
                    damaged = value.encode("utf-8").decode("cp1252")
                except UnicodeDecodeError:
                    damaged = value
                if len(damaged) <= 30:
                    row[name] = damaged
            elif r.random() < rate * 0.5:
                a, b = r.choice(swaps)
                at = value.find(a, 2)
                if at > 1 and len(value) < 30:
                    row[name] = value[:at] + b + value[at + len(a) :]

    return apply


def install(world: str) -> Any:
    """Load the generator with the vocabulary of ``world`` and return its ``gen_dev`` module."""
    sys.path.insert(0, str(shared_records()))
    gen, parties, vocab = (importlib.import_module(n) for n in ("gen_dev", "parties_a", "vocab_a"))
    if world in ("store", "lager"):
        records_item_worlds.install(world, importlib.import_module("items_a"))
        return gen
    spec = _WORLDS[world]
    for code, country in spec["map"].items():
        vocab.TOWNS[code] = _towns(_PLACES[country], 4)
        vocab.FORMS[code] = _FORMS[country]
        vocab.COUNTRY[code] = _COUNTRY[country]
        vocab.PLACE.pop(code, None)
    vocab.PLACE.setdefault(
        "ZA", ["Nordtal", "Westmark", "Sonnberg", "Altwasser", "Bellavista", "Rocamar"]
    )
    if world in _LINES:
        vocab.LINE[:] = _LINES[world].split("|")
        vocab.TYPE[:] = _TYPES[world].split("|")
        vocab.ABBR.clear()
        vocab.ABBR.update(_ABBR[world])
        vocab.SUR_HEAD[:] = _SURNAMES[world].split()
        vocab.SUR_TAIL[:] = _TAILS[world].split()
        for code in list(vocab.TOWNS):
            vocab.STREETS_EXTRA.setdefault(
                code,
                vocab.STREETS_EXTRA["DE"]
                if world in ("alps", "baltic")
                else vocab.STREETS_EXTRA["MZ"],
            )
    for side in parties.RATES.values():
        for name in ("drop_form", "abbr", "drop_desc", "typo", "reorder", "accents", "join"):
            side[name] = min(0.6, side[name] * spec["rates"])
    parties.RATES["left"]["upper"] = 0.4
    for has in parties.PRESENT.values():
        for name in has:
            if name not in ("moved", "newphone"):
                has[name] *= spec["present"]
    damage = _noise(spec["noise"], world)
    for name in ("left_row", "right_row"):
        setattr(parties, name, _damaged(getattr(parties, name), damage))
    return gen


def _damaged(
    inner: Callable[..., Any], damage: Callable[[dict[str, str]], None]
) -> Callable[..., Any]:
    def outer(*args: Any, **kwargs: Any) -> Any:
        row, view = inner(*args, **kwargs)
        damage(row)
        return row, view

    return outer


if __name__ == "__main__":
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--world", choices=[*sorted(_WORLDS), "store", "lager"], required=True)
    ap.add_argument("--n", default="4000")
    ap.add_argument("--seed", default="11")
    ap.add_argument("--kinds", nargs="+", default=["customers", "suppliers"])
    ap.add_argument("--out", required=True)
    args = ap.parse_args()
    module = install(args.world)
    sys.argv = [
        "gen",
        "--n",
        args.n,
        "--seed",
        args.seed,
        "--out",
        args.out,
        "--kinds",
        *args.kinds,
    ]
    module.main()
