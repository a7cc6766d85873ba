"""Other catalogues for the item generator of ``shared/bench/records``: food, office, garments, chemicals, electronics.

Two dialects: ``store`` (English trade habits, metric and inch) and ``lager`` (German and Dutch left
side). Part of the left texts lose their vowels and some items are linked by an EAN only.
"""

from __future__ import annotations

import random
from typing import Any

_STORE = """
jam|STL|6|JM|8|90|{brand} {type} {size} {pack}~{type} {brand} {size} {pack}|{brand} {type} {size} - {pack}~{type}, {brand}, {size} ({pack})
 brand: orchard;OR;ORCHARD|ORCH;Orchard / farmgate;FG;FARMGATE|FRMGTE;Farmgate / sunridge;SR;SUNRIDGE;Sunridge
 type: strawberry jam;SJ;JAM STRAWBERRY|STRAWB JAM;strawberry jam / apricot jam;AJ;JAM APRICOT|APRICT JAM;apricot jam / orange marmalade;OM;MARMALADE ORANGE|ORNG MARMALADE;orange marmalade / honey;HN;HONEY|HNY;honey / peanut butter smooth;PS;PEANUT BUTTER SMOOTH|P/NUT BTR SMTH;smooth peanut butter / peanut butter crunchy;PC;PEANUT BUTTER CRUNCHY|P/NUT BTR CRNCHY;crunchy peanut butter
 size: 250g;250;250G|250GR;250 g|0.25kg / 340g;340;340G;340g|340 grams / 500g;500;500G;500g|0.5 kg / 1kg;1K;1KG|1000G;1 kg|1000g / 2.5kg;25K;2.5KG;2.5 kg|2500 g
 pack: ea;E;EA|EACH;each|single / cs6;6;CS6|CASE 6|6/CS;case of 6|(6 case) / cs12;12;CS12|CASE 12;case of 12|12 pack / cs24;24;CS24|24/CS;case of 24
clean|LUB|8|CL|20|900|{type} {scent} {size}~{size} {type} {scent}|{scent} {type} {size}~{type} - {scent} - {size}
 type: floor cleaner;FC;FLOOR CLEANER|FLR CLNR;floor cleaner / degreaser;DG;DEGREASER HD|DEGRSR;heavy duty degreaser|degreaser / hand soap;HS;HAND SOAP|SOAP HAND LIQ;liquid hand soap|hand soap / bleach;BL;BLEACH THICK|BLCH THK;thick bleach / glass cleaner;GC;GLASS CLEANER|GLS CLNR;glass cleaner|window cleaner / descaler;DS;DESCALER;descaler|limescale remover
 scent: lemon;L;LEMON|LMN;lemon / pine;P;PINE;pine / lavender;V;LAVENDER|LAV;lavender / unscented;U;UNSCENTED|U/SCENT;unscented|fragrance free
 size: 750ml;75;750ML;750 ml|0.75L / 1l;1;1L|1LTR;1 litre|1000ml / 5l;5;5L|5LT;5 litre|5L / 20l;20;20L|20LT DRUM;20 litre drum|20L / 200l;200;200L|200LT DRM;200L drum
paper|FAST|7|OF|10|700|{type} {size} {weight} {colour} {pack}~{type} {colour} {size} {weight} {pack}|{colour} {type} {size} {weight} {pack}~{size} {type}, {weight}, {colour}, {pack}
 type: copy paper;CP;PAPER COPY|COPY PPR;copy paper|copier paper / card;CD;CARD STOCK|CRD STK;card stock|cardboard sheet / envelope;EN;ENVELOPE|ENV;envelope|envelopes / notebook;NB;NOTEBOOK|NTBK;notebook / label sheet;LS;LABEL SHEET|LBL SHT;label sheets
 size: a3;A3;A3;A3 / a4;A4;A4;A4 / a5;A5;A5;A5 / dl;DL;DL;DL
 weight: 80gsm;80;80GSM|80G/M2;80 gsm|80g/m2 / 100gsm;100;100GSM;100 gsm / 120gsm;120;120GSM;120gsm / 160gsm;160;160GSM;160 gsm / 250gsm;250;250GSM;250gsm
 colour: white;W;WHITE|WHT;white / ivory;I;IVORY|IVRY;ivory|cream / yellow;Y;YELLOW|YLW;yellow / blue;B;BLUE|BLU;blue / pale green;G;PALE GREEN|P/GRN;pale green
 pack: ream;R;REAM|RM500;ream|ream 500 / pk50;50;PK50|50/PK;pack of 50 / pk100;C;PK100|PACK 100;pack of 100|(100 pack) / bx1000;M;BX1000|1000/BX;box of 1000
shirt|PPE|9|TX|60|1500|{type} {fit} {colour} {size}~{colour} {type} {size} {fit}|{fit} {type} {colour} {size}~{type} {colour}, size {size}, {fit}
 type: polo shirt;PS;SHIRT POLO|POLO SHRT;polo shirt / t-shirt;TS;T-SHIRT|TEE SHIRT;t-shirt|tee / softshell jacket;SJ;JACKET SOFTSHELL|JKT S/SHELL;softshell jacket / cargo trouser;CT;TROUSER CARGO|TRSR CARGO;cargo trousers|work trousers / hoodie;HD;HOODIE|HOODY;hooded sweatshirt|hoodie / apron;AP;APRON BIB|BIB APRN;bib apron
 fit: mens;M;MENS|MEN;mens|men's / ladies;L;LADIES|LDS|WOMENS;ladies|women's / kids;K;KIDS|CHILD;kids|children's
 colour: navy;NV;NAVY|NVY;navy|navy blue / black;BK;BLACK|BLK;black / charcoal;CH;CHARCOAL|CHRC;charcoal|dark grey / bottle green;BG;BOTTLE GREEN|BTL GRN;bottle green / red;RD;RED;red / royal blue;RB;ROYAL BLUE|RYL BLU;royal blue
 size: xs;XS;XS;XS|extra small / s;S;S|SML;S|small / m;M;M|MED;M|medium / l;L;L|LGE;L|large / xl;XL;XL;XL / xxl;2X;XXL|2XL;2XL|XXL / xxxl;3X;3XL|XXXL;3XL
cableusb|ELEC|7|CX|15|600|{type} {len} {colour} {pack}~{len} {type} {colour} {pack}|{type} {len} {colour} {pack}~{colour} {type} - {len} - {pack}
 type: usb-c cable;UC;CABLE USB-C|USB C CBL;USB-C cable|USB type C lead / hdmi cable;HD;CABLE HDMI 2.0|HDMI2.0 CBL;HDMI 2.0 cable / cat6 patch;C6;PATCH LEAD CAT6|CAT6 PTCH;Cat6 patch cable|cat 6 patch lead / cat5e patch;C5;PATCH LEAD CAT5E|CAT5E PTCH;Cat5e patch cable / displayport;DP;CABLE DISPLAYPORT|D/PORT CBL;DisplayPort cable / audio 3.5;AU;CABLE AUDIO 3.5MM|AUX CBL 3.5;3.5 mm audio cable|aux lead 3.5mm
 len: 0.5m;05;0.5M|500MM;0.5 m|50 cm / 1m;1;1M|1.0M;1 m|100cm / 2m;2;2M|2.0M;2 m|200 cm / 3m;3;3M;3m / 5m;5;5M|5.0M;5 m / 10m;10;10M;10 m|10 metre
 colour: black;B;BLACK|BLK;black / white;W;WHITE|WHT;white / grey;G;GREY|GRY;grey|gray / blue;U;BLUE|BLU;blue
 pack: ea;;EA;each|ea / pk5;5;PK5|5/PK;pack of 5 / pk10;10;PK10|PACK 10;pack of 10|(10 pack)
panel|PNT|8|BD|90|4000|{type} {w}X{th} {grade}~{grade} {type} {w} X {th}|{type} {w} x {th} {grade}~{grade} {type}, {w}, {th}
 type: plywood;PW;PLYWOOD|PLYWD|PLY;plywood / mdf;MD;MDF BOARD|MDF BRD;MDF board|MDF / chipboard;CB;CHIPBOARD|CHPBRD;chipboard|particle board / osb;OS;OSB3|OSB 3;OSB 3 / shelf board;SH;SHELF BOARD|SHLF BRD;shelving board|shelf
 w: 610;24;24IN|24";610 mm|610mm|24 in / 915;36;36IN|36";915mm|36 inch / 1220;48;48IN|48";1220 mm|1220mm / 300;30;300MM;300 mm|30cm / 450;45;450MM;450 mm|45 cm
 th: 6mm;6;6MM;6 mm / 9mm;9;9MM;9mm / 12mm;12;12MM;12 mm|12mm / 18mm;18;18MM;18 mm|18mm / 25mm;25;25MM;25mm
 grade: interior;I;INT|INTERIOR;interior / exterior;E;EXT|EXTERIOR|WBP;exterior|weatherproof / moisture;M;MR|MOISTURE RES;moisture resistant|MR / fire;F;FR|FIRE RATED;fire rated
device|FG|9||300|9000|{type} {model} {volt} {ver}~{model} {type} {ver} {volt}|{type} {model} {volt} {ver}~{model} {type} ({ver}) {volt}
 type: controller;CT;CONTROLLER|CTRLR;controller|control unit / sensor head;SH;SENSOR HEAD|SNSR HD;sensor head / gateway;GW;GATEWAY|GTWY;gateway|data gateway / sensor kit;SK;SENSOR HEAD KIT|SNSR HD KIT;sensor head kit / display;DY;DISPLAY MODULE|DISP MOD;display module / psu;PS;POWER SUPPLY|PSU;power supply|PSU
 model: @ZT-
 volt: 12v;12;12VDC|12V;12 V|12V DC / 24v;24;24VDC|24V;24 V DC|24V / 48v;48;48VDC;48 V / 230v;23;230VAC|230V;230 V|230V AC
 ver: v1;1;V1|VER 1;v1|version 1 / v2;2;V2|VER 2;v2|version 2 / v3;3;V3|VER 3;v3|version 3
hire|SVC|2|SV|50|900|{svc} {unit} {area}|{svc} {unit} {area}~{svc} - {area} - {unit}
 svc: training;TR;TRAINING|TRNG;training|staff training / inspection;IN;INSPECTION|INSP;inspection / installation;IS;INSTALLATION|INSTALL;installation / audit;AU;SAFETY AUDIT|SFTY AUDIT;safety audit / cleaning;CL;SITE CLEANING|SITE CLNG;site cleaning
 unit: hour;H;PER HR|/HR;per hour|hourly / day;D;PER DAY|/DAY;per day|daily rate / each;V;PER VISIT;per visit / km;M;PER MTH|/MONTH;per month|monthly
 area: zone1;1;ZONE 1|Z1;zone 1 / zone2;2;ZONE 2|Z2;zone 2 / zone3;3;ZONE 3|Z3;zone 3
"""
_LAGER = """
rohr|PIPE|8|RO|10|900|{type} {dn} {mat} {druck}~{mat} {type} {dn} {druck}|{type} {dn} {mat} {druck}~{mat} {type}, {dn}, {druck}
 type: rohrbogen;RB;ROHRBOGEN 90|RBOGEN 90 GRD;Rohrbogen 90°|Bogen 90 Grad / t-stueck;TS;T-STUECK|T-STK;T-Stück / muffe;MU;MUFFE|MFF;Muffe / flansch;FL;FLANSCH|FLNSCH;Flansch / reduzierung;RD;REDUZIERUNG|RED.;Reduzierung|Reduzierstück
 dn: dn15;15;DN15|1/2 ZOLL;DN 15|1/2" / dn20;20;DN20|3/4 ZOLL;DN 20|3/4" / dn25;25;DN25|1 ZOLL;DN 25|1" / dn40;40;DN40|1 1/2 ZOLL;DN 40|1 1/2" / dn50;50;DN50|2 ZOLL;DN 50|2" / dn80;80;DN80|3 ZOLL;DN 80|3" / dn100;100;DN100|4 ZOLL;DN 100|4"
 mat: edelstahl;E;EDELSTAHL|VA|V4A;Edelstahl|V4A / stahl verzinkt;Z;STAHL VERZ.|VERZINKT;Stahl verzinkt|verzinkt / messing;M;MESSING|MS;Messing / kupfer;K;KUPFER|CU;Kupfer / pvc;P;PVC-U|PVC;PVC-U
 druck: pn6;6;PN6;PN 6 / pn10;10;PN10;PN 10 / pn16;16;PN16;PN 16 / pn40;40;PN40;PN 40
schraube|FAST|10|SR|1|80|{type} {m}X{l} {stahl} {vpe}~{m}X{l} {type} {stahl} {vpe}|{type} {m} x {l} {stahl} {vpe}~{type}, {m}x{l} mm, {stahl}, {vpe}
 type: sechskantschraube;SK;SECHSKANTSCHR.|6KT-SCHR;Sechskantschraube / zylinderschraube;ZY;ZYLINDERSCHR.|ZYL.SCHR;Zylinderschraube / senkschraube;SE;SENKSCHR.|SENKSCHRB;Senkschraube / holzschraube;HO;HOLZSCHR.|HOLZSCHRAUBE;Holzschraube / gewindestift;GW;GEWINDESTIFT|GEW.STIFT;Gewindestift
 m: M4;04;M4;M4 / M5;05;M5;M5 / M6;06;M6;M6 / M8;08;M8;M8 / M10;10;M10;M10 / M12;12;M12;M12 / M16;16;M16;M16
 l: 12;012;12;12 / 16;016;16;16 / 20;020;20;20 / 25;025;25;25 / 30;030;30;30 / 40;040;40;40 / 50;050;50;50 / 60;060;60;60 / 80;080;80;80 / 100;100;100;100
 stahl: 8.8 verzinkt;8Z;8.8 VERZ|8.8 ZN;8.8 verzinkt|8.8 galv. verzinkt / 10.9 blank;10;10.9 BLANK|10.9;10.9 blank|10.9 roh / a2;A2;A2-70|V2A;A2-70|Edelstahl A2 / a4;A4;A4-80|V4A;A4-80|Edelstahl A4
 vpe: st;;ST|STK;Stück / vpe100;C;VPE 100|100ST;VPE 100|100 Stück / vpe200;D;VPE 200|200ST;200 Stück|VPE 200 / vpe500;F;VPE 500|500ST;500 Stück
farbe|PNT|6|FB|30|900|{type} {ral} {gebinde}~{gebinde} {type} {ral}|{type} {ral} {gebinde}~{type}, {gebinde}, {ral}
 type: wandfarbe;WF;WANDFARBE|WANDFRB;Wandfarbe|Innenwandfarbe / lack glanz;LG;LACK GLAENZEND|LACK GLZ;Lack glänzend|Glanzlack / lack matt;LM;LACK MATT|LCK MT;Lack matt|Mattlack / grundierung;GR;GRUNDIERUNG|GRUND.;Grundierung / holzlasur;HL;HOLZLASUR|HLZLASUR;Holzlasur
 ral: ral9010;9010;RAL9010|REINWEISS;RAL 9010 reinweiß|reinweiß RAL 9010 / ral9016;9016;RAL9016|VERKEHRSWEISS;RAL 9016 verkehrsweiß|RAL 9016 / ral7016;7016;RAL7016|ANTHRAZIT;RAL 7016 anthrazit|RAL 7016 / ral3000;3000;RAL3000|FEUERROT;RAL 3000 feuerrot|RAL 3000 / ral5010;5010;RAL5010|ENZIANBLAU;RAL 5010 enzianblau|RAL 5010
 gebinde: 750ml;075;750ML|0,75L;0,75 l|750 ml / 2.5l;25;2,5L|2.5L;2,5 l|2500 ml / 5l;5;5L|5,0L;5 l|5 Liter / 10l;10;10L|10LTR;10 l|10 Liter
kaas|STL|7|KA|10|200|{merk} {soort} {gewicht} {doos}~{soort} {merk} {gewicht} {doos}|{soort} {merk} {gewicht} {doos}~{merk} {soort}, {gewicht}, {doos}
 merk: weidezicht;WZ;WEIDEZICHT|WEIDEZ;Weidezicht / polder;PO;POLDER|PLDR;Polder / hoeve;HO;HOEVE|HV;Hoeve
 soort: jong belegen;JB;KAAS JONG BELEGEN|KAAS JB;jong belegen kaas|kaas jong belegen / belegen;BE;KAAS BELEGEN|KAAS BEL;belegen kaas / oud;OU;KAAS OUD|OUDE KAAS;oude kaas / geitenkaas;GK;GEITENKAAS|GEITENKS;geitenkaas / roomboter;RB;ROOMBOTER|R.BOTER;roomboter / slagroom;SL;SLAGROOM|SLAGRM;slagroom
 gewicht: 200g;200;200G|200GR;200 g|0,2 kg / 400g;400;400G;400 gram|400g / 500g;500;500G|0,5KG;500 g / 1kg;1K;1KG|1000G;1 kg / 5kg;5K;5KG;5 kg|5000 g
 doos: stuk;;STUK|ST;per stuk|stuk / doos6;6;DOOS 6|6 ST;doos 6 stuks|doos 6 / doos10;10;DOOS 10|DS 10;doos 10|doos van 10 / doos20;20;DOOS 20|20ST;doos 20
motor|FG|9||150|8000|{teil} {typ} {kw} {seite}~{typ} {teil} {seite} {kw}|{teil} {typ} {kw} {seite}~{typ} {teil}, {kw}, {seite}
 teil: getriebemotor;GM;GETRIEBEMOTOR|GETR.MOTOR;Getriebemotor / bremsscheibe;BS;BREMSSCHEIBE|BREMSSCHB;Bremsscheibe / dichtsatz;DS;DICHTSATZ|DICHTUNGSSATZ;Dichtungssatz|Dichtsatz / welle;WE;WELLE|ANTR.WELLE;Antriebswelle|Welle / gehaeuse;GH;GEHAEUSE|GEH.;Gehäuse / luefter;LU;LUEFTER|LUEFTERRAD;Lüfter|Lüfterrad
 typ: @GX
 kw: 0.75;07;0,75KW|0.75KW;0,75 kW / 1.5;15;1,5KW|1.5KW;1,5 kW / 3;30;3KW|3,0KW;3 kW|3,0 kW / 5.5;55;5,5KW;5,5 kW / 11;11;11KW;11 kW
 seite: links;L;LI|LINKS;links|linke Ausführung / rechts;R;RE|RECHTS;rechts|rechte Ausführung
dienst|SVC|2|DL|40|700|{art} {einheit}|{art} {einheit}~{art} - {einheit}
 art: montage;MO;MONTAGE|MONT.;Montage / wartung;WA;WARTUNG|WART.;Wartung / anfahrt;AN;ANFAHRT|ANF.;Anfahrt|Anfahrtspauschale / pruefung;PR;UVV-PRUEFUNG|PRUEFUNG UVV;UVV-Prüfung
 einheit: stunde;H;JE STD|/STD;je Stunde|pro Stunde / tag;T;JE TAG|/TAG;je Tag|Tagessatz / pauschal;P;PAUSCHAL|PSCH;pauschal
"""
_VARIANTS = {"store": _STORE, "lager": _LAGER}


def families(text: str, items: Any, n: int) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for line in text.strip().splitlines():
        if not line.startswith(" "):
            name, cls, weight, pre, low, high, left, right = line.split("|")[:8]
            out[name] = {
                "name": name,
                "cls": cls,
                "w": int(weight),
                "pre": pre,
                "price": (float(low), float(high)),
                "attrs": [],
                "left": left.split("~"),
                "right": right.split("~"),
            }
            out[name] |= {"made": True} if cls == "FG" else {}
            family = out[name]
            continue
        attr, spec = line.strip().split(":", 1)
        if spec.strip().startswith("@"):
            stem = spec.strip()[1:]
            values = items.num(
                stem + "%d",
                stem.replace("-", "") + "%d",
                stem + "%d",
                stem + "%d",
                range(100, 100 + max(60, min(9000, n // 25))),
            )
        else:
            values = items.vals(*[part.strip() for part in spec.split(" / ")])
        family["attrs"].append((attr, values))
    for family in out.values():
        family["sizes"] = [len(v) for _, v in family["attrs"]]
    return out


def install(world: str, items: Any) -> None:
    """Replace the catalogue of the loaded generator module ``items``."""
    text = _VARIANTS[world]
    items.families = lambda n: families(text, items, n)
    r = random.Random(world)
    inner = items.left_row

    def left_row(it: Any, rng: Any) -> Any:
        row, view = inner(it, rng)
        if r.random() < 0.12:
            row["Description"] = " ".join(
                _squeeze(t) if len(t) > 5 and t.isalpha() and r.random() < 0.5 else t
                for t in row["Description"].split(" ")
            )
        return row, view

    items.left_row = left_row
    plain = items.choose_link
    items.choose_link = lambda it, lv, rng: (
        "none"
        if not (it.lean or it.old or it.super_of) and r.random() < 0.15
        else plain(it, lv, rng)
    )


def _squeeze(token: str) -> str:
    return token[0] + "".join(c for c in token[1:] if c not in "AEIOUaeiou")
