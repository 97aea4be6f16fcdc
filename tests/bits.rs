//! The bits of passes, frozen: those of every preset, of every experiment of the chapter and of
//! every activation far out. They are the same on any machine and number of threads, and a change
//! of the engine's inside must leave them alone.

use gradient_lab::engine::{
    DrawCache, ExactLaw, Executor, Format, FromDraws, LayerRecord, Network, Pass, Real, Scaled,
    Serial, record,
};
use gradient_lab::experiment::{
    Activation, Architecture, Experiment, Init, LeakyRelu, Loss, Preset, Scheme, Variant,
};
use gradient_lab::gui::chapter;
use gradient_lab::study::{TaskContext, factors, jacobian_spectrum};

/// Two threads that share a layer's rows out between them.
struct TwoThreads;

impl Executor for TwoThreads {
    fn threads(&self) -> usize {
        2
    }

    fn join<A: Send, B: Send>(
        &self,
        first: impl FnOnce() -> A + Send,
        second: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        std::thread::scope(|scope| {
            let second = scope.spawn(second);
            (first(), second.join().expect("no share panics"))
        })
    }
}

/// FNV-1a over the bits of numbers.
struct Hash(u64);

impl Hash {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn word(&mut self, word: u64) {
        for byte in word.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn number(&mut self, number: Scaled) {
        self.word(number.mantissa().to_bits());
        self.word(number.exponent() as u64);
    }

    fn numbers(&mut self, numbers: impl IntoIterator<Item = Scaled>) {
        numbers.into_iter().for_each(|number| self.number(number));
    }
}

/// z, a, φ′, δ, ∂W, ∂b and the norms of one precision's passes through all variants, by the
/// threads of an executor; of a gradient the entries of the first 40 layers.
fn bits<T: Real + FromDraws>(experiment: &Experiment, executor: &impl Executor, hash: &mut Hash) {
    for variant in &experiment.variants {
        let network = build::<T>(experiment, variant);
        let mut kept = None;
        let pass = network.pass_in(&mut kept, executor, &mut || true).expect("nobody stops it");
        hash.number(pass.loss);
        for index in 0..pass.layers.len() {
            layer(pass, index, hash);
        }
        record(&network, pass).iter().for_each(|record| norms(record, hash));
    }
}

fn build<T: Real + FromDraws>(experiment: &Experiment, variant: &Variant) -> Network<T> {
    Network::build(experiment, variant, &mut DrawCache::new(), &mut || true)
        .expect("nobody stops it")
}

fn layer<T: Real>(pass: &Pass<T>, index: usize, hash: &mut Hash) {
    let trace = &pass.layers[index];
    for example in 0..trace.z.batch() {
        hash.numbers(trace.z.column(example));
        hash.numbers(trace.a.column(example));
        hash.numbers(trace.delta.column(example));
    }
    trace.slope.iter().for_each(|slope| hash.word(slope.to_f64().to_bits()));
    if index < 40 {
        for gradient in [pass.weight_gradient(index), pass.bias_gradient(index)] {
            let (rows, columns) = gradient.dim();
            let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
            hash.numbers(places.map(|(row, column)| gradient.get(row, column)));
        }
    }
}

fn norms(record: &LayerRecord, hash: &mut Hash) {
    hash.numbers([record.delta, record.weight_grad, record.bias_grad]);
    let moments = [record.activation_mean, record.activation_std, record.preactivation_std];
    hash.numbers(moments.into_iter().flatten());
}

/// Preset, its bits in f64 and in f32, as at commit e79e9ad; but for `deep`, whose one output has
/// the same z in all five examples, and whose standard deviation was 5.6e-17 and is 0, and for `xor`,
/// whose biases NumPy's stream draws in another place since, and whose seed is another.
const FROZEN: [(&str, u64, u64); 9] = [
    ("chapter-16", 0x477b_45e8_f131_96ce, 0x72b9_ab47_4462_574c),
    ("worked-example", 0x2c16_545c_13a9_35e5, 0x3457_4661_7f81_2e19),
    ("xor", 0xfef0_998c_c4d1_91d1, 0x20f1_afc6_5708_a795),
    ("cost-5-10-8-3", 0x729b_b1af_b176_1a63, 0xf330_9bdd_0bec_b7a1),
    ("vanishing", 0x26ba_94df_e2ba_fc78, 0x9fcf_5a7a_3a5d_2baf),
    ("exploding", 0xfc0f_f88e_3c80_355e, 0xe4a5_cda5_265e_d43e),
    ("xavier-vs-he", 0x3ec0_809f_2077_44c4, 0x23b6_90f2_6b55_d5b2),
    ("deep", 0x20b2_0869_088b_7180, 0x2a79_0ef4_7b60_1977),
    ("orthogonal", 0x0ffb_9b05_e216_ff12, 0xd7e9_10be_33d4_a66e),
];

/// The experiments that only the chapter has, and their buttons.
const CHAPTER: [(&str, &str); 10] = [
    ("activations", "Show in the lab: four activations, 30 layers"),
    ("cross-entropy", "16.1: the worked example under cross-entropy"),
    ("depth-scale", "Show in the lab: tanh below, on and above the critical line"),
    ("initializations", "Show in the lab: one tanh net, four initializations"),
    ("relu-alive", "Show in the lab: the same weights, linear output"),
    ("sigmoid-gains", "Show in the lab: sigmoid with gain 1, 4 and 10"),
    ("softmax", "16.4: softmax over three classes"),
    ("wrong-cross-entropy", "16.1: confidently wrong, cross-entropy"),
    ("wrong-squared-error", "16.1: confidently wrong, squared error"),
    ("xor-symmetric", "16.2: XOR from equal weights"),
];

fn chapter_experiments() -> impl Iterator<Item = (&'static str, Experiment)> {
    let buttons = chapter::actions();
    CHAPTER.into_iter().map(move |(id, label)| {
        let button = buttons.iter().find(|button| button.label == label).expect("a button");
        (id, button.experiment().expect("a valid file"))
    })
}

/// The chapter's experiments, their bits in f64 and in f32, as at commit a7000ca.
const FROZEN_CHAPTER: [(&str, u64, u64); 10] = [
    ("activations", 0x0eec_8033_3672_f73b, 0x7bbf_cb0e_de82_4205),
    ("cross-entropy", 0x5673_dd9a_b7b3_9565, 0xcad4_d4e8_1d65_5459),
    ("depth-scale", 0x7c58_bbb4_853d_3b91, 0x1c9b_9329_d940_4612),
    ("initializations", 0x531a_7524_3637_dd78, 0xb590_b4a9_b490_7d03),
    ("relu-alive", 0x4f74_a150_840b_8015, 0xb1c6_fd40_320b_ea8b),
    ("sigmoid-gains", 0x3ca2_13a6_950d_ec9c, 0x0ff7_782f_da09_46b0),
    ("softmax", 0x3272_bf78_4cf3_d701, 0x4ac3_6688_1e0b_831d),
    ("wrong-cross-entropy", 0x49e0_e854_86b6_2d19, 0xc18d_6424_97a1_a9bd),
    ("wrong-squared-error", 0x2680_8069_2ce9_a8fd, 0xdd9f_d1c2_329c_f541),
    ("xor-symmetric", 0xcb6f_f154_9cab_50a5, 0x5db9_93cb_b7b9_c519),
];

/// The wide experiments of [`far_out`], their bits in f64 and in f32, as at commit a7000ca.
const FROZEN_FAR: [(&str, u64, u64); 6] = [
    ("plain", 0x8677_52cc_99be_ab15, 0xbfa8_f034_3c48_24ac),
    ("biased", 0x6e03_c3dd_4f53_4d93, 0xc670_7cc6_7d88_c291),
    ("large", 0xf893_ca33_1a8c_70de, 0xe63e_20e0_f56f_e0b6),
    ("larger", 0x547f_6376_1cdf_1a5d, 0x60a4_7f32_c40d_f1d3),
    ("small", 0xbc50_2529_9990_0dd3, 0xe80e_a6c2_501c_490b),
    ("smaller", 0xe785_b066_e95b_a669, 0xb7c6_fa11_2bf5_6837),
];

/// The presets that were frozen: later ones have no bits from before, and some need a batch.
fn presets() -> impl Iterator<Item = (&'static str, Experiment)> {
    let is_frozen = |preset: &Preset| FROZEN.iter().any(|(id, ..)| *id == preset.id);
    let frozen = Preset::ALL.into_iter().filter(is_frozen);
    frozen.map(|preset| (preset.id, preset.experiment()))
}

#[test]
fn every_presets_passes_have_the_bits_they_had() {
    assert_frozen(presets(), &FROZEN);
}

#[test]
fn the_chapters_passes_have_the_bits_they_had() {
    assert_frozen(chapter_experiments(), &FROZEN_CHAPTER);
}

#[test]
fn wide_and_far_passes_have_the_bits_they_had() {
    assert_frozen(far_out(), &FROZEN_FAR);
}

/// Compares the bits in f64 and f32 with those that are frozen, on one thread and on two.
fn assert_frozen(
    experiments: impl Iterator<Item = (&'static str, Experiment)>,
    frozen: &[(&str, u64, u64)],
) {
    let mut found = Vec::new();
    for (id, mut experiment) in experiments {
        let [mut double, mut single] = [Hash::new(), Hash::new()];
        let [mut shared_double, mut shared_single] = [Hash::new(), Hash::new()];
        for batch in [1, 5] {
            if experiment.data.is_none() {
                experiment.architecture.batch = batch;
            }
            bits::<f64>(&experiment, &Serial, &mut double);
            bits::<f32>(&experiment, &Serial, &mut single);
            bits::<f64>(&experiment, &TwoThreads, &mut shared_double);
            bits::<f32>(&experiment, &TwoThreads, &mut shared_single);
        }
        assert_eq!([double.0, single.0], [shared_double.0, shared_single.0], "{id}, two threads");
        found.push((id, double.0, single.0));
    }
    assert_eq!(found, frozen, "{found:#x?}");
}

/// The activations that there were when the bits were frozen.
const FROZEN_ACTIVATIONS: [Activation; 8] = [
    Activation::Linear,
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::Relu,
    Activation::LeakyRelu(LeakyRelu::DEFAULT),
    Activation::Selu,
    Activation::Gelu,
    Activation::Silu,
];

/// Layers wide enough that two threads share them, one variant for each activation: some of
/// ordinary size, some whose z or δ leaves every float, with biases and without.
fn far_out() -> impl Iterator<Item = (&'static str, Experiment)> {
    let experiment = |gain: f64, bias: f64, loss: Loss, output: usize| {
        let variant = |activation| {
            let bias = Init { std: Some(bias), ..Init::of(Scheme::Normal) };
            let mut variant = Variant { bias, ..Variant::of(activation) };
            variant.init.gain = Some(gain);
            variant
        };
        let architecture =
            Architecture { depth: 3, width: 460, output, loss, ..Architecture::default() };
        let variants = FROZEN_ACTIVATIONS.into_iter().map(variant).collect();
        Experiment { architecture, variants, ..Experiment::default() }
    };
    [
        ("plain", experiment(1.0, 0.0, Loss::Mse, 3)),
        ("biased", experiment(1.0, 0.5, Loss::SoftmaxCe, 4)),
        ("large", experiment(1e60, 0.5, Loss::Mse, 2)),
        ("larger", experiment(30.0, 1.0, Loss::Bce, 2)),
        ("small", experiment(1e-60, 0.0, Loss::Mse, 2)),
        ("smaller", experiment(1e-30, 1e-20, Loss::SoftmaxCe, 2)),
    ]
    .into_iter()
}

/// What an emulated pass in a narrow format stores, and its records.
fn emulated(network: &Network<f64>, format: Format, hash: &mut Hash) {
    let mut pass = network.emulated_forward(format, &mut || true).expect("nobody stops it");
    network.emulated_backward(format, 3, &mut pass, &mut || true).expect("nobody stops it");
    hash.number(pass.loss);
    for index in 0..pass.layers.len() {
        for tensor in pass.layers[index].stored() {
            tensor.iter().for_each(|entry| hash.word(u64::from(entry.to_bits())));
        }
        let mut row = |_: usize, entries: &[f32]| {
            entries.iter().for_each(|entry| hash.word(u64::from(entry.to_bits())));
            true
        };
        pass.stored_weight_gradient(format, index, &mut row).expect("nobody stops it");
        let bias = pass.stored_bias_gradient(format, index);
        bias.iter().for_each(|entry| hash.word(u64::from(entry.to_bits())));
        hash.numbers(pass.layers[index].stored_profile());
    }
    let exact = record(network, &network.pass());
    let records = network.emulated_record(format, &pass, &exact, &mut || true);
    for record in records.expect("nobody stops it") {
        hash.numbers([record.delta, record.weight_grad, record.bias_grad]);
        hash.word(format!("{:?} {:?}", record.zero, record.plain).len() as u64);
    }
}

/// The factors of BP2 and the singular values of the first example's Jacobians.
fn taken_apart(network: &Network<f64>, hash: &mut Hash) {
    let (pass, task) = (network.pass(), TaskContext::unattended());
    for step in factors(network, &pass, &task).expect("nobody stops it").steps {
        hash.numbers([step.ratio, step.weight_gain, step.slope_factor].into_iter().flatten());
        let plain = [step.mean_slope, step.rms_slope, step.max_slope, step.spectral_norm.value()];
        plain.into_iter().for_each(|number| hash.word(number.to_bits()));
    }
    let Ok(spectrum) = jacobian_spectrum(network, &pass, 0, pass.layers.len().min(60), &task)
    else {
        return;
    };
    for layer in spectrum.layers {
        layer.log10.iter().for_each(|log10| hash.word(log10.to_bits()));
        hash.word(layer.zeros as u64);
        hash.word(layer.relative_error.to_bits());
    }
}

/// Norms of three seeds by the exact law, where it applies.
fn exact_law(experiment: &Experiment, variant: &Variant, hash: &mut Hash) {
    let mut experiment = experiment.clone();
    experiment.architecture.batch = 1;
    if let Ok(mut law) = ExactLaw::new(&experiment, variant) {
        (0..3).for_each(|seed| hash.numbers(law.draw(seed).iter().copied()));
    }
}

/// Experiment, then the bits of emulated passes, of factors and Jacobians, of the exact law.
const FROZEN_READERS: [(&str, [u64; 3]); 25] = [
    ("chapter-16", [0x6077_6a94_4bd3_7c7e, 0xc350_8db8_65ea_17b1, 0x4088_3d81_ec8b_eb87]),
    ("worked-example", [0x823c_0844_aca3_1544, 0xe595_1a45_1f7b_9077, 0xcbf2_9ce4_8422_2325]),
    ("xor", [0x8d24_c47a_1a0e_af25, 0xd3b3_8387_f8bc_0460, 0x76dd_9238_49bb_fce9]),
    ("cost-5-10-8-3", [0x597e_e1c7_6d45_3b2a, 0x2c86_caff_33e2_685b, 0x8c8a_5e53_9ea9_fd78]),
    ("vanishing", [0xbea3_c673_b7ed_356b, 0x95dc_79b9_625d_7578, 0xc803_8ed4_6beb_7ed8]),
    ("exploding", [0x8fe4_e4ef_4433_cdd1, 0x37e7_28fd_8097_a3bc, 0xe805_628a_be1b_9550]),
    ("xavier-vs-he", [0x8679_e201_1207_56a8, 0x3d60_33c7_4f56_5fa2, 0x47a2_2d49_aea1_f142]),
    ("deep", [0x5475_2c82_4420_a24b, 0xef28_7d39_a897_ffd2, 0x07a2_ef00_8b73_0bb4]),
    ("orthogonal", [0x50e8_3492_2666_1c58, 0x83de_e551_3e46_8624, 0xb640_55d2_311b_1691]),
    ("activations", [0x275f_db7c_832a_0384, 0x24d5_1559_a7fc_c9b4, 0xc937_de76_940a_0265]),
    ("cross-entropy", [0xb956_4cbb_6022_646b, 0x7164_8203_020e_7c8a, 0xcbf2_9ce4_8422_2325]),
    ("depth-scale", [0xd52f_3d5f_4b3d_1827, 0x0b6f_b04d_8da6_a8d4, 0x3c04_6b96_daea_3d69]),
    ("initializations", [0xa68e_c80f_04cc_0c77, 0xfd07_a328_8ce9_5fb1, 0x3ce9_8211_80b9_385b]),
    ("relu-alive", [0xbcba_0775_6bd0_b74e, 0x8364_f196_d97a_f408, 0x7cb1_b767_e767_02f1]),
    ("sigmoid-gains", [0xe0a7_c51a_6f40_686f, 0x9b4d_6fd7_f5b7_20fb, 0xcead_a723_2755_5916]),
    ("softmax", [0x5ec7_f2d5_6a45_d62c, 0xea92_4ccc_1ded_009c, 0x48be_5fd8_3a35_73d8]),
    ("wrong-cross-entropy", [0x750c_016f_a7bf_d8cc, 0x259a_da80_917e_5298, 0xcbf2_9ce4_8422_2325]),
    ("wrong-squared-error", [0xd340_1f00_1b08_71fb, 0xed83_f904_3f4a_b35a, 0xcbf2_9ce4_8422_2325]),
    ("xor-symmetric", [0x9e62_00d2_590c_3993, 0x6c91_2a4a_d5f6_f968, 0xcbf2_9ce4_8422_2325]),
    ("plain", [0xb6c3_5943_fb29_788f, 0xcbf2_9ce4_8422_2325, 0xee98_402a_759b_8ee5]),
    ("biased", [0xf663_d44a_fa68_4321, 0xcbf2_9ce4_8422_2325, 0xf44b_9f6c_fcdc_f6b3]),
    ("large", [0xf4e5_ba8c_1e62_bb25, 0xcbf2_9ce4_8422_2325, 0xdcf5_7508_eeea_d1e8]),
    ("larger", [0x4966_7d3b_3043_2c3a, 0xcbf2_9ce4_8422_2325, 0x2699_88da_5c20_313c]),
    ("small", [0x56a1_6e21_deb8_f31b, 0xcbf2_9ce4_8422_2325, 0xf67a_4f3b_16b9_ba23]),
    ("smaller", [0x751d_3e88_90b3_75d0, 0xcbf2_9ce4_8422_2325, 0xc36f_bba0_3aa3_ffb8]),
];

#[test]
fn what_reads_the_network_has_the_bits_it_had() {
    let mut found = Vec::new();
    for (id, experiment) in presets().chain(chapter_experiments()).chain(far_out()) {
        let mut hashes = [Hash::new(), Hash::new(), Hash::new()];
        for variant in &experiment.variants {
            let network = build::<f64>(&experiment, variant);
            emulated(&network, Format::Fp16, &mut hashes[0]);
            emulated(&network, Format::Bf16, &mut hashes[0]);
            if experiment.sizes().iter().all(|&units| units <= 200) {
                taken_apart(&network, &mut hashes[1]);
            }
            exact_law(&experiment, variant, &mut hashes[2]);
        }
        found.push((id, hashes.map(|hash| hash.0)));
    }
    assert_eq!(found, FROZEN_READERS, "{found:#x?}");
}
