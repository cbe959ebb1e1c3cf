"""Rules and what they are worth, against brute force and truth."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from causalmed import AIPW, IPW, TMLE, Cohort, Estimand, estimate
from causalmed.errors import ApproximationWarning, InvalidArgument, NotEnoughEvents
from causalmed.policy import pareto, policy_tree, policy_value, scores_of
from causalmed.policy.features import RuleColumn
from causalmed.policy.growing import _best, _binned
from causalmed.policy.tree import Leaf, Split, answers

QUESTION = Estimand.given(exposure="oxygen", outcome="ssi", adjustment_set=["age", "frail"])


def world(n=6000, seed=1, hospitals=0):
    """Oxygen helps the frail above 60 (in units of age) and harms nobody; care gives it by age."""
    rng = np.random.default_rng(seed)
    age, frail = rng.normal(size=n), rng.random(n) < 0.4
    ward = rng.choice(["east", "north", "west"], n)
    given = rng.random(n) < 1 / (1 + np.exp(0.3 - 0.6 * age))
    base = np.full(n, 0.35) + 0.05 * (age > 0)
    hospital = rng.integers(0, max(hospitals, 1), n)
    quality = rng.normal(0, 0.03, max(hospitals, 1))[hospital] if hospitals else 0.0
    with_it = base - 0.25 * (frail & (age > 0)) + 0.02 * ~frail
    ssi = rng.random(n) < np.where(given, with_it, base) + quality
    table = pd.DataFrame({"age": age, "frail": frail, "ward": ward, "oxygen": given, "ssi": ssi})
    if hospitals:
        table["hospital"] = [f"H{k:02}" for k in hospital]
    return table


def known(table, spec=None, **roles):
    cohort = Cohort.from_frame(table, **roles)
    return estimate(QUESTION, cohort, spec or AIPW(by_arm=True)), cohort


def test_everybody_and_nobody_are_the_two_arms():
    effect, cohort = known(world())
    both = policy_value(effect, cohort, expose=np.ones(cohort.n, dtype=bool))
    none = policy_value(effect, cohort, expose=np.zeros(cohort.n, dtype=bool))
    psi = effect.functionals.values
    assert both.value.estimate == pytest.approx(psi[0], abs=1e-12)
    assert none.value.estimate == pytest.approx(psi[1], abs=1e-12)
    assert both.value.std_error == pytest.approx(np.sqrt(effect.functionals.covariance[0, 0]), rel=1e-9)
    assert (both.share, none.share) == (1.0, 0.0)


@pytest.mark.parametrize("spec", [AIPW(by_arm=True), TMLE()], ids=repr)
def test_a_rule_in_words_and_as_marks(spec):
    effect, cohort = known(world(), spec)
    words = policy_value(effect, cohort, expose="age > 0 and frail == 1")
    marks = policy_value(effect, cohort, expose=cohort.matches("age > 0 and frail == 1"))
    assert words.value == marks.value
    assert words.against_care.high < 0
    assert "oxygen where age > 0 and frail == 1" in words.summary()
    assert words.to_dict()["n"] == 6000


def coverage(draws, *, hospitals, seed):
    """How often the interval of a rule's worth holds the truth, of cohorts drawn anew."""
    held = 0
    for number in range(draws):
        table = world(n=1000, seed=seed + number, hospitals=hospitals)
        effect, cohort = known(table, cluster="hospital" if hospitals else None)
        found = policy_value(effect, cohort, expose="age > 0 and frail == 1")
        held += found.value.low <= 0.375 - 0.25 * 0.2 <= found.value.high
    return held


def test_the_interval_covers():
    low, high = binom.ppf([1e-4, 1 - 1e-4], 80, 0.95)
    assert low <= coverage(80, hospitals=0, seed=1000) <= high


@pytest.mark.slow
def test_the_interval_covers_with_hospitals():
    low, high = binom.ppf([1e-4, 1 - 1e-4], 1000, 0.95)
    assert low <= coverage(1000, hospitals=50, seed=5000) <= high + 10
    assert low <= coverage(1000, hospitals=0, seed=9000) <= high


def small(rng, n=60):
    columns = (
        RuleColumn(name="a", level="", values=rng.integers(0, 4, n).astype(float), levels=()),
        RuleColumn(name="b", level="", values=rng.random(n).round(1), levels=()),
        RuleColumn(name="c", level="x", values=rng.integers(0, 2, n).astype(float), levels=()),
    )
    return columns, rng.normal(size=n)


def worth(tree, columns, weight):
    values = {(column.name, column.level): column.values for column in columns}

    def chosen(node):
        if isinstance(node, Leaf):
            return np.full(len(weight), node.expose)
        return np.where(values[node.column, node.level] > node.cut, chosen(node.above), chosen(node.below))

    return float(weight[chosen(tree)].sum())


def brute(columns, weight, rows, depth):
    best = min(0.0, weight[rows].sum())
    if depth:
        for column in columns:
            for cut in column.cuts(31):
                low = rows & (column.values <= cut)
                split = brute(columns, weight, low, depth - 1) + brute(
                    columns, weight, rows & ~low, depth - 1
                )
                best = min(best, split)
    return best


@pytest.mark.parametrize(("seed", "depth"), list(product(range(6), (1, 2))))
def test_the_tree_is_the_best_of_its_depth(seed, depth):
    columns, weight = small(np.random.default_rng(seed))
    rows = np.ones(len(weight), dtype=bool)
    tree = _best([_binned(column, rows) for column in columns], weight, depth)
    assert worth(tree, columns, weight) == pytest.approx(brute(columns, weight, rows, depth), abs=1e-9)


def test_the_tree_finds_the_rule_and_values_it_where_it_was_not_learned():
    effect, cohort = known(world(n=12_000, seed=2))
    tree = policy_tree(effect, cohort, features=["age", "frail", "ward"], cost=0.06)
    assert isinstance(tree.root, Split)
    assert {tree.root.column} <= {"age", "frail"}
    agree = tree.expose(cohort) == cohort.matches("age > 0 and frail == 1")
    assert agree.mean() > 0.85
    assert tree.value.n + tree.learned_from == cohort.n
    assert abs(tree.value.value.estimate - 0.325) < 4 * tree.value.value.std_error
    assert (answers(tree.root, cohort) == tree.expose(cohort)).all()
    assert len(tree.rules()) >= 3
    assert tree.to_dict()["cost"] == 0.06


def test_where_nothing_helps_nobody_is_exposed():
    table = world()
    table["ssi"] = np.random.default_rng(9).random(len(table)) < 0.2
    effect, cohort = known(table)
    tree = policy_tree(effect, cohort, features=["age", "frail"], cost=0.2)
    assert tree.root == Leaf(expose=False, patients=tree.learned_from)


def test_the_front():
    effect, cohort = known(world(n=5000))
    front = pareto(effect, cohort, features=["age", "frail"])
    x, change = front.curve.x, front.curve.estimate
    assert (x[0], x[-1]) == (0.0, 1.0)
    assert front.values[0].share == 0
    assert 0.2 < front.values[-1].share < 0.9  # nobody who is predicted to lose
    best = front.pick(0.2)
    assert best.share == pytest.approx(0.2, abs=0.01)
    assert best.against_care.high < 0
    assert change.argmin() >= 2
    assert (front.curve.uniform_low <= front.curve.low).all()
    with pytest.raises(InvalidArgument, match="below the smallest"):
        front.pick(-0.1)


def test_a_budget_in_days_is_kept():
    table = world(n=4000)
    table["days"] = np.random.default_rng(3).integers(1, 8, len(table))
    effect, cohort = known(table, kinds={"days": "continuous"})
    front = pareto(effect, cohort, features=["age", "frail"], cost="days")
    rule_costs = [value.share for value in front.values]
    assert rule_costs == sorted(rule_costs)
    assert front.curve.x[-1] == pytest.approx(table["days"].mean())
    assert front.curve.x_label == "budget, mean days a patient"


def test_groups_stay_together():
    effect, cohort = known(world(n=4000))
    free = pareto(effect, cohort, features=["age", "frail"], groups="frail")
    held = pareto(effect, cohort, features=["age", "frail"], groups="frail", max_gap=0.1)
    gaps = [abs(one[0][1] - one[1][1]) for one in held.shares]
    assert max(gaps) <= 0.1 + 2e-3
    assert max(abs(one[0][1] - one[1][1]) for one in free.shares) > 0.3
    budgets = np.linspace(0, 1, len(held.values))
    assert all(value.share <= budget + 1e-9 for value, budget in zip(held.values, budgets, strict=True))


def test_the_same_seed_gives_the_same_front():
    effect, cohort = known(world(n=1500))
    one, two = (pareto(effect, cohort, features=["age"], seed=4).curve for _ in range(2))
    assert one.to_dict() == two.to_dict()


def test_few_hospitals_are_said():
    effect, cohort = known(world(n=2000, hospitals=12), cluster="hospital")
    with pytest.warns(ApproximationWarning, match="12 clusters are few"):
        policy_value(effect, cohort, expose="age > 0")


def test_refusals():
    table = world(n=1500)
    effect, cohort = known(table)
    with pytest.raises(InvalidArgument, match="not known when it must decide"):
        policy_value(effect, cohort, expose="ssi == 1")
    with pytest.raises(InvalidArgument, match="1,500 truth values"):
        policy_value(effect, cohort, expose=np.ones(3, dtype=bool))
    with pytest.raises(InvalidArgument, match="not known when it must decide"):
        policy_tree(effect, cohort, features=["oxygen"])
    with pytest.raises(InvalidArgument, match="depth=3"):
        policy_tree(effect, cohort, features=["age"], depth=3)
    with pytest.raises(InvalidArgument, match="max_gap= is between groups"):
        pareto(effect, cohort, features=["age"], max_gap=0.1)
    with pytest.raises(InvalidArgument, match="positive"):
        pareto(effect, cohort, features=["age"], cost="age")
    with pytest.raises(InvalidArgument, match="doubly robust"):
        scores_of(estimate(QUESTION, cohort, IPW()), cohort)
    with pytest.raises(InvalidArgument, match="not of these patients"):
        scores_of(effect, cohort.take(np.arange(1000)))
    little, few = known(world(n=250))
    with pytest.raises(NotEnoughEvents, match="too few to learn a rule"):
        policy_tree(little, few, features=["age"])
