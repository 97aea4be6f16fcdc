//! Expectations over one pre-activation by the trapezoidal rule.

/// z = mean + std·g + U(±uniform).
#[derive(Clone, Copy, Debug)]
pub struct Law {
    pub mean: f64,
    pub std: f64,
    pub uniform: f64,
}

impl Law {
    /// E f(z), K functions at once, by the trapezoidal rule: on z = sinh t, which is dense where
    /// activations bend and reaches far, or evenly where the law is narrow.
    pub fn expect<const K: usize>(&self, f: &dyn Fn(f64) -> [f64; K]) -> [f64; K] {
        // Less than that is as good as normal: (1/20)⁴/120 of the fourth moment.
        if self.uniform > 0.05 * self.std {
            // Midpoints of the uniform part.
            let parts = ((6.0 * self.uniform / self.std.max(0.1)) as i32).clamp(40, 600);
            let mut sums = [0.0; K];
            for part in 0..parts {
                let share = (f64::from(part) + 0.5) / f64::from(parts);
                let mean = self.mean + self.uniform * (2.0 * share - 1.0);
                let point = Self { mean, uniform: 0.0, ..*self };
                let each = if self.std == 0.0 { f(mean) } else { point.normal(f) };
                (0..K).for_each(|k| sums[k] += each[k] / f64::from(parts));
            }
            return sums;
        }
        let std = self.std.hypot(self.uniform / 3_f64.sqrt());
        if std == 0.0 {
            return f(self.mean);
        }
        let this = Self { std, uniform: 0.0, ..*self };
        this.normal(f)
    }

    /// E sin² and E (ω cos)² of ωz, in closed form: any rule of points misses waves that are finer
    /// than they are. E cos 2ωz = cos 2ωm · e^(−2ω²s²) · sinc 2ωu.
    pub fn sine(&self, omega: f64) -> [f64; 2] {
        let turned = 2.0 * omega * self.uniform;
        let sinc = if turned == 0.0 { 1.0 } else { turned.sin() / turned };
        let damped = (-2.0 * (omega * self.std).powi(2)).exp();
        let wave = (2.0 * omega * self.mean).cos() * damped * sinc;
        [0.5 * (1.0 - wave), 0.5 * omega * omega * (1.0 + wave)]
    }

    fn normal<const K: usize>(&self, f: &dyn Fn(f64) -> [f64; K]) -> [f64; K] {
        let narrow = self.std < 0.3;
        let reach = 9.0 * self.std;
        let inverse = |z: f64| if narrow { z } else { z.asinh() };
        let (from, to) = (inverse(self.mean - reach), inverse(self.mean + reach));
        let step = if narrow { self.std / 16.0 } else { (self.std / 16.0).min(0.04) };
        let (first, last) = ((from / step).floor() as i64, (to / step).ceil() as i64);
        let (mut sums, mut total) = ([0.0; K], 0.0);
        for index in first..=last {
            let t = index as f64 * step;
            let (z, width) = if narrow { (t, 1.0) } else { (t.sinh(), t.cosh()) };
            let g = (z - self.mean) / self.std;
            let weight = width * (-0.5 * g * g).exp();
            // A kink at 0 counts half to either side.
            let (left, right) = (f(z - 1e-300), f(z + 1e-300));
            let values: [f64; K] = std::array::from_fn(|k| 0.5 * (left[k] + right[k]));
            total += weight;
            (0..K).for_each(|k| sums[k] += weight * values[k]);
        }
        sums.map(|sum| sum / total)
    }
}
