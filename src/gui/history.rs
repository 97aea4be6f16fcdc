//! Undo and redo of the experiment.

use crate::experiment::Experiment;

/// Steps kept. An experiment without explicit weights takes a few hundred bytes.
const KEPT: usize = 200;

/// The experiments before and after the present one.
///
/// A drag of a slider passes through many experiments but is one step: the present one is
/// settled only when the pointer is let go.
#[derive(Default)]
pub struct History {
    past: Vec<Experiment>,
    future: Vec<Experiment>,
    settled: Option<Experiment>,
}

impl History {
    /// Remembers a settled experiment, if it differs from the last one.
    pub fn settle(&mut self, present: &Experiment) {
        if self.settled.as_ref() == Some(present) {
            return;
        }
        if let Some(before) = self.settled.replace(present.clone()) {
            self.past.push(before);
            self.future.clear();
            if self.past.len() > KEPT {
                self.past.remove(0);
            }
        }
    }

    /// One step back.
    pub fn undo(&mut self, present: &Experiment) -> Option<Experiment> {
        self.settle(present);
        let before = self.past.pop()?;
        self.future.push(present.clone());
        self.settled = Some(before.clone());
        Some(before)
    }

    /// One step forward again.
    pub fn redo(&mut self, present: &Experiment) -> Option<Experiment> {
        self.settle(present);
        let after = self.future.pop()?;
        self.past.push(present.clone());
        self.settled = Some(after.clone());
        Some(after)
    }

    /// Whether there is a step back.
    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    /// Whether there is a step forward.
    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_depth(depth: usize) -> Experiment {
        let mut experiment = Experiment::default();
        experiment.architecture.depth = depth;
        experiment
    }

    #[test]
    fn undo_and_redo_walk_the_settled_steps() {
        let mut history = History::default();
        for depth in [1, 2, 3] {
            history.settle(&with_depth(depth));
        }
        assert_eq!(history.undo(&with_depth(3)), Some(with_depth(2)));
        assert_eq!(history.undo(&with_depth(2)), Some(with_depth(1)));
        assert_eq!(history.undo(&with_depth(1)), None);
        assert_eq!(history.redo(&with_depth(1)), Some(with_depth(2)));
        history.settle(&with_depth(9));
        assert!(!history.can_redo());
        assert_eq!(history.undo(&with_depth(9)), Some(with_depth(2)));
    }
}
