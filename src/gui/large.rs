//! Networks so large that one wants to know what they take before they are computed.

use crate::experiment::Experiment;
use crate::study::Estimate;

/// Bytes from which on a network is large: an eighth of a small machine's memory.
const BYTES: f64 = 1e9;
/// Seconds from which on it is.
const SECONDS: f64 = 5.0;

/// What a person has agreed to.
#[derive(Default)]
pub struct Agreement {
    most: Option<Estimate>,
}

impl Agreement {
    /// A sentence on what the experiment takes, where that is much and more than was agreed to.
    pub fn question(&self, experiment: &Experiment) -> Option<String> {
        let estimate = Estimate::of(experiment);
        let [bytes, seconds] =
            self.most.map_or([BYTES, SECONDS], |most| [most.bytes, most.seconds]);
        (estimate.bytes > bytes || estimate.seconds > seconds).then(|| sentence(estimate))
    }

    /// Agrees to whatever takes no more than this experiment, or is not large.
    pub fn agree(&mut self, experiment: &Experiment) {
        let estimate = Estimate::of(experiment);
        self.most = Some(Estimate {
            bytes: estimate.bytes.max(BYTES),
            seconds: estimate.seconds.max(SECONDS),
        });
    }
}

fn sentence(Estimate { bytes, seconds }: Estimate) -> String {
    let memory = if bytes >= 1e9 {
        format!("{:.1} GB", bytes / 1e9)
    } else {
        format!("{:.0} MB", (bytes / 1e7).ceil() * 10.0)
    };
    let time = match seconds {
        ..1.5 => "a second".to_owned(),
        ..90.0 => format!("{seconds:.0} s"),
        _ => format!("{:.0} min", seconds / 60.0),
    };
    format!("This network takes about {memory} of memory and {time} to compute.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_agreed_to_is_not_asked_again() {
        let sized = |depth: usize, width: usize| {
            let mut experiment = Experiment::default();
            (experiment.architecture.depth, experiment.architecture.width) = (depth, width);
            experiment
        };
        let mut agreement = Agreement::default();
        assert_eq!(agreement.question(&sized(5, 4096)), None);
        let (large, larger) = (sized(10, 4096), sized(13, 4096));
        let question = agreement.question(&large).expect("1.2 GB");
        assert!(question.starts_with("This network takes about 1.2 GB"), "{question}");
        agreement.agree(&large);
        assert_eq!(agreement.question(&large), None);
        assert!(agreement.question(&larger).is_some());
    }
}
