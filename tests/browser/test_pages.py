"""The pages in a real browser: from a file, without a network, for everyone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from dynbuild.cli.render.pages.drawing import drawing
from dynbuild.cli.render.pages.stack_page import stack_page
from tests.browser.pages import HARM, HARMFUL, PAGES, harmful, many, ordinary, seen

pytest_plugins = ["tests.browser.chromium"]

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1180, "height": 820}

# Every text that is shown, its colour against those behind it: WCAG 2.2, 1.4.3.
CONTRASTS = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const over = (top, below) => {
    const a = top.length > 3 ? top[3] : 1;
    return [0, 1, 2].map((i) => top[i] * a + below[i] * (1 - a));
  };
  const light = (c) => {
    const [r, g, b] = c.map((v) => {
      v /= 255;
      return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const element = node.parentElement;
    const shown = element.checkVisibility() && !element.closest("script, style, svg");
    if (!node.data.trim() || !shown) continue;
    const style = getComputedStyle(element);
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      layers.push(parse(getComputedStyle(e).backgroundColor));
    }
    const white = [255, 255, 255];
    const behind = layers.reduceRight((below, top) => over(top, below), white);
    const [a, b] = [light(over(parse(style.color), behind)), light(behind)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found.push([ratio, node.data.trim().slice(0, 40)]);
  }
  return found;
}"""

UNTOLD = """() => [...document.querySelectorAll("svg, img")].filter((one) =>
  one.getAttribute("aria-hidden") !== "true" && !(
    one.getAttribute("role") === "img" &&
    one.querySelector("title")?.textContent.trim()
  )
).map((one) => one.outerHTML.slice(0, 120))"""

Open = Callable[..., Page]


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path) -> Iterator[Open]:
    """Open a page from a file; nothing else is ever asked for, and nothing fails."""
    asked: list[str] = []
    own: set[str] = set()
    wrong: list[str] = []
    contexts = []

    def open_page(text: str, suffix: str = "html", **settings: object) -> Page:
        path = tmp_path / f"page.{suffix}"
        path.write_text(text)
        context = chromium.new_context(**{"viewport": DESKTOP, **settings})
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(path.as_uri())
        own.add(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert set(asked) == own
    assert not wrong


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read(name: str, scheme: str, opened: Open) -> None:
    page = opened(PAGES[name](), color_scheme=scheme, reduced_motion="reduce")
    chosen = page.locator("a.layer:visible")
    for at in range(0, chosen.count(), 3):
        chosen.nth(at).click()
        assert min(page.evaluate(CONTRASTS)) >= [4.5]
    for summary in page.locator("summary:visible").all():
        summary.click()
    texts = page.evaluate(CONTRASTS)
    assert len(texts) > 30
    assert min(texts) >= [4.5]
    assert page.evaluate(UNTOLD) == []
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (light == "rgb(250, 247, 241)") == (scheme == "light")


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_has_no_sideways_scroll(name: str, opened: Open) -> None:
    page = opened(PAGES[name](), viewport=PHONE, has_touch=True, is_mobile=True)
    for summary in page.locator("summary:visible").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    if name in {"graph", "images"}:
        page.locator("a.layer:visible").nth(1).tap()
        detail = page.locator(".detail.open")
        box = detail.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
        assert box["y"] < PHONE["height"]
        assert page.evaluate("document.activeElement.className") == "detail open"
        detail.locator(".close").tap()
        assert detail.count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_a_layer_tells_of_itself(opened: Open) -> None:
    page = opened(PAGES["graph"]())
    assert page.locator("a.layer .name").all_inner_texts()[:2] == [
        "application",
        "assets",
    ]
    assert page.locator(".detail:visible").count() == 0
    page.get_by_role("link", name="assets").first.click()
    told = page.locator(".detail:visible")
    assert told.locator("h2").inner_text() == "assets"
    for words in (
        "it changed 2 times",
        "- npm run build",
        "npm ci && npm run build",
        "NODE_ENV=production",
        "a change would run assets",
    ):
        assert words in told.inner_text()
    assert page.evaluate("location.hash").startswith("#step-")
    chosen = page.locator("a.layer[aria-current]")
    assert chosen.locator(".name").inner_text() == "assets"
    assert page.locator("a.layer.is-again .name").all_inner_texts() == ["application"]
    below = page.locator("a.layer.is-below .name").all_inner_texts()
    assert below[-1] == "curl, git, python3-pip"
    assert "dependencies" not in below
    told.get_by_role("link", name="application").click()
    assert page.locator(".detail:visible h2").inner_text() == "application"
    page.reload()
    assert page.locator(".detail:visible h2").inner_text() == "application"


def test_keys_alone_are_enough(opened: Open) -> None:
    page = opened(PAGES["graph"]())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.step") == "application"
    page.keyboard.press("Enter")
    assert page.locator(".detail:visible h2").inner_text() == "application"
    page.keyboard.press("ArrowDown")
    assert page.locator(".detail:visible h2").inner_text() == "assets"
    page.keyboard.press("Escape")
    assert page.locator(".detail:visible").count() == 0
    assert page.evaluate("document.activeElement.dataset.step") == "assets"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_images_are_tabs(opened: Open) -> None:
    page = opened(PAGES["images"]())
    tabs = page.get_by_role("tab")
    assert tabs.all_inner_texts() == ["common", "api", "docs", "worker"]
    assert page.get_by_role("tabpanel").count() == 1
    tabs.nth(1).click()
    assert page.get_by_role("tabpanel", name="api").count() == 1
    layers = page.locator("a.layer:visible")
    assert layers.locator(".name").all_inner_texts() == [
        *("app", "jq", "dependencies", "web", "curl, git"),
    ]
    assert (
        page.locator("a.layer.inherited:visible .mark").all_inner_texts()
        == ["from common"] * 3
    )
    assert page.evaluate("location.hash") == "#image-1"
    page.reload()
    assert page.locator("[aria-selected=true]").inner_text() == "api"


def test_tabs_are_reached_by_keys(opened: Open) -> None:
    page = opened(PAGES["images"]())
    chosen = page.locator("[aria-selected=true]")
    page.keyboard.press("Tab")
    for key, name in (
        ("ArrowRight", "api"),
        ("End", "worker"),
        ("ArrowRight", "common"),
        ("ArrowLeft", "worker"),
        ("Home", "common"),
    ):
        page.keyboard.press(key)
        assert chosen.inner_text() == name
        assert page.evaluate("document.activeElement.textContent") == name
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "search"


def test_a_step_of_several_images_is_told_once(opened: Open) -> None:
    page = opened(PAGES["images"]())
    assert page.locator("a.layer").count() == 3 + 5 + 4 + 5
    assert page.locator(".detail").count() == 8
    page.get_by_role("tab", name="api").click()
    page.get_by_role("link", name="dependencies").first.click()
    told = page.locator(".detail:visible")
    assert "Of common; also in api, docs, worker." in told.inner_text()
    assert "3 of 5, seq 3" in told.inner_text()
    assert "3 of 3" not in told.inner_text()
    above = told.locator("ul.steps").last
    assert above.locator("a:visible").all_inner_texts() == ["app"]
    page.get_by_role("tab", name="worker").click()
    assert told.locator("h2").inner_text() == "dependencies"
    own = above.locator("a:visible").get_attribute("href")
    above.locator("a:visible").click()
    assert page.locator("[aria-selected=true]").inner_text() == "worker"
    assert page.evaluate("location.hash") == own
    page.get_by_role("tab", name="docs").click()
    assert page.locator(".detail:visible").count() == 0
    page.get_by_role("link", name="dependencies").first.click()
    assert page.evaluate("location.hash") == "#image-2-step-0"
    page.reload()
    assert page.locator("[aria-selected=true]").inner_text() == "docs"
    assert told.locator("h2").inner_text() == "dependencies"


def test_a_search_leaves_what_is_meant(opened: Open) -> None:
    page = opened(PAGES["images"]())
    page.keyboard.press("/")
    page.keyboard.type("make API")
    assert page.locator(".search output").inner_text() == (
        "none of 3 layers here, some in 1 other image"
    )
    assert page.locator("a.layer:visible").count() == 0
    assert page.get_by_role("tab").all_inner_texts() == [
        *("common0", "api1", "docs0", "worker0"),
    ]
    page.keyboard.press("Enter")
    assert page.locator("[aria-selected=true]").inner_text() == "api1"
    assert page.locator("a.layer:visible .name").all_inner_texts() == ["app"]
    assert page.locator(".detail:visible h2").inner_text() == "app"
    page.keyboard.press("/")
    page.keyboard.type("curl")
    assert page.locator("a.layer:visible .name").all_inner_texts() == ["curl, git"]
    page.keyboard.press("Escape")
    assert page.locator("a.layer:visible").count() == 5
    assert page.locator(".search output").inner_text() == ""


def test_of_many_steps_the_arcs_of_one_are_drawn(opened: Open) -> None:
    page = opened(stack_page(many(200), "monorepo"))
    arcs = page.locator(".arc:visible")
    assert page.locator(".arc").count() > 200
    assert arcs.count() == 0
    page.get_by_role("searchbox").fill("service-100")
    assert page.locator("a.layer:visible .name").all_inner_texts() == ["service-100"]
    page.locator("a.layer:visible").click()
    page.get_by_role("searchbox").fill("")
    ends = {
        end
        for arc in arcs.all()
        for end in (arc.get_attribute("data-above"), arc.get_attribute("data-below"))
    }
    assert "service-100" in ends
    assert 3 <= arcs.count() < 10
    assert all(
        "service-100"
        in (arc.get_attribute("data-above"), arc.get_attribute("data-below"))
        for arc in arcs.all()
    )
    few = opened(stack_page(many(30), "monorepo"))
    assert few.locator(".arc:visible").count() == few.locator(".arc").count()


def test_without_script_images_stand_one_below_another(opened: Open) -> None:
    page = opened(PAGES["images"](), java_script_enabled=False)
    assert page.locator(".of-image:visible").all_inner_texts() == [
        *("common", "api", "docs", "worker"),
    ]
    assert page.get_by_role("searchbox").count() == 0
    page.locator("#image-1").get_by_role("link", name="dependencies").click()
    told = page.locator(".detail:visible")
    assert "api, worker: 3 of 5, seq 3" in told.inner_text()


def test_without_script_a_layer_is_a_link(opened: Open) -> None:
    page = opened(PAGES["graph"](), java_script_enabled=False)
    page.get_by_role("link", name="assets").first.click()
    assert page.locator(".detail:visible h2").inner_text() == "assets"


def test_paper_tells_all(opened: Open) -> None:
    page = opened(PAGES["images"]())
    page.get_by_role("searchbox").fill("curl")
    page.emulate_media(media="print")
    assert page.locator(".detail:visible").count() == page.locator(".detail").count()
    assert page.locator("a.layer:visible").count() == page.locator("a.layer").count()
    assert page.locator(".close:visible, .tools:visible").count() == 0
    assert page.locator(".of-image:visible").count() == 4
    assert "api, worker: 3 of 5, seq 3" in page.locator("#step-0").inner_text()


def test_nothing_moves_where_that_is_not_wanted(opened: Open) -> None:
    page = opened(PAGES["graph"](), reduced_motion="reduce")
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter((one) => {
          const style = getComputedStyle(one);
          return parseFloat(style.transitionDuration) || style.animationName !== "none";
        }).length"""
    )
    assert moving == 0


@pytest.mark.parametrize("name", HARMFUL)
def test_what_means_harm_is_text(name: str, opened: Open) -> None:
    page = opened(HARMFUL[name]())
    for tab in page.locator(".tabs a").all() or [None]:
        if tab:
            tab.click()
        for layer in page.locator("a.layer:visible").all():
            layer.click()
    assert page.evaluate("window.harmed") is None
    assert page.locator("script").count() == 1
    assert page.locator("img, svg[onload], [onerror]").count() == 0
    assert "<script>window.harmed" in page.locator("h1").inner_text()
    assert page.evaluate(UNTOLD) == []


def test_what_means_harm_is_text_in_a_drawing_too(opened: Open) -> None:
    text = drawing(seen(harmful()), HARM)
    page = opened(text, suffix="svg")
    assert page.evaluate("window.harmed") is None
    assert page.locator("script, img, [onload]").count() == 0
    text = drawing(seen(ordinary()), "webapp")
    page = opened(text, suffix="svg")
    assert page.locator("title").text_content() == (
        "webapp: the layers as they are stacked"
    )
    assert "application on" in (page.locator("desc").text_content() or "")


def test_the_policy_stops_what_the_page_does_not_bring(
    chromium: Browser, tmp_path: Path
) -> None:
    """If some day a text slipped through: no browser would run it."""
    text = PAGES["graph"]().replace(
        "<h1>",
        "<script>window.harmed = 1</script>"
        "<img src='data:,' onerror='window.harmed = 1'>"
        "<h1 onclick='window.harmed = 1'>",
    )
    path = tmp_path / "page.html"
    path.write_text(text)
    page = chromium.new_page()
    page.goto(path.as_uri())
    page.locator("h1").click()
    assert page.evaluate("window.harmed") is None
    page.close()
