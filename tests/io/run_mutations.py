"""Read thousands of damaged files of all formats and count what became of them.

From the folder of the project::

    python tests/io/run_mutations.py --files 2000

Ends with status 1 if one file ended in another exception than ours, a crash, 10 s or
4 GB. The files are the same for the same ``--seed``; those that failed are kept.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fakes.mutation_runs import counted, read_all
from fakes.mutations import make_mutations

GOOD = ("image", "refused")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mutations-"))
    start = time.monotonic()
    outcomes = read_all(make_mutations(folder / "files", chosen.files, chosen.seed))
    bad = [outcome for outcome in outcomes if outcome.result not in GOOD]
    lines = [f"{counted(outcomes)} in {time.monotonic() - start:.0f} s"]
    lines += [f"{b.result}: {str(b.path)!r} ({b.how}): {b.said!r}" for b in bad]
    if bad:
        lines.append(f"the files are in {folder}")
    else:
        shutil.rmtree(folder)
    sys.stdout.write(ascii("\n".join(lines))[1:-1].replace("\\n", "\n") + "\n")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
