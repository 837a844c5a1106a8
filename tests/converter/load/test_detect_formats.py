"""Which kind of model a source is, and the errors for what is none."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest

from edgekit.converter.load import Format, detect
from edgekit.converter.load.zoo_names import guess_command
from edgekit.errors import EdgeKitError, ModelError, UsageError

TFLITE = b"\x1c\x00\x00\x00TFL3" + bytes(64)


def hdf5(*, config: bool, cut: int = 0, version: int = 0) -> bytes:
    """The superblock of an HDF5 file of 1000 bytes, as far as detection looks."""
    head = bytearray(b"\x89HDF\r\n\x1a\n" + bytes(56))
    head[8] = version
    struct.pack_into("<Q", head, 40 if version < 2 else 28, 1000)
    body = b"model_config" if config else b"layers"
    return (bytes(head) + body).ljust(1000, b"\0")[: 1000 - cut]


def keras_archive(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "{}")
    return path


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def failure(source: str | Path) -> EdgeKitError:
    with pytest.raises(EdgeKitError) as caught:
        detect(source)
    return caught.value


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("m.tflite", TFLITE, Format.TFLITE),
        ("m.bin", TFLITE, Format.TFLITE),
        ("m", TFLITE, Format.TFLITE),
        ("m.h5", hdf5(config=True), Format.HDF5),
        ("m.hdf5", hdf5(config=True, version=2), Format.HDF5),
        ("m.weights.h5", hdf5(config=False), Format.HDF5_WEIGHTS),
    ],
)
def test_files_by_content(tmp_path: Path, name: str, data: bytes, expected: Format) -> None:
    assert detect(written(tmp_path, name, data)).format is expected


def test_keras_archives_and_saved_model_folders(tmp_path: Path) -> None:
    archive = keras_archive(tmp_path / "m.keras", "config.json", "model.weights.h5")
    assert detect(archive).format is Format.KERAS
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(b"")
    assert detect(str(folder)).format is Format.SAVED_MODEL


def test_zoo_names_unless_a_file_has_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert detect("mobilenet_v2").format is Format.ZOO
    written(tmp_path, "mobilenet_v2", TFLITE)
    assert detect("mobilenet_v2").format is Format.TFLITE


@pytest.mark.parametrize("name", ["nothing.tflite", "folder/model", "notes.txt"])
def test_missing_files(name: str) -> None:
    error = failure(name)
    assert (type(error), error.code, error.found) == (ModelError, "model-missing", "no such file")


def test_unknown_zoo_names_list_candidates() -> None:
    error = failure("mobilnet_v2")
    assert isinstance(error, UsageError)
    assert error.code == "unknown-model"
    assert "squeezenet" in error.allowed
    assert "did you mean mobilenet_v2" in error.hint
    assert failure("resnet50").hint == "give a path or a zoo name"


def test_a_folder_without_saved_model(tmp_path: Path) -> None:
    assert "holds nothing" in failure(tmp_path).found
    for name in "abcdefg":
        (tmp_path / name).touch()
    error = failure(tmp_path)
    assert error.code == "no-saved-model"
    assert "holds a, b, c, d, e, ..." in error.found


@pytest.mark.parametrize(
    ("name", "data", "code", "words"),
    [
        ("m.tflite", b"", "empty-model", "the file is empty"),
        ("m.tflite", hdf5(config=True), "wrong-suffix", "holds an HDF5 file (.h5), not a TFLite"),
        ("m.h5", TFLITE, "wrong-suffix", "holds a TFLite file, not an HDF5 file"),
        ("m.keras", hdf5(config=True), "wrong-suffix", "not a Keras 3 file (.keras)"),
        ("m.tflite", b"hello, this is text\n", "unknown-format", "a text file"),
        ("m.tflite", b"<html></html>", "unknown-format", "an HTML or XML page"),
        ("m.h5", b"version https://git-lfs.github.com", "unknown-format", "git lfs pull"),
        ("m.h5", b"\x1f\x8b" + bytes(9), "unknown-format", "a gzip archive"),
        ("m.bin", b"\x7fELF" + bytes(9), "unknown-format", "an ELF program"),
        ("m.onnx", b"\x08\x07\x12\x04", "unknown-format", "perhaps an ONNX file"),
        ("m.bin", b"\xde\xad\xbe\xef", "unknown-format", "it starts with de ad be ef"),
        ("m.h5", hdf5(config=True, cut=300), "damaged-model", "700 bytes of 1000"),
        ("m.h5", hdf5(config=False)[:20], "damaged-model", "20 bytes of"),
        ("m.keras", b"PK\x03\x04" + bytes(50), "damaged-model", "ends too early"),
    ],
)
def test_other_content_is_named(
    tmp_path: Path, name: str, data: bytes, code: str, words: str
) -> None:
    error = failure(written(tmp_path, name, data))
    assert isinstance(error, ModelError)
    assert (error.code, words in error.found) == (code, True), error.found
    assert error.hint


def test_a_wrong_suffix_says_the_right_name(tmp_path: Path) -> None:
    error = failure(written(tmp_path, "net.tflite", hdf5(config=True)))
    assert error.hint == "rename it to net.h5"


def test_other_archives(tmp_path: Path) -> None:
    error = failure(keras_archive(tmp_path / "m.zip", "readme.txt", "a/model.tflite"))
    assert error.code == "unknown-format"
    assert error.hint == "unpack it and give a/model.tflite"
    assert failure(keras_archive(tmp_path / "n.keras", "x")).hint == "give the model itself"


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "m.tflite", TFLITE)

    def refuse(*_: object, **__: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    error = failure(path)
    assert error.found == "cannot be read: Permission denied"


@pytest.mark.parametrize(
    ("name", "command"),
    [
        (
            "mobilenet_v1_0.25_128_keras.weights.h5",
            "edgekit convert mobilenet_v1 --alpha 0.25 --input-size 128",
        ),
        (
            "MobileNetV2-1.0-224.weights.h5",
            "edgekit convert mobilenet_v2 --alpha 1.0 --input-size 224",
        ),
        ("squeezenet.weights.h5", "edgekit convert squeezenet --input-size SIZE"),
        ("mine.weights.h5", "edgekit convert ARCHITECTURE --alpha ALPHA --input-size SIZE"),
    ],
)
def test_the_command_for_a_weights_file(name: str, command: str) -> None:
    guess = guess_command(Path("some") / name)
    assert guess.startswith(f"{command} --weights {name}")
    assert ("known: mobilenet_v1" in guess) == ("ARCHITECTURE" in guess)
