//! Unit draws: what a seed means. Scales are folded in later, so that a moved gain or a
//! scheme of the same law redraws nothing.

use std::collections::HashMap;
use std::sync::Arc;

use nalgebra::DMatrix;
use ndarray::Array2;
use rand::{RngExt as _, SeedableRng as _};
use rand_distr::{Distribution as _, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::experiment::{Draws, UnitLaw};

use super::NumpyStream;

/// Which array of a network a draw is for. Layers count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tensor {
    /// W^(l).
    Weight(usize),
    /// b^(l).
    Bias(usize),
    /// x.
    Input,
    /// y.
    Target,
}

/// One array to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Request {
    pub tensor: Tensor,
    pub law: UnitLaw,
    pub rows: usize,
    pub columns: usize,
}

/// A source of units: NumPy's stream or one of the layered ones.
pub(super) enum Stream {
    Numpy(Box<NumpyStream>),
    Layered(Box<Xoshiro256PlusPlus>),
}

impl Stream {
    fn normal(&mut self) -> f64 {
        match self {
            Self::Numpy(stream) => stream.normal(),
            Self::Layered(rng) => StandardNormal.sample(rng),
        }
    }

    /// Uniform in [0, 1).
    fn uniform(&mut self) -> f64 {
        match self {
            Self::Numpy(stream) => stream.uniform(),
            Self::Layered(rng) => rng.random(),
        }
    }

    /// The layered stream of one array of one seed.
    fn layered(seed: u64, tensor: Tensor) -> Self {
        let code = match tensor {
            Tensor::Input => 0,
            Tensor::Target => 1,
            Tensor::Weight(layer) => 2 * layer as u64,
            Tensor::Bias(layer) => 2 * layer as u64 + 1,
        };
        let mixed = split_mix(split_mix(seed).wrapping_add(code));
        Self::Layered(Box::new(Xoshiro256PlusPlus::seed_from_u64(mixed)))
    }

    /// The stream of one seed's network that is drawn in law, without its weights.
    pub(super) fn in_law(seed: u64) -> Self {
        let mixed = split_mix(split_mix(seed).wrapping_add(IN_LAW));
        Self::Layered(Box::new(Xoshiro256PlusPlus::seed_from_u64(mixed)))
    }

    /// Overwrites all numbers with standard normal ones.
    pub(super) fn fill_normal(&mut self, out: &mut [f64]) {
        match self {
            Self::Numpy(stream) => out.fill_with(|| stream.normal()),
            Self::Layered(rng) => out.fill_with(|| StandardNormal.sample(rng)),
        }
    }

    /// One row of independent units.
    pub(super) fn row(&mut self, law: UnitLaw, columns: usize) -> Array2<f64> {
        self.draw(Request { tensor: Tensor::Bias(0), law, rows: 1, columns })
    }

    fn draw(&mut self, request: Request) -> Array2<f64> {
        let shape = (request.rows, request.columns);
        match request.law {
            UnitLaw::Ones => Array2::ones(shape),
            UnitLaw::Normal => Array2::from_shape_simple_fn(shape, || self.normal()),
            UnitLaw::TruncatedNormal => Array2::from_shape_simple_fn(shape, || self.truncated()),
            UnitLaw::Uniform => Array2::from_shape_simple_fn(shape, || 2.0 * self.uniform() - 1.0),
            UnitLaw::Orthogonal => {
                orthogonal(&Array2::from_shape_simple_fn(shape, || self.normal()))
            }
        }
    }

    fn truncated(&mut self) -> f64 {
        loop {
            let normal = self.normal();
            if normal.abs() <= 2.0 {
                return normal;
            }
        }
    }
}

/// Names the stream of [`Stream::in_law`] beside those of the arrays, which count from 0.
const IN_LAW: u64 = u64::MAX;

/// SplitMix64's finalizer (Steele, Lea & Flood 2014): neighbouring seeds become unrelated.
fn split_mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Q·sign(diag R) of the QR decomposition of a standard normal matrix, transposed where
/// there are fewer rows than columns: uniform among matrices with orthonormal rows or
/// columns (Saxe et al. 2013; Mezzadri 2007).
fn orthogonal(normals: &Array2<f64>) -> Array2<f64> {
    let (rows, columns) = normals.dim();
    let tall = rows >= columns;
    let matrix = if tall {
        DMatrix::from_fn(rows, columns, |i, j| normals[[i, j]])
    } else {
        DMatrix::from_fn(columns, rows, |i, j| normals[[j, i]])
    };
    let (q, r) = matrix.qr().unpack();
    let sign = |k: usize| if r[(k, k)] < 0.0 { -1.0 } else { 1.0 };
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        if tall { q[(i, j)] * sign(j) } else { q[(j, i)] * sign(i) }
    })
}

/// Numbers kept between requests, 64 bits each: half a gigabyte.
const KEPT_NUMBERS: usize = 64_000_000;

struct Kept {
    units: Arc<Array2<f64>>,
    /// The same in single precision, made when first asked for.
    single: Option<Arc<Array2<f32>>>,
    last_used: u64,
}

/// A prefix of NumPy's stream: what has been drawn in order, and the stream after each draw.
struct Chain {
    seed: u64,
    links: Vec<(Request, Kept, NumpyStream)>,
}

/// Unit draws kept from one request to the next.
///
/// Layered draws are found by seed, array, law and shape. NumPy's single stream is kept as
/// chains: two networks share a chain as far as they ask for the same arrays in order.
#[derive(Default)]
pub struct DrawCache {
    layered: HashMap<(u64, Request), Kept>,
    chains: Vec<Chain>,
    clock: u64,
}

/// The arrays of one network, in the order of the requests.
#[derive(Default)]
pub(super) struct Drawn {
    pub double: Vec<Arc<Array2<f64>>>,
    pub single: Vec<Arc<Array2<f32>>>,
}

impl DrawCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// Draws or finds the arrays, in order; `None` where `proceed` said stop.
    pub(super) fn draw(
        &mut self,
        seed: u64,
        draws: Draws,
        requests: &[Request],
        single: bool,
        proceed: &mut dyn FnMut() -> bool,
    ) -> Option<Drawn> {
        self.clock += 1;
        let drawn = match draws {
            Draws::Layered => self.draw_layered(seed, requests, single, proceed),
            Draws::Numpy => self.draw_chain(seed, requests, single, proceed),
        };
        self.forget_oldest();
        drawn
    }

    fn draw_layered(
        &mut self,
        seed: u64,
        requests: &[Request],
        single: bool,
        proceed: &mut dyn FnMut() -> bool,
    ) -> Option<Drawn> {
        let mut drawn = Drawn::default();
        for &request in requests {
            if !proceed() {
                return None;
            }
            let kept = self
                .layered
                .entry((seed, request))
                .or_insert_with(|| Kept::new(Stream::layered(seed, request.tensor).draw(request)));
            drawn.push(kept, single, self.clock);
        }
        Some(drawn)
    }

    fn draw_chain(
        &mut self,
        seed: u64,
        requests: &[Request],
        single: bool,
        proceed: &mut dyn FnMut() -> bool,
    ) -> Option<Drawn> {
        let mut chain = self.take_chain(seed, requests);
        let mut drawn = Drawn::default();
        for (index, &request) in requests.iter().enumerate() {
            if chain.links.len() == index {
                if !proceed() {
                    self.chains.push(chain);
                    return None;
                }
                let stream = match chain.links.last() {
                    Some((_, _, after)) => after.clone(),
                    None => NumpyStream::new(seed as u32),
                };
                let mut stream = Stream::Numpy(Box::new(stream));
                let kept = Kept::new(stream.draw(request));
                if let Stream::Numpy(after) = stream {
                    chain.links.push((request, kept, *after));
                }
            }
            drawn.push(&mut chain.links[index].1, single, self.clock);
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

    /// Lets the least recently used draws go until the rest fits the budget.
    fn forget_oldest(&mut self) {
        let clock = self.clock;
        while self.numbers() > KEPT_NUMBERS {
            let oldest_layered = self.layered.values().map(|kept| kept.last_used).min();
            let oldest_chain = self.chains.iter().map(Chain::last_used).min();
            let oldest = oldest_layered.into_iter().chain(oldest_chain).min().unwrap_or(clock);
            if oldest >= clock {
                return;
            }
            self.layered.retain(|_, kept| kept.last_used > oldest);
            self.chains.retain(|chain| chain.last_used() > oldest);
        }
        self.chains.retain(|chain| !chain.links.is_empty() && clock - chain.last_used() < 32);
    }

    fn numbers(&self) -> usize {
        let layered: usize = self.layered.values().map(|kept| kept.units.len()).sum();
        let chained: usize =
            self.chains.iter().flat_map(|c| &c.links).map(|(_, kept, _)| kept.units.len()).sum();
        layered + chained
    }
}

impl Chain {
    fn last_used(&self) -> u64 {
        self.links.iter().map(|(_, kept, _)| kept.last_used).max().unwrap_or(0)
    }
}

impl Kept {
    fn new(units: Array2<f64>) -> Self {
        Self { units: Arc::new(units), single: None, last_used: 0 }
    }

    fn clone(&self) -> Self {
        Self { units: self.units.clone(), single: self.single.clone(), last_used: self.last_used }
    }
}

impl Drawn {
    fn push(&mut self, kept: &mut Kept, single: bool, clock: u64) {
        kept.last_used = clock;
        if single {
            let units = &kept.units;
            let narrow = kept.single.get_or_insert_with(|| Arc::new(units.mapv(|u| u as f32)));
            self.single.push(narrow.clone());
        } else {
            self.double.push(kept.units.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(layer: usize, law: UnitLaw, rows: usize, columns: usize) -> Request {
        Request { tensor: Tensor::Weight(layer), law, rows, columns }
    }

    fn draw(cache: &mut DrawCache, draws: Draws, requests: &[Request]) -> Vec<Arc<Array2<f64>>> {
        cache.draw(42, draws, requests, false, &mut || true).expect("not stopped").double
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
    fn orthogonal_has_orthonormal_rows_or_columns() {
        for (rows, columns) in [(6, 6), (9, 4), (4, 9)] {
            let request = [weight(1, UnitLaw::Orthogonal, rows, columns)];
            let q = draw(&mut DrawCache::new(), Draws::Layered, &request)[0].clone();
            let gram = if rows <= columns { q.dot(&q.t()) } else { q.t().dot(&*q) };
            for ((i, j), &value) in gram.indexed_iter() {
                let expected = f64::from(u8::from(i == j));
                assert!((value - expected).abs() < 1e-14, "{rows}×{columns}");
            }
        }
    }

    #[test]
    fn layered_streams_are_frozen() {
        let requests = [weight(1, UnitLaw::Normal, 1, 3), weight(2, UnitLaw::Uniform, 1, 3)];
        let drawn = draw(&mut DrawCache::new(), Draws::Layered, &requests);
        let frozen = [FROZEN_NORMALS, FROZEN_UNIFORMS];
        for (drawn, frozen) in drawn.iter().zip(frozen) {
            assert_eq!(drawn.as_slice().expect("contiguous"), frozen);
        }
    }

    // Written down when the stream was defined; a change would alter every layered experiment.
    const FROZEN_NORMALS: &[f64] = &[-0.17758164397354598, 0.37829429283350746, 1.2457135091608553];
    const FROZEN_UNIFORMS: &[f64] = &[-0.4693427488738935, 0.8492968562159573, 0.7297208708887728];
}
