//! Unit draws kept from one request to the next.

use std::sync::Arc;

use ndarray::Array2;

use crate::experiment::Draws;

use super::super::NumpyStream;
use super::blank::{Blank, Units};
use super::kept::{Kept, Layered, Spare, take_or_new};
use super::{Request, Stream};

/// Numbers kept beside those at work, 64 bits each: 128 MB.
const KEPT_NUMBERS: usize = 16_000_000;

/// Unit draws kept from one request to the next.
///
/// Layered draws are found by seed, array, law and shape. NumPy's single stream is kept as
/// chains: two networks share a chain as far as they ask for the same arrays in order. What no
/// longer fits goes, the longest unused first; new draws take its memory over, since fresh
/// memory costs the system more than the numbers in it cost to draw.
pub struct DrawCache {
    layered: Layered,
    chains: Vec<Chain>,
    clock: u64,
    budget: usize,
    spare: Spare,
}

/// A prefix of NumPy's stream: what has been drawn in order, and the stream after each draw.
struct Chain {
    seed: u64,
    links: Vec<(Request, Kept, NumpyStream)>,
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
        Self::keeping(KEPT_NUMBERS)
    }
}

impl DrawCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty cache that keeps so many numbers of 64 bits, and always the last network's.
    pub fn keeping(numbers: usize) -> Self {
        Self {
            layered: Layered::default(),
            chains: Vec::new(),
            clock: 0,
            budget: numbers,
            spare: Spare::default(),
        }
    }

    /// Of the last network too lets go of what is beyond the numbers to keep; the network itself
    /// still holds it.
    pub fn let_go_of_large(&mut self) {
        self.clock += 1;
        self.forget_beyond(self.budget);
        self.spare = Spare::default();
    }

    /// Draws or finds the arrays, in order. Layered ones that are missing are given to `draw`,
    /// all at once; NumPy's stream asks it before each array, with none. `None` where it said
    /// stop.
    pub(in crate::engine) fn draw(
        &mut self,
        wanted: Wanted<'_>,
        draw: &mut dyn FnMut(&mut [Blank]) -> bool,
    ) -> Option<Drawn> {
        self.clock += 1;
        let drawn = match wanted.draws {
            Draws::Layered => self.draw_layered(wanted, draw),
            Draws::Numpy => self.draw_chain(wanted, draw),
        };
        self.forget_beyond(self.budget);
        self.spare = Spare::default();
        drawn
    }

    fn draw_layered(
        &mut self,
        wanted: Wanted<'_>,
        draw: &mut dyn FnMut(&mut [Blank]) -> bool,
    ) -> Option<Drawn> {
        let mut blanks = self.blanks(wanted);
        let complete = draw(&mut blanks);
        // What was drawn before a stop serves the request that stopped it.
        for Blank { seed, request, units, .. } in blanks.into_iter().filter(|blank| blank.done) {
            self.layered.take((seed, request), units, self.clock);
        }
        if !complete {
            return None;
        }
        let mut drawn = Drawn::default();
        for &request in wanted.requests {
            if let Some(kept) = self.layered.kept.get(&(wanted.seed, request)) {
                drawn.push(kept, wanted.single);
            }
        }
        Some(drawn)
    }

    /// The arrays that are not there yet, with memory to draw them into.
    fn blanks(&mut self, wanted: Wanted<'_>) -> Vec<Blank> {
        let Wanted { seed, requests, single, .. } = wanted;
        let mut missing = Vec::with_capacity(requests.len());
        for &request in requests {
            if !self.layered.use_of((seed, request), single, self.clock) {
                missing.push(request);
            }
        }
        let numbers: usize = missing.iter().map(Request::len).sum();
        self.forget_beyond(self.budget.saturating_sub(if single { numbers / 2 } else { numbers }));
        let spare = &mut self.spare;
        let blank = |request: Request| {
            let shape = (request.rows, request.columns);
            let units = match single {
                true => Units::Single(take_or_new(&mut spare.single, shape)),
                false => Units::Double(take_or_new(&mut spare.double, shape)),
            };
            Blank { seed, request, units, done: false }
        };
        missing.into_iter().map(blank).collect()
    }

    fn draw_chain(
        &mut self,
        wanted: Wanted<'_>,
        draw: &mut dyn FnMut(&mut [Blank]) -> bool,
    ) -> Option<Drawn> {
        let mut chain = self.take_chain(wanted.seed, wanted.requests);
        let mut drawn = Drawn::default();
        for (index, &request) in wanted.requests.iter().enumerate() {
            if chain.links.len() == index {
                if !draw(&mut []) {
                    self.chains.push(chain);
                    return None;
                }
                chain.extend(request);
            }
            let kept = &mut chain.links[index].1;
            kept.narrow(wanted.single);
            kept.last_used = self.clock;
            drawn.push(kept, wanted.single);
        }
        self.chains.push(chain);
        Some(drawn)
    }

    /// The chain with the longest common beginning, cut there.
    fn take_chain(&mut self, seed: u64, requests: &[Request]) -> Chain {
        let common = |chain: &Chain| {
            if chain.seed != seed {
                return 0;
            }
            chain
                .links
                .iter()
                .zip(requests)
                .take_while(|(link, request)| link.0 == **request)
                .count()
        };
        let best = (0..self.chains.len()).max_by_key(|&i| common(&self.chains[i]));
        match best {
            Some(best) if common(&self.chains[best]) > 0 => {
                let kept = common(&self.chains[best]);
                if kept == self.chains[best].links.len() {
                    return self.chains.swap_remove(best);
                }
                // Another network may come back to the rest: it keeps its own chain.
                let links = self.chains[best].links[..kept]
                    .iter()
                    .map(|(request, kept, after)| (*request, kept.clone(), after.clone()));
                Chain { seed, links: links.collect() }
            }
            _ => Chain { seed, links: Vec::new() },
        }
    }

    /// Lets the least recently used draws go, but for those in use now, until the rest fits.
    fn forget_beyond(&mut self, numbers: usize) {
        let clock = self.clock;
        while self.numbers() > numbers {
            let oldest_chain = self.chains.iter().map(Chain::last_used).min();
            let oldest = self.layered.oldest().into_iter().chain(oldest_chain).min();
            let Some(oldest) = oldest.filter(|&oldest| oldest < clock) else { return };
            self.layered.forget(oldest, &mut self.spare);
            self.chains.retain(|chain| chain.last_used() > oldest);
        }
        self.chains.retain(|chain| !chain.links.is_empty() && clock - chain.last_used() < 32);
    }

    fn numbers(&self) -> usize {
        let links = self.chains.iter().flat_map(|chain| &chain.links);
        self.layered.numbers + links.map(|(_, kept, _)| kept.len()).sum::<usize>()
    }
}

impl Chain {
    fn last_used(&self) -> u64 {
        self.links.iter().map(|(_, kept, _)| kept.last_used).max().unwrap_or(0)
    }

    /// Draws one array more.
    fn extend(&mut self, request: Request) {
        let stream = match self.links.last() {
            Some((_, _, after)) => after.clone(),
            None => NumpyStream::new(self.seed as u32),
        };
        let mut stream = Stream::Numpy(Box::new(stream));
        let kept = Kept { double: Some(Arc::new(stream.draw(request))), ..Kept::default() };
        if let Stream::Numpy(after) = stream {
            self.links.push((request, kept, *after));
        }
    }
}

impl Drawn {
    fn push(&mut self, kept: &Kept, single: bool) {
        if single {
            self.single.extend(kept.single.clone());
        } else {
            self.double.extend(kept.double.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::experiment::UnitLaw;

    use super::super::Tensor;
    use super::*;

    fn weight(layer: usize, law: UnitLaw, rows: usize, columns: usize) -> Request {
        Request { tensor: Tensor::Weight(layer), law, rows, columns }
    }

    fn draw_seed(
        cache: &mut DrawCache,
        seed: u64,
        draws: Draws,
        requests: &[Request],
    ) -> Vec<Arc<Array2<f64>>> {
        let wanted = Wanted { seed, draws, requests, single: false };
        cache.draw(wanted, &mut draw_each).expect("not stopped").double
    }

    fn draw_each(blanks: &mut [Blank]) -> bool {
        blanks.iter_mut().for_each(Blank::draw);
        true
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
        let requests = [weight(1, UnitLaw::Normal, 7, 9), weight(2, UnitLaw::Ones, 7, 9)];
        for draws in Draws::ALL {
            let mut cache = DrawCache::keeping(0);
            for seed in [1, 2, 3, 1] {
                let fresh = draw_seed(&mut DrawCache::new(), seed, draws, &requests);
                assert_eq!(draw_seed(&mut cache, seed, draws, &requests), fresh);
                assert_eq!(cache.numbers(), 126, "{}", draws.id());
            }
        }
    }

    #[test]
    fn what_was_drawn_before_a_stop_is_kept() {
        let requests = [1, 2, 3].map(|layer| weight(layer, UnitLaw::Normal, 7, 9));
        let wanted = Wanted { seed: 42, draws: Draws::Layered, requests: &requests, single: false };
        let mut cache = DrawCache::new();
        let stopped = cache.draw(wanted, &mut |blanks| {
            blanks[1].draw();
            false
        });
        assert!(stopped.is_none());
        let mut missing = 0;
        let drawn = cache.draw(wanted, &mut |blanks| {
            missing = blanks.len();
            draw_each(blanks)
        });
        assert_eq!(missing, 2);
        let fresh = draw(&mut DrawCache::new(), Draws::Layered, &requests);
        assert_eq!(drawn.expect("not stopped").double, fresh);
    }

    #[test]
    fn the_longest_unused_goes_first() {
        let requests = [weight(1, UnitLaw::Normal, 7, 9)];
        let mut cache = DrawCache::keeping(3 * 63);
        let mut drawn_anew = |seed: u64| {
            let wanted = Wanted { seed, draws: Draws::Layered, requests: &requests, single: false };
            let mut missing = 0;
            cache.draw(wanted, &mut |blanks| {
                missing = blanks.len();
                draw_each(blanks)
            });
            missing == 1
        };
        assert_eq!([1, 2, 3, 1, 4].map(&mut drawn_anew), [true, true, true, false, true]);
        assert_eq!([1, 3, 4, 2].map(&mut drawn_anew), [false, false, false, true]);
        (0..1000).for_each(|_| assert!(!drawn_anew(4)));
        assert!(cache.layered.uses.len() < 80);
        let counted: usize = cache.layered.kept.values().map(Kept::len).sum();
        assert_eq!(cache.layered.numbers, counted);
    }

    #[test]
    fn of_what_is_too_large_nothing_is_held() {
        let requests = [weight(1, UnitLaw::Normal, 7, 9)];
        for draws in Draws::ALL {
            for (budget, left) in [(62, 0), (63, 63)] {
                let mut cache = DrawCache::keeping(budget);
                let held = draw(&mut cache, draws, &requests);
                assert_eq!(cache.numbers(), 63);
                cache.let_go_of_large();
                assert_eq!(cache.numbers(), left);
                assert_eq!(held, draw(&mut DrawCache::new(), draws, &requests));
            }
        }
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
        use UnitLaw::{Normal, Ones, Orthogonal, TruncatedNormal, Uniform};
        for law in [Ones, Normal, TruncatedNormal, Uniform, Orthogonal] {
            for draws in Draws::ALL {
                let requests = [weight(1, law, 12, 9)];
                let double = draw(&mut DrawCache::new(), draws, &requests);
                let wanted = Wanted { seed: 42, draws, requests: &requests, single: true };
                let mut cache = DrawCache::new();
                let single = cache.draw(wanted, &mut draw_each).expect("not stopped").single;
                assert_eq!(*single[0], double[0].mapv(|u| u as f32));
            }
        }
    }
}
