//! A checked query: what is to be computed, with every name resolved.
//!
//! The evaluator knows nothing of the parser, and no plan asks for what it cannot do.

use tocsin_domain::metric::Matcher;

/// When a selector looks, if not at the time of the step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum At {
    Start,
    End,
    Ms(i64),
}

/// Where in time points are taken from: the time of the step or a fixed one, less an offset.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct When {
    pub(crate) at: Option<At>,
    pub(crate) offset_ms: i64,
}

/// Series of the store.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Selector {
    pub(crate) matchers: Vec<Matcher>,
    pub(crate) when: When,
    /// How long the window is; none for the instant.
    pub(crate) range_ms: Option<i64>,
}

/// An inner query whose results are points for a function over time.
#[derive(Debug, Clone)]
pub(crate) struct Subquery {
    pub(crate) plan: Plan,
    pub(crate) when: When,
    pub(crate) range_ms: i64,
    pub(crate) step_ms: i64,
}

/// What a function over time reads.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Selector(Selector),
    Subquery(Box<Subquery>),
}

#[derive(Debug, Clone)]
pub(crate) enum Plan {
    Number(f64),
    Text(String),
    Instant(Selector),
    /// A range vector by itself: an instant query may show its points.
    Window(Source),
    Negate(Box<Plan>),
    Binary(Box<Binary>),
    Aggregate(Box<Aggregate>),
    OverTime(Box<OverTime>),
    Call(Box<Call>),
}

/// The type of a plan's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Scalar,
    Vector,
    Matrix,
    Text,
}

impl Kind {
    /// As Prometheus documents it.
    pub(crate) fn documented(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Vector => "instant vector",
            Self::Matrix => "range vector",
            Self::Text => "string",
        }
    }
}

impl Plan {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Number(_) => Kind::Scalar,
            Self::Text(_) => Kind::Text,
            Self::Window(_) => Kind::Matrix,
            Self::Negate(inner) => inner.kind(),
            Self::Binary(binary) => match (binary.left.kind(), binary.right.kind()) {
                (Kind::Scalar, Kind::Scalar) => Kind::Scalar,
                _ => Kind::Vector,
            },
            Self::Call(call) if matches!(call.func, Func::Time | Func::Scalar | Func::Pi) => {
                Kind::Scalar
            }
            Self::Instant(_) | Self::Aggregate(_) | Self::OverTime(_) | Self::Call(_) => {
                Kind::Vector
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Atan2,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetOp {
    And,
    Or,
    Unless,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinaryOp {
    Arithmetic(Arithmetic),
    /// With `bool` it says 0 or 1, without it filters.
    Comparison {
        op: Comparison,
        as_bool: bool,
    },
    Set(SetOp),
}

/// Which labels have to agree, or by which is grouped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LabelChoice {
    /// Only these: `on`, `by`.
    Only(Vec<String>),
    /// All but these and the name: `ignoring`, `without`.
    AllBut(Vec<String>),
}

/// How many of each side belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cardinality {
    OneToOne,
    /// `group_left`, with labels taken from the one side.
    ManyToOne(Vec<String>),
    /// `group_right`.
    OneToMany(Vec<String>),
}

#[derive(Debug, Clone)]
pub(crate) struct Binary {
    pub(crate) op: BinaryOp,
    pub(crate) left: Plan,
    pub(crate) right: Plan,
    pub(crate) matching: LabelChoice,
    pub(crate) cardinality: Cardinality,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AggregateOp {
    Sum,
    Avg,
    Min,
    Max,
    Count,
    Group,
    StdDev,
    StdVar,
    TopK,
    BottomK,
    Quantile,
    CountValues,
}

#[derive(Debug, Clone)]
pub(crate) struct Aggregate {
    pub(crate) op: AggregateOp,
    pub(crate) param: Option<Plan>,
    pub(crate) inner: Plan,
    pub(crate) grouping: LabelChoice,
}

/// A function of the points of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RangeFunc {
    Rate,
    Increase,
    Delta,
    Irate,
    Idelta,
    Deriv,
    PredictLinear,
    HoltWinters,
    Resets,
    Changes,
    Avg,
    Min,
    Max,
    Sum,
    Count,
    Last,
    Quantile,
    StdDev,
    StdVar,
    Present,
    Absent,
}

#[derive(Debug, Clone)]
pub(crate) struct OverTime {
    pub(crate) func: RangeFunc,
    pub(crate) source: Source,
    /// Scalars, in the order they are written.
    pub(crate) args: Vec<Plan>,
}

/// A function of the values at one time.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Func {
    /// Value by value; the name goes.
    Map(fn(f64) -> f64),
    Round,
    Clamp,
    ClampMin,
    ClampMax,
    Sort,
    SortDesc,
    Time,
    Pi,
    Timestamp,
    Vector,
    Scalar,
    Absent,
    LabelReplace,
    LabelJoin,
    HistogramQuantile,
}

#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) func: Func,
    pub(crate) args: Vec<Plan>,
}
