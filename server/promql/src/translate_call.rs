//! Functions of the syntax tree, checked: one table says what there is.

use promql_parser::parser::Call as ParsedCall;

use crate::calendar;
use crate::error::QueryError;
use crate::math;
use crate::plan::{Call, Func, Kind, OverTime, Plan, RangeFunc};
use crate::translate::{plan, source};
use crate::translate_operator::expect;

/// What a function is: of a window, with the place of the window among its arguments, or of the
/// values at one time.
#[derive(Clone, Copy)]
enum Shape {
    Window(RangeFunc, &'static [Arg]),
    Values(Func, &'static [Arg]),
}

#[derive(Clone, Copy, PartialEq)]
enum Arg {
    Scalar,
    Vector,
    Text,
    Window,
    /// One more that may be left out.
    MaybeScalar,
    MaybeVector,
    /// Any number of texts.
    Texts,
}

const W: &[Arg] = &[Arg::Window];
const V: &[Arg] = &[Arg::Vector];

const fn window(func: RangeFunc) -> Shape {
    Shape::Window(func, W)
}

const fn map(func: fn(f64) -> f64) -> Shape {
    Shape::Values(Func::Map(func), V)
}

/// The calendar's functions read the time of the step unless they are given a vector.
const fn date(func: fn(f64) -> f64) -> Shape {
    Shape::Values(Func::Map(func), &[Arg::MaybeVector])
}

const FUNCTIONS: &[(&str, Shape)] = &[
    ("rate", window(RangeFunc::Rate)),
    ("increase", window(RangeFunc::Increase)),
    ("delta", window(RangeFunc::Delta)),
    ("irate", window(RangeFunc::Irate)),
    ("idelta", window(RangeFunc::Idelta)),
    ("deriv", window(RangeFunc::Deriv)),
    (
        "predict_linear",
        Shape::Window(RangeFunc::PredictLinear, &[Arg::Window, Arg::Scalar]),
    ),
    (
        "double_exponential_smoothing",
        Shape::Window(
            RangeFunc::HoltWinters,
            &[Arg::Window, Arg::Scalar, Arg::Scalar],
        ),
    ),
    ("resets", window(RangeFunc::Resets)),
    ("changes", window(RangeFunc::Changes)),
    ("avg_over_time", window(RangeFunc::Avg)),
    ("min_over_time", window(RangeFunc::Min)),
    ("max_over_time", window(RangeFunc::Max)),
    ("sum_over_time", window(RangeFunc::Sum)),
    ("count_over_time", window(RangeFunc::Count)),
    ("last_over_time", window(RangeFunc::Last)),
    (
        "quantile_over_time",
        Shape::Window(RangeFunc::Quantile, &[Arg::Scalar, Arg::Window]),
    ),
    ("stddev_over_time", window(RangeFunc::StdDev)),
    ("stdvar_over_time", window(RangeFunc::StdVar)),
    ("present_over_time", window(RangeFunc::Present)),
    ("absent_over_time", window(RangeFunc::Absent)),
    ("abs", map(f64::abs)),
    ("ceil", map(f64::ceil)),
    ("floor", map(f64::floor)),
    ("sqrt", map(f64::sqrt)),
    ("exp", map(f64::exp)),
    ("ln", map(f64::ln)),
    ("log2", map(f64::log2)),
    ("log10", map(f64::log10)),
    ("sgn", map(math::sgn)),
    ("deg", map(math::deg)),
    ("rad", map(math::rad)),
    ("sin", map(f64::sin)),
    ("cos", map(f64::cos)),
    ("tan", map(f64::tan)),
    ("asin", map(f64::asin)),
    ("acos", map(f64::acos)),
    ("atan", map(f64::atan)),
    ("sinh", map(f64::sinh)),
    ("cosh", map(f64::cosh)),
    ("tanh", map(f64::tanh)),
    ("asinh", map(f64::asinh)),
    ("acosh", map(f64::acosh)),
    ("atanh", map(f64::atanh)),
    (
        "round",
        Shape::Values(Func::Round, &[Arg::Vector, Arg::MaybeScalar]),
    ),
    (
        "clamp",
        Shape::Values(Func::Clamp, &[Arg::Vector, Arg::Scalar, Arg::Scalar]),
    ),
    (
        "clamp_min",
        Shape::Values(Func::ClampMin, &[Arg::Vector, Arg::Scalar]),
    ),
    (
        "clamp_max",
        Shape::Values(Func::ClampMax, &[Arg::Vector, Arg::Scalar]),
    ),
    ("sort", Shape::Values(Func::Sort, V)),
    ("sort_desc", Shape::Values(Func::SortDesc, V)),
    ("time", Shape::Values(Func::Time, &[])),
    ("pi", Shape::Values(Func::Pi, &[])),
    ("timestamp", Shape::Values(Func::Timestamp, V)),
    ("vector", Shape::Values(Func::Vector, &[Arg::Scalar])),
    ("scalar", Shape::Values(Func::Scalar, V)),
    ("absent", Shape::Values(Func::Absent, V)),
    (
        "label_replace",
        Shape::Values(
            Func::LabelReplace,
            &[Arg::Vector, Arg::Text, Arg::Text, Arg::Text, Arg::Text],
        ),
    ),
    (
        "label_join",
        Shape::Values(
            Func::LabelJoin,
            &[Arg::Vector, Arg::Text, Arg::Text, Arg::Texts],
        ),
    ),
    (
        "histogram_quantile",
        Shape::Values(Func::HistogramQuantile, &[Arg::Scalar, Arg::Vector]),
    ),
    ("minute", date(calendar::minute)),
    ("hour", date(calendar::hour)),
    ("day_of_week", date(calendar::day_of_week)),
    ("day_of_month", date(calendar::day_of_month)),
    ("day_of_year", date(calendar::day_of_year)),
    ("days_in_month", date(calendar::days_in_month)),
    ("month", date(calendar::month)),
    ("year", date(calendar::year)),
];

pub(crate) fn call(parsed: &ParsedCall) -> Result<Plan, QueryError> {
    let name = parsed.func.name;
    let Some((_, shape)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
        let names: Vec<&str> = FUNCTIONS.iter().map(|(known, _)| *known).collect();
        return Err(QueryError::Unsupported {
            what: format!("`{name}` is"),
            supported: format!("supported functions are {}", names.join(", ")),
        });
    };
    let (Shape::Window(_, wanted) | Shape::Values(_, wanted)) = shape;
    let mut args = Vec::new();
    let mut windows = None;
    let place = format!("call to function \"{name}\"");
    let given = &parsed.args.args;
    for (at, arg) in given.iter().enumerate() {
        let want = match wanted.get(at).or(wanted.last()) {
            Some(want) if at < wanted.len() || *want == Arg::Texts => *want,
            _ => return Err(too(name, "many", given.len())),
        };
        let kind = match want {
            Arg::Window => {
                windows = Some(source(arg)?);
                continue;
            }
            Arg::Scalar | Arg::MaybeScalar => Kind::Scalar,
            Arg::Vector | Arg::MaybeVector => Kind::Vector,
            Arg::Text | Arg::Texts => Kind::Text,
        };
        let arg = plan(arg)?;
        expect(&arg, kind, &place)?;
        args.push(arg);
    }
    let optional = [Arg::MaybeScalar, Arg::MaybeVector, Arg::Texts];
    if wanted
        .get(given.len())
        .is_some_and(|next| !optional.contains(next))
    {
        return Err(too(name, "few", given.len()));
    }
    if wanted == &[Arg::MaybeVector] && args.is_empty() {
        let now = Plan::Call(Box::new(Call {
            func: Func::Time,
            args: Vec::new(),
        }));
        args.push(Plan::Call(Box::new(Call {
            func: Func::Vector,
            args: vec![now],
        })));
    }
    match (shape, windows) {
        (Shape::Values(func, _), None) => Ok(Plan::Call(Box::new(Call { func: *func, args }))),
        (Shape::Window(func, _), Some(source)) => Ok(Plan::OverTime(Box::new(OverTime {
            func: *func,
            source,
            args,
        }))),
        _ => Err(too(name, "few", given.len())),
    }
}

fn too(name: &str, much: &str, given: usize) -> QueryError {
    QueryError::parse(format!(
        "too {much} arguments in call to \"{name}\": got {given}"
    ))
}
