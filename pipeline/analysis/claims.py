"""The claims of the essay, each with one measure, declared before it was measured.

A measure is a sum of errors by exact weights, positive where it supports the claim. All claims are
one family of tests, whatever a study has networks for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pipeline.analysis.attribution import CONTRIBUTIONS, contribution_weights, picked
from pipeline.analysis.comparison import STILL_IMPROVING
from pipeline.analysis.intervals import estimate, weighted
from pipeline.analysis.robustness import IMAGES, Rows, mean_weights
from pipeline.analysis.significance import LEVEL, can_reject, holm, sign_flip
from pipeline.corruptions.corruption import Group
from pipeline.corruptions.registry import by_family, set_names

Weights = Mapping[tuple[str, str], Fraction]
"""Of the errors of a role (see `analysis.roles`) on a set of images or off a stage."""
SMALL = set_names(Group.SMALL)
SHIFTS = by_family(Group.MEAN)["shift"]


@dataclass(frozen=True, kw_only=True)
class Claim:
    text: str
    measure: str
    weights: Weights


def _more(role: str, measure: Mapping[str, Fraction]) -> Weights:
    """How much more error a role has than LeNet-5."""
    return contribution_weights({role: Fraction(1), "LSP": Fraction(-1)}, measure)


def _gain(stage: str, sign: int) -> Weights:
    """What training takes off the error of a stage's probe, in LeNet-5."""
    return {
        ("LSP", f"untrained {stage}"): Fraction(sign),
        ("LSP", f"trained {stage}"): Fraction(-sign),
    }


CLEAN = mean_weights((IMAGES,))
CLAIMS = (
    Claim(
        text="Convolution beats the plain MLP with far fewer parameters",
        measure="test error, 784-300-100-10 minus LeNet-5",
        weights=_more("MLP", CLEAN),
    ),
    Claim(
        text="The architecture, not the size, does it",
        measure="test error, 784-75-10 (LeNet-5's size) minus LeNet-5",
        weights=_more("small MLP", CLEAN),
    ),
    Claim(
        text="Shared weights recognise a feature wherever it appears",
        measure=f"mean error over shifts of {SHIFTS[0].strength} to {SHIFTS[-1].strength} pixels, "
        "without weight sharing minus LeNet-5",
        weights=_more("LP", mean_weights(tuple(each.name for each in SHIFTS))),
    ),
    Claim(
        text="Subsampling gives robustness to small shifts and distortions",
        measure=f"mean error over {len(SMALL)} {Group.SMALL}, strides minus LeNet-5",
        weights=_more("LS", mean_weights(SMALL)),
    ),
    Claim(
        text="Features grow more abstract layer by layer",
        measure="what training takes off a probe's error, at C5 minus at S2, in LeNet-5",
        weights={**_gain("c5", 1), **_gain("s2", -1)},
    ),
    Claim(
        text="Strong robustness to shifts, distortions and noise",
        measure=f"{Group.MEAN}, 784-300-100-10 minus LeNet-5",
        weights=_more("MLP", mean_weights(set_names(Group.MEAN))),
    ),
    Claim(
        text="Local receptive fields matter",
        measure="what locality takes off the test error, mean over orders (lattice study)",
        weights=contribution_weights(
            {node: -part for node, part in CONTRIBUTIONS["locality"].items()}, CLEAN
        ),
    ),
)


def judged(
    networks: Mapping[str, Rows | None], improving: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Every claim with its estimate, both tests, corrected over all claims, and its verdict.

    `networks[role][set]` is (S, I) over paired seeds, by the names of `analysis.roles`; None if a
    seed is missing. `improving` names the roles that had not learned enough.
    """
    found = [_measured(claim, networks) for claim in CLAIMS]
    p_values = holm([each["p_value"] for each in found], family_size=len(CLAIMS))
    p_populations = holm([each["p_population"] for each in found], family_size=len(CLAIMS))
    for claim, each, p, p_population in zip(CLAIMS, found, p_values, p_populations, strict=True):
        each |= {"p_holm": p, "p_population_holm": p_population}
        each["verdict"] = _verdict(each, _loser_improves(claim, each, improving))
    return found


def _measured(claim: Claim, networks: Mapping[str, Rows | None]) -> dict[str, Any]:
    """`missing` names the roles that the study lacks, or of which a seed is missing."""
    roles = list(dict.fromkeys(role for role, _ in claim.weights))
    missing = [role for role in roles if networks.get(role) is None]
    nothing: dict[str, Any] = dict.fromkeys(("mean", "ci95", "n_seeds", "n_images"))
    reported = {"claim": claim.text, "measure": claim.measure, "missing": missing}
    if missing:
        return {**reported, **nothing, "p_value": None, "p_population": None}
    known = {role: each for role, each in networks.items() if each is not None}
    total, scale = weighted(claim.weights, picked(claim.weights, known))
    found = estimate(total).divided(scale)
    return {
        **reported,
        **found.to_dict(),
        "p_value": sign_flip([int(each) for each in total.sum(axis=1)]),
        "p_population": found.p_value(),
    }


def _verdict(found: Mapping[str, Any], loser_improves: bool) -> str:
    p_values = found["p_holm"], found["p_population_holm"]
    if None in p_values or not can_reject(found["n_seeds"], family_size=len(CLAIMS)):
        return "not testable"
    if any(p >= LEVEL for p in p_values):
        return "not distinguished"
    if loser_improves:
        return STILL_IMPROVING
    return "supported" if found["mean"] > 0 else "contradicted"


def _loser_improves(claim: Claim, found: Mapping[str, Any], improving: Sequence[str]) -> bool:
    """Whether one whose errors make the difference had not learned enough: such a one cannot lose.

    Of LeNet-5 alone, nothing is compared.
    """
    roles = {role for role, _ in claim.weights}
    if len(roles) == 1 or found["mean"] is None:
        return False
    sign = 1 if found["mean"] > 0 else -1
    return any(role in improving and sign * w > 0 for (role, _), w in claim.weights.items())
