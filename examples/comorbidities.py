"""Which patients come back within 30 days, where a miss costs ten false alarms? python comorbidities.py"""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from service import served

import fabwatch

STAYS, PATIENTS, COST = 900, 500, 10
RISKS = {"diabetes": 0.6, "hypertension": 0.2, "heart_failure": 1.6, "kidney_disease": 1.1, "asthma": 0.0}
"""What each illness adds to the log-odds in truth."""


def stays() -> pd.DataFrame:
    """Made-up stays in a hospital: some patients come more than once, and each illness is a column of yes or no."""
    chance = np.random.default_rng(2)
    table = pd.DataFrame({"patient": chance.integers(0, PATIENTS, STAYS), "age": chance.normal(62, 14, STAYS).round()})
    score = 0.04 * (table["age"] - 62) - 2.6
    for illness, adds in RISKS.items():
        ill = chance.random(STAYS) < 0.3
        score += adds * ill
        table[illness] = np.where(ill, "yes", "no")
    table["back_in_30_days"] = np.where(chance.random(STAYS) < 1 / (1 + np.exp(-score)), "yes", "no")
    return table


with tempfile.TemporaryDirectory() as place:
    folder = Path(place) / "fab"
    print(f"1. {STAYS} stays; all stays of a patient are learned from, or all are held out")
    with fabwatch.open(folder, create=True) as fab:
        trained = fab.train_model(
            stays(), "back_in_30_days", positive="yes", group="patient", cost=COST, name="back", minutes=0.05
        )
    held, floor = trained.held_out, trained.floor
    print(f"2. learned: {trained.learner}; moved most by {', '.join(one['column'] for one in trained.importance[:3])}")
    print(f"3. AUC {held['value']:.2f}, 95 % {held['low']:.2f} to {held['high']:.2f}, of {held['rows']} stays")
    print(f"   floor: {floor['value']:.2f} without a model")
    print(f"   a miss costs {COST} false alarms: alarm from a chance of {held['threshold']:.0%} on, which finds")
    print(f"   {held['recall']:.0%} of those who come back; {held['precision']:.0%} of the alarms are right")
    well = {"age": 55, **dict.fromkeys(RISKS, "no")}
    patients = [well, {**well, "age": 78, "heart_failure": "yes", "kidney_disease": "yes"}]
    print("4. asked over HTTP:")
    with served(folder) as ask:
        for said in ask("back", patients, contributions=True)["predictions"]:
            print(f"   {said['prediction']} ({said['probability']:.0%}): {said['sentence']}")
