//! The advised loss scale against training in `float16` with PyTorch.
//!
//! `tests/data/loss_scale.py` wrote `tests/data/loss_scale.json`: of 40 networks the largest share
//! of a layer's δ, ∂W and ∂b that PyTorch flushes with every loss scale from 2^-14 to 2^15, and
//! whether anything overflows.

mod helpers;

use gradient_lab::engine::Format;
use gradient_lab::experiment::Experiment;
use gradient_lab::study::{
    DrawStudy, EMULATED, LossScale, Rule, ScaleRange, TaskContext, precision,
};
use helpers::experiment;
use serde_json::Value;

const LEAST: i64 = -14;
const MOST: i64 = 15;

/// What PyTorch found with a loss scale.
struct Found {
    weight: f64,
    any: f64,
    overflow: bool,
}

fn found(case: &Value, power: i64) -> Found {
    let place = usize::try_from(power - LEAST).expect("within the table");
    let share = |key: &str| case[key][place].as_f64().expect("a share");
    let weight = share("weight");
    let any = weight.max(share("delta")).max(share("bias"));
    Found { weight, any, overflow: case["overflow"][place] != 0 }
}

fn advice(experiment: &Experiment) -> ScaleRange {
    let report = precision(&mut DrawStudy::new(), experiment, &TaskContext::unattended());
    let variant = report.expect("nobody stops it").variants.remove(0);
    match variant.scales[Format::Fp16.place()] {
        LossScale::Range(range) => range,
        other => panic!("{other:?} of {experiment:?}"),
    }
}

/// Whether PyTorch agrees with a range: what is advised flushes under 1 % of ∂W of every layer
/// and overflows nothing, and so do the ends; the scales just outside flush 1 % or more of some
/// layer's δ, ∂W or ∂b, or overflow.
fn agrees(case: &Value, range: &ScaleRange) -> Result<(), String> {
    for power in [range.chosen, range.least, range.most] {
        let found = found(case, power);
        if found.weight >= 0.01 || found.any >= 0.01 || found.overflow {
            return Err(format!("2^{power} flushes {} or overflows", found.any));
        }
    }
    for power in [range.least - 1, range.most + 1] {
        if (LEAST..=MOST).contains(&power) {
            let found = found(case, power);
            if found.any < 0.01 && !found.overflow {
                return Err(format!("2^{power} would do as well"));
            }
        }
    }
    Ok(())
}

#[test]
fn the_advised_loss_scale_keeps_what_pytorch_trains_with() {
    assert!(EMULATED.contains(&Format::Fp16));
    let cases: Value = serde_json::from_str(include_str!("data/loss_scale.json")).expect("JSON");
    let cases = cases.as_array().expect("a list");
    assert_eq!(cases.len(), 40);
    let (mut own_ends, mut shifted, mut needed) = ([0, 0], 0, 0);
    let mut failed = Vec::new();
    for case in cases {
        let experiment = experiment(case["toml"].as_str().expect("a text"));
        let range = advice(&experiment);
        assert_eq!(range.rule, Rule::Entries);
        if let Err(why) = agrees(case, &range) {
            failed.push(format!("{why}: {range:?} of {}", case["toml"]));
            continue;
        }
        needed += usize::from(range.chosen != 0);
        own_ends[0] += usize::from(range.least > LEAST);
        own_ends[1] += usize::from(range.most < MOST);
        // A range that is off by one power is found out, where the format does not set its end.
        for (least, most) in [(-1, 0), (1, 0), (0, -1), (0, 1)] {
            let (least, most) = (range.least + least, range.most + most);
            if (LEAST..=MOST).contains(&least) && (LEAST..=MOST).contains(&most) && least <= most {
                let moved = ScaleRange { least, most, ..range };
                shifted += 1;
                assert!(agrees(case, &moved).is_err(), "{moved:?} of {}", case["toml"]);
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
    let batches = |experiment: &Experiment| experiment.architecture.batch;
    let batches =
        cases.iter().map(|case| batches(&experiment(case["toml"].as_str().expect("a text"))));
    assert!(batches.clone().any(|batch| batch == 1) && batches.clone().any(|batch| batch == 1024));
    assert!(own_ends[0] > 20 && own_ends[1] > 15 && shifted > 80, "{own_ends:?} {shifted}");
    assert!(needed > 3, "{needed} networks need a loss scale");
}
