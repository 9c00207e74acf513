//! Logarithm of Student's density, as fast as Bayesian change-point detection needs it.

/// `ln Γ(a + ½) − ln Γ(a)` for `a > 0`, to seven digits: the asymptotic series of the ratio
/// (Tricomi, Erdélyi 1951) after `a` is raised above eight by the recursion of Γ.
pub(crate) fn ln_gamma_half_step(a: f64) -> f64 {
    let mut a = a;
    let mut factor = 1.0;
    while a < 8.0 {
        factor *= a / (a + 0.5);
        a += 1.0;
    }
    let x = 1.0 / a;
    let series =
        1.0 - x * (1.0 / 8.0 - x * (1.0 / 128.0 + x * (5.0 / 1024.0 - x * 21.0 / 32768.0)));
    0.5 * a.ln() + (factor * series).ln()
}

/// Logarithm of the density at `x` of Student's distribution with `2 · half_degrees` degrees of
/// freedom about `mean` with squared scale `scale_squared > 0`. `ln_ratio` is
/// [`ln_gamma_half_step`] of `half_degrees`.
pub(crate) fn ln_density(
    x: f64,
    mean: f64,
    scale_squared: f64,
    half_degrees: f64,
    ln_ratio: f64,
) -> f64 {
    let degrees = 2.0 * half_degrees;
    let square = (x - mean) * (x - mean) / (degrees * scale_squared);
    ln_ratio
        - 0.5 * (degrees * std::f64::consts::PI * scale_squared).ln()
        - (half_degrees + 0.5) * square.ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_of_gamma_are_those_of_tables() {
        // Γ(1.5) / Γ(1) = √π / 2 and Γ(1) / Γ(½) = 1 / √π.
        let pi = std::f64::consts::PI;
        assert!((ln_gamma_half_step(1.0) - (pi.sqrt() / 2.0).ln()).abs() < 1e-7);
        assert!((ln_gamma_half_step(0.5) + pi.sqrt().ln()).abs() < 1e-7);
        // Γ(10.5) / Γ(10), from tables.
        assert!((ln_gamma_half_step(10.0) - 3.122_999f64.ln()).abs() < 1e-4);
    }

    #[test]
    fn one_degree_of_freedom_is_cauchy() {
        let got = ln_density(2.0, 0.0, 1.0, 0.5, ln_gamma_half_step(0.5));
        let want = (1.0 / (std::f64::consts::PI * 5.0)).ln();
        assert!((got - want).abs() < 1e-7);
    }
}
