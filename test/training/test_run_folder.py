"""The folder of a training, where what is written can be read by any program."""

import json
import math

from deep_perception.training.run_folder import OVERFIT, RunFolder


def test_what_is_no_number_is_written_as_null(tmp_path):
    RunFolder(tmp_path).write(OVERFIT, {"last": math.nan, "losses": (1.5, math.inf), "by": {"loss_class": -math.inf}})

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    said = json.loads((tmp_path / OVERFIT).read_text(), parse_constant=refuse)
    assert said == {"last": None, "losses": [1.5, None], "by": {"loss_class": None}}
