"""A report's statistics from its rows in one plain piece, as an oracle for tests.

Written from what the report says of itself, with pandas, numpy and scipy and without
any of the package's code: loops over groups, as a reviewer's script would have it.
"""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

MODES = ["mode1", "mode2", "mode3", "mode4", "mode5"]
GROUPS = [f"clicking_group_{number:02}" for number in range(1, 11)]
CHAINS = ["clicks", *GROUPS]
GROUP = ["task", "model", "profile", "setting", "step", "selection"]
OVER = "Mean over tasks"
NAN = float("nan")


def read_rows(*folders):
    return pd.concat(
        [pd.read_parquet(folder / "results") for folder in folders], ignore_index=True
    )


def default_rows(rows):
    rows = rows[rows["error"] == ""]
    singles = set(rows.loc[rows["selection"] == "single", "model"])
    chosen = []
    keys = ["model", "profile", "case_id", "setting", "step"]
    for (model, profile, _, setting, _), one in rows.groupby(keys):
        index = dict(zip(one["selection"], one.index, strict=True))
        one_point = setting in ("mode1", "point_shift", "everything") or (
            setting == "mode2" and one["n_parts"].iloc[0] == 1
        )
        if profile == "as-released":
            wanted = "first"
        elif "default" in index:
            wanted = "default"
        elif one_point or setting in CHAINS or model not in singles:
            wanted = "best_score"
        else:
            wanted = "single"
        chosen.append(index[wanted])
    return rows.loc[chosen].assign(selection="default")


def with_default(rows):
    good = rows[rows["error"] == ""]
    good = good[good["selection"] != "default"]
    return pd.concat([good, default_rows(rows)], ignore_index=True)


def unit_values(cases, column):
    """One number for each patient under strict, for each slice else."""
    strict = cases["profile"].iloc[0] == "strict"
    return cases.groupby("patient" if strict else "case_id")[column].mean().to_numpy()


def unit_name(profile):
    return "patients" if profile == "strict" else "slices"


def interval(values):
    if len(values) < 6:
        return NAN, NAN
    found = stats.bootstrap(
        (values,), np.mean, n_resamples=999, method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval  # fmt: skip
    return found.low, found.high


def spread(values):
    sd = np.std(values, ddof=1) if len(values) > 1 else NAN
    return (np.mean(values), np.median(values), sd, *interval(values))


def summary(rows):
    found = {}
    rows = with_default(rows)
    rows["failed"] = (rows["iou"] < 0.5).astype(float)
    for key, cases in rows.groupby(GROUP):
        others = [
            np.nanmean(unit_values(cases, name))
            for name in ("dice", "score", "nsd", "hd95_mm", "failed")
        ]
        counts = (len(cases), cases["patient"].nunique())
        found[key] = (*counts, *spread(unit_values(cases, "iou")), *others)
    return found


def main_table(rows):
    """{(profile, prompt, task, model): n, patients, mean, median, sd, low, high}."""
    found, means = {}, {}
    defaults = default_rows(rows)
    clicks = defaults[defaults["setting"] == "clicks"]
    # the last one that all models of a profile were given in all tasks
    longest = clicks.groupby(["profile", "model", "task"])["step"].max()
    last = longest.groupby("profile").min().to_dict()
    for key, cases in defaults.groupby(["profile", "setting", "step", "task", "model"]):
        profile, setting, step, task, model = key
        if setting == "clicks" and step == last[profile]:
            prompt = f"{step} clicks"
        elif setting in MODES:
            prompt = setting
        else:
            continue
        failed = np.mean(unit_values(cases.assign(f=cases["iou"] < 0.5), "f"))
        numbers = (len(cases), cases["patient"].nunique())
        numbers += spread(unit_values(cases, "iou"))
        found[profile, prompt, task, model] = (*numbers, failed)
        means.setdefault((profile, prompt, model), []).append(numbers)
    for (profile, prompt, model), tasks in means.items():
        if len(tasks) > 1:
            counts = (sum(one[0] for one in tasks), sum(one[1] for one in tasks))
            values = np.array([one[2] for one in tasks])
            found[profile, prompt, OVER, model] = (*counts, *spread(values), NAN)
    return found


def by_task(cases, keys, columns):
    """{(*key, task): (cases, units, *means)}, and the same over the tasks."""
    found, over = {}, {}
    for key, group in cases.groupby([*keys, "task"]):
        means = [unit_values(group, column).mean() for column in columns]
        found[key] = (len(group), len(unit_values(group, columns[0])), *means)
        over.setdefault(key[:-1], []).append(found[key])
    for key, tasks in over.items():
        if len(tasks) > 1:
            means = [
                np.mean([one[k] for one in tasks]) for k in range(2, 2 + len(columns))
            ]
            found[(*key, OVER)] = (sum(one[0] for one in tasks), len(tasks), *means)
    return found


def chains(rows, setting="clicks"):
    keys = ["model", "profile", "selection", "task", "patient", "case_id"]
    records = []
    rows = rows[rows["setting"] == setting].sort_values("step")
    for key, chain in rows.groupby(keys)["iou"]:
        ious = chain.tolist()
        record = dict(zip(keys, key, strict=True), cap=len(ious))
        for target in (80, 85, 90):
            reached = [k for k, iou in enumerate(ious, 1) if iou >= target / 100]
            record[f"noc{target}"] = reached[0] if reached else len(ious)
            record[f"failed{target}"] = float(not reached)
        record["auc"] = np.trapezoid(ious) / (len(ious) - 1) if ious[1:] else ious[0]
        records.append(record)
    return pd.DataFrame(records)


CHAIN = ["cap", "noc80", "failed80", "noc85", "failed85", "noc90", "failed90", "auc"]


def clicks_needed(rows):
    keys = ["model", "profile", "selection"]
    return by_task(chains(with_default(rows)), keys, CHAIN)


def clicking_groups(rows):
    """NoC by group, and over the groups: {key: numbers} twice."""
    rows = default_rows(rows)
    groups = {number: chains(rows, name) for number, name in enumerate(GROUPS, 1)}
    both = pd.concat([one.assign(group=number) for number, one in groups.items()])
    keys = ["model", "profile"]
    by_group = by_task(both, [*keys, "group"], CHAIN)
    centre = chains(rows).set_index(["model", "profile", "case_id", "cap"])
    spreads = {}
    for target in (80, 85, 90):
        records = []
        for key, one in both.groupby([*keys, "task", "patient", "case_id", "cap"]):
            record = dict(zip([*keys, "task", "patient", "case_id"], key[:5],
                              strict=True))  # fmt: skip
            values = one[f"noc{target}"].to_numpy(float)
            assert len(values) == 10
            where = (key[0], key[1], key[4], key[5])
            found = centre[f"noc{target}"].get(where, NAN)
            record |= {"noc": values.mean(), "sd": values.std(), "centre": found}
            records.append(record)
        table = by_task(pd.DataFrame(records), keys, ["noc", "sd", "centre"])
        for (model, profile, task), numbers in table.items():
            n, units, noc, sd, at = numbers
            means = [
                by_group[model, profile, number, task][2 + CHAIN.index(f"noc{target}")]
                for number in range(1, 11)
            ]
            spreads[model, profile, f"{target / 100:.3f}", task] = (
                n, units, noc, sd, max(means) - min(means),
                (means[0] - means[9]) / means[9], at, (noc - at) / at,
            )  # fmt: skip
    return by_group, spreads


def everything(rows):
    rows = with_default(rows)
    rows = rows[rows["setting"] == "everything"].copy()
    rows["recall50"] = (rows["iou"] >= 0.5).astype(float)
    rows["recall75"] = (rows["iou"] >= 0.75).astype(float)
    columns = ["iou", "recall50", "recall75", "n_masks"]
    return by_task(rows, ["model", "profile", "step", "selection"], columns)


def perturbation(rows):
    defaults = default_rows(rows)
    exact = {
        (one.model, one.profile, one.case_id, one.setting): one.iou
        for one in defaults.itertuples()
    }
    records = []
    kinds = ["box_shift", "box_expand", "box_corners", "point_shift"]
    moved = defaults[defaults["setting"].isin(kinds)]
    keys = ["model", "profile", "setting", "task", "patient", "case_id"]
    for key, draws in moved.groupby(keys)["iou"]:
        model, profile, setting, _, _, case = key
        mode = "mode1" if setting == "point_shift" else "mode5"
        record = dict(zip(keys, key, strict=True), draws=len(draws))
        record["exact"] = exact[model, profile, case, mode]
        record["mean"] = draws.mean()
        record["spread"] = np.std(draws, ddof=1)
        records.append(record)
    columns = ["draws", "exact", "mean", "spread"]
    return by_task(pd.DataFrame(records), ["model", "profile", "setting"], columns)


def calibration(rows, floors):
    rows = rows[rows["setting"].isin(MODES) & ~rows["model"].isin(floors)]
    keys = ["model", "profile", "task", "patient", "case_id", "setting"]
    best = rows[rows["selection"] == "best_score"].set_index(keys)
    oracle = rows[rows["selection"] == "oracle"].set_index(keys)["iou"]
    judged = best[["iou", "score"]].assign(oracle=oracle).reset_index()
    # masks that all models of a profile were asked for and answered
    models = judged.groupby("profile")["model"].transform("nunique")
    asked = ["profile", "setting", "case_id"]
    judged = judged[judged.groupby(asked)["model"].transform("nunique").eq(models)]
    both = pd.concat([judged, judged.assign(setting="all modes")])
    found = {}
    for key, one in both.groupby(["model", "profile", "setting"]):
        bins = np.clip((one["score"] * 10).astype(int), 0, 9)
        gaps = [
            len(part) * abs(part["score"].mean() - part["iou"].mean())
            for _, part in one.groupby(bins)
        ]
        within = [
            stats.spearmanr(part["score"], part["iou"]).statistic
            for _, part in one.groupby("task")
            if len(part) >= 6
            and part["score"].nunique() > 1
            and part["iou"].nunique() > 1
        ]
        varies = one["score"].nunique() > 1 and one["iou"].nunique() > 1
        rank = stats.spearmanr(one["score"], one["iou"]).statistic if varies else NAN
        gains = one.assign(gain=one["oracle"] - one["iou"])
        regret = np.mean([
            unit_values(part, "gain").mean() for _, part in gains.groupby("task")
        ])  # fmt: skip
        found[key] = (
            len(one), sum(gaps) / len(one), rank,
            np.mean(within) if within else NAN, len(within), regret,
        )  # fmt: skip
    return found


def tested(gained, *, floor):
    """Return difference, interval, effect, win, tie, loss and p of (n,) gains."""
    moved = gained[gained != 0]
    p = NAN if floor or len(moved) < 6 else stats.wilcoxon(moved).pvalue
    ranks = stats.rankdata(abs(moved))
    effect = (ranks * np.sign(moved)).sum() / ranks.sum() if len(moved) else 0.0
    counts = (
        int((gained > 0.005).sum()),
        int((abs(gained) <= 0.005).sum()),
        int((gained < -0.005).sum()),
    )
    return [gained.mean(), *interval(gained), effect, *counts, p]


def comparison(rows, floors):
    """{(profile, setting, first, second, task): numbers}, with Holm's p last."""
    defaults = default_rows(rows)
    found = {}
    for profile, of_profile in defaults.groupby("profile"):
        for setting in [*MODES, "clicks"]:
            part = of_profile[of_profile["setting"] == setting]
            for pair in combinations(sorted(part["model"].unique()), 2):
                key = (profile, setting, *pair)
                one = _pair(part, pair, setting, floor=bool(set(pair) & set(floors)))
                found |= {(*key, task): numbers for task, numbers in one.items()}
        for over in (True, False):
            family = [k for k in found if k[0] == profile and (k[-1] == OVER) == over]
            _holm(found, family)
    return found


def _pair(part, pair, setting, *, floor):
    sides = [part[part["model"] == name] for name in pair]
    if setting == "clicks":
        steps = min(side["step"].max() for side in sides)
        sides = [chains(side[side["step"] <= steps]) for side in sides]
        sides = [side.rename(columns={"auc": "value"}) for side in sides]
    else:
        sides = [side.rename(columns={"iou": "value"}) for side in sides]
    first, second = (side.set_index("case_id") for side in sides)
    common = first.index.intersection(second.index)
    alone = pd.concat([first.drop(common), second.drop(common)])
    gains = first.loc[common].assign(
        gain=first.loc[common, "value"] - second.loc[common, "value"]
    )
    gains = gains.reset_index()
    found, means = {}, []
    for task, of_task in gains.groupby("task"):
        units = unit_values(of_task, "gain")
        means.append(units.mean())
        left = int((alone["task"] == task).sum())
        found[task] = [len(of_task), left, len(units), *tested(units, floor=floor)]
    if len(means) > 1 or set(alone["task"]) - set(found):
        numbers = tested(np.array(means), floor=floor)
        found[OVER] = [len(gains), len(alone), len(means), *numbers]
    return found


def _holm(found, family):
    family = sorted(
        (key for key in family if not np.isnan(found[key][-1])),
        key=lambda key: found[key][-1],
    )
    highest = 0.0
    for rank, key in enumerate(family):
        highest = max(highest, min(1.0, (len(family) - rank) * found[key][-1]))
        found[key] = [*found[key], highest]
