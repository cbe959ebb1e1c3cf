"""The page in a real browser: axe-core finds nothing, 320 pixels are enough, nothing is loaded.

Needs chromium, and the file axe.min.js of axe-core (npm) whose path ``CAUSALMED_AXE`` names.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from causalmed.reporting import Protocol, run
from tests.reporting.test_running import CAESAREAN

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = os.environ.get("CAUSALMED_AXE", "")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no chromium on this machine"),
    pytest.mark.skipif(not Path(AXE).is_file(), reason="CAUSALMED_AXE does not name a file axe.min.js"),
]

ASK_AXE = """
axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}).then(found => {
  const narrow = document.createElement("iframe");
  narrow.style.width = "320px"; narrow.style.border = "0";
  narrow.onload = () => {
    const answer = document.createElement("pre");
    answer.id = "answer";
    answer.textContent = JSON.stringify({
      violations: found.violations.map(one => [one.id, one.nodes.map(node => node.html)]),
      passes: found.passes.length,
      width: narrow.contentDocument.documentElement.scrollWidth,
      loaded: performance.getEntriesByType("resource").map(one => one.name),
    });
    document.body.appendChild(answer);
  };
  narrow.srcdoc = window.page;
  document.body.appendChild(narrow);
});
"""


def asked(page, folder):
    """Ask axe about a page with every fold open; its own policy would forbid the script that asks."""
    bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    bare = bare.replace("<details", "<details open")
    whole = json.dumps(bare).replace("</", "<\\/")
    scripts = f"<script>{Path(AXE).read_text()}</script><script>window.page = {whole};{ASK_AXE}</script>"
    file = folder / "page.html"
    file.write_text(bare.replace("</body>", scripts + "</body>"), encoding="utf-8")
    command = [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,900"]
    command += [f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=60000", "--dump-dom"]
    found = subprocess.run([*command, file.as_uri()], capture_output=True, text=True, timeout=300, check=True)
    answer = re.search(r'<pre id="answer">(.*?)</pre>', found.stdout, re.DOTALL)
    assert answer, found.stdout[-500:]
    return json.loads(html.unescape(answer.group(1)))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    place = tmp_path_factory.mktemp("report")
    return run(Protocol.parse(CAESAREAN)).write(place / "report.html")[0].read_text(encoding="utf-8")


def test_no_violation(page, tmp_path):
    found = asked(page, tmp_path)
    assert found["violations"] == []
    assert found["passes"] > 20
    assert found["width"] <= 320
    assert found["loaded"] == []


def test_the_check_sees_a_fault(page, tmp_path):
    broken = page.replace('<html lang="en">', "<html>").replace(
        "</header>", '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="></header>'
    )
    found = {name for name, _ in asked(broken, tmp_path)["violations"]}
    assert {"html-has-lang", "image-alt"} <= found
