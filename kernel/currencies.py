"""Currencies, as ISO 4217 lists them: how many decimals the amounts of each have, its minor unit.

What people use in one country or another may differ: Unicode's CLDR writes no decimals for some that have two here.
"""

from types import MappingProxyType

_BY_EXPONENT = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
        COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
        INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
        MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
        STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
EXPONENTS = MappingProxyType({code: exponent for exponent, codes in _BY_EXPONENT.items() for code in codes.split()})
"""Of each currency that has a minor unit; metals, test codes and units of account have none."""
FORMER = MappingProxyType(dict.fromkeys(["ANG", "BGN", "CUC", "HRK", "SLL", "ZWL"], 2))
"""Withdrawn since 2023: amounts in them are still shown."""
SUPPORTED = frozenset({0, 2, 3})
_BY_SCALE = {
    100: """
        AFN ALL BDT BTN CVE DJF DOP DZD EGP ETB GMD GYD HTG INR ISK JMD JPY KES KGS LRD MKD MUR MZN NIO NPR PHP RSD RUB
        SRD THB TRY TWD UYU VUV XPF YER
    """,
    1_000: "AMD AOA ARS CDF CLP CRC HUF IQD KMF KRW KZT LKR MMK MWK NGN PKR RWF SDG SOS TZS XAF XOF",
    10_000: "BIF COP GNF IDR KHR LAK MGA MNT PYG SYP UGX UZS VND",
    100_000: "IRR LBP",
}
_SCALES = MappingProxyType({code: scale for scale, codes in _BY_SCALE.items() for code in codes.split()})


def is_listed(code: str) -> bool:
    return code in EXPONENTS


def exponent(code: str) -> int:
    """Return how many decimals the amounts of a currency have.

    :raises KeyError: when ISO 4217 has no such currency, or one without a minor unit.
    """
    return EXPONENTS[code] if code in EXPONENTS else FORMER[code]


def scale(code: str) -> int:
    """Return how many units of a currency are worth about a euro: a power of ten, for bounds that nobody has to set.

    >>> scale("EUR"), scale("JPY"), scale("IDR")
    (1, 100, 10000)
    """
    return _SCALES.get(code, 1)
