"""What is known of a training before it begins, for the tracker."""

from collections.abc import Mapping
from pathlib import Path

from pipeline.data.sources import MIRRORS
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.summary import summarize
from pipeline.study import Study
from pipeline.tracking.git import git_state
from pipeline.tracking.record import Dataset, Training

PHASES = {"trials": "trial", "finalists": "finalist", "audit": "audit"}


def final_name(variant: str, seed: int) -> str:
    return f"{variant} seed {seed}"


def sample_name(variant: str, size: int, seed: int) -> str:
    return f"{variant} {size} images seed {seed}"


def sweep_name(variant: str, phase: str, trial: int, seed: int) -> str:
    """As in "lenet5 trial 03" and "lenet5 finalist 03 seed 101": MLflow sorts letters."""
    name = f"{variant} {PHASES[phase]} {trial:02}"
    return name if phase == "trials" else f"{name} seed {seed}"


def from_outputs(
    study: Study,
    variant: str,
    stage: str,
    name: str,
    *,
    run_key: str,
    seed: int,
    network: NetworkSpec,
    settings: Mapping[str, object],
    made: Mapping[str, object],
) -> Training:
    """`made` has the digests of data and code, and the environment."""
    sizes = summarize(network)
    environment = {key: str(value) for key, value in made.items() if key not in ("data", "code")}
    return Training(
        name=name,
        run_key=run_key,
        variant=variant,
        seed=seed,
        stage=stage,
        network={**network.to_dict(), "parameters": sizes.parameters, "macs": sizes.macs},
        settings={"variant": variant, "seed": seed, **settings},
        tags={
            "ablation.study": study.name,
            "ablation.params": study.digest,
            "ablation.data": str(made["data"]),
            "ablation.code": str(made["code"]),
            **{f"environment.{key}": value for key, value in environment.items()},
            **source(stage, variant),
        },
        dataset=Dataset(
            name=f"{study.data.source}: training images",
            digest=str(made["data"]),
            source=_address(study),
        ),
    )


def source(stage: str, variant: str) -> dict[str, str]:
    """The command, as MLflow shows it, and DVC's name of the stage."""
    name, _, _ = stage.partition(" ")
    return {
        "dvc.stage": f"{name}@{variant}",
        "mlflow.source.name": f"python -m pipeline {name} {variant}",
        "mlflow.source.type": "LOCAL",
    }


def commit(root: Path) -> dict[str, str]:
    """The commit of the code that runs now; that of earlier runs is unknown."""
    state = git_state(root)
    known = {"mlflow.source.git.commit": state["git.sha"]} if "git.sha" in state else {}
    return {**state, **known}


def _address(study: Study) -> str:
    where = study.data.source
    return MIRRORS[0] if where == "mnist" else Path(where).absolute().as_uri()
