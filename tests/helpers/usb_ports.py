"""Serial ports that this computer pretends to have."""

from __future__ import annotations

from types import SimpleNamespace

import pytest


def plug_in(monkeypatch: pytest.MonkeyPatch, *ports: tuple[str, str, str, str | None]) -> None:
    """(path, "vendor:product" or "", serial number, USB location) of each."""
    infos = []
    for path, usb, serial, location in ports:
        vendor, product = (int(part, 16) for part in usb.split(":")) if usb else (None, None)
        infos.append(
            SimpleNamespace(
                device=path,
                vid=vendor,
                pid=product,
                serial_number=serial,
                location=location,
                description="n/a",
            )
        )
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: infos)
