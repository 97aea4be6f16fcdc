//! Undo and redo of the experiment.

use std::rc::Rc;

use crate::experiment::Experiment;

use super::document::SharedDocument;

/// Steps kept. An experiment without explicit weights takes a few hundred bytes.
const KEPT: usize = 200;

/// An experiment, and the document to which it belongs.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is set.
    pub experiment: Experiment,
    /// Its document; two documents are the same where they are one in memory.
    pub document: SharedDocument,
}

impl Step {
    fn is(&self, experiment: &Experiment, document: &SharedDocument) -> bool {
        Rc::ptr_eq(&self.document, document) && self.experiment == *experiment
    }
}

/// The experiments before and after the present one.
///
/// A drag of a slider and a word in a field pass through many experiments but are one step each:
/// the present one is settled only when the pointer is let go or the field is left.
#[derive(Default)]
pub struct History {
    past: Vec<Step>,
    future: Vec<Step>,
    settled: Option<Step>,
}

impl History {
    /// Remembers a settled experiment, if it differs from the last one.
    pub fn settle(&mut self, experiment: &Experiment, document: &SharedDocument) {
        if self.settled.as_ref().is_some_and(|settled| settled.is(experiment, document)) {
            return;
        }
        let present = Step { experiment: experiment.clone(), document: document.clone() };
        if let Some(before) = self.settled.replace(present) {
            self.past.push(before);
            self.future.clear();
            if self.past.len() > KEPT {
                self.past.remove(0);
            }
        }
    }

    /// One step back from the settled experiment.
    pub fn undo(&mut self) -> Option<Step> {
        let before = self.past.pop()?;
        self.future.extend(self.settled.replace(before.clone()));
        Some(before)
    }

    /// One step forward again.
    pub fn redo(&mut self) -> Option<Step> {
        let after = self.future.pop()?;
        self.past.extend(self.settled.replace(after.clone()));
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
    use crate::gui::document::Document;

    fn with_depth(depth: usize) -> Experiment {
        let mut experiment = Experiment::default();
        experiment.architecture.depth = depth;
        experiment
    }

    #[test]
    fn undo_and_redo_walk_the_settled_steps() {
        let document = Document::default().share();
        let mut history = History::default();
        let depth = |step: Option<Step>| step.map(|step| step.experiment.architecture.depth);
        for depth in [1, 2, 3] {
            history.settle(&with_depth(depth), &document);
        }
        assert_eq!(depth(history.undo()), Some(2));
        assert_eq!(depth(history.undo()), Some(1));
        assert_eq!(depth(history.undo()), None);
        assert_eq!(depth(history.redo()), Some(2));
        history.settle(&with_depth(9), &document);
        assert!(!history.can_redo());
        assert_eq!(depth(history.undo()), Some(2));
    }

    #[test]
    fn a_step_over_a_change_of_document_brings_the_document() {
        let [first, second] = [Document::default().share(), Document::default().share()];
        let mut history = History::default();
        history.settle(&with_depth(1), &first);
        // The same experiment in another file is another step.
        history.settle(&with_depth(1), &second);
        let back = history.undo().expect("a step");
        assert!(Rc::ptr_eq(&back.document, &first));
        // What is saved meanwhile counts for every step of the document.
        first.borrow_mut().kept = Some(with_depth(1));
        assert!(!back.document.borrow().is_unsaved(&back.experiment));
        let forward = history.redo().expect("a step");
        assert!(Rc::ptr_eq(&forward.document, &second));
        assert!(forward.document.borrow().is_unsaved(&forward.experiment));
    }
}
