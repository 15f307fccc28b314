"""What is a house worth, learned from a table of mixed columns with values missing? python house_prices.py"""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from service import served

import fabwatch

ROWS, NOISE = 600, 12_000


def sales() -> pd.DataFrame:
    """Made-up sales, so that the truth is known: size, district, year and garden tell the price, the colour does not."""
    chance = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "sold_on": pd.date_range("2024-01-01", periods=ROWS, freq="D").strftime("%Y-%m-%d"),
            "size_m2": chance.normal(120, 30, ROWS).clip(40).round(),
            "built": chance.integers(1900, 2020, ROWS).astype(float),
            "district": chance.choice(["harbour", "centre", "hill", "mill"], ROWS),
            "garden": chance.choice(["yes", "no"], ROWS),
            "colour": chance.choice(["white", "grey", "brick"], ROWS),
        }
    )
    worth = {"harbour": 0, "centre": 90_000, "hill": 40_000, "mill": -20_000}
    table["price"] = (
        2_500 * table["size_m2"]
        + 600 * (table["built"] - 1900)
        + table["district"].map(worth)
        + 25_000 * (table["garden"] == "yes")
        + chance.normal(0, NOISE, ROWS)
    ).round(-2)
    table.loc[chance.random(ROWS) < 0.1, "built"] = np.nan
    table.loc[chance.random(ROWS) < 0.1, "garden"] = None
    return table


with tempfile.TemporaryDirectory() as place:
    folder = Path(place) / "fab"
    print(f"1. {ROWS} sales, in order of time; the last quarter is held out, so that the model is tried on later sales")
    with fabwatch.open(folder, create=True) as fab:
        trained = fab.train_model(sales(), "price", time="sold_on", name="houses", minutes=0.05)
    held, floor = trained.held_out, trained.floor
    print(f"2. learned: {trained.learner}; moved most by {', '.join(one['column'] for one in trained.importance[:3])}")
    print(f"3. error (RMSE) {held['value']:,.0f}, 95 % {held['low']:,.0f} to {held['high']:,.0f}, of {held['rows']} sales")
    print(f"   floor: {floor['value']:,.0f} without a model ({floor['by']}); noise of the made-up prices: {NOISE:,}")
    houses = [
        {"size_m2": 100, "built": 1990, "district": "centre", "garden": "yes", "colour": "white"},
        {"size_m2": 100, "district": "centre"},
    ]
    print("4. asked over HTTP:")
    with served(folder) as ask:
        for house, said in zip(houses, ask("houses", houses, contributions=True)["predictions"], strict=True):
            print(f"   {house}: {said['prediction']:,.0f}; missing: {', '.join(said['missing']) or 'nothing'}")
            print(f"   {said['sentence']}")
