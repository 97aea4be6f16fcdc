//! Experiments of which the page once said something false, and others of the same kinds.

use gradient_lab::engine::Format;
use gradient_lab::experiment::Experiment;
use gradient_lab::figure::words::precision::sentence;
use gradient_lab::study::{
    BackwardTensor, ForwardTensor, LossScale, NoScale, NormSum, PlainLoss, PrecisionFinding, Rule,
    ScaleRange, StoredLayer, VariantPrecision,
};

use super::{check, report};

fn read(toml: &str) -> Experiment {
    Experiment::from_toml(toml).unwrap_or_else(|error| panic!("{error}"))
}

/// The report of an experiment whose findings are all true.
fn true_lens(toml: &str) -> VariantPrecision {
    let experiment = read(toml);
    check(&experiment, &mut Vec::new());
    report(&experiment)
}

fn range(report: &VariantPrecision, format: Format) -> ScaleRange {
    match report.scales[format.place()] {
        LossScale::Range(range) => range,
        other => panic!("{other:?}"),
    }
}

fn words(report: &VariantPrecision, format: Format) -> String {
    let of_format = |finding: &&PrecisionFinding| finding.format().is_none_or(|f| f == format);
    report.findings.iter().filter(of_format).map(sentence).collect::<Vec<_>>().join(" ")
}

/// The loss is the mean over 1024 examples: its δ are 1024 times smaller than an example's own.
#[test]
fn a_large_batch_makes_the_gradients_small() {
    let of_batch = |batch: usize| {
        true_lens(&format!(
            "seed = 1\n[architecture]\ninput = 10\noutput = 1\nbatch = {batch}\ndepth = 8\n\
             width = 20\n[[variant]]\nname = 'a'\nactivation = 'sigmoid'\n\
             init = {{ scheme = 'xavier_normal' }}\n"
        ))
    };
    let report = of_batch(1024);
    let fp16 = report.emulation(Format::Fp16).expect("computed");
    // Layers 1 and 2 flush wholly without a scale, and more of the next than with one example.
    let alone = of_batch(1);
    let alone = alone.emulation(Format::Fp16).expect("computed");
    for index in 0..4 {
        let delta = |layer: &StoredLayer| layer.flushed[BackwardTensor::Delta as usize].ratio();
        let [batch, one] = [fp16, alone].map(|emulation| delta(&emulation.plain[index]));
        assert!(if index < 2 { batch == 1.0 } else { batch > one }, "{index}: {batch} {one}");
    }
    // 2^10, which it once advised, is too little.
    let range = range(&report, Format::Fp16);
    assert!(range.least > 10 && range.most == 15, "{range:?}");
    assert!(words(&report, Format::Fp16).contains("A loss scale of 2¹"), "{:?}", report.findings);
}

const SMALL_INPUTS: &str = "seed = 1
[architecture]
input = 32
output = 8
depth = 6
width = 64
[data]
x = [[0.00012882, 0.00014494, 6.63e-06, -7.645e-05, -0.00010922, 3.13e-06, -0.00010221, -0.00014368, 1.993e-05, 1.334e-05, 5.465e-05, -9.14e-05, 5e-07, -6.47e-06, -0.00015058, 5.38e-05, 3.207e-05, 0.00023891, 2.03e-05, -1.447e-05, 0.00012328, 1.988e-05, 9.09e-05, -3.655e-05, 2.182e-05, 0.00010243, 6.962e-05, 1.285e-05, -0.00010823, 4.452e-05, 7.69e-06, 7.205e-05]]
y = [[0.216, 1.088, -0.052, 0.202, 0.667, -1.087, -0.402, -0.5]]
[[variant]]
name = 'a'
activation = 'tanh'
init = { scheme = 'lecun_normal', gain = 0.35 }
output_activation = 'linear'
";

/// Every δ is kept, and most of ∂W is flushed: a loss scale cures it.
#[test]
fn weight_gradients_flush_where_delta_does_not() {
    let report = true_lens(SMALL_INPUTS);
    let fp16 = report.emulation(Format::Fp16).expect("computed");
    for layer in &fp16.plain[..6] {
        let [delta, weight, _] = layer.flushed;
        assert!(delta.is_kept() && (0.5..0.8).contains(&weight.ratio()), "{weight:?}");
    }
    let range = range(&report, Format::Fp16);
    assert!((range.least..=range.most).contains(&12) && range.least > 0, "{range:?}");
    let words = words(&report, Format::Fp16);
    assert!(words.contains("∂W of layer") && words.contains("A loss scale of"), "{words}");
}

/// Slopes of SiLU far below anything flush, and the norms do not notice.
#[test]
fn entries_far_below_a_norm_do_not_matter() {
    for (activation, gain) in [("silu", 10.0), ("gelu", 8.0)] {
        let report = true_lens(&format!(
            "seed = 1\n[architecture]\ninput = 32\noutput = 8\ndepth = 4\nwidth = 64\n\
             [[variant]]\nname = 'a'\nactivation = '{activation}'\n\
             init = {{ scheme = 'lecun_normal', gain = {gain} }}\noutput_activation = 'linear'\n"
        ));
        let range = range(&report, Format::Fp32);
        assert_eq!((range.rule, range.chosen), (Rule::Norms, 0), "{activation}");
        let factor = range.norms.and_then(|norms| norms.factor).expect("computed");
        assert!(factor < 1.0 + 1e-5, "{factor}");
        let words = words(&report, Format::Fp32);
        assert!(words.contains("No loss scale is needed"), "{words}");
    }
}

/// fp32 ends at 2^127, and σ′ is flushed before that.
#[test]
fn a_loss_scale_is_a_number_of_the_format() {
    let net = |w: f64| {
        true_lens(&format!(
            "[architecture]\ninput = 1\nhidden = [2]\noutput = 1\n[data]\nx = [[1.0]]\ny = [[1.0]]\n\
             [[variant]]\nname = 'a'\nactivation = 'sigmoid'\n\
             weights = [[[0.5], [-0.5]], [[{w:?}, {w:?}]]]\n"
        ))
    };
    let report = net(-200.0);
    let why = report.scales[Format::Fp32.place()];
    let LossScale::None(NoScale::ForwardFlush(loss)) = why else { panic!("{why:?}") };
    assert_eq!((loss.tensor, loss.layer), (ForwardTensor::Slope, 2));
    assert_eq!((loss.share.flushed, loss.share.of), (1, 1));
    let words = words(&report, Format::Fp32);
    assert!(words.contains("φ′ of layer 2 is flushed to 0 on the way forward"), "{words}");
    // Whatever is advised is within the format.
    for w in [-20.0, -60.0, -90.0, -100.0] {
        for (format, scale) in Format::ALL.into_iter().zip(&net(w).scales) {
            if let LossScale::Range(range) = scale {
                let ends = format.loss_scales();
                assert!(ends.contains(&range.least) && ends.contains(&range.most), "{range:?}");
            }
        }
    }
    assert_eq!(*Format::Fp32.loss_scales().end(), 127);
    assert_eq!(*Format::Fp16.loss_scales().end(), 15);
}

const TOO_LARGE: &str = "title = 'A forward value past 65504'
[architecture]
input = 1
hidden = [1]
output = 1
precision = 'fp16'
[data]
x = [[1.0]]
y = [[0.0]]
[[variant]]
name = 'linear'
activation = 'linear'
weights = [[[66246.3906]], [[0.001]]]
";

/// `run` says where the forward pass overflows, and what is infinite has no moments.
#[test]
fn a_forward_overflow_is_told_everywhere() {
    let report = true_lens(TOO_LARGE);
    let told = "In fp16 the forward pass overflows in layer 1.";
    assert!(words(&report, Format::Fp16).starts_with(told), "{:?}", report.findings);
    let draw = super::DrawStudy::new().run(&read(TOO_LARGE), &super::TaskContext::unattended());
    let draw = draw.expect("nobody stops it");
    let mut text = Vec::new();
    gradient_lab::export::json::write(&draw, &mut text).expect("memory takes it");
    let json: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    let variant = &json["variants"][0];
    assert_eq!(variant["precision"][0], told);
    for key in ["activation_mean", "activation_std", "preactivation_std"] {
        assert!(variant["layers"][0][key].is_null(), "{key}");
        assert!(variant["layers"][0][format!("{key}_log10")].is_null(), "{key}");
    }
    let view = gradient_lab::figure::View::default();
    let sheet =
        gradient_lab::figure::Figure::of_draw(gradient_lab::figure::FigureId::Sheet, &draw, view);
    assert!(sheet.notes[0].text.ends_with(told), "{:?}", sheet.notes);
}

/// Nine δ of 100: 90,000 is past fp16's 65,504.
#[test]
fn a_sum_of_squares_that_overflows_is_told() {
    let net = |units: usize| {
        let (first, second) = (vec!["[1.0]"; units].join(","), vec!["100.0"; units].join(","));
        format!(
            "[architecture]\ninput = 1\nhidden = [{units}]\noutput = 1\nprecision = 'fp16'\n\
             [data]\nx = [[0.0]]\ny = [[-1.0]]\n[[variant]]\nname = 'linear'\n\
             activation = 'linear'\nweights = [[{first}], [[{second}]]]\n"
        )
    };
    let infinite = |report: &VariantPrecision| {
        report.findings.contains(&PrecisionFinding::NormSum {
            format: Format::Fp16,
            sum: NormSum::Infinite,
            layers: vec![1],
        })
    };
    let report = true_lens(&net(9));
    let kept = PrecisionFinding::Plain { format: Format::Fp16, loss: PlainLoss::Nothing };
    assert!(infinite(&report) && report.findings.contains(&kept), "{:?}", report.findings);
    assert!(words(&report, Format::Fp16).contains("would be infinite"), "{:?}", report.findings);
    // Six are 60,000.
    assert!(!infinite(&true_lens(&net(6))));
    let draw = super::DrawStudy::new().run(&read(&net(9)), &super::TaskContext::unattended());
    let draw = draw.expect("nobody stops it").variants.remove(0);
    let told = gradient_lab::figure::words::flow::sentence(&draw.diagnosis);
    assert!(told.contains("lain fp16 arithmetic would print inf as the norm of layer 1"), "{told}");
}
