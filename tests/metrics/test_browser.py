"""Tests of the dashboard pages in Chromium: script errors, accessibility (axe), both languages, screen sizes, wall display and keyboard."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from local import programs
from tests.metrics.histories import CODES, confirmed_step, deadline_event, make_event, registered_event

AXE_SCRIPT = Path(__file__).parent / "vendor/axe.min.js"  # axe-core 4.14.1, MPL-2.0
CHROMIUM_PATH = programs.find_browser()
pytestmark = pytest.mark.skipif(CHROMIUM_PATH is None, reason="chromium is not installed (apt-get install chromium fonts-noto-cjk)")

# Chromium features that no test needs are switched off, because they cost processor time, and so is all background network access.
CHROMIUM_OPTIONS = ("--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--mute-audio")

PAGE_PATHS = (
    "/",
    "/?township=620702102",
    "/disputes",
    "/disputes?status=all&overdue=law",
    f"/disputes/{CODES[0]}",
    "/agencies",
    "/refusals?day=2026-11-20",
    "/disputes?q=x&kind=x",
    "/definitions",
    "/law",
    "/nowhere",
)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM_PATH, args=["--no-sandbox", *CHROMIUM_OPTIONS])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, dashboard):
    """open_page(path, width, height, lang): open a page and return it, with its script errors in `page.errors`.

    One test uses one tab per language for all its pages, because a new tab costs two seconds of processor time.
    """
    tabs = {}

    def new_tab(lang):
        context = browser.new_context(bypass_csp=False, reduced_motion="reduce")
        context.add_cookies([{"name": "lang", "value": lang, "url": dashboard}])
        page = context.new_page()
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda message: page.errors.append(message.text) if message.type == "error" and "404" not in message.text else None)
        return page

    def open_page(path, width=1440, height=900, lang="zh"):
        page = tabs[lang] = tabs.get(lang) or new_tab(lang)
        page.errors = []
        page.set_viewport_size({"width": width, "height": height})
        page.goto(dashboard + path)
        page.wait_for_timeout(400)
        return page

    yield open_page
    for page in tabs.values():
        page.context.close()


@pytest.fixture
def three_disputes(hear):
    """Store three routed disputes; the first has a passed LAW deadline and a refused step."""
    batch = []
    for n, code in enumerate(CODES):
        batch += [registered_event(code, kind=("family", "contract", "labour")[n]), deadline_event(1, "set", "filing_decision", "LAW", code=code, due=10 * n)]
        batch += [confirmed_step(2, "dispute.routed", "routed", ["court", "police"][: n + 1], code, to="court")]
    reason = {"code": "illegal_here", "zh": "此时不可办理", "en": "not possible here"}
    batch += [
        deadline_event(3, "passed", "filing_decision", "LAW"),
        make_event("mediation", 4, "step.refused", step="agreement.reached", state="routed", reason=reason),
    ]
    hear(batch)


# Style sheets that imitate the fonts of different computers.
FONT_STYLES = {
    "the default font": "",
    "a serif font": "* { font-family: serif !important }",
    "a fixed-width font": "* { font-family: monospace !important }",
    "a much wider font": "* { letter-spacing: .15em !important }",
}
SCREENS = ((1920, 1080), (768, 1024), (360, 780))
SET_LARGE_NUMBERS = "for (const n of document.querySelectorAll('.number')) n.textContent = '12,345'"
# The content security policy does not restrict a style sheet constructed by a script.
ADD_STYLE = "css => { const sheet = new CSSStyleSheet(); sheet.replaceSync(css); document.adoptedStyleSheets = [sheet] }"
PAGE_FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
# Returns a description of the last five elements that reach beyond the right edge of the window.
TOO_WIDE_ELEMENTS = """[...document.querySelectorAll('body :not(svg, svg *)')].filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth)
  .map(one => one.tagName + '.' + one.className + ' ' + one.textContent.trim().slice(0, 40)).slice(-5)"""


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("lang", "width"), [("zh", 1440), ("en", 360)])
def test_every_page_has_no_script_errors_is_accessible_and_fits_the_screen(open_page, three_disputes, lang, width):
    for path in (*PAGE_PATHS, "/?wall=1"):
        page = open_page(path, width, lang=lang)
        assert page.errors == [], path
        assert page.evaluate(PAGE_FITS), f"{path} is wider than {width}"
        assert _accessibility_violations(page) == [], path
        _assert_fits_with_all_fonts_and_large_numbers(page, path)


def _accessibility_violations(page):
    """Return the WCAG and best-practice violations that axe finds on the page, as (rule, elements)."""
    page.evaluate(AXE_SCRIPT.read_text())
    found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})")["violations"]
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in found]


def _assert_fits_with_all_fonts_and_large_numbers(page, path):
    page.evaluate(SET_LARGE_NUMBERS)
    for width, height in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        for font, css in FONT_STYLES.items():
            page.evaluate(ADD_STYLE, css)
            fits = _wait_until_true(lambda: page.evaluate(PAGE_FITS))  # waits because charts are redrawn with a delay
            assert fits, f"{path} is wider than {width} in {font}: {page.evaluate(TOO_WIDE_ELEMENTS)}"


def _wait_until_true(condition, seconds=10):
    deadline_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline_at:
            return False
        time.sleep(0.05)
    return True


def test_the_wall_display_fits_on_one_screen(open_page, three_disputes):
    page = open_page("/?wall=1", 1920, 1080)
    assert page.evaluate("document.documentElement.scrollHeight <= 1080")
    assert page.locator("#chart-trend svg").count() == 1


def test_an_open_page_shows_a_new_dispute_without_a_reload(open_page, three_disputes, hear):
    page = open_page("/")
    page.wait_for_selector('#stream-state[data-state="live"]')
    assert page.locator(".figure.main .number").inner_text() == "3"

    hear([registered_event("620702-2026-000009-9")])

    expect(page.locator(".figure.main .number")).to_have_text("4", timeout=20000)
    assert page.locator("#chart-trend svg").count() == page.locator("#chart-kinds svg").count() == 1
    assert page.errors == []


def test_the_overview_without_disputes_updates_when_the_first_dispute_arrives(open_page, hear):
    page = open_page("/")
    page.wait_for_selector('#stream-state[data-state="live"]')
    hear([registered_event()])
    page.wait_for_selector(".figure.main .number", timeout=20000)


def test_keys_j_and_k_move_through_the_dispute_list_and_enter_opens_a_dispute(open_page, three_disputes):
    page = open_page("/disputes")
    focused = "document.activeElement.textContent"
    page.keyboard.press("j")
    first = page.evaluate(focused)
    page.keyboard.press("j")
    assert page.evaluate(focused) != first
    page.keyboard.press("k")
    assert page.evaluate(focused) == first
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/disputes/{first}")

    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    page.keyboard.press("/")
    page.wait_for_url("**/disputes#q")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("jk?")
    assert page.locator("#help").is_hidden()


def test_a_shortcut_key_pressed_immediately_after_closing_the_help_dialog_works(open_page, three_disputes):
    page = open_page("/disputes")
    # The browser moves the focus away from the closed dialog with a delay.
    page.evaluate("document.querySelector('#help button').dispatchEvent(new KeyboardEvent('keydown', {key: '/', bubbles: true}))")
    assert page.evaluate("document.activeElement.id") == "q"


def test_the_first_tab_stop_is_a_link_that_skips_the_header(open_page, three_disputes):
    page = open_page("/disputes")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_choosing_a_filter_updates_the_list_and_the_url_and_the_back_button_reverts_both(open_page, three_disputes):
    page = open_page("/disputes")
    page.select_option("#overdue", "law")
    page.wait_for_url("**overdue=law**")
    expect(page.locator("[data-row]")).to_have_count(1)
    page.go_back()
    expect(page.locator("[data-row]")).to_have_count(3)


def test_a_click_on_a_bar_of_the_chart_opens_the_list_of_its_disputes(open_page, three_disputes):
    page = open_page("/")
    page.locator("#chart-kinds svg path[fill='#1d4f8c']").first.click(force=True)  # force: the pattern drawn on the bar covers it
    page.wait_for_url("**/disputes?kind=*")
