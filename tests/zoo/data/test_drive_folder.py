"""A user's own drive: a donkeycar tub as it is and damaged, and plain logs."""

import json
import shutil
import tarfile

import numpy as np
import pytest
from PIL import Image

from gradschool.zoo.data import load_data
from gradschool.zoo.data.catalogue import draws_test_part
from gradschool.zoo.data.drive_log import is_drive, picture_files

LINES = 50


def angle(number):
    return round(np.sin(number / 5), 4)


def picture(path, number, size=(7, 11)):
    """A picture that says which it is, in the red of every pixel; the left half is a little darker."""
    pixels = np.full((*size, 3), (3 * number, 100, 200), "uint8")
    pixels[:, : size[1] // 2, 1] = 50
    Image.fromarray(pixels).save(path)


def make_tub(folder, numbers=range(LINES), **more):
    (folder / "images").mkdir(parents=True)
    lines = []
    for number in numbers:
        picture(folder / "images" / f"{number}_cam.png", number)
        cells = {"_index": number, "cam/image_array": f"{number}_cam.png", "user/angle": angle(number), **more}
        lines.append(json.dumps({**cells, "user/throttle": 0.5 + number / 100}))
    (folder / "catalog_0.catalog").write_text("\n".join(lines[: len(lines) // 2]) + "\n")
    (folder / "catalog_1.catalog").write_text("\n".join(lines[len(lines) // 2 :]) + "\n")
    (folder / "._catalog_0.catalog").write_bytes(b"\x00\x05\x16\x07")
    (folder / "images" / "._0_cam.png").write_bytes(b"\x00\x05\x16\x07")
    return folder


@pytest.fixture
def tub(tmp_path):
    return make_tub(tmp_path / "tub")


def numbers_in(x):
    """Which pictures the samples show."""
    return np.round(x[..., 0, 0, 0] * 255 / 3).astype(int)


def restored(data, part):
    return data.description.outputs[0].restore(data.labels(part)[:, 0])


# === Samples ===
def test_each_picture_meets_its_angle_and_the_last_fifth_is_the_test(tub):
    data = load_data(tub, validation_share=0.25)
    assert data.description.samples == {"train": 30, "validation": 10, "test": 10}
    assert data.description.input_shape == (7, 11, 3)
    seen = {part: numbers_in(data.arrays(part)[0]) for part in ("train", "validation", "test")}
    assert [seen[part].tolist() for part in seen] == [[*range(30)], [*range(30, 40)], [*range(40, 50)]]
    for part, numbers in seen.items():
        np.testing.assert_allclose(restored(data, part), [angle(number) for number in numbers], atol=1e-5)
    trained = np.array([angle(number) for number in range(30)])
    (output,) = data.description.outputs
    assert (output.name, output.unit) == ("user/angle", "of full lock")
    assert (output.mean, output.std) == (pytest.approx(trained.mean()), pytest.approx(trained.std()))


def test_baselines_are_the_mean_and_the_angle_before(tub):
    data = load_data(tub)
    (output,) = data.description.outputs
    before = output.restore(data.baselines["persistence"][:, 0])
    np.testing.assert_allclose(before, [angle(number) for number in range(39, 49)], atol=1e-5)
    assert not data.baselines["training mean"].any()
    assert data.baselines["training mean"].shape == data.labels("test").shape


def test_sequences_are_consecutive_and_share_nothing_by_default(tub):
    data = load_data(tub, frames=4)
    shown = {part: numbers_in(data.arrays(part)[0]) for part in ("train", "validation", "test")}
    assert shown["train"].tolist() == [[*range(start, start + 4)] for start in range(0, 36, 4)]
    assert shown["test"].tolist() == [[40, 41, 42, 43], [44, 45, 46, 47]]
    np.testing.assert_allclose(restored(data, "test"), [angle(43), angle(47)], atol=1e-5)
    overlapping = load_data(tub, frames=4, stride=1)
    assert len(overlapping.labels("test")) == 7
    assert overlapping.arrays("test")[0].shape[1:] == (4, 7, 11, 3)


def test_several_columns_are_several_outputs(tub):
    data = load_data(tub, columns=["user/angle", "user/throttle"])
    assert data.labels("test").shape == (10, 2)
    assert data.baselines["persistence"].shape == (10, 2)
    throttle = data.description.outputs[1]
    assert throttle.unit == "of full throttle"
    np.testing.assert_allclose(throttle.restore(data.labels("test")[:, 1]), 0.9 + np.arange(10) / 100, atol=1e-6)


def test_mirrored_samples_turn_the_angle_and_train_only(tub):
    plain, data = load_data(tub), load_data(tub, mirror=True)
    (x, y), half = data.arrays("train"), len(plain.labels("train"))
    assert len(y) == 2 * half
    assert data.description.samples["test"] == plain.description.samples["test"]
    np.testing.assert_array_equal(x[half:], x[:half, :, ::-1])
    np.testing.assert_array_equal(y[half:], -y[:half])
    np.testing.assert_allclose(restored(data, "train")[:half], restored(plain, "train"), atol=1e-5)


def test_pictures_are_brought_to_a_size(tub):
    assert load_data(tub, image_size=(61, 67)).description.input_shape == (61, 67, 3)
    assert load_data(tub, color_mode="grayscale").description.input_shape == (7, 11, 1)


# === Gaps ===
def test_sequences_do_not_reach_over_what_the_driver_deleted(tub):
    (tub / "manifest.json").write_text('["cam/image_array"]\n{"paths": [], "deleted_indexes": [5, 6]}\n')
    data = load_data(tub, frames=3, stride=1, validation_share=0.0)
    shown = numbers_in(data.arrays("train")[0])
    assert not np.isin([5, 6], shown).any()
    assert (np.diff(shown, axis=1) == 1).all()
    assert [2, 3, 4] in shown.tolist()
    assert [7, 8, 9] in shown.tolist()
    assert "Left out: 2 deleted lines." in data.description.summary


def test_sessions_are_not_joined(tmp_path):
    tub = make_tub(tmp_path / "tub", _session_id="morning")
    lines = (tub / "catalog_1.catalog").read_text().replace("morning", "evening")
    (tub / "catalog_1.catalog").write_text(lines)
    shown = numbers_in(load_data(tub, frames=2, stride=1, validation_share=0.0).arrays("train")[0])
    assert [24, 25] not in shown.tolist()
    assert [23, 24] in shown.tolist()


# === Damage ===
def test_lines_without_a_picture_are_an_error_or_left_out_and_counted(tub):
    for number in (3, 20):
        (tub / "images" / f"{number}_cam.png").unlink()
    with pytest.raises(ValueError, match=r"catalog_0.catalog, line 4: there is no picture '3_cam.png' \(and 1 more\)"):
        load_data(tub)
    data = load_data(tub, skip=True, frames=2, stride=1, validation_share=0.0)
    assert "Left out: 2 lines of the log that cannot be used." in data.description.summary
    shown = numbers_in(data.arrays("train")[0]).tolist()
    assert [2, 4] not in shown
    assert [4, 5] in shown


def test_damaged_pictures_are_an_error_or_left_out_and_counted(tub):
    (tub / "images" / "7_cam.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"7_cam.png cannot be read as an image.*Or leave it out by skip"):
        load_data(tub)
    data = load_data(tub, skip=True, validation_share=0.0)
    assert 7 not in numbers_in(data.arrays("train")[0])
    assert "Left out: 1 pictures that cannot be read." in data.description.summary
    assert data.description.samples["train"] == 39


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"_index": 2, "cam/im', "line 3 is no JSON object"),
        ("[2, 3]", "line 3 is no JSON object"),
        ('{"_index": 2, "cam/image_array": "2_cam.png", "user/angle": null}', "None in 'user/angle' is not a finite"),
        ('{"_index": 2, "cam/image_array": "2_cam.png", "user/angle": NaN}', "nan in 'user/angle' is not a finite"),
    ],
)
def test_damaged_lines_are_an_error_or_left_out(tub, line, message):
    lines = (tub / "catalog_0.catalog").read_text().splitlines()
    (tub / "catalog_0.catalog").write_text("\n".join([*lines[:2], line, *lines[3:]]))
    with pytest.raises(ValueError, match=message):
        load_data(tub)
    data = load_data(tub, skip=True, validation_share=0.0)
    assert 2 not in numbers_in(data.arrays("train")[0])
    assert "1 lines of the log that cannot be used" in data.description.summary


def test_pictures_that_no_line_names_are_counted(tub):
    picture(tub / "images" / "stray.png", 60)
    assert "Left out: 1 pictures that no line names." in load_data(tub).description.summary


def test_pictures_of_several_sizes_need_a_size(tub):
    picture(tub / "images" / "9_cam.png", 9, size=(8, 11))
    with pytest.raises(ValueError, match=r"9_cam.png has 8x11 pixels.*image_size=\[66,200\]"):
        load_data(tub)
    assert load_data(tub, image_size=(7, 11)).description.input_shape == (7, 11, 3)


# === Other logs ===
def write_csv(folder, header="image,angle,speed"):
    folder.mkdir()
    rows = [header]
    for number in range(LINES):
        picture(folder / f"{number}.png", number)
        rows.append(f"C:\\recorded\\{number}.png,{angle(number)},{number}")
    (folder / "log.csv").write_text("\n".join(rows))
    return folder


def test_a_csv_log_beside_its_pictures(tmp_path):
    data = load_data(write_csv(tmp_path / "drive"), unit="degrees")
    (output,) = data.description.outputs
    assert (output.name, output.unit) == ("angle", "degrees")
    np.testing.assert_allclose(restored(data, "test"), [angle(number) for number in range(40, 50)], atol=1e-5)


def test_other_columns_are_named_by_options(tmp_path):
    folder = write_csv(tmp_path / "drive", header="picture,wheel,speed")
    with pytest.raises(
        ValueError, match=r"no column of pictures .*'picture', 'wheel', 'speed'. Name it by image_column"
    ):
        load_data(folder)
    with pytest.raises(ValueError, match="no column of steering angles"):
        load_data(folder, image_column="picture")
    with pytest.raises(ValueError, match="no column 'weel'"):
        load_data(folder, image_column="picture", columns="weel")
    data = load_data(folder, image_column="picture", columns="wheel")
    assert data.description.samples["test"] == 10


def test_json_lines_without_numbers_are_in_the_order_of_the_file(tmp_path):
    folder = tmp_path / "drive"
    folder.mkdir()
    lines = []
    for number in range(LINES):
        picture(folder / f"{number}.png", number)
        lines.append(json.dumps({"image": f"{number}.png", "steering": angle(number)}))
    (folder / "log.jsonl").write_text("\n".join(lines))
    assert numbers_in(load_data(folder).arrays("test")[0]).tolist() == [*range(40, 50)]
    shutil.copy(folder / "log.jsonl", folder / "other.jsonl")
    with pytest.raises(ValueError, match=r"several logs \(log.jsonl, other.jsonl\): name one by log"):
        load_data(folder)
    assert load_data(folder, log="other.jsonl").description.samples["test"] == 10
    with pytest.raises(ValueError, match=r"has no log 'no.jsonl'; there are: log.jsonl, other.jsonl"):
        load_data(folder, log="no.jsonl")


def test_images_by_class_stay_an_image_folder_whatever_lies_beside_them(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(9):
            picture(tmp_path / name / f"{number}.png", number)
    (tmp_path / "labels.csv").write_text("image,angle\n0.png,1\n")
    assert not is_drive(tmp_path)
    assert load_data(tmp_path, validation_share=0.0).description.task == "classification"


def test_names_by_class_stay_texts_whatever_lies_beside_them(tmp_path):
    for name in ("German", "Polish"):
        (tmp_path / f"{name}.txt").write_text("\n".join(f"{name}{letter}" for letter in "abcdefghij"))
    (tmp_path / "counts.csv").write_text("language,names\nGerman,10\n")
    assert not is_drive(tmp_path)
    assert load_data(tmp_path).description.class_names == ("German", "Polish")


@pytest.mark.parametrize("augment", [{"flip": True}, {"shift": 1}, {"crop": 1}])
def test_a_mirrored_or_moved_picture_with_the_angle_as_it_was_is_refused(tub, augment):
    with pytest.raises(ValueError, match=f"{next(iter(augment))} mirrors or moves the pictures of .* and not their"):
        load_data(tub, augment=augment)
    assert load_data(tub, augment=augment | {"cutout": 2}, targets="inputs").augment


def test_nobody_draws_the_test_part_of_a_drive(tub):
    assert not draws_test_part(tub)
    with pytest.raises(ValueError, match="has a test part of its own; leave fold out"):
        load_data(tub, fold=(0, 5))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frames": 0}, "frames must be a whole number of at least 1; got 0"),
        ({"stride": 0}, "stride must be a whole number of at least 1"),
        ({"frames": 11}, "50 lines are too few for samples of 11 frames in each of the parts"),
        ({"color_mode": "yuv"}, "color_mode must be 'grayscale' or 'rgb'"),
        ({"skip": "yes"}, r"skip is True or False \(--data-option skip=true\)"),
        ({"mirror": 1}, "mirror is True or False"),
        ({"image_size": 0}, "image_size must be"),
    ],
)
def test_impossible_options_are_refused(tub, options, message):
    with pytest.raises(ValueError, match=message):
        load_data(tub, **options)


def test_an_angle_that_never_changes_teaches_nothing(tub):
    for name in ("catalog_0.catalog", "catalog_1.catalog"):
        lines = [json.loads(line) | {"user/angle": 0.1} for line in (tub / name).read_text().splitlines()]
        (tub / name).write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(ValueError, match=r"'user/angle' is 0.1 in the whole training part; nothing to learn"):
        load_data(tub)


# === The real one ===
@pytest.fixture(scope="module")
def real_tub(real_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("donkeycar")
    with tarfile.open(real_data / "donkeycar_tub" / "tub.tar.gz") as packed:
        packed.extractall(folder, filter="data")
    return folder / "tub"


def test_a_real_tub(real_tub):
    data = load_data(real_tub, frames=10, stride=50, image_size=(66, 100))
    assert data.description.input_shape == (10, 66, 100, 3)
    assert "Left out" not in data.description.summary
    lines = [json.loads(line) for line in (real_tub / "catalog_0.catalog").read_text().splitlines()]
    np.testing.assert_allclose(
        restored(data, "test"), [lines[k + 9]["user/angle"] for k in range(800, 1000, 50)], atol=1e-5
    )
    before = data.description.outputs[0].restore(data.baselines["persistence"][:, 0])
    np.testing.assert_allclose(before, [lines[k + 8]["user/angle"] for k in range(800, 1000, 50)], atol=1e-5)
    first = np.asarray(Image.open(real_tub / "images" / "800_cam_image_array_.jpg").resize((100, 66)), "float32") / 255
    assert np.abs(data.arrays("test")[0][0, 0] - first).mean() < 0.01
    assert load_data(real_tub, stride=100).description.input_shape == (120, 160, 3)


def test_pictures_of_one_name_are_told_apart_by_their_folders(tmp_path):
    lines = range(30)
    for session, colour in (("s1", 10), ("s2", 200)):
        (tmp_path / session).mkdir()
        for number in lines:
            pixels = np.full((61, 70, 3), colour + number % 3, "uint8")
            Image.fromarray(pixels).save(tmp_path / session / f"{number}.png")
    rows = [f"/home/pi/rec/{session}/{number}.png,{number / 30}" for session in ("s1", "s2") for number in lines]
    (tmp_path / "log.csv").write_text("\n".join(["image,angle", *rows]))
    data = load_data(tmp_path)
    images = np.concatenate([data.arrays(part)[0] for part in ("train", "validation", "test")])
    assert (images.max(axis=(1, 2, 3)) * 255 > 100).sum() == len(images) / 2 == 30
    assert "no line names" not in data.description.summary
    assert picture_files(tmp_path).get("0.png") is None  # there are two
    assert picture_files(tmp_path / "s1")["0.png"] == tmp_path / "s1" / "0.png"
