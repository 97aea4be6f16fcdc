//! Equations as they are printed, evaluated: every number is the interval that its digits stand
//! for, so that two sides agree if and only if their intervals meet.

/// From the least to the largest.
#[derive(Clone, Copy, Debug)]
pub struct Interval(pub f64, pub f64);

pub type Matrix = Vec<Vec<Interval>>;

impl Interval {
    /// Room for the rounding of the arithmetic itself.
    fn hull(values: &[f64]) -> Self {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let room = 1e-13 * low.abs().max(high.abs());
        Self(low - room, high + room)
    }

    fn add(self, other: Self) -> Self {
        Self::hull(&[self.0 + other.0, self.1 + other.1])
    }

    fn negative(self) -> Self {
        Self(-self.1, -self.0)
    }

    fn times(self, other: Self) -> Self {
        Self::hull(&[self.0 * other.0, self.0 * other.1, self.1 * other.0, self.1 * other.1])
    }

    fn over(self, other: Self) -> Self {
        assert!(other.0 > 0.0 || other.1 < 0.0, "{self:?} over {other:?}");
        self.times(Self::hull(&[1.0 / other.0, 1.0 / other.1]))
    }

    fn square(self) -> Self {
        let ends = [self.0 * self.0, self.1 * self.1];
        let least = if self.0 < 0.0 && self.1 > 0.0 { 0.0 } else { ends[0] };
        Self::hull(&[least, ends[0], ends[1]])
    }

    /// A function that never falls.
    fn rising(self, of: impl Fn(f64) -> f64) -> Self {
        Self::hull(&[of(self.0), of(self.1)])
    }

    pub fn meets(self, other: Self) -> bool {
        self.0 <= other.1 && other.0 <= self.1
    }

    pub fn width(self) -> f64 {
        self.1 - self.0
    }
}

/// What σ stands for, which never falls.
pub type Activation = fn(f64) -> f64;

struct Parser<'a> {
    rest: &'a str,
    sigma: Activation,
}

/// The value of one side of an equation.
pub fn evaluate(latex: &str, sigma: Activation) -> Matrix {
    let mut parser = Parser { rest: latex, sigma };
    let value = parser.sum();
    assert_eq!(parser.rest, "", "left of {latex}");
    value
}

impl Parser<'_> {
    fn eat(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) {
        assert!(self.eat(token), "no {token} before {}", self.rest);
    }

    fn sum(&mut self) -> Matrix {
        let mut sum = match self.eat("-") {
            true => negative(&self.terms()),
            false => self.terms(),
        };
        loop {
            if self.eat("+") {
                sum = added(&sum, &self.terms());
            } else if self.eat("-") {
                sum = added(&sum, &negative(&self.terms()));
            } else {
                return sum;
            }
        }
    }

    /// Products with a sign, · and ⊙, and quotients, from the left.
    fn terms(&mut self) -> Matrix {
        let mut product = self.side_by_side();
        loop {
            if self.eat(r"\odot") {
                product = entrywise(&product, &self.side_by_side());
            } else if self.eat(r"\cdot") {
                product = multiplied(&product, &self.side_by_side());
            } else if self.eat("/") {
                let below = number(&self.side_by_side());
                product = vec![vec![number(&product).over(below)]];
            } else {
                return product;
            }
        }
    }

    /// Factors without a sign between them: matrix products.
    fn side_by_side(&mut self) -> Matrix {
        let mut product = self.power();
        while self.begins_factor() {
            product = multiplied(&product, &self.power());
        }
        product
    }

    fn begins_factor(&mut self) -> bool {
        self.rest = self.rest.trim_start();
        let begins = ["(", r"\left(", r"\begin", r"\frac", r"\tfrac", r"\ln", r"\sigma"];
        begins.iter().any(|token| self.rest.starts_with(token))
    }

    fn power(&mut self) -> Matrix {
        let base = self.atom();
        if !self.eat("^") {
            return base;
        }
        let braces = self.eat("{");
        let end =
            self.rest.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(self.rest.len());
        let (exponent, rest) = self.rest.split_at(if braces { end } else { 1 });
        self.rest = rest;
        if braces {
            self.expect("}");
        }
        let exponent: i32 = exponent.parse().unwrap();
        let base = number(&base);
        vec![vec![match exponent {
            2 => base.square(),
            _ => Interval::hull(&[base.0.powi(exponent), base.1.powi(exponent)]),
        }]]
    }

    fn atom(&mut self) -> Matrix {
        if self.eat(r"\begin{pmatrix}") {
            return self.matrix();
        }
        if self.eat(r"\left(") {
            return self.until(r"\right)");
        }
        if self.eat("(") {
            return self.until(")");
        }
        if self.eat(r"\tfrac12") {
            return vec![vec![Interval(0.5, 0.5)]];
        }
        if self.eat(r"\tfrac") || self.eat(r"\frac") {
            let [top, bottom] = [self.braced(), self.braced()];
            return vec![vec![number(&top).over(number(&bottom))]];
        }
        if self.eat(r"\sqrt") {
            let inside = number(&self.braced());
            return vec![vec![inside.rising(|x| x.max(0.0).sqrt())]];
        }
        if self.eat(r"\ln") {
            let inside = number(&self.atom());
            return vec![vec![inside.rising(f64::ln)]];
        }
        if self.eat(r"\sigma") {
            let sigma = self.sigma;
            let each = |row: Vec<Interval>| row.into_iter().map(|x| x.rising(sigma)).collect();
            return self.atom().into_iter().map(each).collect();
        }
        self.number()
    }

    fn until(&mut self, end: &str) -> Matrix {
        let value = self.sum();
        self.expect(end);
        value
    }

    fn braced(&mut self) -> Matrix {
        self.expect("{");
        self.until("}")
    }

    fn matrix(&mut self) -> Matrix {
        let mut rows: Matrix = vec![Vec::new()];
        loop {
            let cell = number(&self.sum());
            rows.last_mut().unwrap().push(cell);
            if self.eat(r"\\") {
                rows.push(Vec::new());
            } else if !self.eat("&") {
                self.expect(r"\end{pmatrix}");
                assert!(rows.iter().all(|row| row.len() == rows[0].len()));
                return rows;
            }
        }
    }

    fn number(&mut self) -> Matrix {
        self.rest = self.rest.trim_start();
        let end = self.rest.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (text, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        assert!(!text.is_empty(), "no number before {rest}");
        self.rest = rest;
        let value: f64 = text.parse().unwrap();
        // What is printed with fewer digits than a computed number was trimmed at the eighth.
        let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let half = if value == 0.0 {
            0.0
        } else {
            0.5 * 10_f64.powi(-(if decimals < 6 { 8 } else { decimals as i32 }))
        };
        vec![vec![Interval(value - half, value + half)]]
    }
}

fn number(matrix: &Matrix) -> Interval {
    assert!(matrix.len() == 1 && matrix[0].len() == 1, "a number, not {matrix:?}");
    matrix[0][0]
}

fn negative(matrix: &Matrix) -> Matrix {
    matrix.iter().map(|row| row.iter().map(|x| x.negative()).collect()).collect()
}

fn both(left: &Matrix, right: &Matrix, of: impl Fn(Interval, Interval) -> Interval) -> Matrix {
    let shape = |matrix: &Matrix| (matrix.len(), matrix[0].len());
    assert_eq!(shape(left), shape(right), "{left:?} {right:?}");
    let row = |(left, right): (&Vec<Interval>, &Vec<Interval>)| {
        left.iter().zip(right).map(|(left, right)| of(*left, *right)).collect()
    };
    left.iter().zip(right).map(row).collect()
}

fn added(left: &Matrix, right: &Matrix) -> Matrix {
    both(left, right, Interval::add)
}

fn entrywise(left: &Matrix, right: &Matrix) -> Matrix {
    both(left, right, Interval::times)
}

/// A number times a matrix, or a matrix times another.
fn multiplied(left: &Matrix, right: &Matrix) -> Matrix {
    let is_number = |matrix: &Matrix| matrix.len() == 1 && matrix[0].len() == 1;
    let scaled = |factor: Interval, matrix: &Matrix| -> Matrix {
        matrix.iter().map(|row| row.iter().map(|x| factor.times(*x)).collect()).collect()
    };
    if is_number(left) {
        return scaled(left[0][0], right);
    }
    if is_number(right) {
        return scaled(right[0][0], left);
    }
    assert_eq!(left[0].len(), right.len(), "{left:?} {right:?}");
    let entry = |row: &Vec<Interval>, column: usize| {
        let products = row.iter().zip(right).map(|(x, row)| x.times(row[column]));
        products.reduce(Interval::add).unwrap()
    };
    left.iter().map(|row| (0..right[0].len()).map(|j| entry(row, j)).collect()).collect()
}
