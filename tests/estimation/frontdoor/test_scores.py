"""The derivatives of the scores against finite differences."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from causalmed.estimation.frontdoor.scores import FrontDoorParts, solve_front_door
from causalmed.estimation.mediation.controlled import ControlledParts, solve_controlled
from causalmed.estimation.mediation.natural import NaturalParts, solve_natural

N = 12


def draws():
    rng = np.random.default_rng(1)
    exposed = np.array([1.0, 0.0] * (N // 2))
    return rng, exposed, rng.random(N), lambda: rng.uniform(0.2, 0.8, N)


def cases():
    _, A, Y, new = draws()
    front = FrontDoorParts(
        exposed=A, outcome=Y, e=new(), r=new(), mu=(new(), new()), xi=((new(), new()), (new(), new()))
    )
    yield (
        solve_front_door,
        front,
        {"mu0": ("mu", 0), "mu1": ("mu", 1), "e": ("e",), "r": ("r",)}
        | {f"xi{k}{j}": ("xi", k, j) for k in (0, 1) for j in (0, 1)},
    )
    natural = NaturalParts(exposed=A, outcome=Y, e=new(), r=new(), mu=new(), eta=new(), m1=new(), m0=new())
    yield solve_natural, natural, {name: (name,) for name in ("e", "r", "mu", "eta", "m1", "m0")}
    held = (np.arange(N) % 4 < 2).astype(float)
    controlled = ControlledParts(
        exposed=A, held=held, outcome=Y, e=new(), g=(new(), new()), mu=(new(), new()), eta=(new(), new())
    )
    yield (
        solve_controlled,
        controlled,
        {"e": ("e",)} | {f"{name}{k}": (name, k) for name in ("g", "mu", "eta") for k in (0, 1)},
    )


def moved(value, place, i, step):
    if not place:
        changed = value.copy()
        changed[i] += step
        return changed
    return tuple(moved(part, place[1:], i, step) if k == place[0] else part for k, part in enumerate(value))


@pytest.mark.parametrize("case", range(3))
def test_gradients(case):
    solve, parts, places = list(cases())[case]
    found = solve(parts)
    for name, (attribute, *place) in places.items():
        for i in range(N):
            ends = [
                solve(
                    dataclasses.replace(
                        parts, **{attribute: moved(getattr(parts, attribute), place, i, step)}
                    )
                ).psi
                for step in (1e-5, -1e-5)
            ]
            slope = (ends[0] - ends[1]) / 2e-5
            np.testing.assert_allclose(found.gradients[name][i], slope, atol=1e-7, err_msg=f"{name}[{i}]")
    np.testing.assert_allclose(found.influence.mean(axis=0), 0, atol=1e-12)
