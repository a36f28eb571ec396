"""``benchmark``: models, prompts and data of one's own."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from napari_sam_med.bench.data.given_data import GivenData
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.protocol.run_settings import (
    ModelSpec,
    RunSettings,
    SettingGroup,
)
from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
    VolumeProfile,
    VolumeSettings,
)
from napari_sam_med.bench.run.cluster.workers import Workers
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.bench.run.stored_prompts import StoredPrompts
from napari_sam_med.cli.choices import BASELINES, check_names, model_choice
from napari_sam_med.cli.commands.recorded_session import recorded_prompts
from napari_sam_med.cli.repeating import command_of
from napari_sam_med.cli.running import run_and_tell
from napari_sam_med.errors import FileReadError, RunError

GROUPS = {
    "modes": SettingGroup.MODES,
    "clicks": SettingGroup.CLICKS,
    "everything": SettingGroup.EVERYTHING,
    "perturbation": SettingGroup.PERTURBATION,
    "clicking_groups": SettingGroup.CLICKING_GROUPS,
}
EARLIER_NAMES = {"jitter": SettingGroup.PERTURBATION}
"""What scripts written for earlier releases, and stored rows, call a setting."""


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Data:
    """Which of the data, and what they are called.

    Parameters
    ----------
    dataset
        Name of the data set in the results.
    patients
        Regular expression whose first group, found in an image's name, is the patient.
    axis
        Array axis that slices are taken across: 0 (z), 1 (y) or 2 (x).
    max_slices
        Slices of each class in each volume, evenly spaced; by default all.
    max_images
        Images, evenly spaced; by default all. Give --dataset too, so that their cases
        are those of a run over all of them.
    max_objects
        Label values of each image, evenly spaced; by default all.
    series
        SeriesInstanceUID to take from image folders with several DICOM series.
    time
        Time point to take from images and labels with several, from 0.
    """

    dataset: str = ""
    patients: str = ""
    axis: Literal[0, 1, 2] = 0
    max_slices: int | None = None
    max_images: int | None = None
    max_objects: int | None = None
    series: str | None = None
    time: int | None = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Rules:
    """What is simulated.

    Parameters
    ----------
    profile
        as-released (the study's published code), as-written (its text) or strict; over
        whole volumes sam2-medical (slices prompted, the rest found) or cvpr25-3d (a box
        and five clicks; without LABELS, IMAGES is a folder of the challenge's npz).
    settings
        What to simulate, separated by commas: modes, clicks, everything (a grid of
        points), perturbation (boxes and points near the exact ones; rows and earlier
        command lines say jitter), clicking_groups (clicks as people make them: ten
        groups, from near the border of what is missing to its centre).
    clicks
        Number of clicks, 1 to 20; of each clicking group as many.
    grid
        For everything: points a side; may be given several times.
    draws
        For perturbation: random prompts of each kind.
    jitter
        For perturbation: the most that an edge or a point is moved, as a part of the
        side.
    prompts_from
        Folder of another run whose prompts are taken instead of new ones; or a session
        saved by the dock: the objects prompted there are then the cases, and each model
        is asked a person's boxes and clicks in their order (recorded_box,
        recorded_clicks) instead of what --settings says; masks of several boxes of one
        object are joined.
    prompts_of
        Whose prompts of that run; by default those of the model it names first.
    no_feedback
        With strict's clicks, do not give the previous mask's logits back to models
        that take masks; the other profiles never do.
    nsd_tolerance
        Millimetres within which outlines agree, for the normalised surface Dice (NSD).
    seed
        Of all random draws; 1, the study's, by default.
    jitter_unit
        What --jitter counts: a fraction of the object's side, or pixels.
    """

    profile: Literal[
        "as-released", "as-written", "strict", "sam2-medical", "cvpr25-3d"
    ] = "strict"
    settings: str = "modes,clicks"
    clicks: int = 9
    grid: Annotated[tuple[int, ...], Parameter(negative=())] = (32,)
    draws: int = 5
    jitter: Annotated[float, Parameter(name=("--perturbation", "--jitter"))] = 0.1
    prompts_from: Path | None = None
    prompts_of: str = ""
    no_feedback: Annotated[bool, Parameter(negative=())] = False
    nsd_tolerance: float = 2.0
    seed: int = 1
    jitter_unit: Annotated[
        Literal["fraction", "pixels"],
        Parameter(name=("--perturbation-unit", "--jitter-unit")),
    ] = "fraction"


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Machine:
    """Which models, and how they are computed.

    Parameters
    ----------
    model
        A name of `models list`, NAME=FILE with a checkpoint, or NAME@OWN=FILE, whose
        results stand under NAME@OWN; may be given several times.
    baselines
        Whether to measure ellipse and random_walker too, which need no weights; by
        default where strict simulates modes and clicks of its own and nothing else.
    device
        auto, cpu, cuda or mps.
    precision
        Of image encoders and click networks: fp32, bf16 or auto.
    workers
        Processes that compute slices, or whole volumes under a profile of theirs, each
        with one model and one thread. Strict rows
        of small models are the same on any number of them, since these models take one
        thread here too; large ones take all of the machine, and the manifest says how
        many. Neither as-released nor as-written.
    scheduler
        Address of a Dask scheduler whose workers compute slices, tcp://HOST:PORT; it
        and workers need pip install 'napari-sam-med[cluster]'.
    """

    model: Annotated[tuple[str, ...], Parameter(negative=())] = ("nano",)
    baselines: bool | None = None
    device: str = "auto"
    precision: Literal["fp32", "bf16", "auto"] = "fp32"
    workers: int | None = None
    scheduler: str = ""


def benchmark(
    images: Path,
    labels: Path | None = None,
    /,
    *,
    out: Path,
    data: Data = Data(),
    rules: Rules = Rules(),
    machine: Machine = Machine(),
) -> int:
    """Measure models with simulated prompts; run it again to go on after a stop.

    Parameters
    ----------
    images
        Image file or folder; with the name of one of the study's data sets for
        --dataset and without LABELS, the folder where it was unpacked.
    labels
        Label file or folder with the same names; a labels.json there or one folder
        above, {"1": "liver", ...}, names the classes; "nucleus" in it says that every
        value is an object of this class.
    out
        Folder for manifest.json, results/, summary.csv and report.html.
    data
        Which of the data.
    rules
        What is simulated.
    machine
        Which models.
    """
    places = [images, *([labels] if labels is not None else [])]
    store = RunStore(out, command_of("benchmark", places, out, (data, rules, machine)))
    if rules.profile in list(VolumeProfile):
        return _over_volumes(images, labels, store, data, rules, machine)
    settings = RunSettings(
        profile=Profile(rules.profile),
        groups=groups_from_text(rules.settings),
        clicks=rules.clicks,
        axis=data.axis,
        feed_back=not rules.no_feedback,
        tolerance_mm=rules.nsd_tolerance,
        jitter_unit="px" if rules.jitter_unit == "pixels" else "fraction",
        grids=rules.grid,
        draws=rules.draws,
        jitter=rules.jitter,
        seed=rules.seed,
    )
    given = given_data(images, labels, data)
    prompts_from = None
    if rules.prompts_from is not None and rules.prompts_from.is_file():
        settings = _as_recorded(settings, rules)
        prompts_from = recorded_prompts(
            rules.prompts_from, given.open(), data.axis, data.time
        )
    elif rules.prompts_from is not None:
        if not rules.prompts_from.exists():
            msg = (
                f"{rules.prompts_from} does not exist; give the folder of a run, or a "
                "file of prompts that the dock has saved"
            )
            raise FileReadError(msg)
        prompts_from = StoredPrompts.of(RunStore(rules.prompts_from), rules.prompts_of)
    return run_and_tell(
        given,
        _models(machine, settings, replayed=prompts_from is not None),
        settings,
        store,
        prompts_from,
        _workers(machine),
    )


def _as_recorded(settings: RunSettings, rules: Rules) -> RunSettings:
    """Ask a person's prompts and nothing else; what cannot hold of them is refused."""
    if rules.settings != Rules().settings or rules.prompts_of:
        msg = (
            f"{rules.prompts_from} is a session, whose prompts are asked as they are; "
            "leave out --settings and --prompts-of"
        )
        raise RunError(msg)
    return replace(settings, groups=(SettingGroup.RECORDED,))


def _over_volumes(
    images: Path,
    labels: Path | None,
    store: RunStore,
    data: Data,
    rules: Rules,
    machine: Machine,
) -> int:
    """Run a profile over whole volumes; what it does not know is refused."""
    from napari_sam_med.cli.volume_running import run_volumes_and_tell

    seed, tolerance = rules.seed, rules.nsd_tolerance
    usual = Rules(profile=rules.profile, seed=seed, nsd_tolerance=tolerance)
    if rules != usual or data.max_slices:
        msg = (
            f"profile {rules.profile} prompts whole volumes by rules of its own; leave "
            "out --settings, --clicks and what else tells about prompts, and "
            "--max-slices"
        )
        raise RunError(msg)
    settings = VolumeSettings(
        VolumeProfile(rules.profile), data.axis, seed=seed, tolerance_mm=tolerance
    )
    challenge = settings.profile is VolumeProfile.CVPR25_3D
    given = given_data(images, labels, data)
    if challenge and labels is None and not data.dataset:
        given = GivenData(images, kind="challenge")
    baselines = BASELINES if machine.baselines else ()
    models = [
        model_choice(name, device=machine.device, precision=machine.precision)
        for name in dict.fromkeys((*machine.model, *baselines))
    ]
    workers = _workers(machine)
    return run_volumes_and_tell(given, models, settings, store, workers)


def given_data(images: Path, labels: Path | None, data: Data) -> GivenData:
    """Join what is given as arguments and as options."""
    return GivenData(images, labels, **asdict(data))


def _workers(machine: Machine) -> Workers | None:
    if machine.workers is None and not machine.scheduler:
        return None
    return Workers(machine.workers or 0, machine.scheduler)


def _models(
    machine: Machine, settings: RunSettings, *, replayed: bool
) -> list[ModelSpec]:
    """Choose the models; the study's rules know of no second look at a crop."""
    strict = settings.profile is Profile.STRICT
    usual = set(settings.groups) <= {SettingGroup.MODES, SettingGroup.CLICKS}
    wanted = machine.baselines
    if wanted is None:
        wanted = strict and usual and not replayed
    names = dict.fromkeys((*machine.model, *(BASELINES if wanted else ())))
    check_names(tuple(names))
    zoom = "default" if strict else "off"
    return [
        model_choice(
            name,
            device=machine.device,
            precision=machine.precision,
            zoom=zoom,
            same_on_any_threads=strict,
        )
        for name in names
    ]


def groups_from_text(text: str) -> tuple[SettingGroup, ...]:
    """Read what is to be simulated.

    Parameters
    ----------
    text : str
        Such as ``modes,clicks``; ``jitter`` is taken for ``perturbation``.

    Returns
    -------
    tuple of SettingGroup
        Each once, in the order given.

    Raises
    ------
    RunError
        If one is unknown, or there is none.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in GROUPS | EARLIER_NAMES]
    if unknown:
        msg = f"settings {', '.join(unknown)} are unknown; give {', '.join(GROUPS)}"
        raise RunError(msg)
    if not names:
        msg = f"settings {text!r} name nothing; give some of {', '.join(GROUPS)}"
        raise RunError(msg)
    groups = [(GROUPS | EARLIER_NAMES)[name] for name in names]
    return tuple(dict.fromkeys(groups))
