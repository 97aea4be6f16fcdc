//! What a button of the chapter does: it sets an experiment and goes to a page.

use crate::experiment::{Experiment, ExperimentError, Preset};

use crate::gui::pages::Page;

/// A button.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    /// What it shows, in a few words; no two buttons have the same.
    pub label: &'static str,
    /// The experiment that it sets.
    pub setup: Setup,
    /// Where it is shown.
    pub place: Place,
}

/// Where an action's experiment comes from.
#[derive(Clone, Copy, Debug)]
pub enum Setup {
    /// The preset of that name.
    Preset(&'static str),
    /// An experiment file's text.
    File(&'static str),
}

/// An experiment file of the chapter, from `assets/story`.
macro_rules! file {
    ($name:literal) => {
        $crate::gui::story::Setup::File(include_str!(concat!(
            "../../../assets/story/",
            $name,
            ".toml"
        )))
    };
}
pub(super) use file;

/// Where an action leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Bars and strips of ‖δ‖.
    Flow,
    /// The diagram.
    Graph,
    /// The factors of BP2.
    Why,
    /// The gradient check and the multiply-adds.
    Check,
    /// Many seeds, and the theory.
    Ensemble,
    /// One pass, number by number.
    Steps,
}

/// For each place its page's tab, and the page that serves as long as there is no such tab.
const PLACES: [(Place, &str, Page); 6] = [
    (Place::Flow, "Gradient flow", Page::Flow),
    (Place::Graph, "Graph", Page::Graph),
    (Place::Why, "Why", Page::Flow),
    (Place::Check, "Check and cost", Page::Graph),
    (Place::Ensemble, "Ensemble and theory", Page::Flow),
    (Place::Steps, "Step by step", Page::Graph),
];

impl Place {
    /// The page.
    pub fn page(self) -> Page {
        let find = |&(place, tab, otherwise): &(Self, &str, Page)| {
            let page = Page::ALL.into_iter().find(|page| page.label() == tab);
            (place == self).then(|| page.unwrap_or(otherwise))
        };
        PLACES.iter().find_map(find).unwrap_or_default()
    }
}

impl Action {
    /// The experiment that it sets.
    ///
    /// # Errors
    /// What is wrong with it; a test sees to it that nothing is.
    pub fn experiment(&self) -> Result<Experiment, ExperimentError> {
        match self.setup {
            Setup::Preset(id) => Ok(Preset::find(id).map(Preset::experiment).unwrap_or_default()),
            Setup::File(text) => Experiment::from_toml(text),
        }
    }

    /// What will happen, for the tooltip.
    pub fn hint(&self) -> String {
        format!(
            "Sets this experiment and opens the page “{}”. Undo (Ctrl+Z) brings your own back.",
            self.place.page().label()
        )
    }
}
