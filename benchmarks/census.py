"""People as a census has them, made from a seed: skewed, and with what hangs together in life (age and marital status,
education and occupation, occupation and income, region and postcode).
"""

import random
from collections.abc import Iterator

REGIONS = (("North", 0.08, "1"), ("West", 0.34, "4"), ("East", 0.19, "0"), ("South", 0.27, "8"), ("Capital", 0.12, "2"))
EDUCATION = ("none", "school", "vocational", "bachelor", "master", "doctorate")
OCCUPATIONS = 60
COLUMNS = (
    "id", "age", "sex", "region", "postcode", "education", "occupation", "marital_status", "birthplace", "income", "condition",
)  # fmt: skip
CONDITIONS = (("none", 70), ("back pain", 11), ("asthma", 7), ("diabetes", 6), ("depression", 4), ("cancer", 2))


def people(count: int, seed: int = 7) -> Iterator[dict[str, str]]:
    """So many people, the same for the same seed."""
    dice = random.Random(seed)
    names, shares, _ = zip(*REGIONS, strict=True)
    first = {name: digit for name, _, digit in REGIONS}
    for number in range(count):
        age = min(int(dice.betavariate(1.7, 2.1) * 103), 103)
        region = dice.choices(names, shares)[0]
        education = min(max(round(dice.gauss(2.1 - max(0, 24 - age) / 4 - max(0, age - 60) / 30, 1.1)), 0), 5)
        rank = int(min(OCCUPATIONS - 1, dice.paretovariate(1.1) * 2 - 2 + (5 - education) * dice.random() * 3))
        occupation = "none" if age < 16 else "retired" if age > 66 else f"occupation {rank:02d}"
        paid = occupation.startswith("occupation")
        income = int(dice.lognormvariate(9.9 + education * 0.16 - rank * 0.004, 0.55)) if paid else 0
        yield {
            "id": str(100_000 + number),
            "age": str(age),
            "sex": "f" if dice.random() < 0.508 else "m" if dice.random() < 0.998 else "x",
            "region": region,
            "postcode": f"{first[region]}{min(int(dice.paretovariate(1.2) * 60), 9999):04d}",
            "education": EDUCATION[education],
            "occupation": occupation,
            "marital_status": _married(age, dice),
            "birthplace": dice.choices(
                ("DE", "PL", "TR", "SY", "RO", "IT", "VN", "IS"), (800, 60, 55, 30, 25, 20, 6, 0.3)
            )[0],
            "income": str(income),
            "condition": dice.choices([one for one, _ in CONDITIONS], [weight for _, weight in CONDITIONS])[0],
        }


def _married(age: int, dice: random.Random) -> str:
    if age < 18:
        return "single"
    chance = dice.random()
    if age > 70 and chance < (age - 65) / 60:
        return "widowed"
    married = min(0.68, (age - 18) * 0.03)
    return "married" if dice.random() < married else "divorced" if age > 25 and dice.random() < 0.3 else "single"
