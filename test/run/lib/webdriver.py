"""A headless Chromium for the tests, driven over WebDriver (HTTP to
chromedriver) with the standard library alone."""
import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
    "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)
START = 300   # s, until the driver answers
ANSWER = 300  # s, for one command


def missing():
    """What is not installed of what a Browser needs, in words; '' for nothing."""
    lacking = [p for p in ("chromium", "chromedriver") if not shutil.which(p)]
    return (f"{' and '.join(lacking)} not in PATH (Debian: apt-get install "
            "chromium chromium-driver)") if lacking else ""


class Browser:
    """A browser with a profile of its own; close() ends all of it."""

    def __init__(self, width=1280, height=900, dark=False):
        self.profile = tempfile.mkdtemp(prefix="srbt-browser-")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.driver = subprocess.Popen(
            ["chromedriver", f"--port={self.port}"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, env={**os.environ, "HOME": self.profile})
        self.session = ""
        try:
            self._await_driver()
            self._open(width, height, dark)
        except BaseException:
            self.close()
            raise

    def _await_driver(self):
        deadline = time.monotonic() + START
        while True:
            try:
                if self._call("GET", "/status")["ready"]:
                    return
            except (OSError, urllib.error.URLError):
                pass
            if time.monotonic() > deadline:
                raise AssertionError(f"chromedriver: no answer in {START} s")
            time.sleep(0.05)

    def _open(self, width, height, dark):
        flags = [*FLAGS, f"--user-data-dir={self.profile}/profile",
                 f"--window-size={width},{height}"]
        wanted = {"goog:chromeOptions": {"args": flags},
                  "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
                  "pageLoadStrategy": "normal"}
        found = self._call("POST", "/session",
                           {"capabilities": {"alwaysMatch": wanted}})
        self.session = f"/session/{found['sessionId']}"
        self.emulate(width, height, dark)

    def _call(self, method, path, body=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=ANSWER) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as e:
            raise AssertionError(
                f"{method} {path}: {json.load(e)['value']['message']}") from None

    def command(self, method, path, body=None):
        """One command of the session."""
        return self._call(method, self.session + path,
                          {} if body is None and method == "POST" else body)

    def devtools(self, name, **params):
        """One command of the DevTools protocol."""
        return self.command("POST", "/goog/cdp/execute",
                            {"cmd": name, "params": params})

    def emulate(self, width, height, dark):
        """Size of the view, and what the reader's system prefers."""
        self.devtools("Emulation.setDeviceMetricsOverride", width=width,
                      height=height, deviceScaleFactor=1, mobile=False)
        self.devtools("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def open(self, url):
        """Load a page; returns when it is loaded."""
        self.command("POST", "/url", {"url": url})

    def run(self, script, *args):
        """What the body of a JavaScript function returns."""
        return self.command("POST", "/execute/sync",
                            {"script": script, "args": list(args)})

    def find(self, css):
        """The first element, or AssertionError."""
        return self.command("POST", "/element", {
            "using": "css selector", "value": css})[ELEMENT]

    def click(self, css):
        self.command("POST", f"/element/{self.find(css)}/click")

    def keys(self, css, keys):
        self.command("POST", f"/element/{self.find(css)}/value", {"text": keys})

    def log(self, kind):
        """Entries since the last call: 'browser' (console) or 'performance'."""
        return self.command("POST", "/se/log", {"type": kind})

    def screenshot(self, path, whole=False):
        """The view, or the whole page, as PNG."""
        found = self.devtools("Page.captureScreenshot", format="png",
                              captureBeyondViewport=whole)
        with open(path, "wb") as f:
            f.write(base64.b64decode(found["data"]))

    def close(self):
        """End driver and browser, and remove the profile."""
        if self.session:
            try:
                self.command("DELETE", "")
            except (AssertionError, OSError):
                pass  # the group is ended below
        try:
            os.killpg(self.driver.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.driver.wait()
        shutil.rmtree(self.profile, ignore_errors=True)
