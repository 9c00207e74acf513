//! Operators and aggregations of the syntax tree, checked.

use promql_parser::parser::{
    AggregateExpr, BinModifier, BinaryExpr, LabelModifier, VectorMatchCardinality,
};

use crate::error::QueryError;
use crate::plan::{
    Aggregate, AggregateOp, Arithmetic, Binary, BinaryOp, Cardinality, Comparison, Kind,
    LabelChoice, Plan, SetOp,
};
use crate::translate::plan;

const AGGREGATIONS: &[(&str, AggregateOp)] = &[
    ("sum", AggregateOp::Sum),
    ("avg", AggregateOp::Avg),
    ("min", AggregateOp::Min),
    ("max", AggregateOp::Max),
    ("count", AggregateOp::Count),
    ("group", AggregateOp::Group),
    ("stddev", AggregateOp::StdDev),
    ("stdvar", AggregateOp::StdVar),
    ("topk", AggregateOp::TopK),
    ("bottomk", AggregateOp::BottomK),
    ("quantile", AggregateOp::Quantile),
    ("count_values", AggregateOp::CountValues),
];

pub(crate) fn aggregate(parsed: &AggregateExpr) -> Result<Plan, QueryError> {
    let name = parsed.op.to_string();
    let Some((_, op)) = AGGREGATIONS.iter().find(|(known, _)| *known == name) else {
        let names: Vec<&str> = AGGREGATIONS.iter().map(|(known, _)| *known).collect();
        return Err(QueryError::Unsupported {
            what: format!("`{name}` is"),
            supported: format!("supported aggregations are {}", names.join(", ")),
        });
    };
    let inner = plan(&parsed.expr)?;
    expect(&inner, Kind::Vector, &format!("aggregation `{name}`"))?;
    let param = parsed.param.as_ref().map(|param| plan(param)).transpose()?;
    let wanted = match op {
        AggregateOp::TopK | AggregateOp::BottomK | AggregateOp::Quantile => Some(Kind::Scalar),
        AggregateOp::CountValues => Some(Kind::Text),
        _ => None,
    };
    match (&param, wanted) {
        (Some(param), Some(kind)) => expect(param, kind, &format!("parameter of `{name}`"))?,
        (None, None) => {}
        (None, Some(_)) => return Err(QueryError::parse(format!("`{name}` takes a parameter"))),
        (Some(_), None) => return Err(QueryError::parse(format!("`{name}` takes no parameter"))),
    }
    let grouping = match &parsed.modifier {
        None => LabelChoice::Only(Vec::new()),
        Some(modifier) => choice(modifier),
    };
    Ok(Plan::Aggregate(Box::new(Aggregate {
        op: *op,
        param,
        inner,
        grouping,
    })))
}

fn choice(modifier: &LabelModifier) -> LabelChoice {
    match modifier {
        LabelModifier::Include(labels) => LabelChoice::Only(labels.labels.clone()),
        LabelModifier::Exclude(labels) => LabelChoice::AllBut(labels.labels.clone()),
    }
}

/// Refuses a part of the wrong type.
pub(crate) fn expect(part: &Plan, kind: Kind, place: &str) -> Result<(), QueryError> {
    if part.kind() == kind {
        return Ok(());
    }
    Err(QueryError::parse(format!(
        "expected type {} in {place}, got {}",
        kind.documented(),
        part.kind().documented()
    )))
}

fn operator(name: &str, as_bool: bool) -> Option<BinaryOp> {
    let arithmetic = |op| Some(BinaryOp::Arithmetic(op));
    let comparison = |op| Some(BinaryOp::Comparison { op, as_bool });
    match name {
        "+" => arithmetic(Arithmetic::Add),
        "-" => arithmetic(Arithmetic::Subtract),
        "*" => arithmetic(Arithmetic::Multiply),
        "/" => arithmetic(Arithmetic::Divide),
        "%" => arithmetic(Arithmetic::Modulo),
        "^" => arithmetic(Arithmetic::Power),
        "atan2" => arithmetic(Arithmetic::Atan2),
        "==" => comparison(Comparison::Equal),
        "!=" => comparison(Comparison::NotEqual),
        ">" => comparison(Comparison::Greater),
        "<" => comparison(Comparison::Less),
        ">=" => comparison(Comparison::GreaterEqual),
        "<=" => comparison(Comparison::LessEqual),
        "and" => Some(BinaryOp::Set(SetOp::And)),
        "or" => Some(BinaryOp::Set(SetOp::Or)),
        "unless" => Some(BinaryOp::Set(SetOp::Unless)),
        _ => None,
    }
}

pub(crate) fn binary(parsed: &BinaryExpr) -> Result<Plan, QueryError> {
    let name = parsed.op.to_string();
    let op = operator(&name, parsed.return_bool()).ok_or_else(|| QueryError::Unsupported {
        what: format!("the operator `{name}` is"),
        supported: "supported are + - * / % ^ atan2 == != > < >= <= and or unless".into(),
    })?;
    let left = plan(&parsed.lhs)?;
    let right = plan(&parsed.rhs)?;
    for side in [&left, &right] {
        if !matches!(side.kind(), Kind::Scalar | Kind::Vector) {
            return Err(QueryError::parse(
                "binary expression must contain only scalar and instant vector types",
            ));
        }
    }
    let vectors = left.kind() == Kind::Vector && right.kind() == Kind::Vector;
    match op {
        BinaryOp::Set(_) if !vectors => {
            return Err(QueryError::parse(format!(
                "set operator \"{name}\" not allowed in binary scalar expression"
            )));
        }
        BinaryOp::Comparison { as_bool: false, .. }
            if left.kind() == Kind::Scalar && right.kind() == Kind::Scalar =>
        {
            return Err(QueryError::parse(
                "comparisons between scalars must use BOOL modifier",
            ));
        }
        _ => {}
    }
    let (matching, cardinality) = match &parsed.modifier {
        None => (LabelChoice::AllBut(Vec::new()), Cardinality::OneToOne),
        Some(modifier) => matching(modifier, vectors)?,
    };
    Ok(Plan::Binary(Box::new(Binary {
        op,
        left,
        right,
        matching,
        cardinality,
    })))
}

fn matching(
    modifier: &BinModifier,
    vectors: bool,
) -> Result<(LabelChoice, Cardinality), QueryError> {
    if modifier.fill_values.lhs.is_some() || modifier.fill_values.rhs.is_some() {
        return Err(QueryError::Unsupported {
            what: "`fill` is".into(),
            supported: "supported are on, ignoring, group_left and group_right".into(),
        });
    }
    let labels = modifier
        .matching
        .as_ref()
        .is_some_and(|m| !m.labels().is_empty());
    if labels && !vectors {
        return Err(QueryError::parse(
            "vector matching only allowed between instant vectors",
        ));
    }
    let matching = match &modifier.matching {
        None => LabelChoice::AllBut(Vec::new()),
        Some(modifier) => choice(modifier),
    };
    let cardinality = match &modifier.card {
        VectorMatchCardinality::ManyToOne(labels) => Cardinality::ManyToOne(labels.labels.clone()),
        VectorMatchCardinality::OneToMany(labels) => Cardinality::OneToMany(labels.labels.clone()),
        VectorMatchCardinality::OneToOne | VectorMatchCardinality::ManyToMany => {
            Cardinality::OneToOne
        }
    };
    Ok((matching, cardinality))
}
