"""Folders of pictures become a model that is tried on lots it never saw, says where it looked, and refuses what is none."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from fabwatch.fab import Fab
from fabwatch.models.images import training
from fabwatch.models.images.calibrating import best_temperature
from fabwatch.models.images.collection import collected
from fabwatch.models.images.reading import picture_of
from fabwatch.models.images.splitting import parts_of
from fabwatch.terms.errors import BadQuestion, CannotPredict, ExtraMissing, NoSuchPath, ParityFailed
from tests.commands import command
from tests.models.made_picture_model import BASE, SIZE, bomb, colour, colours, kept, png, red
from tests.models.made_pictures import centre, ring, spot, stripe, written
from tests.models.made_tables import wafers

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed: pip install 'fabwatch[train]'")
KINDS = {"stripe": stripe, "spot": spot}
FAST: dict[str, Any] = {"size": 32}


@pytest.fixture(scope="module")
def fab(tmp_path_factory: pytest.TempPathFactory) -> Fab:
    """A fab with a model of colours that was made by hand, and one of a table."""
    place = tmp_path_factory.mktemp("pictures")
    fab = Fab(place / "fab", create=True)
    kept(fab.path, colours(place / "colours"))
    fab.train_model(wafers(rows=300), "result", name="etch", time="time", positive="FAIL", learner="linear", minutes=0.05)
    return fab


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("shapes") / "shapes", KINDS, 40)


@pytest.fixture(scope="module")
def trained(fab: Fab, shapes: Path) -> Any:
    return fab.train_images(shapes, **FAST)


@needs_torch
def test_a_stripe_is_told_from_a_spot_on_pictures_that_nothing_was_learned_from(
    fab: Fab, trained: Any, tmp_path: Path
) -> None:
    assert (trained.model, trained.kind, trained.classes) == ("shapes", "pictures", ("spot", "stripe"))
    assert trained.held_out["value"] > 0.9 > trained.floor["value"]
    assert trained.held_out["low"] <= trained.held_out["value"] <= trained.held_out["high"]
    assert trained.held_out["auc"] > 0.9
    assert sum(map(sum, trained.held_out["confusion"])) == trained.held_out["rows"] == 16
    assert trained.onnx["parity"] <= 1e-4
    said = fab.predict("shapes", written(tmp_path / "new", KINDS, 30, seed=5)).predictions
    right = [one.name is not None and one.name.startswith(str(one.prediction)) for one in said]
    assert np.mean(right) > 0.9
    assert np.mean([bool(one.unseen) for one in said]) < 0.2


@needs_torch
def test_what_the_places_add_sums_to_the_score_and_lies_where_the_spot_is(fab: Fab, trained: Any, tmp_path: Path) -> None:
    chance, near = np.random.default_rng(9), []
    rows, columns = np.indices((48, 48))
    for _ in range(30):
        picture, (y, x) = chance.normal(105, 9, (48, 48)), chance.uniform(0.3, 0.7, 2)
        picture[np.hypot(rows - 48 * y, columns - 48 * x) < 48 * 0.11] += 70
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(tmp_path / "one.png")
        (one,) = fab.predict("shapes", tmp_path / "one.png", contributions=True).predictions
        assert one.base is not None
        heat = np.array(one.heat)
        assert heat.sum() + one.base == pytest.approx(one.score, abs=1e-4)
        if one.prediction == "spot":
            down, across = (np.indices(heat.shape) + 0.5) / len(heat)
            there = np.hypot(down - y, across - x) < 0.25
            near.append(heat[there].mean() > 3 * heat[~there].mean())
    assert len(near) > 20
    assert np.mean(near) > 0.9


@needs_torch
def test_black_white_and_noise_are_like_none_that_was_learned_from(fab: Fab, trained: Any, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    for n, picture in enumerate((np.zeros_like(noise), np.full_like(noise, 255), noise)):
        Image.fromarray(picture).save(tmp_path / f"{n}.png")
    answer = fab.predict("shapes", tmp_path)
    assert [one.unseen for one in answer.predictions] == [("picture",)] * 3
    assert "3 of them are like none" in answer.sentence()


@needs_torch
def test_the_same_seed_makes_the_same_file_and_no_second_version(fab: Fab, trained: Any, shapes: Path) -> None:
    again = fab.train_images(shapes, **FAST)
    assert (again.version, again.made, again.digest) == (1, False, trained.digest)


@needs_torch
def test_lots_stay_on_one_side_and_what_is_no_picture_is_set_aside_and_counted(fab: Fab, tmp_path: Path) -> None:
    folder = written(tmp_path / "lots", KINDS, 40, lots=8)
    (folder / "spot" / "lot0" / "notes.txt").write_text("taken on Monday")
    (folder / "spot" / "cut.png").write_bytes(png(red())[:90])
    (folder / "readme.md").write_text("# pictures")
    shutil.copy(folder / "spot" / "lot1" / "spot0_001.png", folder / "stripe" / "lot1" / "wrong.png")
    answer = fab.train_images(folder, name="lots", **FAST)
    version = fab.registry.find("lots")
    table, held = version.table(), set(version.held_out()["place"])
    lots = [
        set(table["group"][[place in held for place in table.index]]),
        set(table["group"][list(set(table.index) - held)]),
    ]
    assert lots[0].isdisjoint(lots[1])
    assert lots[0] | lots[1] == {*(f"lot{n}" for n in range(8))}
    assert answer.split == "by group"
    assert answer.random_split["rows"] > 0
    assert answer.random_split != answer.held_out
    aside = {one["column"]: one["why"] for one in version.card["pictures"]["set_aside"]}
    assert set(aside) == {"spot/lot0/notes.txt", "spot/cut.png", "readme.md"}
    assert "cut off or damaged" in aside["spot/cut.png"]
    assert any("spot/lot1/spot0_001.png and stripe/lot1/wrong.png" in doubt for doubt in answer.doubts)
    assert any("3 files were set aside" in doubt for doubt in answer.doubts)


@needs_torch
def test_rings_of_wafer_maps_are_told_from_fails_in_the_middle_by_the_same_command(
    fab: Fab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Threads that wait for each other on shared cores take many times as long as one.
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    folder = written(tmp_path / "maps", {"ring": ring, "centre": centre}, 30)
    done = command("model", "train-images", folder, "--size", 32, "--turns", "all", "--fab", fab.path, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["held_out"]["value"] == 1.0
    shown = command("model", "predict", "maps", folder / "ring" / "ring0_000.png", "--fab", fab.path)
    assert "ring" in shown.out.splitlines()[1]


@needs_torch
def test_two_versions_are_compared_on_the_pictures_that_neither_learned_from(fab: Fab, trained: Any, shapes: Path) -> None:
    fab.train_images(shapes, seed=4, minutes=0.01, **FAST)
    new = written(shapes.parent / "more", KINDS, 20, seed=8)
    shutil.copytree(shapes / "spot", new / "spot", dirs_exist_ok=True)
    answer = fab.compare_models("shapes@1", "shapes@2", new)
    assert 40 <= answer.rows_ < 80
    assert any("one of the two learned from them" in doubt for doubt in answer.doubts)
    assert {part.value for part in answer.slices} == {"spot", "stripe"}
    assert [one.cause for one in answer.causes] == ["seed"]
    assert answer.low is not None
    assert answer.low <= answer.b - answer.a <= answer.high  # type: ignore[operator]
    assert any("still learning" in doubt for doubt in fab.model_card("shapes@2").card["doubts"])
    shown = command("model", "compare", "shapes@1", "shapes@2", "--on", new, "--fab", fab.path)
    assert "pictures shapes@1 has accuracy" in " ".join(shown.out.split())


@needs_torch
def test_a_file_that_differs_from_the_network_is_not_kept(fab: Fab, shapes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fabwatch.models.images import exporting, learning

    right = learning.answers

    def other(network: Any, pixels: Any, batch: int = 64) -> Any:
        logits, embedding, heat = right(network, pixels, batch)
        return logits + np.float32(0.001), embedding, heat

    monkeypatch.setattr(exporting, "answers", other)
    with pytest.raises(ParityFailed, match="differs from the network"):
        fab.train_images(shapes, name="wrong", minutes=0.01, **FAST)
    assert "wrong" not in {one.model for one in fab.models().versions}


def test_copies_and_near_twins_are_never_on_two_sides(tmp_path: Path) -> None:
    folder = written(tmp_path / "twins", KINDS, 30)
    for n in range(0, 30, 3):
        path = folder / "spot" / f"spot0_{n:03d}.png"
        shutil.copy(path, folder / "spot" / f"copy{n}.png")
        lighter = np.asarray(Image.open(path)).astype(int) + 4
        Image.fromarray(lighter.clip(0, 255).astype(np.uint8)).save(folder / "spot" / f"twin{n}.png")
    pictures = collected(folder, 32)
    parts = parts_of(pictures, 0)
    side = {pictures.names[n]: name for name in ("learn", "choose", "held") for n in getattr(parts, name).tolist()}
    assert len(side) == len(pictures) == 80
    for n in range(0, 30, 3):
        assert len({side[f"spot/{name}.png"] for name in (f"spot0_{n:03d}", f"copy{n}", f"twin{n}")}) == 1
    assert (parts.copies, parts.plain) == (10, False)
    assert parts.twins >= 10
    for part, share in (("learn", 0.6), ("choose", 0.2), ("held", 0.2)):
        for label in (0, 1):
            own = (pictures.label[getattr(parts, part)] == label).sum() / (pictures.label == label).sum()
            assert own == pytest.approx(share, abs=0.08)


def test_of_one_plain_scene_copies_alone_stay_together_and_that_is_said(tmp_path: Path) -> None:
    chance, light = np.random.default_rng(2), np.linspace(40, 200, 48)[None, :]
    for label in ("good", "bad"):
        (tmp_path / label).mkdir()
        for n in range(20):
            scene = (light + chance.normal(0, 1, (48, 48))).astype(np.uint8)
            for name in (f"{n}", f"again{n}"):
                Image.fromarray(scene).save(tmp_path / label / f"{name}.png")
    pictures = collected(tmp_path, 32)
    parts = parts_of(pictures, 0)
    side = {pictures.names[n]: name for name in ("learn", "choose", "held") for n in getattr(parts, name).tolist()}
    assert (parts.plain, parts.copies, parts.twins) == (True, 40, 0)
    assert all(side[f"{label}/{n}.png"] == side[f"{label}/again{n}.png"] for label in ("good", "bad") for n in range(20))


def test_a_class_of_one_lot_cannot_be_held_out_and_that_is_said(tmp_path: Path) -> None:
    folder = written(tmp_path / "one", {"spot": spot}, 20, lots=1)
    written(folder, {"stripe": stripe}, 20, lots=5)
    with pytest.raises(BadQuestion, match="'spot' cannot be both learned from and held out"):
        Fab(tmp_path / "fab", create=True).train_images(folder)


def test_twelve_pictures_that_are_named_right_make_nobody_sure() -> None:
    label = np.repeat([0, 1], 12)
    logits = np.where(np.arange(2)[None, :] == label[:, None], 50, -50).astype(np.float32)
    chance = 1 / (1 + np.exp(-100 / best_temperature(logits, label)))
    assert chance == pytest.approx(1.0)
    weak = logits / np.float32(25)
    assert 0.88 < 1 / (1 + np.exp(-4 / best_temperature(weak.astype(np.float32), label))) < 0.96


FOLDERS: dict[str, tuple[dict[str, int], dict[str, Any], str]] = {
    "one class": ({"red": 12}, {}, "one class, 'red'"),
    "no class": ({}, {}, "no class"),
    "too few of one": ({"red": 12, "blue": 9}, {}, r"Too few pictures of 'blue' \(9\)"),
    "a class of texts": ({"red": 12, "blue": 12, "texts": 0}, {}, "'texts' has no picture"),
    "a size that is none": ({"red": 12, "blue": 12}, {"size": 33}, "size must be from 32 to 128"),
    "turns that are none": ({"red": 12, "blue": 12}, {"turns": "up"}, "turns must be none, mirror, all"),
    "no time": ({"red": 12, "blue": 12}, {"minutes": 0}, "minutes must be above 0"),
    "a name that is a path": ({"red": 12, "blue": 12}, {"name": "../x"}, "cannot be called"),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_a_folder_that_nothing_can_be_learned_from_is_refused_with_a_way_out(fab: Fab, tmp_path: Path, case: str) -> None:
    counts, how, why = FOLDERS[case]
    chance = np.random.default_rng(1)
    folder = tmp_path / "folder"
    folder.mkdir()
    for label, count in counts.items():
        (folder / label).mkdir()
        (folder / label / "notes.txt").write_text("none")
        for n in range(count):
            colour(chance, label == "red").save(folder / label / f"{n}.png")
    before = len(fab.models().versions)
    with pytest.raises(BadQuestion, match=why) as refused:
        fab.train_images(folder, **how)
    assert refused.value.hint
    assert len(fab.models().versions) == before
    with pytest.raises(NoSuchPath):
        fab.train_images(tmp_path / "nowhere")


def test_training_says_which_package_it_needs(fab: Fab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "find_spec", lambda name: None)
    with pytest.raises(ExtraMissing, match="package torch") as refused:
        fab.train_images(colours(tmp_path / "colours"))
    assert "fabwatch[train]" in refused.value.hint


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "TIFF", "GIF", "WEBP"])
def test_a_picture_of_each_format_is_named_with_its_chances_and_those_like_it(fab: Fab, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"one.{form.lower()}"
    path.write_bytes(png(red(), form))
    (one,) = fab.predict("colours", path, contributions=True).predictions
    assert one.prediction == "red"
    assert one.probabilities is not None
    assert sum(one.probabilities.values()) == pytest.approx(1.0)
    assert one.probability == max(one.probabilities.values())
    assert one.similar is not None
    assert [like.label for like in one.similar] == ["red"] * 5
    assert one.heat is not None
    assert sum(map(sum, one.heat)) + BASE[1] == pytest.approx(one.score, abs=1e-4)
    assert one.sentence is not None
    assert "most like red/red0_" in one.sentence


def test_pictures_are_read_upright_deep_ones_stretched_and_wide_ones_as_they_are() -> None:
    dark_top = np.zeros((40, 20, 3), np.uint8)
    dark_top[20:] = 200
    turned = Image.fromarray(np.rot90(dark_top).copy())
    exif = Image.Exif()
    exif[0x0112] = 6  # shown a quarter turn to the right
    upright = picture_of(png(turned, "PNG", exif=exif), "turned.png", 32).pixels
    assert upright[4, 16].mean() < 20
    assert upright[28, 16].mean() > 180
    deep = Image.fromarray(np.linspace(1000, 1400, 64 * 64).reshape(64, 64).astype(np.uint16))
    drawn = picture_of(png(deep, "TIFF"), "deep.tif", 32).pixels
    assert drawn.min() < 10 < 245 < drawn.max()
    clear = Image.new("RGBA", (8, 8), (10, 200, 30, 0))
    assert picture_of(png(clear), "clear.png", 32).pixels[0, 0].tolist() == [10, 200, 30]


NONE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "no picture that is known"),
    "a text": (b"tool,pressure\nE1,30\n", "no picture that is known"),
    "half a picture": (png(red())[:600], "cut off or damaged"),
    "a picture that claims too much": (bomb(), "pixels"),
    "a picture that claims a little too much": (bomb(8_000), "has 8,000 × 8,000 pixels"),
    "a vector drawing": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture that is known"),
    "a pickle": (b"\x80\x04\x95", "no picture that is known"),
}


@pytest.mark.parametrize("case", NONE)
def test_what_is_no_picture_is_refused_alone_and_set_aside_among_others(fab: Fab, tmp_path: Path, case: str) -> None:
    content, why = NONE[case]
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "bad.png").write_bytes(content)
    with pytest.raises(CannotPredict, match=why) as refused:
        fab.predict("colours", folder / "bad.png")
    assert refused.value.hint
    (folder / "good.png").write_bytes(png(red()))
    answer = fab.predict("colours", folder)
    assert [one.name for one in answer.predictions] == ["good.png"]
    assert [(one.column, why in one.why) for one in answer.set_aside] == [("bad.png", True)]


def test_a_zip_is_read_like_a_folder_and_a_broken_one_is_refused(fab: Fab, tmp_path: Path) -> None:
    path = tmp_path / "lot.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/one.png", png(red()))
        archive.writestr("__MACOSX/one.png", b"x")
        archive.writestr("a/notes.txt", "none")
    answer = fab.predict("colours", path)
    assert [one.name for one in answer.predictions] == ["a/one.png"]
    assert [one.column for one in answer.set_aside] == ["a/notes.txt"]
    path.write_bytes(b"PK\x03\x04broken")
    with pytest.raises(BadQuestion, match=r"no \.zip that can be read"):
        fab.predict("colours", path)
    with pytest.raises(NoSuchPath):
        fab.predict("colours", tmp_path / "nowhere.png")


def test_rows_are_none_for_a_model_of_pictures_and_pictures_none_for_one_of_rows(fab: Fab, tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(png(red()))
    wafers(rows=40).to_csv(tmp_path / "rows.csv", index=False)
    for given in (tmp_path / "one.png", tmp_path):
        with pytest.raises(CannotPredict, match="etch@1 takes rows of a table, not pictures"):
            fab.predict("etch", given)
    with pytest.raises(CannotPredict, match="colours@1 takes pictures, not rows of a table"):
        fab.predict("colours", [{"pressure": 30.0}])
    with pytest.raises(CannotPredict, match="no picture"):
        fab.predict("colours", tmp_path / "rows.csv")
    for pair in (("etch", "colours"), ("colours", "etch")):
        with pytest.raises(BadQuestion, match="colours@1 is a model of pictures"):
            fab.compare_models(*pair, tmp_path)


def test_a_version_of_pictures_is_listed_used_retired_and_known_by_its_card_like_others(fab: Fab, tmp_path: Path) -> None:
    kept(fab.path, colours(tmp_path / "colours", seed=7), "staged")
    kept(fab.path, colours(tmp_path / "colours", seed=8), "staged")
    fab.use_model("staged@1", who="ana", reason="the one that we know")
    (tmp_path / "one.png").write_bytes(png(red()))
    assert fab.predict("staged", tmp_path / "one.png").version == 1
    fab.retire_model("staged@2", who="bo", reason="of another camera")
    stages = {one.version: (one.stage, one.kind, one.rows_) for one in fab.models().versions if one.model == "staged"}
    assert stages == {1: ("in use", "pictures", 24), 2: ("retired", "pictures", 48)}
    shown = command("model", "card", "staged@1", "--fab", fab.path)
    assert shown.code == 0
    assert "pictures held out random" in " ".join(shown.out.split())
    folder = fab.registry.find("staged@1").folder
    (folder / "model.onnx").write_bytes((folder / "model.onnx").read_bytes() + b"x")
    with pytest.raises(BadQuestion, match="was changed"):
        fab.predict("staged@1", tmp_path / "one.png")


def test_an_exported_file_says_the_same_with_its_card_alone(fab: Fab, tmp_path: Path) -> None:
    fab.export_model("colours", "onnx", tmp_path / "out")
    about = json.loads((tmp_path / "out" / "model.json").read_text())
    session = onnxruntime.InferenceSession(str(tmp_path / "out" / "model.onnx"))
    (tmp_path / "one.png").write_bytes(png(red()))
    square = np.asarray(Image.open(tmp_path / "one.png").resize((SIZE, SIZE), Image.Resampling.BOX), np.float32) / 255
    logits, heat = session.run(["logits", "heat"], {"pictures": square.transpose(2, 0, 1)[None]})
    (one,) = fab.predict("colours", tmp_path / "one.png").predictions
    assert about["classes"][int(logits[0].argmax())] == one.prediction
    assert logits[0].max() == pytest.approx(one.score, abs=0.05)
    assert heat[0].sum((1, 2)) + about["base"] == pytest.approx(logits[0], abs=1e-4)
    with pytest.raises(BadQuestion, match="exported as onnx alone"):
        fab.export_model("colours", "lambda", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_predicting_needs_no_torch(fab: Fab, tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(png(red()))
    program = """
import sys
sys.modules["torch"] = None
sys.modules["onnx"] = None
from fabwatch.fab import Fab
print(Fab(sys.argv[1]).predict("colours", sys.argv[2]).predictions[0].prediction)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(fab.path), str(tmp_path / "one.png")],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stdout.strip() == "red", done.stderr
