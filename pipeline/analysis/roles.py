"""Which variant plays which part in a study, by what it differs in and whatever it is called."""

import json
from collections.abc import Mapping

# Which of Locality, Sharing and subsamPling a network has; LSP is LeNet-5 itself.
LATTICE: Mapping[str, Mapping[str, object]] = {
    "none": {"connectivity": "full", "subsampling": "stride"},
    "P": {"connectivity": "full"},
    "L": {"connectivity": "unshared", "subsampling": "stride"},
    "LP": {"connectivity": "unshared"},
    "LS": {"subsampling": "stride"},
    "LSP": {},
}
ROLES: Mapping[str, Mapping[str, object]] = {
    **LATTICE,
    "MLP": {"hidden_sizes": [300, 100], "output": "linear"},
    "small MLP": {"hidden_sizes": [75], "output": "linear"},
}


def cast(differences: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """The variant of each role that the study has, by its name in `differences`."""
    played = {_plain(difference): name for name, difference in differences.items()}
    return {
        role: played[_plain(words)] for role, words in ROLES.items() if _plain(words) in played
    }


def _plain(words: Mapping[str, object]) -> str:
    return json.dumps(words, sort_keys=True)
