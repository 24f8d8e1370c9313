# ctest: label=full timeout=6000 runner=pytest
"""The page of tools/srbench-report in a browser: it loads at once and alone, the
table sorts and filters, the theme toggles, charts let choose, also by keyboard;
with 1000 permutations, too."""
import json
import subprocess
import sys
import time
import unittest

import webdriver
from srbtest import END, SOURCE, RunTest, main

REPORT = SOURCE / "tools/srbench-report"
PERMUTATIONS = 1056
PAGE = 25       # rows shown at a time
LARGEST = 6e6  # bytes of it

VISIBLE = "return getComputedStyle(arguments[0] ? document.querySelector(" \
          "arguments[0]) : document.body).display !== 'none'"
ROWS = "return [...document.querySelectorAll('#permutations .sheet tbody tr')].map(" \
       "r => [...r.cells].map(c => c.textContent))"
HEADS = "return [...document.querySelectorAll('#permutations .sheet th')].map(" \
        "h => h.textContent)"
LOADED = "const t = performance.getEntriesByType('navigation')[0];" \
         "return t.loadEventEnd / 1000"


@unittest.skipIf(webdriver.missing(), webdriver.missing())
class Page(RunTest):
    def setUp(self):
        super().setUp()
        self.srbench(4, "throughput_standard", "--virtual_nodes=4",
                     "--client=null", "--db_exe=null", "--client_nodes=[1,2]",
                     "--db_nodes=[1,2]", "--keys=[smartsim,balanced]",
                     "--sync=[none,start,iteration]", "--pattern=[pair,phases]",
                     "--repetitions=2", "--iterations=100",
                     "--tensor_bytes=[64,1024,8192,16384,32769,65538,131076,"
                     "262152,524304,1024000,2048000]", "--output=big.h5",
                     timeout=3000)
        subprocess.run([sys.executable, str(REPORT), "big.h5", "-o", "big.html"],
                       cwd=self.dir, check=True, timeout=1200,
                       capture_output=True)
        self.page = self.dir / "big.html"
        self.browser = webdriver.Browser()
        self.addCleanup(self.browser.close)

    def test_page(self):
        self.browser.log("performance")  # of the empty page it begins with
        self.browser.open(self.page.as_uri())
        self.assertGreater(self.browser.run(LOADED), 0)
        self.assertLess(self.page.stat().st_size, LARGEST)
        for step in (self.sort, self.filter, self.turn_pages, self.theme,
                     self.charts, self.fits, self.narrow):
            with self.subTest(step.__name__):
                step()
        said = [e for e in self.browser.log("browser") if e["level"] != "INFO"]
        self.assertEqual(said, [])
        self.assertEqual(self.requests(), {self.page.as_uri()})

    def requests(self):
        """Everything that was asked for, but data: in the page itself."""
        messages = [json.loads(e["message"])["message"]
                    for e in self.browser.log("performance")]
        self.assertFalse([m for m in messages
                          if m["method"] == "Network.loadingFailed"])
        urls = {m["params"]["request"]["url"] for m in messages
                if m["method"] == "Network.requestWillBeSent"}
        return {u.split("#")[0] for u in urls if not u.startswith("data:")}

    def column(self, name):
        at = self.browser.run(HEADS).index(name)
        return [r[at] for r in self.browser.run(ROWS)]

    def sort(self):
        self.assertEqual(self.column("#"), [str(i) for i in range(PAGE)])
        at = self.browser.run(HEADS).index("bandwidth")
        button = f"#permutations [data-sort='{at}']"
        column = f"#permutations .sheet th:nth-child({at + 1})"
        sense = "return document.querySelector(arguments[0]).ariaSort"
        values = "const d = JSON.parse(document.getElementById('data')" \
            ".textContent); const i = d.columns.findIndex(" \
            "c => c[0] === 'window');" \
            "return [...document.querySelectorAll('#permutations .sheet tbody tr')]" \
            ".map(r => d.rows[Number(r.cells[0].textContent)][i])"
        self.browser.click(button)
        self.assertEqual(self.browser.run(sense, column), "ascending")
        up = self.browser.run(values)
        self.assertEqual(up, sorted(up))
        self.browser.keys(button, "\ue007")  # Enter, with the keyboard
        self.assertEqual(self.browser.run(sense, column), "descending")
        down = self.browser.run(values)
        self.assertEqual(down, sorted(down, reverse=True))
        self.assertGreater(down[0], up[-1])
        self.browser.click("#permutations [data-sort='0']")

    def filter(self):
        count = "return document.querySelector('#permutations .count').textContent"
        self.browser.keys("#permutations [type=search]", "1000 KiB")
        self.assertEqual(self.browser.run(count),
                         f"96 of {PERMUTATIONS} permutations")
        self.assertEqual(set(self.column("tensor")), {"1000 KiB"})
        self.browser.click("#permutations select[data-column=sync] option[value=none]")
        self.assertEqual(self.browser.run(count),
                         f"32 of {PERMUTATIONS} permutations")
        self.assertEqual(set(self.column("sync")), {"none"})
        self.clear()
        self.browser.keys("#permutations [type=search]", "no such thing")
        self.assertEqual(self.browser.run(ROWS), [])
        self.clear()

    def clear(self):
        """The page draws its rows anew when its fields are empty, a moment
        later."""
        self.browser.click("#permutations [type=reset]")
        deadline = time.monotonic() + END
        while len(self.browser.run(ROWS)) != PAGE:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def turn_pages(self):
        self.browser.click("#permutations [data-turn='1']")
        self.assertEqual(self.column("#")[0], str(PAGE))
        self.browser.click("#permutations [data-turn='-1']")
        self.assertEqual(self.column("#")[0], "0")

    def theme(self):
        ground = "return getComputedStyle(document.body).backgroundColor"
        light = self.browser.run(ground)
        seen = []
        for _ in range(3):
            self.browser.click("#theme")
            seen.append((self.browser.run("return document.getElementById("
                                          "'theme').textContent"),
                         self.browser.run(ground) == light))
        self.assertEqual(seen, [("theme: light", True), ("theme: dark", False),
                                ("theme: auto", True)])
        self.browser.emulate(1280, 900, dark=True)
        self.assertNotEqual(self.browser.run(ground), light)
        self.browser.emulate(1280, 900, dark=False)

    def charts(self):
        self.assertTrue(self.browser.run(VISIBLE, "#bandwidth-0"))
        self.assertFalse(self.browser.run(VISIBLE, "#bandwidth-1"))
        self.browser.click("[data-chart=bandwidth] option[value=bandwidth-1]")
        self.assertFalse(self.browser.run(VISIBLE, "#bandwidth-0"))
        self.assertTrue(self.browser.run(VISIBLE, "#bandwidth-1"))

    def fits(self):
        """At 1,400 pixels no column of the tables is cut."""
        self.browser.emulate(1400, 900, dark=False)
        for what in ("configurations", "permutations"):
            self.assertTrue(self.browser.run(
                "const s = document.querySelector(arguments[0]);"
                "return s.scrollWidth <= s.clientWidth", f"#{what} .scroll"), what)

    def narrow(self):
        """On a telephone nothing but tables and broad charts, in boxes of their
        own, is wider than the screen, and what stands in charts can be read. On
        paper nothing scrolls."""
        self.browser.emulate(420, 740, dark=False)
        self.assertLessEqual(self.browser.run(
            "return document.documentElement.scrollWidth"), 420)
        self.assertGreater(self.browser.run(
            "return Math.min(...[...document.querySelectorAll('.chart')].map("
            "c => c.getScreenCTM()).filter(m => m).map(m => m.a)) * 11.5"), 10.5)
        over = ("return [...document.querySelectorAll('.cell')].filter("
                "c => c.scrollWidth > c.clientWidth).map(c => c.className)")
        self.assertEqual(set(self.browser.run(over)) - {"cell wide scroll"},
                         {"cell broad scroll"})
        self.assertEqual(self.browser.run(
            "return [...document.querySelectorAll('.scroll')].filter(c => "
            "!getComputedStyle(c).backgroundAttachment.includes('local')).length"), 0)
        self.browser.devtools("Emulation.setEmulatedMedia", media="print")
        self.assertEqual(self.browser.run(over), [])
        self.browser.devtools("Emulation.setEmulatedMedia", media="")
        self.browser.emulate(360, 740, dark=False)
        self.assertLessEqual(self.browser.run(
            "return document.documentElement.scrollWidth"), 360)
        self.browser.emulate(1280, 900, dark=False)


if __name__ == "__main__":
    main()
