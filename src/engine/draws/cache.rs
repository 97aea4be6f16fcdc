//! Unit draws kept from one request to the next.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use ndarray::Array2;

use crate::experiment::Draws;

use super::super::NumpyStream;
use super::blank::{Blank, Units};
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

/// One array's units, in each precision from when it was first asked for.
#[derive(Clone, Default)]
struct Kept {
    double: Option<Arc<Array2<f64>>>,
    single: Option<Arc<Array2<f32>>>,
    last_used: u64,
}

/// Layered draws, and when each was used.
#[derive(Default)]
struct Layered {
    kept: HashMap<(u64, Request), Kept>,
    /// Numbers of 64 bits in all of them.
    numbers: usize,
    /// Uses in their order, the latest of each draw among them.
    uses: VecDeque<(u64, (u64, Request))>,
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

impl Layered {
    /// Notes that a draw is used; whether it is there.
    fn use_of(&mut self, key: (u64, Request), single: bool, clock: u64) -> bool {
        match self.kept.get_mut(&key).filter(|kept| kept.has(single)) {
            Some(kept) => kept.last_used = clock,
            None => return false,
        }
        self.uses.push_back((clock, key));
        if self.uses.len() > 2 * self.kept.len() + 64 {
            let kept = &self.kept;
            self.uses.retain(|(clock, key)| is_latest(kept, *clock, key));
        }
        true
    }

    /// Keeps what has been drawn.
    fn take(&mut self, key: (u64, Request), units: Units, clock: u64) {
        let kept = self.kept.entry(key).or_default();
        self.numbers -= kept.len();
        kept.take(units, clock);
        self.numbers += kept.len();
        self.uses.push_back((clock, key));
    }

    /// When the draw was used that has not been for the longest time.
    fn oldest(&mut self) -> Option<u64> {
        while let Some((clock, key)) = self.uses.front() {
            if is_latest(&self.kept, *clock, key) {
                return Some(*clock);
            }
            self.uses.pop_front();
        }
        None
    }

    /// Lets go of the draws last used at that time or before.
    fn forget(&mut self, until: u64, spare: &mut Spare) {
        while self.oldest().is_some_and(|oldest| oldest <= until) {
            let key = self.uses.pop_front().map(|(_, key)| key);
            if let Some(kept) = key.and_then(|key| self.kept.remove(&key)) {
                self.numbers -= kept.len();
                spare.give(kept);
            }
        }
    }
}

/// Whether a draw has not been used since.
fn is_latest(kept: &HashMap<(u64, Request), Kept>, clock: u64, key: &(u64, Request)) -> bool {
    kept.get(key).is_some_and(|kept| kept.last_used == clock)
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

impl Kept {
    fn has(&self, single: bool) -> bool {
        if single { self.single.is_some() } else { self.double.is_some() }
    }

    fn take(&mut self, units: Units, clock: u64) {
        self.last_used = clock;
        match units {
            Units::Double(units) => self.double = Some(Arc::new(units)),
            Units::Single(units) => self.single = Some(Arc::new(units)),
        }
    }

    /// Makes the single precision of the double, where it is wanted.
    fn narrow(&mut self, single: bool) {
        if let (true, None, Some(double)) = (single, &self.single, &self.double) {
            self.single = Some(Arc::new(double.mapv(|u| u as f32)));
        }
    }

    /// Numbers of 64 bits.
    fn len(&self) -> usize {
        self.double.as_ref().map_or(0, |units| units.len())
            + self.single.as_ref().map_or(0, |units| units.len()) / 2
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

/// Arrays that nobody uses any more.
#[derive(Default)]
struct Spare {
    double: Vec<Array2<f64>>,
    single: Vec<Array2<f32>>,
}

impl Spare {
    /// Takes what no network holds.
    fn give(&mut self, kept: Kept) {
        self.double.extend(kept.double.and_then(Arc::into_inner));
        self.single.extend(kept.single.and_then(Arc::into_inner));
    }
}

fn take_or_new<T: Clone + Default>(spare: &mut Vec<Array2<T>>, shape: (usize, usize)) -> Array2<T> {
    let fitting = spare.iter().rposition(|array| array.dim() == shape);
    fitting.map_or_else(|| Array2::from_elem(shape, T::default()), |index| spare.swap_remove(index))
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
