"""Which maps feed which: the tables that connect a convolution's maps to those before it."""

from pipeline.networks.spec import S2_MAPS, NetworkSpec, Table

# Table I: the S2 maps that feed each C3 map.
PAPER_TABLE = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (4, 5, 0), (5, 0, 1),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (3, 4, 5, 0), (4, 5, 0, 1), (5, 0, 1, 2),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)  # fmt: skip
C1_TABLE = ((0,),) * S2_MAPS
COMPLETE_TABLE = (tuple(range(S2_MAPS)),) * len(PAPER_TABLE)


def c3_table(spec: NetworkSpec) -> Table:
    """The S2 maps that feed each C3 map."""
    if isinstance(spec.c3_table, tuple):
        return spec.c3_table
    return PAPER_TABLE if spec.c3_table == "paper" else COMPLETE_TABLE
