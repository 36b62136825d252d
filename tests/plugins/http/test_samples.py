"""Every recipe that ships holds its own samples, and covers what it claims."""

import contextlib
from pathlib import Path

import pytest

from bridge.plugin import BridgeError
from bridge_http.bench import Bench
from bridge_http.reading import load
from bridge_http.recipe import Compiled
from bridge_http.samples import differences
from bridge_http.schema import Sample

FOLDER = Path(__file__).parents[3] / "config" / "recipes"
FILES = sorted(FOLDER.glob("*.toml"))
WANTED = {
    *(
        "chuanglan_v1",
        "chuanglan_v2",
        "tencent",
        "huawei",
        "yunpian",
        "submail",
        "luosimao",
        "vonage",
        "bulksms",
    ),
    *(
        "infobip",
        "sinch",
        "messagebird",
        "plivo",
        "clicksend",
        "africastalking",
        "jasmin",
        "kannel",
        "smsglobal",
    ),
}
CASES = [(path, sample) for path in FILES for sample in load(path).samples]


def test_every_wanted_vendor_has_its_recipe() -> None:
    """The list of the vendors people asked for is complete."""
    assert {path.stem for path in FILES} >= WANTED


@pytest.mark.parametrize(("path", "sample"), CASES, ids=lambda item: getattr(item, "stem", None) or item.name)
def test_a_sample_holds(path: Path, sample: Sample) -> None:
    """Requests leave byte for byte, answers and webhooks mean what the sample says."""
    assert differences(path, sample) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_recipe_says_how_far_it_was_checked(path: Path) -> None:
    """What was checked and what was not is part of the file, and its name is the file's."""
    recipe = load(path)
    assert recipe.vendor.name == path.stem
    assert len(recipe.vendor.checked) > 20
    assert len(recipe.vendor.unchecked) > 10


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_recipe_has_a_sample_for_what_matters(path: Path) -> None:
    """A send with its exact request, a failure, and every webhook kind the recipe reads."""
    recipe = load(path)
    sends = [sample for sample in recipe.samples if sample.call == "send_batch"]
    assert any(sample.request for sample in sends)
    assert any("accepted" not in line for sample in sends for line in sample.results or [])
    if recipe.webhooks:
        assert any(sample.webhook for sample in recipe.samples)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_operation_can_be_built(path: Path) -> None:
    """The dry run sends each operation and poll to the vendor's own host and nowhere else."""
    recipe = load(path)
    base = recipe.vendor.base_url or recipe.sample.base_url
    host = Compiled(recipe, str(path), base).base_url
    polls = [f"poll.{kind}" for kind in ("receipt", "reply") if getattr(recipe.poll, kind)]
    for name in [*recipe.operations.present(), *polls]:
        bench = Bench.for_sample(path, Sample(name="dry run"))
        with contextlib.suppress(BridgeError):
            bench.call(name)
        assert bench.recorder.built, name
        assert all(built.url.startswith(host) for built in bench.recorder.built)


def test_a_changed_expectation_is_noticed() -> None:
    """The runner can fail: every kind of expectation is compared."""
    path = FOLDER / "yunpian.toml"
    found = []
    for sample in load(path).samples:
        wrong = sample.model_copy(
            update={
                name: ["something else"]
                for name in ("results", "receipts", "replies")
                if getattr(sample, name) is not None
            }
        )
        found += differences(path, wrong)
    assert len(found) == len(load(path).samples)
