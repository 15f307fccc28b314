"""What is a used car worth, also one of a make that no training ever saw? python used_cars.py"""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from service import served

import fabwatch

ROWS, NOISE = 800, 900
MAKES = {"Alder": 21_000, "Birch": 16_000, "Cedar": 27_000, "Dogwood": 18_000}
"""What a new car of a made-up make costs in the mean."""
LINES = {"S": -3_000, "M": 0, "L": 5_000}


def offers() -> pd.DataFrame:
    """Made-up offers: make, line, age and mileage tell the price."""
    chance = np.random.default_rng(3)
    make, line = chance.choice(list(MAKES), ROWS), chance.choice(list(LINES), ROWS)
    table = pd.DataFrame({"make": make, "model": [f"{own} {size}" for own, size in zip(make, line, strict=True)]})
    table["age"] = chance.integers(0, 12, ROWS)
    table["km"] = (table["age"] * 14_000 * chance.uniform(0.6, 1.4, ROWS)).round(-2)
    table["fuel"] = chance.choice(["petrol", "diesel", "electric"], ROWS)
    new = table["make"].map(MAKES) + pd.Series(line).map(LINES)
    table["price"] = (new - 900 * table["age"] - 0.03 * table["km"] + chance.normal(0, NOISE, ROWS)).round()
    return table


with tempfile.TemporaryDirectory() as place:
    folder = Path(place) / "fab"
    print(f"1. {ROWS} offers of {len(MAKES)} makes; no time is known, so that a quarter of the rows is held out at random")
    with fabwatch.open(folder, create=True) as fab:
        trained = fab.train_model(offers(), "price", name="cars", minutes=0.05)
    held, floor = trained.held_out, trained.floor
    print(f"2. learned: {trained.learner}; moved most by {', '.join(one['column'] for one in trained.importance[:3])}")
    print(f"3. error (RMSE) {held['value']:,.0f}, 95 % {held['low']:,.0f} to {held['high']:,.0f}, of {held['rows']} offers")
    print(f"   floor: {floor['value']:,.0f} without a model ({floor['by']}); noise of the made-up prices: {NOISE}")
    known = {"make": "Cedar", "model": "Cedar L", "age": 4, "km": 50_000, "fuel": "petrol"}
    cars = [known, {**known, "model": "Cedar XXL"}, {**known, "make": "Elm", "model": "Elm M"}]
    print("4. asked over HTTP, also for what was never seen: it adds nothing, and the answer says so")
    with served(folder) as ask:
        for car, said in zip(cars, ask("cars", cars)["predictions"], strict=True):
            print(f"   {car['make']}, {car['model']}: {said['prediction']:,.0f}; unseen: {', '.join(said['unseen']) or '-'}")
