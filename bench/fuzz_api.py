"""Try the API for a while, by its own description, with data that fits and data that does not.

    .venv/bin/python bench/fuzz_api.py --seconds 600
    .venv/bin/python bench/fuzz_api.py --seed 7 --examples 50

Prints how many requests were made, how they were answered, and every check that failed with a line to repeat
it. The exit code says whether none did.
"""

import argparse
import secrets
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests import api_fuzz


def main() -> int:
    """Do it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=int, default=None, help="stop after so long; else after one round")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    parser.add_argument("--examples", type=int, default=20, help="of each operation and phase")
    asked = parser.parse_args()
    world = api_fuzz.world()
    key = api_fuzz.key_of(world)
    how = api_fuzz.config(key, seed=asked.seed, examples=asked.examples, seconds=asked.seconds)
    tried = api_fuzz.fuzz(api_fuzz.open_to_all(world.app()), key, how)
    print(f"seed {asked.seed}: {tried.requests:,} requests to {len(tried.operations)} operations")
    print("  " + ", ".join(f"{status}: {count:,}" for status, count in sorted(tried.statuses.items())))
    for said, sample in tried.failures.items():
        print(f"\n✗ {said}\n  {sample}")
    print(f"\n{len(tried.failures)} checks failed")
    return bool(tried.failures)


if __name__ == "__main__":
    sys.exit(main())
