"""A risk, a threshold, and what is known about both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_instance, require_names, require_seed, require_share
from causalmed.cohort import Cohort
from causalmed.errors import InvalidArgument
from causalmed.prediction.assess import clinical_performance
from causalmed.prediction.features import Feature, columns_from_values, feature_columns
from causalmed.prediction.performance import ClinicalPerformance
from causalmed.prediction.predictors import Fitted, WrappedPredictor, checked_callable
from causalmed.prediction.recalibration import Recalibration
from causalmed.prediction.roles import observed_outcome, refuse_weights, seen_before
from causalmed.prediction.stable import LeftOut
from causalmed.prediction.threshold import Threshold, checked_threshold
from causalmed.results import Check, Gate, Provenance, State, html_table

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.prediction.adaptation import Adaptation

__all__ = ["RiskModel"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskModel:
    """A model of the risk of a binary outcome; made by :func:`fit_risk_model` or :meth:`wrap`.

    Parameters
    ----------
    outcome : str
        What the risk is of; empty for a wrapped classifier.
    features : tuple of str
        Columns it reads.
    predictor : object
        What turns columns into a risk.
    schema : tuple of Feature
        Kinds and levels of the features; empty for a wrapped classifier, which reads tables as they are.
    recalibration : Recalibration or None
        Applied to the predictor's risk.
    guarantee : Threshold or None
        The threshold and what is guaranteed about it.
    left_out : tuple of LeftOut
        Columns that are not used, with the reason.
    diagnostics : Gate
        What a reader should know before using it.
    trained, calibrated : tuple of int or None
        Patients and events of the two parts.
    how : str
        How the two parts were split.
    provenance : Provenance or None
        How to make it again.
    reference : Cohort or None
        The patients it was fitted on, kept in memory so that an explanation has somebody to compare with;
        never saved.
    learner : object or None
        What the predictor was fitted with; never saved.

    Examples
    --------
    >>> import pandas as pd
    >>> model = RiskModel.wrap(lambda frame: frame["age"] / 100, features=["age"], threshold=0.7)
    >>> patients = pd.DataFrame({"age": [65, 80]})
    >>> model.risk(patients).tolist(), model.alert(patients).tolist()
    ([0.65, 0.8], [False, True])
    """

    outcome: str
    features: tuple[str, ...]
    predictor: Fitted | WrappedPredictor = field(repr=False)
    schema: tuple[Feature, ...] = field(default=(), repr=False)
    recalibration: Recalibration | None = None
    guarantee: Threshold | None = None
    left_out: tuple[LeftOut, ...] = field(default=(), repr=False)
    diagnostics: Gate = field(default_factory=Gate, repr=False)
    trained: tuple[int, int] | None = None
    calibrated: tuple[int, int] | None = None
    how: str = ""
    provenance: Provenance | None = field(default=None, repr=False)
    reference: Cohort | None = field(default=None, repr=False)
    learner: object | None = field(default=None, repr=False)

    @classmethod
    def wrap(
        cls,
        classifier: object,
        *,
        features: Sequence[str],
        positive: object = 1,
        threshold: float | None = None,
    ) -> RiskModel:
        """Take any fitted classifier, so that it can be measured, explained and audited like ours.

        Parameters
        ----------
        classifier : object
            With ``predict_proba`` (scikit-learn, LightGBM, XGBoost, …), or a function from a pandas frame
            of the features to risks.
        features : sequence of str
            Its columns, in the order it expects; it is given them as the table has them.
        positive : object
            The class whose probability is the risk.
        threshold : float, optional
            Alert where risk >= threshold, as stated by a person; nothing is guaranteed about it.

        Returns
        -------
        RiskModel

        Raises
        ------
        InvalidArgument
            If no risk can be had from it, a feature is repeated, or it was fitted on other columns.

        Examples
        --------
        >>> RiskModel.wrap(lambda frame: frame["age"] / 100, features=["age"]).features
        ('age',)
        """
        checked_callable(classifier)
        names = require_names("features", features)
        if not names or len(set(names)) < len(names):
            raise InvalidArgument(f"features={names!r} must name each column of the classifier once.")
        known = tuple(getattr(classifier, "feature_names_in_", names))
        if known != names:
            raise InvalidArgument(
                f"The classifier was fitted on {', '.join(map(repr, known))}, in that order; features= says "
                f"{', '.join(map(repr, names))}. Columns in another order would give wrong risks silently."
            )
        stated = None if threshold is None else checked_threshold(threshold)
        return cls(
            outcome="",
            features=names,
            predictor=WrappedPredictor(classifier=classifier, features=names, positive=positive),
            guarantee=None if stated is None else Threshold(value=stated),
            diagnostics=Gate(checks=(_foreign_check(),)),
        )

    @property
    def threshold(self) -> float | None:
        """Alert where risk >= this; ``None`` where no threshold was asked for."""
        return None if self.guarantee is None else self.guarantee.value

    def risk(self, patients: object) -> NDArray[np.float64]:
        """Return the risk of each patient.

        Parameters
        ----------
        patients : Cohort or frame of any library
            With the features as columns.

        Returns
        -------
        ndarray, shape (n,)
            Read-only, in [0, 1], in the order of the rows.

        Raises
        ------
        DataError
            A column is absent, holds missing values or an unknown level.
        """
        if isinstance(self.predictor, WrappedPredictor):
            return _frozen(self.predictor.risk(patients))
        return self._risk_of(self.predictor, feature_columns(self.schema, patients))

    def risk_from_values(self, values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return the risk of patients given as numbers, for explanations that change values.

        Parameters
        ----------
        values : mapping of str to ndarray, shape (n,)
            A number a feature; codes of the levels where it has levels.

        Returns
        -------
        ndarray, shape (n,)
        """
        if isinstance(self.predictor, WrappedPredictor):
            import pandas as pd

            return _frozen(self.predictor.risk(pd.DataFrame({name: values[name] for name in self.features})))
        return self._risk_of(self.predictor, columns_from_values(self.schema, values))

    def alert(self, patients: object) -> NDArray[np.bool_]:
        """Say for each patient whether the risk reaches the threshold.

        Parameters
        ----------
        patients : Cohort or frame
            As in :meth:`risk`.

        Returns
        -------
        ndarray of bool, shape (n,)

        Raises
        ------
        InvalidArgument
            If the model has no threshold.
        """
        if self.threshold is None:
            raise InvalidArgument(
                "Without a threshold a model cannot alert. Fit with specificity=, or wrap with threshold=."
            )
        alert = np.asarray(self.risk(patients) >= self.threshold)
        alert.setflags(write=False)
        return alert

    def performance(
        self, cohort: Cohort, *, outcome: str | None = None, seed: int = 0, level: float = 0.95
    ) -> ClinicalPerformance:
        """Measure how right the risk is in a cohort, with intervals that allow for its clusters.

        Parameters
        ----------
        cohort : Cohort
            Patients the model was not trained on; nothing else says how right it is.
        outcome : str, optional
            By default the model's outcome, then the cohort's.
        seed : int
            For the draws behind the bands.
        level : float
            Confidence level.

        Returns
        -------
        ClinicalPerformance
        """
        require_instance("cohort", cohort, Cohort, how="Cohort.from_frame(frame, …)")
        name = observed_outcome(cohort, outcome or self.outcome or cohort.outcome)
        refuse_weights(cohort, "performance()")
        require_seed(seed)
        require_share("level", level, example=0.95)
        found = clinical_performance(
            outcome=cohort.values(name),
            risk=self.risk(cohort),
            threshold=self.threshold,
            cluster=cohort.cluster_codes,
            outcome_name=name,
            level=level,
            seed=seed,
            provenance=Provenance.collect(data_fingerprint=cohort.fingerprint, spec=repr(self), seed=seed),
        )
        checks = (*seen_before(self, cohort), *found.diagnostics.checks)
        return replace(found, diagnostics=Gate(checks=checks))

    def adapt(
        self,
        patients: object,
        *,
        specificity: float | None = None,
        delta: float = 0.05,
        aim: str = "patients like these",
        refit: bool = False,
        calibration: Cohort | None = None,
        outcome: str | None = None,
        level: float = 0.95,
    ) -> Adaptation:
        r"""Set the threshold again for another hospital, from its patients without outcomes.

        Assumed is that the outcome given the features is as likely there as here, whatever the mix of the
        features. In large samples the specificity at the new threshold is then at least what was asked for
        with probability at least 1 - delta; see :func:`causalmed.prediction.lowest_safe_threshold`.

        Parameters
        ----------
        patients : Cohort or frame
            At least 100 patients of the new hospital. A column with outcomes is not read.
        specificity, delta : float
            By default what the model was fitted with, and 0.05; in (0, 1).
        aim : {"patients like these", "these patients"}
            Whose specificity: of future patients of that hospital, or of exactly those given.
        refit : bool
            Fit the model again on all its labelled patients and take the threshold from cross-fitted risks:
            more than three times as many outcomes behind it.
        calibration : Cohort, optional
            Patients with outcomes that the model was not trained on; by default those held back in fitting.
        outcome : str, optional
            Their outcome; by default the model's, then the cohort's.
        level : float
            Confidence level of the intervals.

        Returns
        -------
        Adaptation

        Raises
        ------
        NotEnoughEvents, InvalidArgument, DataError, NotConverged
            Too few patients, none with outcomes at hand, or features that cannot be read or reached.
        """
        from causalmed.prediction.adapt import adapt_threshold

        return adapt_threshold(
            self,
            patients,
            specificity=specificity,
            delta=delta,
            aim=aim,
            refit=refit,
            calibration=calibration,
            outcome=outcome,
            level=level,
        )

    def summary(self) -> str:
        """Return what the model is, what it leaves out and what is guaranteed."""
        from causalmed.prediction.words import model_summary

        return model_summary(self)

    def to_frame(self) -> pd.DataFrame:
        """Return a row a column of the cohort: column, used, reason."""
        import pandas as pd

        rows = [(name, True, "") for name in self.features]
        rows += [(one.name, False, one.reason) for one in self.left_out]
        return pd.DataFrame(rows, columns=["column", "used", "reason"])

    def to_dict(self) -> dict[str, Any]:
        """Return the description of the model as plain JSON types; :meth:`save` stores the model itself."""
        return {
            "outcome": self.outcome,
            "predictor": self.predictor.describes,
            "features": list(self.features),
            "left_out": [{"name": one.name, "reason": one.reason} for one in self.left_out],
            "threshold": self.guarantee and self.guarantee.to_dict(),
            "trained": self.trained and list(self.trained),
            "calibrated": self.calibrated and list(self.calibrated),
            "split": self.how,
            "diagnostics": self.diagnostics.to_dict(),
            "provenance": self.provenance and self.provenance.to_dict(),
        }

    def save(self, path: str | PathLike[str]) -> None:
        """Write the model as one JSON file; exact, readable, without code.

        Parameters
        ----------
        path : str or path
            File to write.

        Raises
        ------
        NotSavable
            If its classifier is not ours.
        """
        from causalmed.prediction.storage import save_model

        save_model(self, path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> RiskModel:
        """Read a model written by :meth:`save`; it gives the same risks to the last bit.

        Parameters
        ----------
        path : str or path
            File to read.

        Returns
        -------
        RiskModel
        """
        from causalmed.prediction.storage import load_model

        return load_model(path)

    def _risk_of(self, predictor: Fitted, columns: Sequence[Any]) -> NDArray[np.float64]:
        risk = predictor.risk(columns)
        return _frozen(risk if self.recalibration is None else self.recalibration.apply(risk))

    def _repr_html_(self) -> str:
        return html_table(self.to_frame(), caption=f"Risk model of {self.outcome or 'an outcome'}")


def _foreign_check() -> Check:
    return Check(
        name="training data",
        state=State.WARN,
        sentence="The classifier was fitted elsewhere: which patients and columns it saw is not known here.",
        advice="Measure it on patients it has not seen.",
    )


def _frozen(values: NDArray[np.float64]) -> NDArray[np.float64]:
    values.setflags(write=False)
    return values
