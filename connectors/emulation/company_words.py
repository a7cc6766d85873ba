"""Invented words of which the sample company's names are made."""

from __future__ import annotations

FIRST = (
    "Alder", "Birch", "Cobalt", "Drift", "Ember", "Fennel", "Granite", "Harbor", "Iron", "Juniper",
    "Kelso", "Larch", "Marlow", "Nettle", "Oak", "Pioneer", "Quarry", "Raven", "Sable", "Tamar",
    "Umber", "Vale", "Willow", "Yarrow", "Zephyr", "Ashby", "Bracken", "Calder", "Dunmore", "Elm",
    "Fairway", "Gannet", "Heath", "Islay", "Jasper", "Kestrel", "Linden", "Moss", "North", "Otter",
    "Pebble", "Quill", "Rowan", "Sterling", "Thistle", "Union", "Vesper", "Wharf", "Summit", "Beacon",
    "Copper", "Delta", "Eastgate", "Forge", "Garnet", "Hollow", "Ivy", "Keystone", "Lantern", "Meadow",
    "Noble", "Orchard", "Prairie", "Ridge", "Silver", "Timber", "Valley", "Westbrook", "Arrow", "Bluff",
    "Canyon", "Dover", "Echo", "Falcon", "Grove", "Hazel", "Lakeside", "Mason", "Orion", "Pine",
)  # fmt: skip
SECOND = (
    "Creek", "Bridge", "Point", "Hill", "Brook", "Gate", "Field", "Stone", "Park", "Bay", "River",
    "Mill", "Cross", "Lane", "Court", "Ford", "Wood", "Haven", "Peak", "Springs", "Bend", "View",
    "Glen", "Landing", "Hollow", "Crest", "Shore", "Farm", "Square", "Trail", "Rock", "Moor", "Dale",
    "Reach", "End", "Corner", "Yard", "House", "Works", "Bank",
)  # fmt: skip
CUSTOMER_TRADES = (
    "Outfitters", "Hardware", "Supply", "Stores", "Retail", "Home & Garden", "Camping", "Sports",
    "Trading", "Distribution", "Wholesale", "Mercantile", "Hotels", "Leisure", "Catering", "Schools",
    "Marine", "Equipment", "Rentals", "Markets", "Cafés", "Interiors", "Motors", "Builders",
)  # fmt: skip
SUPPLIER_TRADES = (
    "Steel", "Plastics", "Packaging", "Chemicals", "Fasteners", "Textiles", "Castings", "Electronics",
    "Freight", "Tooling", "Coatings", "Bearings", "Rubber", "Paper", "Energy", "Foundry",
)  # fmt: skip
LEGAL = {
    "US": (("Inc", "Inc."), ("LLC", "L.L.C."), ("Corp", "Corporation"), ("Co", "Company")),
    "GB": (("Ltd", "Limited"), ("PLC", "plc"), ("LLP", "LLP"), ("Ltd", "Ltd.")),
    "IE": (("Ltd", "Limited"), ("DAC", "D.A.C.")),
    "DE": (("GmbH", "Gesellschaft mbH"), ("AG", "Aktiengesellschaft")),
    "FR": (("SARL", "S.A.R.L."), ("SA", "S.A.")),
}
PEOPLE_FIRST = (
    "Ada", "Ben", "Clara", "Dan", "Ella", "Finn", "Grace", "Hugo", "Ines", "Jack", "Kate", "Liam",
    "Maya", "Noah", "Olga", "Paul", "Quinn", "Rosa", "Sam", "Tara", "Uma", "Victor", "Wendy", "Zoë",
)  # fmt: skip
PEOPLE_LAST = (
    "Archer", "Baker", "Carver", "Dyer", "Ellis", "Fletcher", "Glover", "Hooper", "Irving", "Jansen",
    "Keller", "Lister", "Müller", "Naylor", "Osborne", "Potter", "Quayle", "Reeve", "Sawyer", "Tanner",
    "Underhill", "Vance", "Weaver", "Young",
)  # fmt: skip
STREETS = (
    ("Mill Lane", "Mill Ln"), ("Station Road", "Station Rd"), ("Harbor Street", "Harbor St"),
    ("Market Street", "Market St."), ("Industrial Avenue", "Industrial Ave"), ("Park Drive", "Park Dr"),
    ("Church Street", "Church St"), ("Quarry Boulevard", "Quarry Blvd"), ("Bridge Road", "Bridge Rd"),
    ("Orchard Way", "Orchard Way"),
)  # fmt: skip
CITIES = {
    "US": (
        ("Boise", "ID", "83702"), ("Austin", "TX", "78701"), ("Dallas", "TX", "75201"),
        ("Houston", "TX", "77002"), ("El Paso", "TX", "79901"), ("San Diego", "CA", "92101"),
        ("Fresno", "CA", "93650"), ("Denver", "CO", "80202"), ("Tulsa", "OK", "74103"),
        ("Waco", "TX", "76701"),
    ),
    "GB": (
        ("Leeds", "West Yorkshire", "LS1 4AP"), ("Bristol", "", "BS1 5TR"), ("York", "", "YO1 7HH"),
        ("Norwich", "Norfolk", "NR2 1TF"), ("Exeter", "Devon", "EX1 1GA"), ("Derby", "", "DE1 2QY"),
        ("Carlisle", "Cumbria", "CA3 8RE"), ("Swansea", "", "SA1 3QA"),
    ),
    "IE": (("Cork", "Co. Cork", "T12 X8N6"), ("Galway", "Co. Galway", "H91 CF50")),
    "DE": (("Köln", "", "50667"), ("Bremen", "", "28195")),
    "FR": (("Lyon", "", "69002"), ("Nîmes", "", "30000")),
}  # fmt: skip
MATERIALS = (
    "Steel", "Oak", "Canvas", "Brass", "Nylon", "Rubber", "Copper", "Ceramic", "Cork", "Aluminium",
    "Leather", "Glass",
)  # fmt: skip
THINGS = (
    "Bracket", "Hinge", "Lantern", "Tent Peg", "Flask", "Stool", "Tarp", "Clamp", "Pulley", "Bolt",
    "Rope", "Grill", "Table", "Chair", "Crate", "Hook", "Valve", "Gasket", "Handle", "Shelf",
)  # fmt: skip
SIZES = ("Small", "Medium", "Large", "XL", "10mm", "12mm", "20mm", "50mm", "2m", "5m")
SHADES = {
    "Black": "BLK", "Green": "GRN", "Grey": "GRY", "Red": "RED", "Blue": "BLU", "Sand": "SND",
    "White": "WHT",
}  # fmt: skip
COLOURS = tuple(SHADES)
SERVICES = ("Assembly", "Installation", "Engraving", "Calibration", "Repair", "Training")
COMMENTS = (
    "Deliver to rear dock", "Call before delivery", "Gift wrap requested", "Do not stack",
    "Partial shipment accepted", "Ring bell at gate",
)  # fmt: skip
METHODS = ("Cash", "Card", "Check", "ACH")
