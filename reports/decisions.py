"""Where the paper is silent or contradicts itself: the default we chose, and what else can be asked for."""

from __future__ import annotations

from typing import NamedTuple


class Decision(NamedTuple):
    """A question that the paper leaves open, and our answer."""

    topic: str
    open: str
    chosen: str


DECISIONS = (
    Decision(
        "Sign of the guides (Sec. 3.1)",
        "All four terms are added with the same sign, which would raise params, MACs and latency.",
        "Accuracy up, the three costs down; the direction belongs to each objective.",
    ),
    Decision(
        "Gradient of log f (Sec. 3.1)",
        "The logarithm of a regressor's output is undefined where that is not positive.",
        "The gradient of the predicted standardised label, as DiffusionNAG's release implements it.",
    ),
    Decision(
        "Labels of the costs",
        "Their scale is not given, though the printed scaling factors depend on it.",
        "Reference mode: z-score / 100 over the training rows, as for accuracy, so that the printed factors mean "
        "something. Fast mode has its own labels and factors, which are not comparable with the paper's.",
    ),
    Decision(
        "One set of factors for a whole batch (Sec. 3.4)",
        "All 128 samples of a phase follow the same four guides; strong ones lead them to the same architectures.",
        "Reference mode as written. In fast mode each sample descends one cost with its own multiple of the factor, "
        "and samples repel each other (particle guidance), which buys fronts without duplicates. No sample is dropped "
        "or drawn again.",
    ),
    Decision(
        "Params and MACs on NASBench201",
        "Treated as two objectives.",
        "Kept as two, but they take the same 28 values in the same order: one front, one guide in effect.",
    ),
    Decision(
        "Uniqueness and novelty (Table 4)",
        "Neither is defined.",
        "Distinct valid / valid, and distinct valid outside the reference set / distinct valid, by string, as in the "
        "DiffusionNAG release; isomorphism classes beside.",
    ),
    Decision(
        "Validity (Table 4)",
        "The decoding is not given.",
        "Last denoised mean thresholded at 0.5, nothing repaired. With an arg max every output is valid, also that of "
        "random weights.",
    ),
    Decision(
        "What the denoiser learns on MobileNetV3",
        "A network learns from examples which rows of a stage may be empty, and gets a quarter of them wrong.",
        "Reference mode as written. In fast mode what a stage's noisy rows say of its depth and blocks is computed "
        "exactly (Bayes' rule over its three depths), and a network learns only what is left; for uniform draws that "
        "is nothing. Nothing is repaired after decoding.",
    ),
    Decision(
        "Balanced configuration (Sec. 3.4)",
        "Highest ratio of accuracy to metric, which Table 5 contradicts: there the ratio is highest at Eff.",
        "The knee of the front; the printed rule is an option.",
    ),
    Decision(
        "Sampling of the meta-dataset (App. A)",
        "95 % from the top 250 by mean test accuracy on three data sets, two of which are then evaluated.",
        "Uniform: nothing is chosen with test accuracies. Where a top 250 is needed, it is by the mean of the two "
        "available columns; with two of three, 189 of the 250 coincide.",
    ),
    Decision(
        "DiffusionNAG as a baseline (Sec. 3.4)",
        "One factor of 10,000 in every experiment and the top five; the release lowers the factor round by round and "
        "keeps all.",
        "The paper's description.",
    ),
    Decision(
        "Guided range of noise (Sec. 3.1)",
        "The noise range of sampling is not given; the release holds two.",
        "Reference mode: 0.1 to 5 everywhere. Fast mode: 0.1 to 10 in few steps.",
    ),
    Decision(
        "Dataset encoder (Sec. 3.3)",
        "ViT-B/16 trained on ImageNet, whose weights have to be downloaded.",
        "EfficientNet-Lite0, whose weights come in a package; ResNet18 and ViT-B/16 are options.",
    ),
    Decision(
        "Runs behind ± (Tables 2, 4)",
        "Three runs; whether t or normal quantiles, is not said.",
        "Student t, 95 %, n printed with every number.",
    ),
    Decision(
        "What a search may look at (Table 2)",
        "Black-box baselines choose by the looked-up test accuracy.",
        "Kept, since the table does it; guided methods choose by predictors that never saw the judged data set's "
        "accuracies. Their hyper-parameters (features, weight decay, the weights of label sources) were chosen by the "
        "rank correlation with both tables, so these cells are not free of them.",
    ),
)
