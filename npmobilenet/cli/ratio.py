"""npmobilenet ratio: what separating one convolution saves, the formula put in numbers."""

import argparse
from dataclasses import asdict

from ..cost.ratio import block_ratios
from ..cost.separable import SeparableCost, separable_cost
from ..models.network_plan import plan
from .common import add_formats, write_table
from .options import MODEL_HELP, model_name
from .values import at_least, resolution_option

COLUMNS = ("what", "formula", "in numbers", ">MACs", ">weights")


def configure(parser: argparse.ArgumentParser) -> None:
    """Options, named as in the paper."""
    parser.add_argument(
        "model", nargs="?", type=model_name, metavar="MODEL",
        help=f"instead of sizes, every block of a network: {MODEL_HELP}",
    )  # fmt: skip
    parser.add_argument("--k", type=resolution_option, help="filter size, 3 or 3x5")
    parser.add_argument("--m", type=at_least(1), help="channels that come in")
    parser.add_argument("--n", type=at_least(1), help="channels that go out")
    parser.add_argument(
        "--df", type=resolution_option, help="size of the map that goes out, 7 or 7x9"
    )
    parser.add_argument("--alpha", default="1", help="width multiplier, 0.75 or 3/4 (1)")
    parser.add_argument("--rho", default="1", help="resolution multiplier, 0.714 or 5/7 (1)")
    add_formats(parser)
    parser.set_defaults(refuse=parser.error)
    parser.epilog = (
        "example: npmobilenet ratio --k 3 --m 512 --n 512 --df 14 --alpha 0.75 --rho 5/7"
    )


def run(options: argparse.Namespace) -> int:
    """Print the steps."""
    sizes = {name: getattr(options, name) for name in ("k", "m", "n", "df")}
    missing = [f"--{name}" for name, size in sizes.items() if size is None]
    if options.model:
        if len(missing) < len(sizes):
            options.refuse("MODEL stands alone: its blocks say what k, m, n and df are")
        return _of_blocks(options)
    if missing:
        options.refuse(f"the following arguments are required: {', '.join(missing)}, or a MODEL")
    full = separable_cost(**sizes)
    scaled = separable_cost(**sizes, alpha=options.alpha, rho=options.rho)
    narrow = separable_cost(**sizes, alpha=options.alpha)
    rows = _steps(full)
    if narrow != full:
        found = narrow.separable
        rows.append(
            ("  with alpha", "K·K·αM·D·D + αM·αN·D·D", found.text, found.macs, found.weights)
        )
    if scaled != narrow:
        found = scaled.separable
        text = "K·K·αM·ρD·ρD + αM·αN·ρD·ρD"
        rows.append(("  with alpha and rho", text, found.text, found.macs, found.weights))
    document = {**full.to_json(), "scaled": scaled.to_json()}
    left_out = "the pieces with alpha and rho" if scaled != full else None
    notes = _proof(full, scaled)
    write_table(
        options, COLUMNS, rows, document, title=_title(full), notes=notes, left_out=left_out
    )
    return 0


def _of_blocks(options: argparse.Namespace) -> int:
    """What separating saves in each block that is separable."""
    found = block_ratios(plan(options.model))
    rows = [
        (x.name, x.separable_macs, x.standard_macs, x.macs, x.weights, x.formula) for x in found
    ]
    columns = ("block", ">separable", ">standard", ">of MACs", ">of weights", ">1/N + 1/K²")
    document = [
        asdict(x) | {key: str(getattr(x, key)) for key in ("formula", "macs", "weights")}
        for x in found
    ]
    write_table(options, columns, rows, document, title=f"{options.model}: what separating leaves")
    return 0


def _title(found: SeparableCost) -> str:
    (height, width), (rows, columns) = found.k, found.df
    return (
        f"{height} x {width} filters from {found.m} channels to {found.n} "
        f"on a map of {rows} x {columns}"
    )


def _steps(found: SeparableCost) -> list[tuple[object, ...]]:
    formulas = {
        "standard": "K·K·M·N·D·D",
        "depthwise": "K·K·M·D·D",
        "pointwise": "M·N·D·D",
        "separable": "K·K·M·D·D + M·N·D·D",
    }
    steps: list[tuple[object, ...]] = []
    for name, formula in formulas.items():
        counted = getattr(found, name)
        steps.append((name, formula, counted.text, counted.macs, counted.weights))
    return steps


def _proof(full: SeparableCost, scaled: SeparableCost) -> str:
    """The same fraction by MACs, by weights and by the formula."""
    area = full.k[0] * full.k[1]
    lines = [
        "separable / standard",
        f"  of MACs     {full.separable.macs:,} / {full.standard.macs:,} = {full.macs_ratio}",
        f"  of weights  {full.separable.weights:,} / {full.standard.weights:,} "
        f"= {full.weights_ratio}",
        f"  M and D cancel, (K² + N) / K²N = ({area} + {full.n}) / ({area}·{full.n}), and that is",
        f"  1/N + 1/K²  1/{full.n} + 1/{area} = {full.formula}",
        f"  {'all equal' if full.equal else 'NOT EQUAL'}: {float(1 / full.formula):.2f} times fewer, "
        f"{100 * float(1 - full.formula):.1f} % saved",
    ]
    if scaled.alpha != 1 or scaled.rho != 1:
        rest = scaled.separable.macs / full.separable.macs
        squares = float(scaled.alpha**2 * scaled.rho**2)
        lines += [
            f"with alpha {scaled.alpha} and rho {scaled.rho}: {scaled.m} -> {scaled.n} channels, map "
            f"{scaled.df[0]} x {scaled.df[1]}",
            f"  {100 * rest:.1f} % of the separable MACs remain, and α²ρ² = {100 * squares:.1f} %: "
            "the depthwise half",
            "  falls with α alone, and channels and pixels are whole numbers",
        ]
    return "\n".join(lines)
