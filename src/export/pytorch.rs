//! A variant as a PyTorch module: the same layers, initialization, normalization, skips and loss.

use std::fmt::Write as _;

use crate::experiment::{
    Activation, Experiment, FanMode, Init, Loss, NormKind, Scheme, Skip, TRUNCATED_STD, UnitLaw,
    Variant,
};

/// Given numbers that a snippet holds at the most.
const MOST_NUMBERS: usize = 10_000;

/// Why there is no snippet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnippetError {
    /// Given weights fill pages.
    #[error(
        "this variant has {0} given weights, too many for a snippet; write them with `run --weights` and load the file"
    )]
    TooManyNumbers(usize),
}

/// The module `Net` of a variant with what initializes it, and `loss_of`: text to be pasted into a
/// program. It needs PyTorch 2.4 or later where there is RMS normalization.
///
/// Layers, their laws and what lies between them are those of the lab, but not its random numbers:
/// the snippet's networks are others of the same ensemble.
///
/// # Errors
/// [`SnippetError`] where the variant's given weights are too many to be read.
///
/// ```
/// use gradient_lab::experiment::Experiment;
/// use gradient_lab::export::pytorch::snippet;
/// let chapter = Experiment::default();
/// let text = snippet(&chapter, &chapter.variants[0]).expect("nothing is given");
/// assert!(text.contains("nn.init.xavier_normal_(layer.weight)"));
/// ```
pub fn snippet(experiment: &Experiment, variant: &Variant) -> Result<String, SnippetError> {
    let numbers = variant.weights.iter().flatten().flatten().map(Vec::len).sum::<usize>();
    if numbers > MOST_NUMBERS {
        return Err(SnippetError::TooManyNumbers(numbers));
    }
    let parts = Parts { experiment, variant, sizes: experiment.sizes(), text: String::new() };
    Ok(parts.write())
}

struct Parts<'a> {
    experiment: &'a Experiment,
    variant: &'a Variant,
    sizes: Vec<usize>,
    text: String,
}

impl Parts<'_> {
    fn write(mut self) -> String {
        let one_line = |words: &str| words.replace(['\n', '\r'], " ");
        let name = one_line(&self.variant.name);
        self.line(0, &format!("# {name}: {}", one_line(&self.variant.describe())));
        let architecture = &self.experiment.architecture;
        let loss = architecture.loss.label().to_lowercase();
        self.line(0, &format!("# {} · {loss}", architecture.describe_sizes()));
        self.text += "import math\n\nimport torch\nfrom torch import nn\n\n\n";
        if self.activations().iter().any(|phi| matches!(phi, Activation::Sine(_))) {
            self.text += "class Sine(nn.Module):\n    def __init__(self, omega):\n        super().__init__()\n        self.omega = omega\n\n    def forward(self, z):\n        return torch.sin(self.omega * z)\n\n\n";
        }
        self.text += "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n";
        self.modules();
        self.line(2, "self.init_weights()");
        self.text.push('\n');
        self.initialization();
        self.text.push('\n');
        self.forward();
        if self.is_lsuv() {
            self.lsuv();
        }
        self.text.push_str("\n\n");
        self.loss();
        self.text
    }

    fn line(&mut self, depth: usize, text: &str) {
        // Writing to a text cannot fail.
        let _ = writeln!(self.text, "{}{text}", "    ".repeat(depth));
    }

    fn layers(&self) -> usize {
        self.sizes.len() - 1
    }

    fn activations(&self) -> Vec<Activation> {
        (1..=self.layers()).map(|l| self.experiment.activation_of(self.variant, l)).collect()
    }

    /// Layers that are drawn, from 0: of tied ones the first.
    fn drawn(&self) -> Vec<usize> {
        let layers = self.layers();
        (0..layers).filter(|&index| !self.variant.shares_weights(index + 1, layers)).collect()
    }

    fn modules(&mut self) {
        let layers = self.layers();
        let sizes = runs(&self.sizes, |size| size.to_string());
        self.line(2, &format!("sizes = {sizes}"));
        if self.variant.tied && layers > 3 {
            let last = layers - 1;
            self.line(2, "# Hidden layers from the second on share one weight matrix.");
            self.line(2, "shared = nn.Linear(sizes[1], sizes[2])");
            self.line(
                2,
                &format!("dense = [nn.Linear(sizes[0], sizes[1])] + [shared] * {}", last - 1),
            );
            self.line(2, "self.dense = nn.ModuleList(dense + [nn.Linear(sizes[-2], sizes[-1])])");
        } else {
            self.line(
                2,
                "self.dense = nn.ModuleList(nn.Linear(n, m) for n, m in zip(sizes, sizes[1:]))",
            );
        }
        if let Some(norm) = self.variant.normalization {
            let class = match norm.kind {
                NormKind::Batch => "BatchNorm1d",
                NormKind::Layer => "LayerNorm",
                NormKind::Rms => "RMSNorm",
            };
            let epsilon = python(norm.epsilon);
            self.line(
                2,
                &format!(
                    "self.norm = nn.ModuleList(nn.{class}(n, eps={epsilon}) for n in sizes[1:-1])"
                ),
            );
        }
        let mut all = self.activations();
        // Where the loss takes logits, nothing comes behind z.
        if self.experiment.architecture.loss.cancels_slope()
            && let Some(output) = all.last_mut()
        {
            *output = Activation::Linear;
        }
        self.line(2, &format!("self.phi = nn.ModuleList({})", runs(&all, |phi| module(*phi))));
    }

    fn initialization(&mut self) {
        self.line(1, "@torch.no_grad()");
        self.line(1, "def init_weights(self):");
        let drawn = self.drawn();
        if let Some(weights) = self.variant.weights.clone() {
            for (index, rows) in weights.iter().enumerate() {
                let text = rows.iter().map(|row| list(row)).collect::<Vec<_>>().join(", ");
                self.line(2, &format!("self.dense[{index}].weight.copy_(torch.tensor([{text}]))"));
            }
        } else {
            self.in_runs(&drawn, |parts, index| {
                let init = parts.variant.init_of(index + 1);
                law(init, "layer.weight")
            });
        }
        if let Some(biases) = self.variant.biases.clone() {
            for (index, row) in biases.iter().enumerate() {
                self.line(
                    2,
                    &format!("self.dense[{index}].bias.copy_(torch.tensor({}))", list(row)),
                );
            }
        } else {
            self.in_runs(&drawn, |parts, index| {
                law(parts.variant.bias_of(index + 1), "layer.bias")
            });
        }
    }

    /// A loop for each run of layers that are drawn alike.
    fn in_runs(&mut self, drawn: &[usize], lines: impl Fn(&Self, usize) -> Vec<String>) {
        let all: Vec<(usize, Vec<String>)> = drawn.iter().map(|&i| (i, lines(self, i))).collect();
        let alike = all.chunk_by(|(_, one), (_, other)| one == other);
        for run in alike.map(<[_]>::to_vec).collect::<Vec<_>>() {
            let (first, last) = (run[0].0, run[run.len() - 1].0);
            let range = match (first, last + 1 == self.layers()) {
                (0, true) => String::new(),
                (first, true) => format!("[{first}:]"),
                (first, false) => format!("[{first}:{}]", last + 1),
            };
            self.line(2, &format!("for layer in self.dense{range}:"));
            if run[0].1.iter().any(|line| line.contains("fan_")) {
                self.line(3, "fan_out, fan_in = layer.weight.shape");
            }
            run[0].1.iter().for_each(|line| self.line(3, line));
        }
    }

    fn forward(&mut self) {
        let depth = self.layers() - 1;
        let norm = |of: &str, l: &str| match self.variant.normalization {
            Some(_) => format!("self.norm[{l}]({of})"),
            None => of.to_owned(),
        };
        let alpha = self.variant.skip_scale.of_depth(depth);
        let alpha = if alpha == 1.0 { String::new() } else { format!("{} * ", python(alpha)) };
        let dense = |l: &str, of: &str| format!("self.dense[{l}]({of})");
        let mut lines = Vec::new();
        match self.variant.skip {
            None => {
                let z = dense("l", "h");
                lines.push("h = x".to_owned());
                lines.push(format!("for l in range({depth}):"));
                lines.push(format!("    h = self.phi[l]({})", norm(&z, "l")));
            }
            Some(Skip::Post) => {
                lines.push(format!("h = self.phi[0]({})", norm(&dense("0", "x"), "0")));
                lines.push(format!("for l in range(1, {depth}):"));
                lines.push(format!(
                    "    h = h + {alpha}self.phi[l]({})",
                    norm(&dense("l", "h"), "l")
                ));
            }
            Some(Skip::Pre) => {
                lines.push(format!("h = {}", dense("0", "x")));
                lines.push(format!("for l in range(1, {depth}):"));
                let inner = format!("self.phi[l - 1]({})", norm("h", "l - 1"));
                lines.push(format!("    h = h + {alpha}{}", dense("l", &inner)));
                let last = (depth - 1).to_string();
                lines.push(format!("h = self.phi[{last}]({})", norm("h", &last)));
            }
            Some(Skip::PostNorm) => {
                lines.push(format!(
                    "h = {}",
                    norm(&format!("self.phi[0]({})", dense("0", "x")), "0")
                ));
                lines.push(format!("for l in range(1, {depth}):"));
                let sum = format!("h + {alpha}self.phi[l]({})", dense("l", "h"));
                lines.push(format!("    h = {}", norm(&sum, "l")));
            }
        }
        lines.push(format!("return self.phi[{depth}]({})", dense(&depth.to_string(), "h")));
        self.line(1, "def forward(self, x):");
        lines.iter().for_each(|line| self.line(2, line));
    }

    fn is_lsuv(&self) -> bool {
        let is_it = |l: usize| self.variant.init_of(l).scheme == Scheme::Lsuv;
        self.variant.weights.is_none() && (1..=self.layers()).any(is_it)
    }

    /// Scales the layers one after the other: call it once with a batch of the data.
    fn lsuv(&mut self) {
        let fitted = self
            .drawn()
            .into_iter()
            .filter(|index| self.variant.init_of(index + 1).scheme == Scheme::Lsuv);
        let gains: Vec<String> = fitted
            .map(|index| format!("{index}: {}", python(self.variant.init_of(index + 1).gain())))
            .collect();
        self.text.push('\n');
        self.line(1, "@torch.no_grad()");
        self.line(1, "def lsuv(self, x):");
        self.line(2, "\"\"\"Call once with a batch of the data, before training.\"\"\"");
        self.line(2, &format!("for l, gain in {{{}}}.items():", gains.join(", ")));
        for line in [
            "    for _ in range(10):",
            "        z = []",
            "        hook = self.dense[l].register_forward_hook(lambda layer, of, out: z.append(out))",
            "        self(x)",
            "        hook.remove()",
            "        std = z[0].std(correction=0)",
            "        if abs(std**2 - gain**2) < 0.1 * gain**2:",
            "            break",
            "        self.dense[l].weight.mul_(gain / std)",
        ] {
            self.line(2, line);
        }
    }

    fn loss(&mut self) {
        self.line(0, "def loss_of(output, y):");
        let text = match self.experiment.architecture.loss {
            Loss::Mse => "return 0.5 * ((output - y) ** 2).sum(dim=1).mean()",
            Loss::Bce => {
                "return nn.functional.binary_cross_entropy_with_logits(output, y, reduction=\"sum\") / len(y)"
            }
            Loss::SoftmaxCe => "return nn.functional.cross_entropy(output, y)",
        };
        self.line(1, text);
    }
}

/// `[a] + [b] * 20 + [c]`, or a plain list where nothing repeats.
fn runs<T: PartialEq>(all: &[T], text: impl Fn(&T) -> String) -> String {
    let parts: Vec<String> = all
        .chunk_by(|a, b| a == b)
        .map(|run| match run.len() {
            1 => format!("[{}]", text(&run[0])),
            // Modules without parameters may be shared.
            count => format!("[{}] * {count}", text(&run[0])),
        })
        .collect();
    parts.join(" + ")
}

fn module(activation: Activation) -> String {
    match activation {
        Activation::Linear => "nn.Identity()".to_owned(),
        Activation::Sigmoid => "nn.Sigmoid()".to_owned(),
        Activation::Tanh => "nn.Tanh()".to_owned(),
        Activation::Relu => "nn.ReLU()".to_owned(),
        Activation::LeakyRelu(own) => format!("nn.LeakyReLU({})", python(own.slope)),
        Activation::Selu => "nn.SELU()".to_owned(),
        Activation::Gelu => "nn.GELU()".to_owned(),
        Activation::Silu => "nn.SiLU()".to_owned(),
        Activation::Elu(own) => format!("nn.ELU({})", python(own.alpha)),
        Activation::Softplus => "nn.Softplus()".to_owned(),
        Activation::Sine(own) => format!("Sine({})", python(own.omega)),
    }
}

/// The lines that draw one array.
fn law(init: &Init, what: &str) -> Vec<String> {
    let gain = init.gain();
    let with_gain = |call: &str| match gain {
        1.0 => vec![format!("nn.init.{call}({what})")],
        gain => vec![format!("nn.init.{call}({what}, gain={})", python(gain))],
    };
    if init.unit_law() == UnitLaw::TruncatedNormal {
        let std = scale(init);
        return vec![
            format!(
                "std = {std} / {TRUNCATED_STD}  # cut at two of it, the variance is that of {std}"
            ),
            format!("nn.init.trunc_normal_({what}, std=std, a=-2 * std, b=2 * std)"),
        ];
    }
    match init.scheme {
        Scheme::Zeros => vec![format!("nn.init.zeros_({what})")],
        Scheme::Constant => vec![format!("nn.init.constant_({what}, {})", python(init.value()))],
        Scheme::XavierNormal => with_gain("xavier_normal_"),
        Scheme::XavierUniform => with_gain("xavier_uniform_"),
        Scheme::Orthogonal => with_gain("orthogonal_"),
        Scheme::Lsuv => vec![format!("nn.init.orthogonal_({what})  # then lsuv() scales it")],
        Scheme::Identity if gain == 1.0 => vec![format!("nn.init.eye_({what})")],
        Scheme::Identity => vec![format!("nn.init.eye_({what}).mul_({})", python(gain))],
        Scheme::HeNormal | Scheme::HeUniform if init.gain.is_none() => {
            let law = if init.scheme == Scheme::HeNormal { "normal" } else { "uniform" };
            let mode = init.mode().id();
            vec![format!("nn.init.kaiming_{law}_({what}, mode=\"{mode}\", nonlinearity=\"relu\")")]
        }
        Scheme::Normal | Scheme::LecunNormal | Scheme::HeNormal => {
            vec![format!("nn.init.normal_({what}, std={})", scale(init))]
        }
        Scheme::Uniform | Scheme::LecunUniform | Scheme::HeUniform | Scheme::TorchDefault => vec![
            format!("bound = {}", scale(init)),
            format!("nn.init.uniform_({what}, -bound, bound)"),
        ],
    }
}

/// Standard deviation or bound of one array, in Python.
fn scale(init: &Init) -> String {
    let gain = init.gain();
    let times = |root: String| match gain {
        1.0 => root,
        gain => format!("{} * {root}", python(gain)),
    };
    let fan = if init.mode() == FanMode::FanOut { "fan_out" } else { "fan_in" };
    match init.scheme {
        Scheme::Normal => python(init.std() * gain),
        Scheme::Uniform => python(init.bound() * gain),
        Scheme::LecunNormal => times("math.sqrt(1 / fan_in)".to_owned()),
        Scheme::TorchDefault => times("math.sqrt(1 / fan_in)".to_owned()),
        Scheme::LecunUniform => times("math.sqrt(3 / fan_in)".to_owned()),
        Scheme::XavierNormal => times("math.sqrt(2 / (fan_in + fan_out))".to_owned()),
        Scheme::XavierUniform => times("math.sqrt(6 / (fan_in + fan_out))".to_owned()),
        Scheme::HeNormal => times(format!("math.sqrt(1 / {fan})")),
        Scheme::HeUniform => times(format!("math.sqrt(3 / {fan})")),
        Scheme::Zeros | Scheme::Constant | Scheme::Orthogonal | Scheme::Lsuv | Scheme::Identity => {
            python(gain)
        }
    }
}

fn list(numbers: &[f64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(|&number| python(number)).collect();
    format!("[{}]", numbers.join(", "))
}

/// A number as Python reads it, to the last bit.
fn python(number: f64) -> String {
    format!("{number:?}")
}
