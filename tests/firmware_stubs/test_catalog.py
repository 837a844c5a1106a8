"""The catalogue finds C sources by function name, and says what there is when there is none."""

from __future__ import annotations

import re

import pytest

from edgekit.errors import UnsupportedError, UsageError
from edgekit.firmware_stubs import catalog


def test_a_function_name_leads_to_its_file() -> None:
    path = catalog.kernel_source("ek_conv2d_s8__ref")
    assert path.parts[-3:] == ("kernels", "ref", "conv2d_s8.c")
    assert path.is_file()


@pytest.mark.parametrize("function", catalog.kernel_functions())
def test_every_file_defines_the_function_it_is_named_for(function: str) -> None:
    text = catalog.kernel_source(function).read_text()
    defined = re.findall(r"^void (ek_\w+)\(", text, re.MULTILINE)
    assert defined == [function]


def test_every_declared_kernel_has_a_ref_source() -> None:
    headers = [path.read_text() for path in catalog.include_files()]
    declared = re.findall(r"void (ek_\w+)__##isa", "".join(headers))
    assert sorted(f"{name}__ref" for name in declared) == list(catalog.kernel_functions("ref"))


def test_no_kernel_chooses_with_the_preprocessor() -> None:
    for function in catalog.kernel_functions():
        assert "#if" not in catalog.kernel_source(function).read_text()


def test_headers_are_followed_through_each_other() -> None:
    names = [path.name for path in catalog.headers_for("ek_softmax_s8__ref")]
    assert names == ["ek_fixedpoint.h", "ek_kernels.h", "ek_requant.h"]
    assert [path.name for path in catalog.headers_for("ek_lut_s8__ref")] == ["ek_kernels.h"]


def test_headers_of_every_kernel_exist_among_the_public_ones() -> None:
    public = set(catalog.include_files())
    assert all(set(catalog.headers_for(name)) <= public for name in catalog.kernel_functions())


def test_a_name_of_another_form_is_a_usage_error() -> None:
    with pytest.raises(UsageError) as caught:
        catalog.kernel_source("conv2d")
    assert caught.value.code == "kernel-name"
    assert str(caught.value) == (
        "'conv2d': not the name of a kernel (allowed: ek_<operator>_<types>__<isa>). "
        "Ask for a function such as ek_conv2d_s8__ref"
    )


@pytest.mark.parametrize("name", ["ek_../x__ref", "ek_conv2d_s8__../ref", "ek_conv2d_s8_ref", ""])
def test_a_name_cannot_leave_the_folder(name: str) -> None:
    with pytest.raises(UsageError):
        catalog.kernel_source(name)


@pytest.mark.parametrize(
    ("asked", "offered"),
    [
        ("ek_conv2d_s8__sve", "ek_conv2d_s8__ref"),
        ("ek_max_pool_s8__ref", "ek_max_pool2d_s8__ref"),
    ],
)
def test_a_missing_kernel_names_the_likely_ones(asked: str, offered: str) -> None:
    with pytest.raises(
        UnsupportedError, match=f"there is no kernels/.*allowed: .*{offered}"
    ) as caught:
        catalog.kernel_source(asked)
    assert caught.value.code == "kernel-missing"
    assert caught.value.hint == "use one of these kernels, or add the missing file"


def test_a_missing_kernel_like_no_other_names_them_all() -> None:
    with pytest.raises(UnsupportedError) as caught:
        catalog.kernel_source("ek_qqqqqqqqqqqqqqqqqqqqqqqq__zzzzzzzzzz")
    assert caught.value.allowed == ", ".join(catalog.kernel_functions())
