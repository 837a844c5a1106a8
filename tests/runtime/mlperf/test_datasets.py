"""Data sets in the official layout, and rows and files that are not right."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.errors import DataError
from edgekit.runtime.mlperf.benchmarks import BENCHMARKS, guess_benchmark
from edgekit.runtime.mlperf.dataset import Sample, SampleSet, open_samples
from tests.helpers.mlperf_sets import random_set, write_set

KWS, AD = BENCHMARKS["kws01"], BENCHMARKS["ad01"]


def refused(folder: Path, benchmark: str = "kws01") -> DataError:
    with pytest.raises(DataError) as caught:
        open_samples(folder, BENCHMARKS[benchmark])
    assert caught.value.hint
    return caught.value


def test_the_folder_itself_or_the_one_with_all_sets(tmp_path: Path) -> None:
    random_set(tmp_path / "kws01", 3)
    assert open_samples(tmp_path, KWS) == open_samples(tmp_path / "kws01", KWS)
    assert [sample.label for sample in open_samples(tmp_path, KWS).samples] == [0, 1, 2]


def test_blanks_behind_commas_and_empty_rows(tmp_path: Path) -> None:
    folder = random_set(tmp_path, 2)
    (folder / "y_labels.csv").write_text("sample_000.bin, 12, 3\r\n\r\nsample_001.bin,12,4\r\n")
    assert [sample.label for sample in open_samples(folder, KWS).samples] == [3, 4]


def test_anomaly_files_are_cut_into_overlapping_windows(tmp_path: Path) -> None:
    data = bytes(i % 251 for i in range(2560 + 2 * 512 + 100))
    folder = write_set(tmp_path, [data], [1], 2, more=",2560,512")
    (sample,) = open_samples(folder, AD).samples
    pieces = list(sample.pieces())
    assert pieces == [data[:2560], data[512:3072], data[1024:3584]]


def test_no_folder_and_no_labels(tmp_path: Path) -> None:
    error = refused(tmp_path / "nowhere")
    assert (error.code, error.found) == ("mlperf-no-data", "no folder")
    error = refused(tmp_path)
    assert error.code == "mlperf-no-data"
    assert "none in kws01/" in error.found
    assert "energyrunner" in error.hint


@pytest.mark.parametrize(
    "row", ["a.bin", "a.bin,12", "a.bin,twelve,3", "a.bin,12,12", ",12,3", "a.bin,12,-1"]
)
def test_a_malformed_row_is_named_by_its_line(row: str, tmp_path: Path) -> None:
    folder = random_set(tmp_path, 1)
    (folder / "y_labels.csv").write_text(f"sample_000.bin,12,3\n{row}\n")
    error = refused(folder)
    assert error.code == "mlperf-labels"
    assert error.subject.endswith("y_labels.csv, line 2")
    assert error.allowed == "file,classes,label"


def test_rows_of_the_anomaly_set_need_their_windows(tmp_path: Path) -> None:
    folder = write_set(tmp_path, [bytes(2560)], [1], 2)
    assert refused(folder, "ad01").allowed == "file,classes,label,window_bytes,stride_bytes"
    folder = write_set(tmp_path, [bytes(2560)], [1], 2, more=",2000,512")
    assert "not of 2560" in refused(folder, "ad01").found


def test_a_file_that_is_missing_or_of_another_benchmark(tmp_path: Path) -> None:
    folder = random_set(tmp_path, 2)
    (folder / "sample_001.bin").write_bytes(bytes(3072))
    error = refused(folder)
    assert (error.code, error.found) == ("mlperf-file", "3072 bytes")
    assert "is this the data set of kws01?" in error.hint
    (folder / "sample_001.bin").unlink()
    assert "named in line 2" in refused(folder).found


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00"])
def test_labels_that_are_no_table(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "y_labels.csv").write_bytes(content)
    assert refused(tmp_path).code == "mlperf-labels"


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.integers(1, 50))
def test_a_subset_leaves_no_class_out(labels: list[int], count: int) -> None:
    samples = tuple(Sample(Path(f"{i}"), 5, label, 1, 1) for i, label in enumerate(labels))
    taken = SampleSet(Path(), samples).subset(count)
    assert len(taken) == min(count, len(samples))
    assert len(set(taken)) == len(taken)
    have, wanted = Counter(s.label for s in taken), Counter(labels)
    assert len(have) == min(len(wanted), count)
    if count < len(samples):
        for label in have:  # no class gets ahead of one that has files left
            assert have[label] <= 1 + min(have[k] for k in wanted if have[k] < wanted[k])


@pytest.mark.parametrize(
    ("sizes", "found"),
    [((490, 12), "kws01"), ((27648, 2), "vww01"), ((3072, 10), "ic01"), ((640, 640), "ad01"),
     ((3072, 6), "")],
)  # fmt: skip
def test_a_model_tells_its_benchmark_by_its_sizes(sizes: tuple[int, int], found: str) -> None:
    assert guess_benchmark(*sizes) == found
