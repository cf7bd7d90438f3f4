"""A JupyterLab of the tests' own, which also serves as Notebook 7."""

import json
import os
import subprocess
import sys
import time
from urllib.request import Request, urlopen

import nbformat
from nbformat.sign import NotebookNotary

START_TIMEOUT = 60
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


class Lab:
    """A server with two copies of each notebook, of which one is trusted."""

    def __init__(self, home, notebooks):
        self.home = home
        places = {
            "JUPYTER_CONFIG_DIR": home / "config",
            "JUPYTER_DATA_DIR": home / "data",
            "JUPYTER_RUNTIME_DIR": home / "runtime",
            "JUPYTERLAB_SETTINGS_DIR": home / "settings",
            "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        }
        for place in (*places.values(), home / "notebooks"):
            place.mkdir()
        for notebook in notebooks:
            self.copy(notebook)
        # All cells are in the page at once; otherwise only those near the visible part are.
        self.setting("notebook-extension", "tracker", {"windowingMode": "none", "scrollPastEnd": False})
        self.setting("apputils-extension", "notification", {"fetchNews": "false", "checkForUpdates": False})

        env = {name: value for name, value in os.environ.items() if name != "EVCXR_TMPDIR"}
        self.server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--log-level=ERROR"]
            + ["--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", "--IdentityProvider.token="]
            + [f"--ServerApp.root_dir={home / 'notebooks'}", "--LabApp.extension_manager=readonly"]
            + ["--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
            # So that the tests may end kernels.
            + ["--ServerApp.disable_check_xsrf=True"],
            env=env | {name: str(place) for name, place in places.items()},
        )
        self.url = self.address()

    def copy(self, path):
        """Two copies of a notebook, one of them signed."""
        notebook = nbformat.read(path, as_version=4)
        nbformat.write(notebook, self.home / "notebooks" / f"{path.stem}-trusted.ipynb")
        NotebookNotary(data_dir=str(self.home / "data")).sign(notebook)
        # A signature belongs to the content, not to the file: the same content would be trusted too.
        notebook.metadata["copy"] = "untrusted"
        nbformat.write(notebook, self.home / "notebooks" / f"{path.stem}-untrusted.ipynb")

    def setting(self, extension, plugin, values):
        file = self.home / "settings" / "@jupyterlab" / extension / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))

    def theme(self, theme):
        """The theme of what is opened from now on."""
        self.setting("apputils-extension", "themes", {"theme": THEMES[theme]})

    def address(self):
        info = self.home / "runtime" / f"jpserver-{self.server.pid}.json"
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            if info.exists():
                return json.loads(info.read_text())["url"]
            time.sleep(0.2)
        raise TimeoutError("JupyterLab did not start")

    def sessions(self):
        """The kernels at work, with their notebooks."""
        return json.load(urlopen(f"{self.url}api/sessions"))

    def end_kernels(self):
        """Ends the kernels that opened notebooks started: each takes some hundreds of megabytes."""
        for session in self.sessions():
            urlopen(Request(f"{self.url}api/sessions/{session['id']}", method="DELETE"))

    def close(self):
        self.server.terminate()
        self.server.wait()
