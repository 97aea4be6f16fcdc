//! Unit draws kept from one request to the next.

use std::sync::Arc;

use ahash::AHashSet;
use ndarray::Array2;

use crate::experiment::Draws;

use super::Request;
use super::entries::{CacheEntries, CacheEntry, Spare};
use super::pending::{Drawing, PendingArray};
use super::walk::Walk;

/// Unit draws kept from one request to the next.
///
/// They are found by seed, place or array, law and shape. What no longer fits goes, the longest
/// unused first; new draws take its memory over, since fresh memory costs the system more than
/// the numbers in it cost to draw.
pub struct DrawCache {
    entries: CacheEntries,
    walk: Walk,
    clock: u64,
    budget: usize,
    spare: Spare,
}

/// The arrays of one network, in the order of the requests.
#[derive(Default)]
pub(in crate::engine) struct Drawn {
    pub double: Vec<Arc<Array2<f64>>>,
    pub single: Vec<Arc<Array2<f32>>>,
}

/// What one network asks for.
#[derive(Clone, Copy)]
pub(in crate::engine) struct Wanted<'a> {
    pub seed: u64,
    pub draws: Draws,
    pub requests: &'a [Request],
    /// Whether in single precision.
    pub single: bool,
}

impl Default for DrawCache {
    fn default() -> Self {
        Self::keeping(Self::KEPT_BYTES / size_of::<f64>())
    }
}

impl DrawCache {
    /// Bytes of draws kept, those at work among them; more than that only for the last network.
    pub const KEPT_BYTES: usize = 128_000_000;

    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty cache that keeps so many numbers of 64 bits, and always the last network's.
    pub fn keeping(numbers: usize) -> Self {
        Self {
            entries: CacheEntries::default(),
            walk: Walk::default(),
            clock: 0,
            budget: numbers,
            spare: Spare::default(),
        }
    }

    /// Draws or finds the arrays, in order. Layered ones that are missing are given to `draw`,
    /// all at once; NumPy's stream tells it the share before each array. `None` where it said
    /// stop.
    pub(in crate::engine) fn draw(
        &mut self,
        wanted: Wanted<'_>,
        draw: &mut dyn FnMut(Drawing<'_>) -> bool,
    ) -> Option<Drawn> {
        self.clock += 1;
        let drawn = self.draw_missing(wanted, draw).then(|| self.find(wanted));
        self.forget_beyond(self.budget);
        // To give back much memory takes time, which a stop does not have.
        if drawn.is_some() {
            self.spare = Spare::default();
        }
        drawn
    }

    /// Draws what is not there yet; `false` where it was stopped.
    fn draw_missing(
        &mut self,
        wanted: Wanted<'_>,
        draw: &mut dyn FnMut(Drawing<'_>) -> bool,
    ) -> bool {
        let mut pending = self.pending(wanted);
        let complete = match wanted.draws {
            Draws::Layered => draw(Drawing::Arrays(&mut pending)),
            Draws::Numpy => {
                let mut proceed = |share| draw(Drawing::Share(share));
                self.walk.draw(wanted.seed, &mut pending, &mut proceed)
            }
        };
        // What was drawn before a stop serves the request that stopped it.
        for PendingArray { seed, request, memory, drawn, .. } in pending {
            memory.into_iter().for_each(|units| self.spare.give_back(units));
            if let Some(units) = drawn {
                self.entries.take((seed, request), units, self.clock);
            }
        }
        complete
    }

    /// The arrays, all of which are there.
    fn find(&self, wanted: Wanted<'_>) -> Drawn {
        let mut drawn = Drawn::default();
        for &request in wanted.requests {
            drawn.push(&self.entries.by_key[&(wanted.seed, request)], wanted.single);
        }
        drawn
    }

    /// The arrays that are not there yet, with the memory of others to draw them into.
    fn pending(&mut self, wanted: Wanted<'_>) -> Vec<PendingArray> {
        let Wanted { seed, requests, single, .. } = wanted;
        let mut missing = Vec::with_capacity(requests.len());
        let mut named = AHashSet::new();
        for &request in requests {
            // Constants of one shape are one array in NumPy's stream, from which they take nothing.
            if !self.entries.use_of((seed, request), single, self.clock) && named.insert(request) {
                missing.push(request);
            }
        }
        let numbers: usize = missing.iter().map(Request::len).sum();
        self.forget_beyond(self.budget.saturating_sub(if single { numbers / 2 } else { numbers }));
        let spare = &mut self.spare;
        let array = |request: Request| {
            let memory = spare.take((request.rows, request.columns), single);
            PendingArray { seed, request, single, memory, drawn: None }
        };
        missing.into_iter().map(array).collect()
    }

    /// Lets the least recently used draws go, but for those in use now, until the rest fits.
    fn forget_beyond(&mut self, numbers: usize) {
        while self.entries.numbers > numbers {
            let Some(oldest) = self.entries.oldest().filter(|&oldest| oldest < self.clock) else {
                return;
            };
            self.entries.forget(oldest, &mut self.spare);
        }
    }
}

impl Drawn {
    fn push(&mut self, entry: &CacheEntry, single: bool) {
        if single {
            self.single.extend(entry.single.clone());
        } else {
            self.double.extend(entry.double.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::experiment::{Pattern, UnitLaw};

    use super::*;
    use crate::engine::draws::{Place, Source, Tensor};

    fn weight(layer: usize, law: UnitLaw, rows: usize, columns: usize) -> Request {
        Request { source: Source::Layered(Tensor::Weight(layer)), law, rows, columns }
    }

    /// The arrays one behind the other in NumPy's stream, or each in its own.
    fn placed(draws: Draws, requests: &[Request]) -> Vec<Request> {
        let mut place = Place::default();
        let mut placed = |&request: &Request| {
            let source = Source::Numpy(place);
            place = place.after(request.law, request.len());
            Request { source, ..request }
        };
        match draws {
            Draws::Layered => requests.to_vec(),
            Draws::Numpy => requests.iter().map(&mut placed).collect(),
        }
    }

    fn draw_seed(
        cache: &mut DrawCache,
        seed: u64,
        draws: Draws,
        requests: &[Request],
    ) -> Vec<Arc<Array2<f64>>> {
        let requests = &placed(draws, requests);
        let wanted = Wanted { seed, draws, requests, single: false };
        cache.draw(wanted, &mut draw_each).expect("not stopped").double
    }

    fn draw_each(drawing: Drawing<'_>) -> bool {
        if let Drawing::Arrays(pending) = drawing {
            pending.iter_mut().for_each(PendingArray::draw);
        }
        true
    }

    /// How many arrays are handed out.
    fn count(drawing: &Drawing<'_>) -> usize {
        if let Drawing::Arrays(pending) = drawing { pending.len() } else { 0 }
    }

    fn draw(cache: &mut DrawCache, draws: Draws, requests: &[Request]) -> Vec<Arc<Array2<f64>>> {
        draw_seed(cache, 42, draws, requests)
    }

    #[test]
    fn a_kept_draw_is_the_same_as_a_fresh_one() {
        let short = [weight(1, UnitLaw::Normal, 3, 4), weight(2, UnitLaw::Normal, 2, 3)];
        let long = [short[0], short[1], weight(3, UnitLaw::Uniform, 5, 2)];
        let other = [short[0], weight(2, UnitLaw::Uniform, 2, 3)];
        for draws in Draws::ALL {
            let mut cache = DrawCache::new();
            for requests in [&short[..], &long, &other, &long, &short] {
                let fresh = draw(&mut DrawCache::new(), draws, requests);
                assert_eq!(draw(&mut cache, draws, requests), fresh);
            }
        }
    }

    #[test]
    fn memory_taken_over_leaves_no_trace() {
        let requests =
            [weight(1, UnitLaw::Normal, 7, 9), weight(2, UnitLaw::Fixed(Pattern::Ones), 7, 9)];
        for draws in Draws::ALL {
            let mut cache = DrawCache::keeping(0);
            for seed in [1, 2, 3, 1] {
                let fresh = draw_seed(&mut DrawCache::new(), seed, draws, &requests);
                assert_eq!(draw_seed(&mut cache, seed, draws, &requests), fresh);
                assert_eq!(cache.entries.numbers, 126, "{}", draws.id());
            }
        }
    }

    #[test]
    fn what_was_drawn_before_a_stop_is_kept() {
        let requests = [1, 2, 3].map(|layer| weight(layer, UnitLaw::Normal, 7, 9));
        let wanted = Wanted { seed: 42, draws: Draws::Layered, requests: &requests, single: false };
        let mut cache = DrawCache::keeping(0);
        assert!(cache.draw(wanted, &mut |_| false).is_none());
        assert_eq!(cache.spare.double.len(), 0, "no memory before it is drawn into");
        draw_seed(&mut cache, 1, Draws::Layered, &requests);
        let stopped = cache.draw(wanted, &mut |drawing| {
            if let Drawing::Arrays(pending) = drawing {
                pending[1].draw();
            }
            false
        });
        assert!(stopped.is_none());
        assert_eq!(cache.spare.double.len(), 2, "the memory of the others waits");
        let mut missing = 0;
        let drawn = cache.draw(wanted, &mut |drawing| {
            missing = count(&drawing);
            draw_each(drawing)
        });
        assert_eq!((missing, cache.spare.double.len()), (2, 0));
        let fresh = draw(&mut DrawCache::new(), Draws::Layered, &requests);
        assert_eq!(drawn.expect("not stopped").double, fresh);
    }

    #[test]
    fn numpys_stream_goes_on_where_a_stop_left_it() {
        let requests = placed(
            Draws::Numpy,
            &[
                weight(1, UnitLaw::Normal, 7, 9),
                weight(2, UnitLaw::Uniform, 3, 3),
                weight(3, UnitLaw::TruncatedNormal, 5, 9),
            ],
        );
        let wanted = Wanted { seed: 42, draws: Draws::Numpy, requests: &requests, single: false };
        let fresh = DrawCache::new().draw(wanted, &mut |_| true).expect("not stopped").double;
        for stop in 0..3 {
            let mut cache = DrawCache::new();
            let mut asked = 0;
            let stopped = cache.draw(wanted, &mut |_| {
                asked += 1;
                asked <= stop
            });
            assert!(stopped.is_none());
            assert_eq!(cache.entries.by_key.len(), stop);
            // Serial, in the order backwards, and all together.
            for index in [2, 1, 0] {
                let one = Wanted { requests: &requests[index..=index], ..wanted };
                let drawn = cache.draw(one, &mut |_| true).expect("not stopped").double;
                assert_eq!(drawn[0], fresh[index]);
            }
            let drawn = cache.draw(wanted, &mut |_| true).expect("not stopped").double;
            assert_eq!(drawn, fresh);
        }
    }

    #[test]
    fn numpys_stream_tells_the_share_of_the_numbers_drawn() {
        let laws = [(1, 6), (2, 9), (3, 5)];
        let requests =
            placed(Draws::Numpy, &laws.map(|(l, rows)| weight(l, UnitLaw::Normal, rows, 10)));
        let wanted = Wanted { seed: 42, draws: Draws::Numpy, requests: &requests, single: false };
        let mut told = Vec::new();
        let drawn = DrawCache::new().draw(wanted, &mut |drawing| {
            match drawing {
                Drawing::Share(share) => told.push(share),
                Drawing::Arrays(_) => unreachable!("one stream serves all"),
            }
            true
        });
        assert!(drawn.is_some());
        assert_eq!(told, [0.0, 0.3, 0.75]);
    }

    #[test]
    fn the_longest_unused_goes_first() {
        let requests = [weight(1, UnitLaw::Normal, 7, 9)];
        let mut cache = DrawCache::keeping(3 * 63);
        let mut drawn_anew = |seed: u64| {
            let wanted = Wanted { seed, draws: Draws::Layered, requests: &requests, single: false };
            let mut missing = 0;
            cache.draw(wanted, &mut |drawing| {
                missing = count(&drawing);
                draw_each(drawing)
            });
            missing == 1
        };
        assert_eq!([1, 2, 3, 1, 4].map(&mut drawn_anew), [true, true, true, false, true]);
        assert_eq!([1, 3, 4, 2].map(&mut drawn_anew), [false, false, false, true]);
        (0..1000).for_each(|_| assert!(!drawn_anew(4)));
        assert!(cache.entries.uses.len() < 80);
        let counted: usize = cache.entries.by_key.values().map(CacheEntry::len).sum();
        assert_eq!(cache.entries.numbers, counted);
    }

    #[test]
    fn what_is_in_use_is_not_drawn_over() {
        let requests = [weight(1, UnitLaw::Normal, 7, 9)];
        let mut cache = DrawCache::keeping(0);
        let held = draw_seed(&mut cache, 1, Draws::Layered, &requests);
        draw_seed(&mut cache, 2, Draws::Layered, &requests);
        assert_eq!(draw_seed(&mut cache, 1, Draws::Layered, &requests), held);
    }

    #[test]
    fn single_precision_is_the_double_rounded() {
        use UnitLaw::{Fixed, Normal, Orthogonal, TruncatedNormal, Uniform};
        for law in [Fixed(Pattern::Ones), Normal, TruncatedNormal, Uniform, Orthogonal] {
            for draws in Draws::ALL {
                let requests = [weight(1, law, 12, 9)];
                let double = draw(&mut DrawCache::new(), draws, &requests);
                let requests = &placed(draws, &requests);
                let wanted = Wanted { seed: 42, draws, requests, single: true };
                let mut cache = DrawCache::new();
                let single = cache.draw(wanted, &mut draw_each).expect("not stopped").single;
                assert_eq!(*single[0], double[0].mapv(|u| u as f32));
            }
        }
    }
}
