# ruff: noqa: SIM905 - word lists read better as text
"""Word lists of common knowledge: legal forms, connectors, place names with two names, markers.

No list is taken from a data set; they name what bookkeepers of many countries write.
"""

from __future__ import annotations

import re

_FORMS = """
pty: pty proprietary edms eiendoms
ltd: ltd limited bpk beperk ltee limitee teoranta teo tta
cc: cc bk
inc: inc incorporated
corp: corp corporation
co: co company cie cia
llc: llc
llp: llp
lp: lp
plc: plc cpt
gmbh: gmbh mbh ggmbh
ag: ag aktiengesellschaft
kg: kg kommanditgesellschaft kgaa
ohg: ohg
gbr: gbr
ek: ek ekfr ekfm
ug: ug
se: se
bv: bv bvba
nv: nv
vof: vof
cv: cv commv
sarl: sarl
sas: sas sasu
eurl: eurl
sa: sa
snc: snc
sci: sci
sl: sl slu sll
srl: srl
spa: spa
spzoo: zoo spzoo
spj: spj
spk: spk
oy: oy oyj
ab: ab
as: as
aps: aps
lda: lda limitada ltda
pvt: pvt private
pte: pte
sdn: sdn bhd
dac: dac
ulc: ulc
clg: clg
kft: kft
sro: sro
doo: doo
kk: kk
trust: trust
"""
LEGAL_FORMS: dict[str, str] = {
    word: line.split(":")[0]
    for line in _FORMS.strip().splitlines()
    for word in line.split(":")[1].split()
}
CONNECTORS = frozenset(
    "and und et en e y i a the of for von van de der die das la le les el los du des".split()
)
SECOND_NAME = re.compile(
    r"\b(?:t/a|t\\a|ta|d/b/a|dba|trading as|trading name|doing business as|handelend as|h/a|f/k/a|formerly|aka|"
    r"faisant affaire|firmierend als|handelnd als)\b"
)
REPLACED = [
    (re.compile(r"\bp/l\b"), "pty ltd"),
    (re.compile(r"\(p\) ltd"), "pvt ltd"),
    (re.compile(r"\ba/s\b"), "as"),
    (re.compile(r"\bsp\.? ?z ?\.? ?o\.? ?o\b\.?"), "spzoo"),
    (re.compile(r"\bint'l\b"), "intl"),
    (re.compile(r"\ba/c\b"), "aircon"),
    (re.compile(r"\bair con(?:ditioning)?\b"), "aircon"),
    (
        re.compile(
            r"\bh/o\b|\bhead office\b|\bhoofkantoor\b|\bhq\b|\bhauptverwaltung\b|\bsiege social\b|\bhoofdkantoor\b"
        ),
        "ho",
    ),
]
BLOCKED = re.compile(
    r"\*+|\bdo not use\b|\bdon'?t use\b|\bdo not order\b|\bdnu\b|\bduplicate\b|\bdupl?\b|\bnot used\b|\bnot in use\b|"
    r"^\s*closed\b|\bclosed\b\s*[-:]|[-(]\s*closed\b|^\s*z{2,}|^\s*x{2,}|\bobsolete\b|\bold account\b|"
    r"\bnicht verwenden\b|\bgesperrt\b|\bniet gebruiken\b|\bne pas utiliser\b|\bno usar\b|\binactive\b|\bmerged\b|\bblocked\b"
)
PLACEHOLDER = re.compile(
    r"\bcash\b|\bsundr(?:y|ies)\b|\bmisc(?:ellaneous)?\b|\btest(?:ing)?\b|\btraining\b|\bvoid\b|\bwalk ?in\b|"
    r"\bone ?off\b|\bonce ?off\b|\bone ?time\b|\bstaff\b|\bpetty\b|\bunallocated\b|\bspare\b|\bdeleted\b|\bdummy\b|"
    r"\bdo not use\b|\bcounter sales?\b|\bdirectors? loan\b|\bdivers[eo]?s?\b|\bbarverkauf\b|\bbarkunde\b|\bcontant\b|"
    r"\bkontant\b|\bpassant\b|\blaufkund\w*\b|\bvarios\b|\bcontado\b|\bcomptoir\b|\bemployee\b|\bpersonnel\b|"
    r"\bunknown\b|\bsuspense\b|\bmitarbeiter\b|\bpersoneel\b|\binternal\b|\bno name\b|\bonbekend\b|\bweb ?shop\b"
)
PLACEHOLDER_REST = frozenset(
    "sale sales customer customers debtor debtors creditor creditors supplier suppliers vendor vendors account accounts "
    "purchase purchases counter cod c o d trade expense expenses reimbursement reimbursements loan directors director "
    "item items part parts product order orders client clients in off once one time use do not default x zzz zz general "
    "other others kunden kunde klant klanten lieferant leverancier fournisseur fournisseurs client shop web old".split()
)
GEO = frozenset(
    "africa southern america usa us uk europe european australia australasia deutschland germany france nederland holland "
    "international world global sa rsa kzn gauteng ireland canada espana polska schweiz austria zealand nz emea".split()
)
BRANCH_WORDS = frozenset(
    "branch depot br ho filiale niederlassung vestiging agence succursale sucursal oddzial warehouse tak takkantoor".split()
)
NUMBER_WORDS = frozenset(
    "no nr num number store str shop unit filiale winkel tienda magasin".split()
)
STREET_TAIL = re.compile(
    r"(?:strasse|strass|straat|str|weg|allee|gasse|platz|laan|plein|gata|gatan|vej|kade|ring|damm|ufer)$"
)
STREET_WORDS = frozenset(
    "street st str strasse road rd avenue ave av drive dr drv lane ln crescent cres crs boulevard blvd boul way close cl "
    "court ct place pl square sq terrace ter unit suite block floor level building bldg cnr corner no nr the and of rue "
    "calle avenida rua ul ulica aleja plaza paseo chemin impasse quai weg straat highway hwy parade pde de la du des del".split()
)
BOX = re.compile(
    r"\b(?:p\s?\.?\s?o\s?\.?\s?box|box|postfach|postbus|posbus|apartado(?: de correos)?|bp|boite postale|case postale|"
    r"(?:priv(?:ate|aat)?|p)[ ./]*(?:bag|sak)|skrytka pocztowa|skr poczt|locked bag|casilla|cp|apdo)\b[\s.:#]*x?\s*(\d[\d ]*)"
)
_SAME_PLACE = """
durban=ethekwini; cape town=kaapstad; johannesburg=joburg=jozi=egoli; pretoria=tshwane; port elizabeth=gqeberha;
bloemfontein=mangaung; nelspruit=mbombela; polokwane=pietersburg; witbank=emalahleni; centurion=verwoerdburg;
east london=oos londen=buffalo city; grahamstown=makhanda; uitenhage=kariega; king williams town=qonce; pietermaritzburg=umgungundlovu;
walvis bay=walvisbaai; pune=poona; chennai=madras; mumbai=bombay; kolkata=calcutta; bengaluru=bangalore; bulawayo=byo;
saint louis=st louis; philadelphia=philly; birmingham=bham; cardiff=caerdydd; swansea=abertawe; newport=casnewydd;
koln=cologne=koeln; munchen=munich=muenchen; nurnberg=nuremberg; dusseldorf=duesseldorf; hannover=hanover; frankfurt=frankfurt am main;
braunschweig=brunswick; wien=vienna; zurich=zuerich; geneve=geneva=genf; basel=basle=bale; bern=berne; luzern=lucerne;
den haag=the hague=s gravenhage=la haye; s hertogenbosch=den bosch=bois le duc; vlissingen=flushing; antwerpen=antwerp=anvers;
brussel=brussels=bruxelles; gent=ghent=gand; brugge=bruges; leuven=louvain; luik=liege; mechelen=malines; kortrijk=courtrai; ieper=ypres; bergen=mons;
lyon=lyons; marseille=marseilles; strasbourg=strassburg; lille=rijsel; dunkerque=dunkirk=duinkerke; reims=rheims;
sevilla=seville; zaragoza=saragossa; la coruna=a coruna=corunna; san sebastian=donostia; bilbao=bilbo; vitoria=gasteiz; pamplona=iruna;
lleida=lerida; girona=gerona; palma=palma de mallorca; alicante=alacant; valencia=valence; ourense=orense; castellon=castello;
warszawa=warsaw=warschau; krakow=cracow=krakau; wroclaw=breslau; gdansk=danzig; lodz=lodsch; poznan=posen; szczecin=stettin; katowice=kattowitz;
dublin=baile atha cliath; cork=corcaigh; galway=gaillimh; limerick=luimneach; waterford=port lairge; sligo=sligeach; kilkenny=cill chainnigh;
drogheda=droichead atha; dundalk=dun dealgan; tralee=tra li; letterkenny=leitir ceanainn; ennis=inis; athlone=baile atha luain;
lisboa=lisbon; porto=oporto; milano=milan; roma=rome; torino=turin; napoli=naples; venezia=venice; firenze=florence; genova=genoa;
praha=prague=prag; kobenhavn=copenhagen; goteborg=gothenburg; helsinki=helsingfors; turku=abo; montreal=montreal qc; quebec=quebec city=ville de quebec;
saint john=st john; st johns=saint johns; christchurch=otautahi; auckland=tamaki makaurau; wellington=te whanganui a tara; hamilton=kirikiriroa;
dunedin=otepoti; tauranga=tauranga moana; rotorua=rotorua nui a kahu; palmerston north=papaioea; nelson=whakatu; invercargill=waihopai; new plymouth=ngamotu;
napier=ahuriri; gisborne=turanga nui a kiwa; whangarei=whangarei terenga paraoa; luxembourg=luxemburg; athens=athina; thessaloniki=salonica;
ho chi minh city=saigon; beijing=peking; guangzhou=canton; yangon=rangoon; moscow=moskva; st petersburg=saint petersburg=leningrad;
new york=nyc=new york city; los angeles=la; san francisco=sf; washington=washington dc; las vegas=vegas; monchengladbach=moenchengladbach; maputo=lourenco marques; harare=salisbury
"""
SAME_PLACE: dict[str, str] = {}
for _group in _SAME_PLACE.replace("\n", " ").split(";"):
    _names = [name.strip() for name in _group.split("=")]
    for _name in _names:
        SAME_PLACE[_name] = _names[0]
_COUNTRIES = """
za: south africa, rsa, za, zaf, republic of south africa, s africa, suid afrika; us: usa, united states, us, united states of america, america;
gb: united kingdom, uk, gb, gbr, england, great britain, scotland, wales, northern ireland; ie: ireland, ie, irl, eire, republic of ireland;
au: australia, au, aus, aust; nz: new zealand, nz, nzl, aotearoa; ca: canada, ca, can; de: germany, de, deutschland, deu, ger; at: austria, at, aut, osterreich;
ch: switzerland, ch, che, schweiz, suisse; nl: netherlands, nl, nld, nederland, holland, the netherlands; be: belgium, be, bel, belgie, belgique;
fr: france, fr, fra, frankreich; es: spain, es, esp, espana; pt: portugal, pt, prt; it: italy, it, ita, italia; pl: poland, pl, pol, polska;
na: namibia, na, nam; bw: botswana, bw, bwa; zw: zimbabwe, zw, zwe, zim; mz: mozambique, mz, moz, mocambique; in: india, in, ind;
dk: denmark, dk, dnk, danmark; se: sweden, se, swe, sverige; no: norway, no, nor, norge; fi: finland, fi, fin, suomi; lu: luxembourg, lu, lux
"""
COUNTRIES: dict[str, str] = {
    name.strip(): part.split(":")[0].strip()
    for part in _COUNTRIES.replace("\n", " ").split(";")
    for name in part.split(":")[1].split(",")
}
