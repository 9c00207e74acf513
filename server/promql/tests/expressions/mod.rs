//! Queries at random over the points of `points`, the same at every run. Left out is what turns a
//! difference in the last digit into another answer: rounding, and comparing what was computed;
//! and parameters that change from step to step, which Prometheus 2.42 takes from the first step
//! where what they are applied to has a fixed time (`@`).

/// A generator of choices (SplitMix64).
pub(crate) struct Choice(pub(crate) u64);

impl Choice {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) % count as u64) as usize
    }

    fn of(&mut self, words: &[&'static str]) -> &'static str {
        words[self.below(words.len())]
    }

    fn selector(&mut self) -> String {
        let series = [
            "requests_total",
            "requests_total{job=\"api\"}",
            "requests_total{code!=\"200\"}",
            "temperature",
            "temperature{floor=~\"-?1\"}",
            "limit",
            "floor_info",
            "latency_bucket",
            "latency_bucket{job=\"web\"}",
            "sparse",
            "late",
            "churned",
            "host_info",
            "flat",
            "odd",
            "{__name__=~\"temperature|limit\"}",
            "{job=\"api\",le=\"\"}",
            "nothing_here",
        ];
        self.of(&series).to_owned()
    }

    fn when(&mut self) -> &'static str {
        let times = [
            "",
            "",
            "",
            "",
            " offset 3m",
            " offset -90s",
            " @ 1700003600",
            " @ end()",
            " @ start() offset 1m",
        ];
        self.of(&times)
    }

    fn window(&mut self) -> String {
        let (series, when) = (self.selector(), self.when());
        let range = self.of(&["30s", "1m", "5m", "17m", "1h"]);
        format!("{series}[{range}]{when}")
    }

    fn over_time(&mut self) -> String {
        let functions = [
            "rate",
            "increase",
            "delta",
            "irate",
            "idelta",
            "resets",
            "changes",
            "avg_over_time",
            "min_over_time",
            "max_over_time",
            "sum_over_time",
            "count_over_time",
            "last_over_time",
            "stddev_over_time",
            "present_over_time",
            "absent_over_time",
            "deriv",
        ];
        match self.below(10) {
            0 => format!("quantile_over_time({}, {})", self.scalar(0), self.window()),
            _ => format!("{}({})", self.of(&functions), self.window()),
        }
    }

    fn labels(&mut self) -> String {
        let names = ["job", "code", "room", "floor", "le", "host", "kind", "unit"];
        let count = self.below(3);
        let chosen: Vec<&str> = (0..count).map(|_| self.of(&names)).collect();
        chosen.join(", ")
    }

    fn aggregation(&mut self, depth: usize) -> String {
        let inner = self.vector(depth - 1);
        let grouping = match self.below(3) {
            0 => String::new(),
            1 => format!(" by ({})", self.labels()),
            _ => format!(" without ({})", self.labels()),
        };
        match self.below(8) {
            0 => format!("quantile{grouping} ({}, {inner})", self.scalar(0)),
            1 => format!(
                "count_values{grouping} (\"v\", {})",
                self.of(&["limit", "flat"])
            ),
            _ => {
                let op = self.of(&["sum", "avg", "min", "max", "count", "group", "stddev"]);
                format!("{op}{grouping} ({inner})")
            }
        }
    }

    fn pair(&mut self, depth: usize) -> String {
        let (left, right) = (self.vector(depth - 1), self.vector(depth - 1));
        let matching = match self.below(3) {
            0 => String::new(),
            1 => format!(" on ({})", self.labels()),
            _ => format!(" ignoring ({})", self.labels()),
        };
        if self.below(3) == 0 {
            return format!(
                "({left} {}{matching} {right})",
                self.of(&["and", "or", "unless"])
            );
        }
        let group = if matching.is_empty() {
            ""
        } else {
            self.of(&["", " group_left", " group_right", " group_left (unit)"])
        };
        format!(
            "({left} {}{matching}{group} {right})",
            self.of(&["+", "-", "*", "/"])
        )
    }

    fn scalar(&mut self, depth: usize) -> String {
        match self.below(if depth == 0 { 4 } else { 7 }) {
            0..4 => self
                .of(&["0.5", "2", "-1", "0", "1e3", "NaN", "Inf"])
                .to_owned(),
            4 => "time()".to_owned(),
            5 => format!("scalar({})", self.vector(depth - 1)),
            _ => format!("({} + {})", self.scalar(depth - 1), self.scalar(depth - 1)),
        }
    }

    fn function(&mut self, depth: usize) -> String {
        let inner = self.vector(depth - 1);
        match self.below(12) {
            0 => format!("label_replace({inner}, \"new\", \"$1\", \"job\", \"(.).*\")"),
            1 => format!("label_join({inner}, \"job\", \"-\", \"job\", \"room\")"),
            2 => format!("clamp({inner}, {}, {})", self.scalar(1), self.scalar(1)),
            3 => format!("histogram_quantile({}, {inner})", self.scalar(1)),
            4 => format!("absent({inner})"),
            5 => format!("vector({})", self.scalar(depth - 1)),
            6 => format!("timestamp({inner})"),
            7 => format!("-{inner}"),
            8 => {
                let functions = ["avg_over_time", "max_over_time", "rate", "last_over_time"];
                format!(
                    "{}({inner}[10m:{}])",
                    self.of(&functions),
                    self.of(&["1m", "47s", ""])
                )
            }
            _ => {
                let functions = ["abs", "sqrt", "ln", "exp", "sort", "cos", "deg", "tan"];
                format!("{}({inner})", self.of(&functions))
            }
        }
    }

    /// An expression that is an instant vector.
    pub(crate) fn vector(&mut self, depth: usize) -> String {
        if depth == 0 {
            return match self.below(3) {
                0 => self.over_time(),
                1 => format!(
                    "({} {} {})",
                    self.selector(),
                    self.of(&[">", "<="]),
                    self.scalar(0)
                ),
                _ => format!("{}{}", self.selector(), self.when()),
            };
        }
        match self.below(6) {
            0 => self.over_time(),
            1 => self.aggregation(depth),
            2 => self.pair(depth),
            3 => format!(
                "({} {} {})",
                self.vector(depth - 1),
                self.of(&["+", "*", "/"]),
                self.scalar(1)
            ),
            4 => format!(
                "({} {} {})",
                self.scalar(1),
                self.of(&["-", "/"]),
                self.vector(depth - 1)
            ),
            _ => self.function(depth),
        }
    }
}
