"""`sms-bridge recipe`: check a recipe, try a saved webhook on it, start a new one. No vendor is called."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from pydantic import ValidationError

from bridge.plugin import BridgeError, Consequence

from .bench import Bench
from .describing import HOOK_URL, read_webhook, webhook_lines, written
from .faults import RecipeFaults
from .folders import find, folders_of_recipes, known_recipes
from .masking import masked
from .reading import load
from .recipe import Compiled
from .samples import DryRun, differences, dry_runs
from .schema import Recipe, ReportsTable, Sample


@click.group()
def recipe() -> None:
    """Recipes: vendors of the http plugin, one TOML file each."""


@recipe.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--quiet", is_flag=True, help="Only the verdicts, not the requests.")
def check(files: Sequence[str], quiet: bool) -> None:
    """Check recipes: read, compile, build every request with sample data, run every sample.

    FILE is a file or a name in config/recipes; without one, all recipes are checked. The requests are printed
    byte for byte as they would leave, with the sample secrets shown by their names.
    """
    paths = [_found(name) for name in files] or _all_recipes()
    failed = [path for path in paths if not _check_one(path, quiet=quiet)]
    if failed:
        raise click.ClickException(f"{len(failed)} of {len(paths)} recipes need mending.")


def _found(name: str) -> Path:
    try:
        return find(name)
    except RecipeFaults as problem:
        raise click.ClickException(str(problem)) from None


def _all_recipes() -> list[Path]:
    known = known_recipes()
    if not known:
        raise click.ClickException("There are no recipes here: name a file.")
    return [known[name] for name in sorted(known)]


def _check_one(path: Path, *, quiet: bool) -> bool:
    try:
        loaded = load(path)
        Compiled(loaded, str(path))
        runs = list(dry_runs(path))
        if not quiet:
            _print_requests(path, loaded, runs)
        failed = [(sample, found) for sample in loaded.samples if (found := differences(path, sample))]
    except RecipeFaults as problem:
        click.echo(str(problem), err=True)
        return False
    unbuilt = [run for run in runs if run.refusal]
    for run in unbuilt:
        click.echo(f"{path}: {run.name}: cannot be built from the sample values: {run.refusal}", err=True)
    for sample, found in failed:
        for difference in found:
            click.echo(f"{path}: sample {sample.name!r}: {difference}", err=True)
    passed, good = len(loaded.samples) - len(failed), not failed and not unbuilt
    click.echo(f"{path}: {'ok' if good else 'FAULTY'}, {passed} of {len(loaded.samples)} samples hold")
    for caution in cautions(loaded):
        click.echo(f"{path}: caution: {caution}", err=True)
    if not quiet:
        click.echo(f"  checked: {loaded.vendor.checked}\n  not checked: {loaded.vendor.unchecked}")
    return good


def cautions(loaded: Recipe) -> list[str]:
    """List what a recipe may do and should not without a thought."""
    places: dict[str, ReportsTable] = {f"poll.{kind}": poll for kind, poll in loaded.poll if poll is not None}
    for name, webhook in loaded.webhooks.items():
        places |= {f"webhooks.{name}": webhook}
        places |= {f"webhooks.{name}.{kind}": part for kind in _KINDS if (part := getattr(webhook, kind))}
    found = [
        f'{place}.status: "*" means pending: a final word that is not listed never ends its message'
        for place, reports in places.items()
        if reports.status.get("*") == "pending"
    ]
    found += [f"errors.{told}" for told in _half_families(loaded)]
    if loaded.templates.by_hand:
        found.append("templates are made at the vendor by hand: a channel gives their codes as `templates`")
    return found


def _half_families(loaded: Recipe) -> Iterator[str]:
    """Find codes of which only a part is listed: `X` is that code alone, and `X.*` all but it."""
    listed = {code.casefold(): code for code in loaded.errors}
    listed |= {code.casefold(): code for rule in loaded.error_rules for code in rule.code}
    families = tuple(code[:-1] for code in listed if len(code) > 1 and code.endswith("*"))
    for folded, code in listed.items():
        rule = loaded.errors.get(code)
        if folded.endswith(".*") and folded[:-2] not in listed and not folded[:-2].startswith(families):
            yield f'"{code}" does not hold for "{code[:-2]}" itself: list that code, too'
        elif (
            rule is not None
            and rule.class_ is not Consequence.UNKNOWN
            and any(other.startswith(f"{folded}.") for other in listed)
            and not f"{folded}.".startswith(families)
        ):
            yield f'"{code}" holds for that code alone: "{code}.*" would hold for those below it'


_KINDS = ("receipt", "reply", "template")


def _print_requests(path: Path, loaded: Recipe, runs: Sequence[DryRun]) -> None:
    secrets = Bench.for_sample(path, Sample(name="dry run")).secrets
    for run in runs:
        click.secho(f"\n# {run.name}", bold=True)
        for built in run.built:
            click.echo(masked(written(built), secrets) + "\n")
        if run.refusal:
            click.echo(f"cannot be built: {run.refusal}\n")
    if loaded.webhooks:
        addresses = ", ".join(f"{HOOK_URL}/{name}" for name in loaded.webhooks)
        click.echo(f"# webhooks: {addresses}\n")


@recipe.command("try")
@click.argument("file")
@click.option(
    "--webhook",
    "saved",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A saved request: its first line like POST /receipt, headers, an empty line, the body.",
)
@click.option("--secret", "secrets", multiple=True, metavar="NAME=VALUE", help="A secret the check needs.")
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S%z"]),
    help="When it arrived, such as 2026-11-01T09:15:00+08:00, where signatures are good for a while only.",
)
def try_(file: str, saved: Path, secrets: Sequence[str], at: datetime | None) -> None:
    """Show how a saved webhook is read: receipts, replies, reviews, and the answer the vendor gets."""
    path = _found(file)
    given = dict(pair.partition("=")[::2] for pair in secrets)
    now = int((at or datetime.now(UTC)).timestamp())
    try:
        loaded = load(path)
        known = {**loaded.secrets, **loaded.optional_secrets}
        if strange := [name for name in given if name not in known]:
            raise ValueError(f"{strange[0]} is not a secret of this recipe; there are {', '.join(known)}")
        bench = Bench.for_sample(path, Sample(name="try", secrets=given, now=now))
        request = read_webhook(_text(saved))
        result = bench.vendor.parse_webhook(bench.channel, request)
    except (RecipeFaults, BridgeError, ValidationError, ValueError) as problem:
        raise click.ClickException(str(problem)) from None
    for shown in webhook_lines(result):
        click.echo(shown)
    if not (result.receipts or result.replies or result.reviews or result.confirm):
        told = "nothing is read from it: the route or status says ignore, or items.path finds no report"
        click.echo(f"{path}: {told}; see what is warned of above", err=True)


def _text(saved: Path) -> str:
    try:
        return saved.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise click.ClickException(f"{saved}: is not text in UTF-8") from None


@recipe.command()
@click.argument("name")
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), default=None, help="Where to put it."
)
def new(name: str, folder: Path | None) -> None:
    """Start a recipe: a commented file that already passes `recipe check`."""
    if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii() or name != name.lower():
        raise click.ClickException("A recipe's name has lower-case letters, digits, - and _ only.")
    path = (folder or folders_of_recipes()[0]) / f"{name}.toml"
    start = (Path(__file__).parent / "start.toml").read_text(encoding="utf-8")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(start.replace("VENDOR", name))
    except FileExistsError:
        raise click.ClickException(f"{path} is there already.") from None
    except OSError as problem:
        raise click.ClickException(f"{path} cannot be written: {problem.strerror}.") from None
    click.echo(f"{path} is ready. Next: sms-bridge recipe check {path}")
