"""Real Chromium for the tests, spoken to by its DevTools protocol: pages opened, asked and looked at."""

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websocket import WebSocket, create_connection

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions",
    "--remote-debugging-port=0",
)  # fmt: skip
PATIENCE = 60.0  # s


class Browser:
    """One tab. After `open`: what the page complained of, what it asked for, and how long it took to be there."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket, self.number = socket, 0
        self.errors: list[str] = []
        self.requests: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """One command of the protocol; what happens meanwhile is kept."""
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            self._note(message)
            if message.get("id") == self.number:
                assert "error" not in message, message
                return message["result"]

    def _note(self, message: dict[str, Any]) -> None:
        told, method = message.get("params", {}), message.get("method")
        if method == "Runtime.exceptionThrown":
            self.errors.append(str(told["exceptionDetails"]))
        elif method in ("Runtime.consoleAPICalled", "Log.entryAdded"):
            self.errors.append(str(told))
        elif method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif method == "Page.javascriptDialogOpening":
            self.errors.append(f"dialog: {told}")

    def open(self, path: Path, width: int = 1280, height: int = 800, dark: bool = False) -> None:
        """Open a file as on a screen of that size."""
        self.errors, self.requests = [], []
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=path.resolve().as_uri())
        until = time.monotonic() + PATIENCE
        while self.ask("document.readyState !== 'complete' || performance.timing.loadEventEnd === 0"):
            assert time.monotonic() < until, f"{path} does not load"
            time.sleep(0.02)

    def ask(self, expression: str) -> Any:
        """The value of an expression in the page, which no policy of the page forbids."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def press(self, key: str) -> None:
        """A key, down and up."""
        text = {"Enter": "\r"}.get(key, "")
        code = {"Enter": 13, "Tab": 9}[key]
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, text=text, windowsVirtualKeyCode=code
            )

    def picture(self, path: Path, whole: bool = False) -> None:
        """A screenshot, of the whole page if wanted."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def pdf(self) -> bytes:
        """The page as it is printed on A4."""
        return base64.b64decode(
            self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=False)["data"]
        )


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """A browser that is new each time; folder: an empty one, for what it keeps."""
    assert CHROMIUM is not None
    process = subprocess.Popen(
        [CHROMIUM, *FLAGS, f"--user-data-dir={folder}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield Browser(create_connection(_address(folder, process), timeout=PATIENCE, suppress_origin=True))
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def _address(folder: Path, process: "subprocess.Popen[bytes]") -> str:
    """Where the first tab listens, as soon as the browser has said so in its folder."""
    from urllib.request import urlopen

    until, said = time.monotonic() + PATIENCE, folder / "DevToolsActivePort"
    while True:
        assert process.poll() is None, f"Chromium ended with {process.returncode}"
        assert time.monotonic() < until, "Chromium does not start"
        if said.exists() and "\n" in said.read_text():
            port = said.read_text().split("\n")[0]
            with urlopen(f"http://127.0.0.1:{port}/json/list", timeout=PATIENCE) as answer:
                tabs = [tab for tab in json.load(answer) if tab["type"] == "page"]
            if tabs:
                return str(tabs[0]["webSocketDebuggerUrl"])
        time.sleep(0.05)
