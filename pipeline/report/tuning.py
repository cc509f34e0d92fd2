"""How the settings were chosen: the prose and the tables of the report's section on tuning."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.analysis.comparison import STILL_IMPROVING
from pipeline.report import numbers
from pipeline.report.tables import Table
from pipeline.search.space import IMPROVEMENT

Results = Mapping[str, Any]
FAILED = "failed"


def fairness(results: Results) -> str:
    """What was the same for every variant, and what the intervals leave out."""
    study, variants = results["study"], results["variants"].values()
    first = next(iter(variants))["tuning"]
    finalists = max(len(variant["tuning"]["candidates"]) for variant in variants)
    held_back = study["validation_images"]
    trained = numbers.count(study["training_images"] - held_back)
    return (
        f"Every variant was tuned with the same budget: {_trials(first)} on {trained} of the "
        f"training images, judged by the error on the other {numbers.count(held_back)} after the "
        "last epoch; the test images played no part. Trial 0 has the defaults of `params.yaml`, "
        "every other a point of one scrambled Sobol design: where two variants share a dimension, "
        f"they tried the same values of it. {_again(finalists, first, study['epochs'])}"
        f"{_audited(first)} Another design or other seeds might have chosen other settings: the "
        "intervals of this report do not include that luck."
    )


def chosen_table(results: Results) -> Table:
    """A row a variant: what its sweep chose, how surely, and what it took."""
    names = _settings(results)
    return Table(
        caption="What each sweep chose. Inherited: not searched, the default. Validation error: "
        "mean of the chosen trial over fresh seeds, at full length. Runner-up: how far behind the "
        "next best was. Epochs: asked for, in all trainings of the sweep. Twice the epochs: the "
        "change in the chosen settings' validation error, on seeds of its own; they were chosen "
        "for the lowest of several means, so this rather understates a gain. Edge: chosen from "
        "the outer 5 % of a range, so a better value may lie outside it.",
        columns=(
            *("Variant", "Trial", *names, "Validation error, %", "n (seeds)"),
            *(
                "Runner-up, points",
                "Trials (failed)",
                "Epochs",
                "Twice the epochs, points",
                "Edge",
            ),
        ),
        numeric=(False, True, *(True for _ in names), *(True,) * 6, False),
        rows=tuple(
            _chosen(name, variant, names, _places(results))
            for name, variant in results["variants"].items()
        ),
    )


def candidate_table(results: Results) -> Table:
    """A row a trial that was trained again, the winner of each variant first."""
    return Table(
        caption="The finalists of each variant, trained again at full length; the lowest mean "
        "won. Trial error: of the short training that brought it here.",
        columns=(
            *("Variant", "Trial", "Settings"),
            *("Trial error, %", "Mean, %", "By seed, %"),
        ),
        numeric=(False, True, False, True, True, True),
        rows=tuple(
            _candidate(name, candidate, _places(results))
            for name, variant in results["variants"].items()
            for candidate in variant["tuning"]["candidates"]
        ),
    )


def importance_table(results: Results) -> Table | None:
    """A row a variant that had trials enough to tell; None where there is none."""
    found = {
        name: variant["tuning"]["importance"]
        for name, variant in results["variants"].items()
        if variant["tuning"]["importance"]
    }
    if not found:
        return None
    names = [name for name in _settings(results) if any(name in each for each in found.values())]
    return Table(
        caption="How much each dimension mattered for being among the best tenth of the trials, "
        "in shares of one, by Optuna's PED-ANOVA.",
        columns=("Variant", *names),
        numeric=(False, *(True for _ in names)),
        rows=tuple(
            (variant, *(f"{each[name]:.2f}" if name in each else numbers.NONE for name in names))
            for variant, each in found.items()
        ),
    )


def _trials(tuning: Results) -> str:
    epochs = numbers.counted(tuning["trials"][0]["epochs"], "epoch")
    return f"{numbers.counted(len(tuning['trials']), 'trial')} of {epochs}"


def _again(finalists: int, tuning: Results, epochs: int) -> str:
    best = "The best trial was"
    if finalists > 1:
        best = f"The best {finalists}, or in the last place the defaults, were"
    seeds = numbers.counted(len(tuning["candidates"][0]["per_seed"]), "fresh seed")
    length = numbers.counted(epochs, "epoch")
    return f"{best} trained again for {length} with {seeds} each; the lowest mean won."


def _audited(tuning: Results) -> str:
    if tuning["audit"] is None:
        return ""
    short, long = tuning["audit"]["epochs"]
    seeds = numbers.counted(len(tuning["audit"]["seeds"]), "more seed")
    return (
        f" The winner was then trained with {seeds} for {long} epochs instead of {short}: where "
        f"that took more than {numbers.points(IMPROVEMENT)} off its mean error it was "
        f"*{STILL_IMPROVING}*, and cannot be judged the loser of a comparison."
    )


def _settings(results: Results) -> list[str]:
    settings = [variant["hyperparameters"] for variant in results["variants"].values()]
    return list(dict.fromkeys(name for each in settings for name in each))


def _places(results: Results) -> int:
    return numbers.resolved(results["study"]["validation_images"])


def _chosen(name: str, variant: Results, names: Sequence[str], places: int) -> tuple[str, ...]:
    tuning, error = variant["tuning"], variant["validation_error"]
    budget = tuning["budget"]
    return (
        *(name, str(tuning["trial"])),
        *(_setting(key, variant) for key in names),
        *(numbers.percent(error["mean"], places), str(error["n_seeds"])),
        _runner_up(tuning["runner_up"], places),
        f"{budget['trials']} ({budget['failed']})",
        numbers.count(budget["epochs"]),
        _doubled(tuning["audit"], places),
        ", ".join(map(_edge, tuning["edges"])) or numbers.NONE,
    )


def _setting(name: str, variant: Results) -> str:
    value = variant["hyperparameters"].get(name)
    inherited = value is not None and name in variant["tuning"]["inherited"]
    return f"{numbers.plain(value)} (inherited)" if inherited else numbers.plain(value)


def _runner_up(found: Results | None, places: int) -> str:
    if found is None:
        return numbers.NONE
    distance = numbers.percent(found["distance"], places, signed=True)
    return f"{distance} (trial {found['trial']})"


def _doubled(audit: Results | None, places: int) -> str:
    if audit is None:
        return numbers.NONE
    if audit["improvement"] is None:
        return FAILED
    change = numbers.percent(-audit["improvement"], places, signed=True)
    return f"{change}, {STILL_IMPROVING}" if audit["still_improving"] else change


def _edge(edge: Results) -> str:
    low, high = numbers.plain(edge["low"]), numbers.plain(edge["high"])
    return f"{edge['dimension']} ({low} to {high})"


def _candidate(name: str, candidate: Results, places: int) -> tuple[str, ...]:
    def reported(error: float | None) -> str:
        return FAILED if error is None else numbers.percent(error, places)

    return (
        *(name, str(candidate["trial"]), numbers.settings(candidate["hyperparameters"])),
        *(reported(candidate["trial_error"]), reported(candidate["validation_error"])),
        ", ".join(map(reported, candidate["per_seed"].values())),
    )
