"""Command lines that ask for what cannot be done, and the files that they name.

`prepare` makes a folder with sound inputs and with broken forms of each; `invocations`
lists the command lines. Nothing in them may be done, so nothing may change on disk.
"""

import json
import shutil
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from fakes.small_files import write_pair
from napari_sam_med.cli.main import main
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.session.replay import Record, save_records

DEEP = 100_000
CONFIG = """
seed = 3
steps = 1
images = 1
prompts = 2
fresh_scenes = 1
corrections = [1.0]
"""
NUMBERS = ("-1", "1.5", "nan", "inf", "1e400", "99999999999999999999", "x", "")
"""What is no count, index or axis."""

WRONG_FILES = (
    "none",
    ".",
    "binary",
    "empty",
    "deep.json",
    "text.txt",
    "x" * 5000,
    "latin\udce9",
)
"""What is no document of ours, whichever is asked for."""


def prepare(place: Path) -> None:
    """Write sound and broken inputs."""
    write_pair(place)
    (place / "labels" / "labels.json").write_text('{"1": "block"}')
    (place / "binary").write_bytes(bytes(range(256)) * 40)
    (place / "empty").write_bytes(b"")
    (place / "text.txt").write_text("nothing of ours\n")
    (place / "deep.json").write_text("[" * DEEP + "]" * DEEP)
    (place / "no_images").mkdir()
    (place / "config.toml").write_text(CONFIG)
    _run(place)
    for name, document in broken_manifests(place).items():
        folder = place / "runs" / name
        shutil.copytree(place / "run" / "results", folder / "results")
        (folder / "manifest.json").write_bytes(document)
    _broken_results(place)
    for name, document in broken_prompts(place).items():
        _write(place / "prompts" / f"{name}.json", document)
    for name, document in broken_configurations().items():
        _write(place / "configs" / f"{name}.toml", document)
    for name, document in broken_label_names().items():
        shutil.copytree(place / "labels", place / "named" / name)
        (place / "named" / name / "labels.json").write_bytes(document)


def broken_manifests(place: Path) -> dict[str, bytes]:
    """Give the manifest of a run in forms that cannot be used."""
    sound = json.loads((place / "run" / "manifest.json").read_text())
    fields = ("format", "models", "started", "settings", "versions", "files")
    found = {f"without_{name}": _without(sound, name) for name in fields}
    found |= {
        f"{name}_{type(value).__name__}_{number}": sound | {name: value}
        for name in ("models", "settings", "versions", "files", "started")
        for number, value in enumerate((None, 5, [[1]], {"a": [1]}))
    }
    found |= {
        "newer": sound | {"format": "napari-sam-med benchmark 9"},
        "profile": sound | {"settings": sound["settings"] | {"profile": "strange"}},
        "groups": sound | {"settings": sound["settings"] | {"groups": 7}},
        "list": [sound],
        "null": None,
        "text": "run",
        "number": 1.5,
    }
    return _as_bytes(found) | {
        "nan": json.dumps(sound).replace("true", "NaN", 1).encode(),
        "deep": b'{"format": ' + b"[" * DEEP + b"]" * DEEP + b"}",
        "torn": json.dumps(sound).encode()[:-30],
        "utf16": json.dumps(sound).encode("utf-16"),
        "latin": json.dumps(sound).replace("block", "\u00e9").encode()[:40] + b"\xe9",
        "twice": b'{"format": 1, "format": 2}',
        "empty": b"",
    }


def broken_prompts(place: Path) -> dict[str, bytes]:
    """Give saved prompts in forms that cannot be used."""
    record = Record(
        image="a", axis=0, index=1, spacing_rc=(0.8, 0.8), window=(0.0, 255.0),
        prompts=Prompts(box_rc=(6, 8, 14, 19)).to_json(), label=3, model="nano",
        sha256="", chosen=0, score=0.9,
    )  # fmt: skip
    save_records(place / "prompts.json", [record])
    sound = json.loads((place / "prompts.json").read_text())
    one = sound["records"][0]
    wrong = {
        "image": (5, None, ["a"]),
        "axis": (3, -1, 1.5, "0", None),
        "index": (1.5, -1, 10**30, "1", None, 7),
        "spacing_rc": ([-1e-9, 1e-9], [0, 1], [-1, 1], [1], 1, None, ["a", "b"]),
        "window": ([5], [9, 1], "auto", [None, 1], 3),
        "prompts": (None, [], {}, {"points_rc": [[1, 2]], "labels": [5]}, "x"),
        "label": (-5, 2**31, "x", None, 0, 1.5),
        "model": (None, 4),
        "sha256": (None, 4),
        "chosen": (-1, 0.5, None, "0"),
        "score": (None, "x", [1]),
        "fed": (1, [[1]], [["a", 0]], [[9, 0]], None),
    }
    found = {
        f"{name}_{number}": sound | {"records": [one | {name: value}]}
        for name, values in wrong.items()
        for number, value in enumerate(values)
    }
    found |= {f"without_{n}": sound | {"records": [_without(one, n)]} for n in wrong}
    del found["without_fed"]  # files of version 1 have none
    found |= {
        "outside": sound | {"records": [one | {"prompts": _box([0, 0, 900, 900])}]},
        "records_null": sound | {"records": None},
        "records_number": sound | {"records": 3},
        "record_text": sound | {"records": ["x"]},
        "none": sound | {"records": []},
        "newer": sound | {"version": 99},
        "version_text": sound | {"version": "2"},
        "version_half": sound | {"version": 1.5},
        "without_version": _without(sound, "version"),
        "without_records": _without(sound, "records"),
        "without_format": _without(sound, "format"),
        "list": [sound],
        "null": None,
    }
    text = json.dumps(sound)
    return _as_bytes(found) | {
        "nan": text.replace("0.9", "NaN").encode(),
        "infinite": text.replace("255.0", "1e999").encode(),
        "twice": text.replace('"axis": 0', '"axis": 0, "axis": 1').encode(),
        "utf16": text.encode("utf-16"),
        "torn": text.encode()[:-3],
    }


def broken_configurations() -> dict[str, bytes]:
    """Give training configurations that cannot be used."""
    lines = {
        "steps": ("-1", "1.5", '"x"', "true", "nan", "[1]", "99999999999999999999"),
        "seed": ("-1", "0.5", '"x"', "[1]"),
        "learning_rate": ("nan", "inf", "-1.0", '"x"', "0xG"),
        "ema_decay": ("2.0", "-0.1", '"x"'),
        "corrections": ("1", '"x"', "[]", "[nan]", "[2.0, -1.0]", '["a"]', "[[1.0]]"),
        "images": ("0", "-3", '"x"', "100000000"),
        "threads": ("-1", "0.5", '"x"', "999999"),
        "precision": ("1", '"fp8"', "[]"),
        "wide_share": ("-1.0", "2.0"),
        "spread": ("nan", "-1.0"),
        "late_from": ("-1", '"x"'),
        "clip_norm": ("0.0", "-1.0", "nan"),
        "weight_decay": ("-1.0", "nan"),
        "loss": ("1", '"x"', "{dice = -1.0}", '{dice = "x"}', "{dice = nan}"),
        "late_loss": ("[1]", "{sharp = 1.0}"),
        "speed": ("1",),
    }
    found = {
        f"{name}_{number}": f"{name} = {value}\n".encode()
        for name, values in lines.items()
        for number, value in enumerate(values)
    }
    return found | {
        "date": b"steps = 2020-01-01\n",
        "binary": bytes(range(256)),
        "utf16": "steps = 1\n".encode("utf-16"),
        "deep": b"steps = " + b"[" * 5000 + b"]" * 5000,
        "torn": b"[loss",
    }


def broken_label_names() -> dict[str, bytes]:
    """Give names of labels that cannot be used."""
    return {
        "list": b'["liver"]',
        "null": b"null",
        "number": b"5",
        "key": b'{"liver": "1"}',
        "half": b'{"1.5": "liver"}',
        "nested": b'{"1": {"a": 1}}',
        "deep": b"[" * DEEP + b"]" * DEEP,
        "deep_name": b'{"1": ' + b"[" * 1000 + b"]" * 1000 + b"}",
        "utf16": '{"1": "liver"}'.encode("utf-16"),
        "binary": bytes(range(256)),
        "torn": b'{"1": "liver"',
    }


def invocations(place: Path) -> list[list[str]]:
    """List the command lines, with absolute names of the files."""
    out, image, labels = place / "out", place / "images" / "a.nii.gz", place / "labels"
    made = [
        *_malformed(),
        *_of_segment(image, out),
        *_of_benchmark(place, out),
        *_of_reports(place, out),
        *_of_replay(place, image, out),
        *_of_training(place, out),
        *_of_models(place),
        ["gui", place / "none"],
        ["gui", image, place / "none.png"],
        ["gui", "--wrong", image],
        ["demo", "--data", place / "no_images", "--model", "ellipse", "--out", out],
        ["demo", "--data", place / "none", "--model", "ellipse", "--out", out],
        ["demo", "--data", place / "binary", "--model", "ellipse", "--out", out],
        *(["demo", "--max-slices", n, "--model", "ellipse", "--out", out]
          for n in (*NUMBERS, "0")),
        ["demo", "--model", "none", "--out", out],
        ["demo", "--model", "ellipse", "--out", place / "binary"],
        ["demo", "--model", "ellipse", "--out", labels],
    ]  # fmt: skip
    return [[str(argument) for argument in one] for one in made]


def _malformed() -> list[list[object]]:
    names = ("segment", "benchmark", "report", "replay", "train", "demo", "models")
    return [
        ["frobnicate"],
        ["--frobnicate"],
        [""],
        ["models", ""],
        ["models", "frobnicate"],
        ["report"],
        *([name, "--frobnicate"] for name in names),
        *([name, "--out"] for name in names),
        *([name, "--out", "a", "--out", "b"] for name in names),
        *([name, "--model"] for name in names),
        *([name, "--out", ""] for name in names if name not in ("report", "demo")),
    ]


def _of_segment(image: Path, out: Path) -> list[list[object]]:
    mask = out / "m.nii.gz"
    base = ["segment", image, "--model", "ellipse", "--slice", 1]
    box = ["--box", "6,8,14,19"]
    whole = [*base, *box]
    point = ("1", "1,2,3", "1,2,0.5", "1,2,-1", "a,b", "", "nan,1", "inf,1", "1,2,3,4",
             "-9,1", "999,1", "1e400,1")  # fmt: skip
    boxes = ("1", "1,2,3", "9,9,1,1", "a,b,c,d", "nan,1,2,3", "0,0,999,1", "")
    windows = ("1", "9,1", "5,5", "nan,1", "a,b", "1,2,3", "", "inf,inf", "0,inf")
    return [
        *([*base, "--point", each, "--out", mask] for each in point),
        *([*base, "--box", each, "--out", mask] for each in boxes),
        *([*whole, "--window", each, "--out", mask] for each in windows),
        *([*whole, "--label", n, "--out", mask] for n in (*NUMBERS, "0", "2147483648")),
        *([*whole, "--axis", n, "--out", mask] for n in (*NUMBERS, "3")),
        *(["segment", image, *box, "--model", "ellipse", "--slice", n, "--out", mask]
          for n in (*NUMBERS, "2")),
        *([*whole, "--candidate", n, "--out", mask] for n in (*NUMBERS, "0", "3")),
        *(["segment", image.parents[1] / name, *box, "--model", "ellipse", "--out",
           mask] for name in WRONG_FILES),
        *([*whole, "--out", out / name] for name in ("m.xyz", "m", "m.png.exe")),
        [*whole, "--out", image.parent],
        [*whole, "--out", image],
        [*whole, "--out", image / "m.nii.gz"],
        [*base, "--out", mask],
        ["segment", image, *box, "--slice", 0, "--model", "none", "--out", mask],
        ["segment", image, *box, "--slice", 0, "--model", "", "--out", mask],
        ["segment", image, *box, "--slice", 0, "--model", "nano=none", "--out", mask],
        ["segment", image, *box, "--slice", 0, "--device", "toaster", "--out", mask],
        [*whole, *box, "--point", "1,1", "--out", mask],
        [*base, "--point", "1,1", *box, *box, "--out", mask],
        [*whole, "--out", mask, "--slice", 0],
        *([*whole, "--propagate", "--range", text, "--out", mask]
          for text in ("", "1", "1:", ":", "a:b", "1:1:1", "-1:1", "1:0", "0:9")),
        *([*base, "--propagate", "--box", f"6,8,14,19@{text}", "--out", mask]
          for text in ("", "x", "-1", "1.5", "99", "9" * 99)),
        *([*whole, "--propagate", "--method", text, "--out", mask]
          for text in ("", "magic", "video", "interpolation")),
        [*whole, "--range", "0:1", "--out", mask],
        [*whole, "--method", "projection", "--out", mask],
    ]  # fmt: skip


def _of_benchmark(place: Path, out: Path) -> list[list[object]]:
    images, labels = place / "images", place / "labels"
    base = ["benchmark", images, labels, "--model", "ellipse", "--out", out]
    counts = ("--clicks", "--axis", "--max-slices", "--max-objects", "--draws",
              "--grid", "--workers")  # fmt: skip
    return [
        *([*base, option, n] for option in counts for n in NUMBERS),
        *([*base, option, n] for option in ("--jitter", "--nsd-tolerance")
          for n in ("-1", "nan", "inf", "x", "", "1e400")),
        [*base, "--jitter-unit", "mm"],
        [*base, "--no-feedback", "yes"],
        [*base, "--clicks", "0"],
        [*base, "--clicks", "21"],
        [*base, "--max-slices", "0"],
        [*base, "--max-objects", "0"],
        [*base, "--draws", "0"],
        [*base, "--workers", "0"],
        *([*base, "--settings", each] for each in ("", ",", "modes,none", "Modes")),
        *([*base, "--profile", each] for each in ("", "lax", "STRICT")),
        *([*base, "--patients", each] for each in ("(", "a", "(z)", "[", "(?P<1>a)")),
        *([*base, "--scheduler", each] for each in
          ("nowhere", "tcp://", "tcp://localhost:x", "ftp://a:1", "tcp://h:99999")),
        [*base, "--precision", "fp8"],
        [*base, "--device", "toaster", "--model", "nano"],
        [*base, "--model", ""],
        [*base, "--model", "none"],
        [*base, "--model", "nano=none"],
        *([*base[:-1], folder] for folder in (place / "binary", labels, images)),
        *([*base[:-1], place / "runs" / name] for name in broken_manifests(place)),
        *(["benchmark", place / name, labels, *base[3:]] for name in WRONG_FILES),
        *(["benchmark", images, place / name, *base[3:]] for name in WRONG_FILES),
        ["benchmark", images, place / "no_images", *base[3:]],
        ["benchmark", images, *base[3:]],
        ["benchmark", images, *base[3:], "--dataset", "none"],
        ["benchmark", place / "none", *base[3:], "--dataset", "BUSI"],
        *(["benchmark", images, place / "named" / name, *base[3:]]
          for name in broken_label_names()),
        *([*base, "--prompts-from", place / name] for name in WRONG_FILES),
        *([*base, "--prompts-from", place / "runs" / name]
          for name in broken_manifests(place)),
        *([*base, "--prompts-from", place / "results" / name] for name in RESULTS),
        [*base, "--prompts-from", place / "run", "--prompts-of", "none"],
        [*base, "--clicks", "3", "--clicks", "4"],
    ]  # fmt: skip


def _of_reports(place: Path, out: Path) -> list[list[object]]:
    sound = place / "run"
    return [
        *(["report", place / name] for name in WRONG_FILES),
        *(["report", place / "runs" / name] for name in broken_manifests(place)),
        *(["report", sound, place / "runs" / name, "--out", out / "r.html"]
          for name in ("list", "without_models", "without_settings")),
        *(["report", place / "results" / name] for name in RESULTS
          if "prompts" not in name),  # of which a report shows nothing
        ["report", sound, sound],
        ["report", sound, "--out", place],
        ["report", sound, "--out", place / "binary" / "r.html"],
    ]  # fmt: skip


def _of_replay(place: Path, image: Path, out: Path) -> list[list[object]]:
    ask, sound = ["--model", "ellipse"], place / "prompts.json"
    mask = ["--out", out / "m.nii.gz"]
    names = [place / "prompts" / f"{name}.json" for name in broken_prompts(place)]
    return [
        *(["replay", name, image, *ask] for name in names),
        *(["replay", place / name, image, *ask] for name in WRONG_FILES),
        *(["replay", sound, place / name, *ask, *mask] for name in WRONG_FILES),
        ["replay", sound],
        ["replay", sound, image, "--model", "none"],
        ["replay", sound, image, *ask, "--out", image],
        ["replay", sound, image, *ask, "--out", place],
        ["replay", sound, image, *ask, "--out", out / "m.xyz"],
        ["replay", sound, image, sound, *ask],
    ]


def _of_training(place: Path, out: Path) -> list[list[object]]:
    config = ["train", "--config", place / "config.toml"]
    return [
        *(["train", "--out", out, "--config", place / "configs" / f"{name}.toml"]
          for name in broken_configurations()),
        *(["train", "--out", out, "--config", place / name] for name in WRONG_FILES),
        *([*config, "--out", out, "--steps", n] for n in (*NUMBERS, "0")),
        *([*config, "--out", out, "--start-from", place / name]
          for name in WRONG_FILES),
        [*config, "--out", place / "binary"],
        [*config, "--out", out, "extra"],
        [*config],
    ]  # fmt: skip


def _of_models(place: Path) -> list[list[object]]:
    names = ("download", "import", "verify", "convert", "stand-in")
    return [
        *(["models", name] for name in names if name != "verify"),
        *(["models", name, "--wrong"] for name in names),
        *(["models", "import", place / name] for name in WRONG_FILES),
        *(["models", "import", place / name, "--model", "sam_vit_b"]
          for name in WRONG_FILES),
        *(["models", "import", place / "binary", "--model", name]
          for name in ("nano", "ellipse", "none", "")),
        *(["models", "convert", place / name, "--model", "sam_vit_b"]
          for name in WRONG_FILES),
        ["models", "convert", place / "binary"],
        ["models", "convert", place / "binary", "--model", "none"],
        ["models", "download", "none"],
        ["models", "download", "nano", "none"],
        ["models", "download", ""],
        ["models", "download", "sam_vit_b"],
        ["models", "stand-in", "none", place / "out.safetensors"],
        ["models", "stand-in", "ellipse", place / "out.safetensors"],
        ["models", "stand-in", "ritm_h18", place / "binary"],
        ["models", "list", "extra"],
    ]  # fmt: skip


RESULTS = ("no_parquet", "other_columns", "wrong_types", "broken_prompts",
           "prompts_number", "prompts_deep", "prompts_empty", "null_ids", "a_folder",
           "truncated")  # fmt: skip
"""Names of runs whose rows cannot be used."""


def _broken_results(place: Path) -> None:
    source = place / "run"
    (part,) = (source / "results").glob("*.parquet")
    whole = parquet.read_table(part)

    def run_with(name: str) -> Path:
        folder = place / "results" / name
        (folder / "results").mkdir(parents=True)
        shutil.copy(source / "manifest.json", folder)
        return folder / "results" / part.name

    run_with("no_parquet").write_bytes(b"nothing")
    run_with("truncated").write_bytes(part.read_bytes()[:-500])
    run_with("a_folder").mkdir()
    parquet.write_table(pa.table({"a": [1]}), run_with("other_columns"))
    count = whole.num_rows
    changed = {
        "wrong_types": ("step", pa.array(["x"] * count)),
        "broken_prompts": ("prompts", pa.array(["[{"] * count)),
        "prompts_number": ("prompts", pa.array(["5"] * count)),
        "prompts_empty": ("prompts", pa.array(["[{}]"] * count)),
        "prompts_deep": ("prompts", pa.array(["[" * DEEP + "]" * DEEP] * count)),
        "null_ids": ("case_id", pa.array([None] * count, pa.string())),
    }
    for name, (column, values) in changed.items():
        place_of = whole.column_names.index(column)
        table = whole.set_column(place_of, column, values)
        parquet.write_table(table, run_with(name))


def _run(place: Path) -> None:
    """Leave a small run with modes and clicks."""
    status = main([
        "benchmark", str(place / "images"), str(place / "labels"), "--model", "ellipse",
        "--no-baselines", "--clicks", "2", "--out", str(place / "run"),
    ])  # fmt: skip
    if status:
        msg = f"the run that is to be broken ended with status {status}"
        raise RuntimeError(msg)


def _write(path: Path, document: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(document)


def _box(box_rc: list[float]) -> dict[str, object]:
    return {"points_rc": [], "labels": [], "box_rc": box_rc}


def _without(mapping: dict, name: str) -> dict:
    return {key: value for key, value in mapping.items() if key != name}


def _as_bytes(documents: dict[str, object]) -> dict[str, bytes]:
    return {name: json.dumps(each).encode() for name, each in documents.items()}
