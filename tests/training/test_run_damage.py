"""What --resume may find: files that are damaged, gone, moved or of another version."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from npmobilenet.training.run.checkpoint import load_checkpoint
from npmobilenet.weights import load, save
from tests.training.runs import (
    ALWAYS,
    CONFIG,
    FILES,
    TRAINING,
    Listening,
    after,
    require_the_same,
    run,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def test_damage_anywhere_is_noticed(tmp_path: Path) -> None:
    """A changed bit, in arrays or in what stands beside them, or a missing end: the one before."""
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, ALWAYS, stop=after(2))
    file = tmp_path / "last.safetensors"
    whole, rng = file.read_bytes(), np.random.default_rng(0)
    header = 8 + int.from_bytes(whole[:8], "little")
    right = load_checkpoint(tmp_path)[1]
    places = [*range(10), *rng.integers(0, header, 40), *rng.integers(header, len(whole), 20)]
    noticed = 0
    for place in map(int, places):
        spoilt = bytearray(whole)
        spoilt[place] ^= 1 << (place % 8)
        file.write_bytes(spoilt)
        _, state, _, remark = load_checkpoint(tmp_path)
        assert state.step == 2 - bool(remark)
        noticed += bool(remark)
        if not remark:  # a bit of the seal's own name
            assert all(np.array_equal(state.params[n], right.params[n]) for n in right.params)
    assert noticed > 0.95 * len(places)
    told = whole.index(b'seen\\": 16') + 8  # a digit of a sum that no array depends on
    file.write_bytes(whole[:told] + b"7" + whole[told + 1 :])
    assert "the metadata are not those that were saved" in load_checkpoint(tmp_path)[3]
    for length in (0, 7, 8, 100, header - 1, header, len(whole) - 1):
        file.write_bytes(whole[:length])
        assert load_checkpoint(tmp_path)[1].step == 1
    (tmp_path / "previous.safetensors").write_bytes(b"")
    with pytest.raises(
        ValueError, match=r"last.safetensors: .*; .*previous.safetensors: "
    ) as caught:
        load_checkpoint(tmp_path)
    assert len(str(caught.value).splitlines()) == 1


def test_a_damaged_last_never_becomes_the_previous(tmp_path: Path) -> None:
    """A crash in the first save after it was noticed must find a whole one."""
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, ALWAYS, stop=after(3))
    (tmp_path / "last.safetensors").write_bytes(b"damaged")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, ALWAYS, resume=True, stop=after(1))
    assert [load(tmp_path / name).notes["step"] for name in FILES[:2]] == [3, 2]


def test_a_run_that_was_moved_goes_on(straight: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "here", stop=after(7))
    (tmp_path / "here").rename(tmp_path / "there")
    run(tmp_path / "there", resume=True)
    require_the_same(tmp_path / "there", straight)


@pytest.mark.parametrize("part", ["config", "progress", "history", "data"])
def test_a_run_of_another_version_is_named(part: str, tmp_path: Path) -> None:
    """Its configuration has a key, its progress a field, that this one does not know."""
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop=after(12))
    model, state, progress, _ = load_checkpoint(tmp_path)
    notes, strange = model.notes | {"progress": vars(progress)}, {"colour": "red"}
    if part == "config":
        notes["config"] = {**notes["config"], "future": strange}
    elif part == "history":
        notes["history"] = [strange]
    elif part == "progress":
        notes["progress"] = {**vars(progress), **strange}
    else:
        del notes["data"]
    changed = replace(model, notes=notes | {"step": state.step})
    save(changed, tmp_path / "last.safetensors")
    (tmp_path / "previous.safetensors").unlink(missing_ok=True)
    with pytest.raises(ValueError, match=r"last.safetensors: a run of another version \("):
        run(tmp_path, resume=True)


def test_other_targets_are_noticed(tmp_path: Path) -> None:
    """A teacher whose file is another one now; rounded otherwise they are the same."""
    rng = np.random.default_rng(0)
    one, two = (rng.dirichlet(np.ones(3), len(TRAINING)).astype(np.float32) for _ in range(2))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop=after(15), targets=one)
    for other in (two, None):
        with pytest.raises(
            ValueError, match=r"not what the run began with; another teacher\?; go on"
        ):
            run(tmp_path, resume=True, targets=other)
    told = Listening()
    found = run(tmp_path, resume=True, targets=one + np.float32(1e-6), reporter=told)
    assert (len(found), told.remarks) == (3, [])
    run(tmp_path / "b", replace(CONFIG, train=replace(CONFIG.train, epochs=1)))
    longer = replace(CONFIG, train=replace(CONFIG.train, epochs=2))
    with pytest.raises(ValueError, match="another teacher"):
        run(tmp_path / "b", longer, resume=True, targets=one)
    run(tmp_path / "b", longer, resume=True, targets=one, other_data=True)


def test_a_loss_that_training_had_is_no_damage(tmp_path: Path) -> None:
    """However large: float32 has losses up to 3e38, and a network may learn again."""
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop=after(15))
    model, state, progress, _ = load_checkpoint(tmp_path)
    history = [{**epoch, "loss": 2e35, "validation_loss": 3e38} for epoch in model.notes["history"]]
    notes = model.notes | {
        "step": state.step, "history": history, "progress": {**vars(progress), "loss": 1e300},
    }  # fmt: skip
    save(replace(model, notes=notes), tmp_path / "last.safetensors")
    (tmp_path / "previous.safetensors").unlink(missing_ok=True)
    found = run(tmp_path, resume=True)
    assert (found[0].validation_loss, len(found)) == (3e38, 3)
    assert "3e+38" in (tmp_path / "log.csv").read_text()


@pytest.mark.parametrize("content", [None, b"cut off"])
def test_best_weights_that_are_gone_are_missed_before_the_first_step(
    content: bytes | None, tmp_path: Path
) -> None:
    """The epochs from there on are compared with one another, not with weights that nobody has."""
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop=after(14))
    best = tmp_path / "best.safetensors"
    best.unlink() if content is None else best.write_bytes(content)
    who = Listening()
    history = run(tmp_path, resume=True, reporter=who)
    assert "best.safetensors: no" in who.remarks[0]
    assert "the last checkpoint takes its place" in who.remarks[0]
    assert history[1].best
    assert load(best).notes["history"][-1]["best"]


def test_where_no_run_is_none_goes_on(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"last\.safetensors: no such weight file, so no run that"):
        run(tmp_path, resume=True)
