"""Rows of a station's results as Parquet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from perilune.cli.output import write_atomically
from perilune.contract.envelope import envelope


def write_parquet(
    path: Path, rows: Sequence[Mapping[str, Any]], *, units: Mapping[str, str], inputs: object
) -> None:
    """Write rows; the envelope's signature and units stand in the file's metadata.

    Raises:
        InputError: the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    whole = envelope(rows, units=units, inputs=inputs)
    table = pa.Table.from_pylist(whole["data"])
    head = {name: json.dumps(whole[name], ensure_ascii=False) for name in ("signature", "units")}
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(head), sink)
    write_atomically(path, sink.getvalue().to_pybytes())
