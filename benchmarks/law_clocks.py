"""How many sets of dates one process computes in a second, over all laws and rights.

    python -m benchmarks.law_clocks

The baseline, measured in the same run, is what no correct engine can do without: the receipt brought into the zone of the law
and one date added to it.
"""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import law

ROUNDS = 40
HOME = law.Establishment("Europe/Berlin", "DE")


def main() -> None:
    """Print the figures."""
    cases = [(one, right) for one in law.statutes().values() for right in sorted(one.rights)]
    instants = [
        datetime(2026, 1, 1, 9, tzinfo=UTC) + timedelta(days=9 * number, hours=number) for number in range(ROUNDS)
    ]
    for statute, right in cases:
        law.deadlines(statute, right, instants[0], HOME)  # holidays of the first year are loaded
    started = time.perf_counter()
    for at in instants:
        for statute, right in cases:
            law.deadlines(statute, right, at, HOME)
    engine = time.perf_counter() - started
    zone = ZoneInfo("America/New_York")
    started = time.perf_counter()
    for at in instants:
        for _ in cases:
            at.astimezone(zone).date() + timedelta(days=45)
    floor = time.perf_counter() - started
    started = time.perf_counter()
    for statute, right in cases:
        _ = law.deadlines(statute, right, instants[0], HOME).steps
    words = time.perf_counter() - started
    many = len(cases) * ROUNDS
    print(f"{len(law.statutes())} laws, {len(cases)} rights, {many:,} sets of dates; a second:")
    print(f"  dates (answer, receipt, extension, notice, goal, safe)  {many / engine:>12,.0f}")
    print(f"  floor (zone and one addition)                           {many / floor:>12,.0f}")
    print(f"  with the sentences of the calculation                   {len(cases) / words:>12,.0f}")
    print(f"  one set of dates costs {engine / floor:.1f} times the floor")


if __name__ == "__main__":
    main()
