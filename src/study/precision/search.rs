//! A search near a guess.

use std::ops::RangeInclusive;

use crate::study::Stopped;

/// The first of a range for which `holds`, which holds for all that follow one for which it
/// does; nothing where it holds for none. Asks near the `guess`, and of the one before the
/// answer.
pub(super) fn first(
    range: RangeInclusive<i64>,
    guess: i64,
    mut holds: impl FnMut(i64) -> Result<bool, Stopped>,
) -> Result<Option<i64>, Stopped> {
    // It holds above `high` and does not below `low`; neither end has been asked.
    let (mut low, mut high) = (*range.start(), *range.end() + 1);
    let (mut next, mut stride) = (guess.clamp(low, high - 1), 1);
    while low < high {
        if holds(next)? {
            high = next;
        } else {
            low = next + 1;
        }
        let near = if high == next { next - stride } else { next + stride };
        stride *= 2;
        // Where both ends are known the middle serves best.
        let ends_known = low > *range.start() && high <= *range.end();
        next = if ends_known { low.midpoint(high) } else { near };
        next = next.clamp(low, (high - 1).max(low));
    }
    Ok(range.contains(&high).then_some(high))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ends are those of a plain search through all powers of two.
    #[test]
    fn the_first_that_holds_is_found_from_any_guess() {
        for end in -6..=8 {
            for guess in -9..9 {
                let asked = std::cell::RefCell::new(Vec::new());
                let holds = |power: i64| {
                    asked.borrow_mut().push(power);
                    Ok(power >= end)
                };
                let found = first(-5..=7, guess, holds).expect("not stopped");
                let expected = if end > 7 { None } else { Some(end.max(-5)) };
                assert_eq!(found, expected, "{end} {guess}");
                let asked = asked.into_inner();
                assert!(asked.iter().all(|power| (-5..=7).contains(power)));
                // Neither neighbour of the end is guessed.
                assert!(end > 7 || asked.contains(&end.max(-5)));
                assert!(end <= -5 || asked.contains(&(end - 1)));
            }
        }
    }
}
