"""What the user is told when a port cannot be opened or falls away."""

from __future__ import annotations

import errno
import os
import socket
import threading
from pathlib import Path

import pytest

from edgekit.errors import PortError
from edgekit.runtime.link import transport as module
from edgekit.runtime.link.transport import SerialTransport, port_error
from tests.helpers.ptys import fake_peer, raw_pty


def refusal(port: str) -> PortError:
    with pytest.raises(PortError) as caught:
        SerialTransport(port).open()
    return caught.value


def read_for_ever(line: SerialTransport) -> None:
    while True:
        line.read()


def test_bytes_go_both_ways() -> None:
    with fake_peer(lambda data: data[::-1]) as port, SerialTransport(port) as line:
        line.write(b"abc")
        got = b""
        while len(got) < 3:
            got += line.read()
        assert got == b"cba"
        assert line.read() == b""


def test_sockets_work_like_ports() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        SerialTransport(f"socket://127.0.0.1:{server.getsockname()[1]}") as line,
    ):
        peer, _ = server.accept()
        with peer:
            line.write(b"hello")
            assert peer.recv(10) == b"hello"
            peer.sendall(b"there")
            got = b""
            while len(got) < 5:
                got += line.read()
            assert got == b"there"
            peer.sendall(b"unasked")
            while not line._open_line().in_waiting:
                pass
            assert line.drain() == b"unasked"
            assert line.drain() == b""
        with pytest.raises(PortError, match="the connection broke") as caught:
            read_for_ever(line)
        assert caught.value.code == "port-lost"


def test_no_such_port_lists_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "existing_ports", lambda: ("/dev/ttyACM0", "/dev/ttyUSB3"))
    error = refusal("/dev/ttyNOSUCH")
    assert error.code == "port-missing"
    assert "no such port" in str(error)
    assert "/dev/ttyACM0, /dev/ttyUSB3" in error.hint


def test_no_port_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "existing_ports", lambda: ())
    assert "is the board plugged in?" in refusal("/dev/ttyNOSUCH").hint


def test_busy_port() -> None:
    with raw_pty() as (_, port), SerialTransport(port):
        error = refusal(port)
    assert error.code == "port-busy"
    assert "another program has it open" in error.found
    assert f"fuser -v {port}" in error.hint


def test_a_closed_port_is_free_again() -> None:
    with raw_pty() as (_, port):
        for _ in range(2):
            with SerialTransport(port) as line:
                line.open()  # harmless
            line.close()  # harmless


def test_no_permission() -> None:
    error = port_error("/dev/ttyACM9", OSError(errno.EACCES, "Permission denied"))
    assert error.code == "port-permission"
    assert "usermod -aG dialout $USER" in error.hint


def test_a_file_is_no_port(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    error = refusal(str(file))
    assert error.code == "port"
    assert "cannot be opened" in error.found


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
    error = refusal(f"socket://127.0.0.1:{number}")
    assert error.code == "port-refused"


def test_unknown_url() -> None:
    error = refusal("gopher://x")
    assert error.code == "port-name"
    assert "socket://host:port" in error.allowed


def test_device_unplugged_while_open() -> None:
    device, host = os.openpty()
    port = os.ttyname(host)
    with SerialTransport(port) as line:
        os.close(host)
        threading.Timer(0.1, os.close, [device]).start()
        with pytest.raises(PortError, match="unplugged") as caught:
            read_for_ever(line)
        assert caught.value.code == "port-lost"
        with pytest.raises(PortError):
            line.write(b"x" * 100000)
