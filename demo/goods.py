"""What the demo's shops sell: SKU, name, price in minor units, barcode, and how many there are at first."""

from collections.abc import Mapping
from typing import NamedTuple


class Good(NamedTuple):
    sku: str
    name: str
    price: int
    barcode: str
    stock: int


TAX_RATE = "Standard, included"
GOODS: Mapping[str, tuple[Good, ...]] = {
    "corner_shop": (
        Good("COFFEE", "Filter coffee 500 g", 749, "4006381333931", 40),
        Good("TEA", "Assam tea 250 g", 525, "4006381333948", 25),
        Good("MUG", "Stoneware mug", 1199, "4006381333955", 30),
        Good("HONEY", "Blossom honey 500 g", 690, "4006381333962", 20),
        Good("JAM", "Apricot jam 340 g", 385, "4006381333979", 24),
        Good("CANDLE", "Beeswax candle", 450, "4006381333986", 18),
    ),
    "book_store": (
        Good("ATLAS", "Atlas of the sea", 3490, "4006381334006", 8),
        Good("POEMS", "Poems of the north", 1450, "4006381334013", 15),
        Good("COOKBOOK", "Bread, from flour to crust", 2295, "4006381334020", 12),
        Good("NOVEL", "The lighthouse", 1290, "4006381334037", 30),
        Good("MAP", "Walks around the lake", 995, "4006381334044", 20),
        Good("NOTEBOOK", "Notebook, 96 pages", 575, "4006381334051", 40),
    ),
}
