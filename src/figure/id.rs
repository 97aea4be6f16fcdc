//! The figures by name: what each is called, what it shows, and its size on paper.

use crate::study::SpreadSignal;

/// Every figure of the lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FigureId {
    /// Bars of ‖δ^(l)‖ by layer, grouped by variant.
    Norms,
    /// One heatmap strip of log10 ‖δ^(l)‖ for each variant.
    Strips,
    /// Layer × unit heatmap of log10 |δ_j^(l)| of one variant.
    Units,
    /// All of them on one sheet.
    Sheet,
    /// The network's diagram with δ on its way back.
    Graph,
    /// Weight gain and slope factor of every step back.
    Factors,
    /// The factors multiplied up, beside what was measured.
    Product,
    /// Shares of dead and saturated units.
    Shares,
    /// Largest, median and smallest singular value of ∂z^(L)/∂z^(l) by layer.
    Jacobian,
    /// All singular values at one layer.
    Spectrum,
    /// The gradient check's error against the step h.
    Check,
    /// Every checked derivative: its size and its error beside its error bound.
    Derivatives,
    /// Multiply-adds by layer.
    Cost,
    /// ‖δ^(l)‖ of many seeds by layer, beside the theory.
    Ensemble,
    /// The distribution of one layer's ‖δ^(l)‖ over many seeds.
    Histogram,
    /// What the theory predicts of every layer.
    Theory,
    /// χ over σ_w².
    Chi,
    /// A map over two settings; of its own, the phase diagram.
    Sweep,
    /// Layer × value: how a signal is spread in every layer.
    Dist(SpreadSignal),
    /// How a signal is spread in some layers, one outline each.
    Ridge(SpreadSignal),
    /// The norms between the ends of the floating-point formats, and what fp16 and bf16 keep.
    Precision,
    /// Format × layer: the share of δ, ∂W or ∂b that is flushed to zero.
    Flush,
    /// Loss and accuracy of every variant, step by step.
    Training,
    /// Gradient norm and update ratio of each layer at one step of a training.
    TrainingLayers,
    /// Size of the activations and share of dead units of each layer at one step of a training.
    TrainingActivations,
    /// Layer × step: ‖∂L/∂W^(l)‖ over a training of one variant.
    TrainingHeat,
    /// The loss scale of a training in a narrow format, and what it leaves of the gradients.
    LossScale,
    /// What a network with two inputs says of every point after a training.
    DecisionSurface,
    /// Loss against a learning rate that grows from step to step.
    RateTest,
}

/// What is said of a figure, and its size on paper.
struct Spec {
    id: &'static str,
    label: &'static str,
    hint: &'static str,
    size: [f32; 2],
}

impl FigureId {
    /// Every figure, in the order in which menus show them.
    pub const ALL: [Self; 37] = [
        Self::Norms,
        Self::Strips,
        Self::Units,
        Self::Sheet,
        Self::Graph,
        Self::Factors,
        Self::Product,
        Self::Shares,
        Self::Jacobian,
        Self::Spectrum,
        Self::Check,
        Self::Derivatives,
        Self::Cost,
        Self::Ensemble,
        Self::Histogram,
        Self::Theory,
        Self::Chi,
        Self::Sweep,
        Self::Dist(SpreadSignal::Z),
        Self::Dist(SpreadSignal::A),
        Self::Dist(SpreadSignal::Delta),
        Self::Dist(SpreadSignal::Weight),
        Self::Dist(SpreadSignal::WeightGradient),
        Self::Ridge(SpreadSignal::Z),
        Self::Ridge(SpreadSignal::A),
        Self::Ridge(SpreadSignal::Delta),
        Self::Ridge(SpreadSignal::Weight),
        Self::Ridge(SpreadSignal::WeightGradient),
        Self::Precision,
        Self::Flush,
        Self::Training,
        Self::TrainingLayers,
        Self::TrainingActivations,
        Self::TrainingHeat,
        Self::LossScale,
        Self::DecisionSurface,
        Self::RateTest,
    ];

    fn spec(self) -> Spec {
        let spec = |id, label, hint, size| Spec { id, label, hint, size };
        match self {
            Self::Norms => spec(
                "norms",
                "Norms by layer",
                "Bars of the error signal's norm ‖δ^(l)‖ by layer, grouped by variant.",
                [960.0, 560.0],
            ),
            Self::Strips => spec(
                "strips",
                "Norms as heatmap strips",
                "One strip for each variant: log10 ‖δ^(l)‖ by layer on a shared colour scale.",
                [960.0, 320.0],
            ),
            Self::Units => spec(
                "units",
                "Units of each layer",
                "Layer × unit: log10 |δ_j^(l)| of every unit of one variant.",
                [960.0, 560.0],
            ),
            Self::Sheet => spec(
                "sheet",
                "The whole sheet",
                "Norms, strips, units and the diagnosis on one sheet.",
                [1100.0, 1320.0],
            ),
            Self::Graph => spec(
                "graph",
                "The network as a graph",
                "The network's diagram: units, weights, and δ on its way back.",
                [1100.0, 640.0],
            ),
            Self::Factors => spec(
                "factors",
                "The factors of each step back",
                "Weight gain × slope factor of every step back, on a log axis.",
                [960.0, 520.0],
            ),
            Self::Product => spec(
                "product",
                "The factors multiplied",
                "The factors multiplied from the output, beside the measured norms.",
                [960.0, 520.0],
            ),
            Self::Shares => spec(
                "shares",
                "Dead and saturated units",
                "Shares of dead and saturated units by layer.",
                [960.0, 440.0],
            ),
            Self::Jacobian => spec(
                "jacobian",
                "Singular values by layer",
                "Largest, median and smallest singular value of ∂z^(L)/∂z^(l) by layer.",
                [960.0, 520.0],
            ),
            Self::Spectrum => spec(
                "spectrum",
                "Singular values at one layer",
                "All singular values of ∂z^(L)/∂z^(l) at one layer.",
                [960.0, 440.0],
            ),
            Self::Check => spec(
                "check",
                "The gradient check",
                "Backpropagation against one-sided and centred differences: the error against h.",
                [960.0, 520.0],
            ),
            Self::Derivatives => spec(
                "derivatives",
                "Every checked derivative",
                "Every checked derivative: its size and its error beside the bound.",
                [960.0, 440.0],
            ),
            Self::Cost => spec(
                "cost",
                "The cost of a pass",
                "Multiply-adds of forward pass, deltas and weight gradients by layer.",
                [960.0, 440.0],
            ),
            Self::Ensemble => spec(
                "ensemble",
                "Ensemble and theory by layer",
                "‖δ^(l)‖ of 1000 seeds by layer: median, 5–95 % band, true zeros, and the theory.",
                [1100.0, 820.0],
            ),
            Self::Histogram => spec(
                "histogram",
                "Distribution in one layer",
                "How ‖δ^(1)‖ is distributed over 1000 seeds, beside the theory.",
                [960.0, 560.0],
            ),
            Self::Theory => spec(
                "theory",
                "The theory’s prediction",
                "Predicted ‖δ^(l)‖ with its band at this width, and χ over σ_w².",
                [1100.0, 900.0],
            ),
            Self::Chi => spec(
                "chi",
                "χ over σ_w²",
                "χ, what a step back multiplies ‖δ‖² by, over σ_w²: below 1 it vanishes.",
                [960.0, 560.0],
            ),
            Self::Sweep => spec(
                "sweep",
                "Sweep",
                "A map over two settings; rendered, the (σ_w, σ_b) phase diagram of the first variant.",
                [960.0, 640.0],
            ),
            Self::Dist(SpreadSignal::Z) => spec(
                "dist-z",
                "Distribution of z by layer",
                "Layer × value: how the pre-activations z are spread, zeros apart.",
                [960.0, 720.0],
            ),
            Self::Dist(SpreadSignal::A) => spec(
                "dist-a",
                "Distribution of a by layer",
                "Layer × value: how the activations a are spread, zeros apart.",
                [960.0, 720.0],
            ),
            Self::Dist(SpreadSignal::Delta) => spec(
                "dist-delta",
                "Distribution of δ by layer",
                "Layer × value: how the sizes |δ| are spread, by decades.",
                [960.0, 720.0],
            ),
            Self::Dist(SpreadSignal::Weight) => spec(
                "dist-w",
                "Distribution of W by layer",
                "Layer × value: how the weights W are spread, zeros apart.",
                [960.0, 720.0],
            ),
            Self::Dist(SpreadSignal::WeightGradient) => spec(
                "dist-dw",
                "Distribution of ∂W by layer",
                "Layer × value: how the sizes |∂L/∂W| are spread, by decades.",
                [960.0, 720.0],
            ),
            Self::Ridge(SpreadSignal::Z) => spec(
                "ridge-z",
                "Outlines of z by layer",
                "The same histograms as one outline a layer.",
                [960.0, 720.0],
            ),
            Self::Ridge(SpreadSignal::A) => spec(
                "ridge-a",
                "Outlines of a by layer",
                "The same histograms as one outline a layer.",
                [960.0, 720.0],
            ),
            Self::Ridge(SpreadSignal::Delta) => spec(
                "ridge-delta",
                "Outlines of δ by layer",
                "The same histograms as one outline a layer.",
                [960.0, 720.0],
            ),
            Self::Ridge(SpreadSignal::Weight) => spec(
                "ridge-w",
                "Outlines of W by layer",
                "The same histograms as one outline a layer.",
                [960.0, 720.0],
            ),
            Self::Ridge(SpreadSignal::WeightGradient) => spec(
                "ridge-dw",
                "Outlines of ∂W by layer",
                "The same histograms as one outline a layer.",
                [960.0, 720.0],
            ),
            Self::Precision => spec(
                "precision",
                "What the formats keep",
                "‖δ^(l)‖ between the ends of fp8, fp16, bf16 and fp32, with what fp16 and bf16 keep, and the loss scale.",
                [960.0, 720.0],
            ),
            Self::Flush => spec(
                "flush",
                "Shares flushed to zero",
                "Format × layer: the share of δ, ∂W or ∂b of the mean loss that each format flushes to zero, the largest of the three.",
                [960.0, 580.0],
            ),
            Self::Training => spec(
                "training",
                "Loss and accuracy",
                "Loss and accuracy of every variant over a training, and what is found in it.",
                [1100.0, 820.0],
            ),
            Self::TrainingLayers => spec(
                "training-layers",
                "Layers at a step",
                "‖∂L/∂W^(l)‖ and the update ratio ‖ΔW^(l)‖/‖W^(l)‖ by layer at one step of a training.",
                [960.0, 820.0],
            ),
            Self::TrainingActivations => spec(
                "training-activations",
                "Activations at a step",
                "Size of the activations a^(l) and share of dead units by layer at one step of a training.",
                [960.0, 820.0],
            ),
            Self::TrainingHeat => spec(
                "training-heat",
                "Gradients over a training",
                "Layer × step: log10 ‖∂L/∂W^(l)‖ of one variant over a training.",
                [960.0, 620.0],
            ),
            Self::LossScale => spec(
                "loss-scale",
                "Loss scale over a training",
                "The loss scale of a training in fp16 or bf16, and the share of the gradient that flushes to zero.",
                [960.0, 820.0],
            ),
            Self::DecisionSurface => spec(
                "decision-surface",
                "Decision surface",
                "What a network with two inputs says of every point after a training, under its examples.",
                [760.0, 640.0],
            ),
            Self::RateTest => spec(
                "rate-test",
                "Learning rate finder",
                "Loss against a learning rate that grows from step to step, and the rate to take.",
                [960.0, 560.0],
            ),
        }
    }

    /// The name on the command line.
    pub fn id(self) -> &'static str {
        self.spec().id
    }

    /// The name on screen.
    pub fn label(self) -> &'static str {
        self.spec().label
    }

    /// What it shows, in a sentence.
    pub fn hint(self) -> &'static str {
        self.spec().hint
    }

    /// A good size on paper, in points (1/96 inch).
    pub fn default_size(self) -> [f32; 2] {
        self.spec().size
    }

    /// The figure of that name.
    pub fn find(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|figure| figure.id() == id)
    }

    /// Whether it shows one draw of the networks: [`Figure::of_draw`](super::Figure::of_draw) makes it.
    pub fn is_of_draw(self) -> bool {
        matches!(self, Self::Norms | Self::Strips | Self::Units | Self::Sheet)
    }
}
