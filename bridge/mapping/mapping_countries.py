#!/usr/bin/env python3
"""Writes mapping_countries.c from the data of Debian's iso-codes.

Usage: mapping_countries.py [iso_3166-1.json] > mapping_countries.c

A name's key is what is left of it in lower case without accents, marks and
spaces, and without "the" in front; mapping_country.c makes the same of what
it is asked for.
"""
import json
import sys
import unicodedata

SOURCE = "/usr/share/iso-codes/json/iso_3166-1.json"

# What people write that ISO's names do not have.
ALIASES = {
    "AE": ["UAE", "Emirates"],
    "BA": ["Bosnia"],
    "BN": ["Brunei"],
    "BQ": ["Bonaire", "Caribbean Netherlands"],
    "CD": ["DR Congo", "Congo-Kinshasa", "DRC", "Zaire"],
    "CG": ["Congo-Brazzaville", "Republic of the Congo"],
    "CI": ["Ivory Coast", "Cote d'Ivoire"],
    "CN": ["PRC", "Mainland China"],
    "CV": ["Cape Verde"],
    "CZ": ["Czech Republic"],
    "DE": ["Deutschland"],
    "ES": ["España"],
    "FK": ["Falkland Islands", "Falklands"],
    "FM": ["Micronesia"],
    "GB": ["UK", "U.K.", "Great Britain", "Britain", "England", "Scotland",
           "Wales", "Northern Ireland",
           "United Kingdom of Great Britain and Northern Ireland"],
    "HK": ["Hong Kong SAR"],
    "KR": ["ROK"],
    "KP": ["DPRK"],
    "KN": ["St Kitts and Nevis"],
    "LC": ["St Lucia"],
    "MF": ["Saint Martin", "St Martin"],
    "MK": ["Macedonia"],
    "MM": ["Burma"],
    "MO": ["Macau"],
    "MX": ["México"],
    "NL": ["Holland"],
    "PM": ["St Pierre and Miquelon"],
    "PS": ["Palestine"],
    "PT": ["Portuguese Republic"],
    "RU": ["Russia"],
    "SH": ["Saint Helena", "St Helena"],
    "ST": ["Sao Tome"],
    "SX": ["Sint Maarten", "St Maarten"],
    "SZ": ["Swaziland"],
    "TL": ["East Timor"],
    "TR": ["Turkey", "Türkiye"],
    "TT": ["Trinidad"],
    "US": ["USA", "U.S.", "U.S.A.", "America", "United States of America"],
    "VA": ["Vatican", "Vatican City"],
    "VC": ["St Vincent and the Grenadines"],
    "VG": ["British Virgin Islands", "BVI"],
    "VI": ["US Virgin Islands", "U.S. Virgin Islands", "USVI"],
}

# In use everywhere, and not ISO's: the code is one ISO leaves to its users.
EXTRA = [{"alpha_2": "XK", "alpha_3": "XKX", "numeric": "0",
          "name": "Kosovo"}]


def key(name):
    """The name as mapping_country.c folds it."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    plain = plain.replace("&", " and ")
    plain = "".join(c for c in plain if c.isalnum() or c.isspace())
    plain = " ".join(plain.split())
    if plain.startswith("the "):
        plain = plain[4:]
    return plain.replace(" ", "")


def names(country):
    """Every name of one country, also "Korea, Republic of" turned round."""
    for field in ("name", "common_name", "official_name"):
        name = country.get(field)
        if name is None:
            continue
        yield name
        head, comma, tail = name.partition(", ")
        if comma and " and " not in tail:
            yield f"{tail} {head}"
    yield from ALIASES.get(country["alpha_2"], [])


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else SOURCE
    with open(path, encoding="utf-8") as file:
        countries = json.load(file)["3166-1"] + EXTRA
    countries.sort(key=lambda c: c["alpha_2"])
    owner = {}
    print("/* Made by mapping_countries.py; do not edit. */")
    print('#include "mapping/mapping_country.h"\n')
    print("/* clang-format off */")
    print("const struct country countries[] = {")
    for country in countries:
        code = country["alpha_2"]
        codes = [code.lower(), country["alpha_3"].lower()]
        keys = codes + sorted({key(n) for n in names(country)} - set(codes))
        for k in keys:
            if owner.setdefault(k, code) != code:
                sys.exit(f"{k} is both {owner[k]} and {code}")
        print(f'\t{{ "{code}", {int(country["numeric"])}, "{"|".join(keys)}" }},')
    print("};")
    print("/* clang-format on */\n")
    print("const size_t country_count = COUNT_OF(countries);")


if __name__ == "__main__":
    main()
