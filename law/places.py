"""Places of residence that a form offers: ISO 3166-1 codes, and ISO 3166-2 for the states of the USA."""

_EEA = {
    "AT": "Austria", "BE": "Belgium", "BG": "Bulgaria", "HR": "Croatia", "CY": "Cyprus", "CZ": "Czechia",
    "DK": "Denmark", "EE": "Estonia", "FI": "Finland", "FR": "France", "DE": "Germany", "GR": "Greece", "HU": "Hungary",
    "IS": "Iceland", "IE": "Ireland", "IT": "Italy", "LV": "Latvia", "LI": "Liechtenstein", "LT": "Lithuania",
    "LU": "Luxembourg", "MT": "Malta", "NL": "Netherlands", "NO": "Norway", "PL": "Poland", "PT": "Portugal",
    "RO": "Romania", "SK": "Slovakia", "SI": "Slovenia", "ES": "Spain", "SE": "Sweden",
}  # fmt: skip
_OTHERS = {
    "AU": "Australia", "BR": "Brazil", "CA": "Canada", "CA-QC": "Canada: Quebec", "CN": "China", "IN": "India", "JP": "Japan",
    "KR": "Korea (South)", "MX": "Mexico", "NZ": "New Zealand", "SG": "Singapore", "ZA": "South Africa",
    "CH": "Switzerland", "TH": "Thailand", "TR": "Türkiye", "UA": "Ukraine", "GB": "United Kingdom",
}  # fmt: skip
_STATES = (
    "Alabama AL,Alaska AK,Arizona AZ,Arkansas AR,California CA,Colorado CO,Connecticut CT,Delaware DE,"
    "District of Columbia DC,Florida FL,Georgia GA,Hawaii HI,Idaho ID,Illinois IL,Indiana IN,Iowa IA,Kansas KS,"
    "Kentucky KY,Louisiana LA,Maine ME,Maryland MD,Massachusetts MA,Michigan MI,Minnesota MN,Mississippi MS,"
    "Missouri MO,Montana MT,Nebraska NE,Nevada NV,New Hampshire NH,New Jersey NJ,New Mexico NM,New York NY,"
    "North Carolina NC,North Dakota ND,Ohio OH,Oklahoma OK,Oregon OR,Pennsylvania PA,Rhode Island RI,"
    "South Carolina SC,South Dakota SD,Tennessee TN,Texas TX,Utah UT,Vermont VT,Virginia VA,Washington WA,"
    "West Virginia WV,Wisconsin WI,Wyoming WY"
)
_USA = {f"US-{one[-2:]}": f"USA: {one[:-3]}" for one in _STATES.split(",")}

PLACES: dict[str, str] = {
    **dict(sorted({**_EEA, **_OTHERS}.items(), key=lambda place: place[1])),
    **_USA,
    "ZZ": "Somewhere else",
}


def is_eea(country: str) -> bool:
    """Whether a country, by its ISO 3166 code, belongs to the European Economic Area: elsewhere is a third country (GDPR
    ch. V).
    """
    return country in _EEA
