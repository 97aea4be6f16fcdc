//! NumPy's legacy generator (`RandomState`), frozen since NumPy 1.16: the chapter's draws.

use rand_mt::Mt;

/// The stream of `np.random.seed(seed)`.
///
/// ```
/// use gradient_lab::engine::NumpyStream;
/// let mut stream = NumpyStream::new(42);
/// assert_eq!(stream.normal(), 0.4967141530112327);
/// assert_eq!(stream.normal(), -0.13826430117118466);
/// ```
#[derive(Clone, Debug)]
pub struct NumpyStream {
    words: Mt,
    /// The polar method yields two normals; the second waits here.
    waiting: Option<f64>,
}

impl NumpyStream {
    /// MT19937 seeded by `init_genrand`.
    pub fn new(seed: u32) -> Self {
        Self { words: Mt::new(seed), waiting: None }
    }

    /// `random_sample`: 53 bits in [0, 1), from two words.
    pub fn uniform(&mut self) -> f64 {
        let high = f64::from(self.words.next_u32() >> 5);
        let low = f64::from(self.words.next_u32() >> 6);
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }

    /// `randn`: Marsaglia's polar method.
    pub fn normal(&mut self) -> f64 {
        if let Some(normal) = self.waiting.take() {
            return normal;
        }
        let (x1, x2, r2) = self.point();
        let f = (-2.0 * libm::log(r2) / r2).sqrt();
        self.waiting = Some(f * x1);
        f * x2
    }

    /// Passes over so many of [`Self::uniform`].
    pub fn skip_uniforms(&mut self, count: usize) {
        for _ in 0..2 * count {
            self.words.next_u32();
        }
    }

    /// Passes over so many of [`Self::normal`], at less cost than drawing them.
    pub fn skip_normals(&mut self, count: usize) {
        let mut left = count;
        if left > 0 && self.waiting.take().is_some() {
            left -= 1;
        }
        for _ in 0..left / 2 {
            self.point();
        }
        if left % 2 == 1 {
            self.normal();
        }
    }

    /// A point of the unit disk and its squared distance from the middle, which is not 0.
    fn point(&mut self) -> (f64, f64, f64) {
        loop {
            let x1 = 2.0 * self.uniform() - 1.0;
            let x2 = 2.0 * self.uniform() - 1.0;
            let r2 = x1 * x1 + x2 * x2;
            if r2 < 1.0 && r2 != 0.0 {
                return (x1, x2, r2);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_five_normals_of_seed_42() {
        let mut stream = NumpyStream::new(42);
        let first: Vec<f64> = (0..5).map(|_| stream.normal()).collect();
        let numpy = [
            0.496_714_153_011_232_7,
            -0.138_264_301_171_184_66,
            0.647_688_538_100_692_5,
            1.523_029_856_408_025_4,
            -0.234_153_374_723_335_97,
        ];
        assert_eq!(first, numpy);
    }
}
