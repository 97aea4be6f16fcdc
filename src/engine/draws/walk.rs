//! NumPy's one stream, walked along to the arrays that are missing.

use std::collections::BTreeMap;

use crate::experiment::UnitLaw;

use super::pending::PendingArray;
use super::place::Place;
use super::{Source, Stream};
use crate::engine::numpy::NumpyStream;

/// States remembered, 2.5 KB each, before all are let go.
const MARKS: usize = 4096;
/// Numbers passed over without asking whether to go on: some milliseconds.
const PACE: usize = 1 << 20;

/// The stream of one seed, remembered at the beginning of each array that was drawn, so that
/// an array more need not walk from the start.
#[derive(Default)]
pub(super) struct Walk {
    seed: u64,
    marks: BTreeMap<Place, NumpyStream>,
}

/// A stream and where it is.
struct Walker {
    place: Place,
    stream: Stream,
}

impl Walk {
    /// Draws these arrays of one seed in the order of the stream; now and then tells `proceed` the
    /// share of their numbers that is drawn. `false` where it said stop.
    pub(super) fn draw(
        &mut self,
        seed: u64,
        pending: &mut [PendingArray],
        proceed: &mut dyn FnMut(f32) -> bool,
    ) -> bool {
        let whole: usize = pending.iter().map(PendingArray::len).sum();
        let mut drawn = 0;
        if seed != self.seed || self.marks.len() > MARKS {
            *self = Self { seed, marks: BTreeMap::new() };
        }
        pending.sort_by_key(place_of);
        let mut walker: Option<Walker> = None;
        for array in pending {
            let place = place_of(array);
            let mark = self.last_before(place);
            let on_the_way = |here: &Walker| here.place.leads_to(place) && mark.place <= here.place;
            let mut here = walker.take().filter(on_the_way).unwrap_or(mark);
            let share = drawn as f32 / whole.max(1) as f32;
            while here.place != place && proceed(share) {
                here.step_towards(place);
            }
            self.mark(&here);
            if here.place != place || !proceed(share) {
                return false;
            }
            array.draw_from(&mut here.stream);
            here.place = place.after(array.request.law, array.len());
            drawn += array.len();
            walker = Some(here);
        }
        walker.iter().for_each(|walker| self.mark(walker));
        true
    }

    /// The remembered state next before the place, or the stream's beginning.
    fn last_before(&self, place: Place) -> Walker {
        let mark = self.marks.range(..=place).rev().find(|(mark, _)| mark.leads_to(place));
        let (place, state) = match mark {
            Some((&place, state)) => (place, state.clone()),
            // `np.random.seed` takes 32 bits; an experiment with a larger seed is refused.
            None => (Place::default(), NumpyStream::new(self.seed as u32)),
        };
        Walker { place, stream: Stream::Numpy(Box::new(state)) }
    }

    fn mark(&mut self, walker: &Walker) {
        if let Stream::Numpy(state) = &walker.stream {
            self.marks.entry(walker.place).or_insert_with(|| (**state).clone());
        }
    }
}

impl Walker {
    /// Passes over numbers of the first kind that is wanting.
    fn step_towards(&mut self, there: Place) {
        let wanting = [
            (UnitLaw::Normal, there.normals - self.place.normals),
            (UnitLaw::Uniform, there.uniforms - self.place.uniforms),
            (UnitLaw::TruncatedNormal, there.truncated - self.place.truncated),
        ];
        if let Some((law, numbers)) = wanting.into_iter().find(|(_, numbers)| *numbers > 0) {
            let numbers = numbers.min(PACE);
            self.stream.skip(law, numbers);
            self.place = self.place.after(law, numbers);
        }
    }
}

fn place_of(array: &PendingArray) -> Place {
    match array.request.source {
        Source::Numpy(place) => place,
        Source::Layered(_) => unreachable!("a layered array has a stream of its own"),
    }
}
