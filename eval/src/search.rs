//! The suite `search`: how well questions in operators' words find log lines.
//!
//! `DIR/docs.json` holds lines `[{"id", "text"}]`, `DIR/queries.json` questions with graded
//! relevance `[{"id", "query", "rel": {doc: grade}}]`. Ranks the lines with the very code the
//! server uses and scores the three modes: nDCG@10 with gain `2^grade - 1`, MRR@10 and hit@10 of
//! grade 2, equal to `score_retrieval.py`. Prints nothing.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use tocsin_embedding::Embedder;
use tocsin_retrieval::{Description, Hit, Index, Lexicon, PrototypeDocument};

/// Ranks that count.
const DEPTH: usize = 10;
/// Grade of a fully relevant line.
const RELEVANT: u32 = 2;

#[derive(Debug, Deserialize)]
struct Line {
    id: String,
    text: String,
}

#[derive(Debug, Deserialize)]
struct Query {
    id: String,
    query: String,
    rel: HashMap<String, u32>,
}

/// Scores of one way to search, each in `[0, 1]`, means over the questions.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct ModeScores {
    /// Normalised discounted cumulative gain of the first ten.
    pub(crate) ndcg10: f64,
    /// One over the rank of the first fully relevant line among the first ten, else 0.
    pub(crate) mrr10: f64,
    /// Share of questions with a fully relevant line among the first ten.
    pub(crate) hit10: f64,
}

/// Scores of the three ways to search.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct SearchScores {
    /// Questions asked.
    pub(crate) queries: usize,
    /// Lines searched.
    pub(crate) documents: usize,
    /// By words.
    pub(crate) text: ModeScores,
    /// By vector.
    pub(crate) semantic: ModeScores,
    /// By both.
    pub(crate) hybrid: ModeScores,
}

/// Document ids of each question's answer, best first, by question id: the scorer's run file.
type Ranking = BTreeMap<String, Vec<String>>;

/// Scores the questions in `data`, with the embedding model in `model`.
///
/// # Errors
/// When the files are missing or not laid out as described, or the model cannot be used.
pub(crate) fn run(data: &Path, model: &Path) -> anyhow::Result<SearchScores> {
    let lines: Vec<Line> = read(&data.join("docs.json"))?;
    let queries: Vec<Query> = read(&data.join("queries.json"))?;
    ensure!(
        !queries.is_empty(),
        "there is no question in {}",
        data.display()
    );
    let embedder = Embedder::load(model).context("the embedding model cannot be used")?;
    let index = index(&lines, &embedder)?;
    let questions: Vec<&str> = queries.iter().map(|query| query.query.as_str()).collect();
    let vectors = embedder.embed(&questions)?;
    let rank = |search: &dyn Fn(usize) -> Vec<Hit>| -> Ranking {
        let ids = |hits: Vec<Hit>| {
            hits.iter()
                .map(|hit| lines[hit.key as usize].id.clone())
                .collect()
        };
        let numbered = queries.iter().enumerate();
        numbered
            .map(|(at, query)| (query.id.clone(), ids(search(at))))
            .collect()
    };
    let text = rank(&|at| index.text(questions[at], DEPTH));
    let semantic = rank(&|at| index.semantic(&vectors[at], DEPTH));
    let hybrid = rank(&|at| index.hybrid(questions[at], &vectors[at], DEPTH));
    Ok(SearchScores {
        queries: queries.len(),
        documents: lines.len(),
        text: score(&queries, &text),
        semantic: score(&queries, &semantic),
        hybrid: score(&queries, &hybrid),
    })
}

/// The scores as a table beside the anchors.
pub(crate) fn table(scores: &SearchScores) -> String {
    let mut table = format!(
        "search: {} questions over {} lines\n{:<28}{:>9}{:>9}{:>9}\n",
        scores.queries, scores.documents, "", "nDCG@10", "MRR@10", "hit@10"
    );
    let rows = [
        ("text", scores.text),
        ("semantic", scores.semantic),
        ("hybrid", scores.hybrid),
    ];
    for (name, row) in rows {
        let numbers = format!("{:>9.3}{:>9.3}{:>9.3}", row.ndcg10, row.mrr10, row.hit10);
        table.push_str(&format!("{name:<28}{numbers}\n"));
    }
    table.push_str(
        "measured on the 20 handed-out questions: BM25 0.083, MiniLM over one bare line 0.276",
    );
    table
}

fn read<T: for<'a> Deserialize<'a>>(path: &Path) -> anyhow::Result<Vec<T>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is not as expected", path.display()))
}

/// Builds the index as the server does: describe each line, embed its views, add it.
fn index(lines: &[Line], embedder: &Embedder) -> anyhow::Result<Index> {
    let lexicon = Lexicon::new();
    let mut index = Index::new();
    let descriptions: Vec<Description> = lines
        .iter()
        .map(|line| Description::new(&lexicon, &line.text, None))
        .collect();
    let views: Vec<String> = descriptions.iter().flat_map(Description::views).collect();
    let views: Vec<&str> = views.iter().map(String::as_str).collect();
    let mut vectors = embedder.embed(&views)?.into_iter();
    for (key, (line, description)) in lines.iter().zip(&descriptions).enumerate() {
        let count = description.views().len();
        let own = vectors
            .by_ref()
            .take(count)
            .map(|vector| vector.to_vec())
            .collect();
        let document = PrototypeDocument {
            key: key as u64,
            text: &line.text,
            description,
        };
        index.upsert(document, own);
    }
    Ok(index)
}

fn score(queries: &[Query], ranking: &Ranking) -> ModeScores {
    let mut sum = ModeScores::default();
    for query in queries {
        let answer = ranking.get(&query.id).map_or(&[][..], Vec::as_slice);
        let grades: Vec<u32> = answer
            .iter()
            .take(DEPTH)
            .map(|id| query.rel.get(id).copied().unwrap_or(0))
            .collect();
        let mut ideal: Vec<u32> = query.rel.values().copied().collect();
        ideal.sort_unstable_by(|a, b| b.cmp(a));
        ideal.truncate(DEPTH);
        let attainable = gain(&ideal);
        sum.ndcg10 += if attainable > 0.0 {
            gain(&grades) / attainable
        } else {
            0.0
        };
        if let Some(rank) = grades.iter().position(|&grade| grade == RELEVANT) {
            sum.mrr10 += 1.0 / (rank as f64 + 1.0);
            sum.hit10 += 1.0;
        }
    }
    let count = queries.len() as f64;
    ModeScores {
        ndcg10: sum.ndcg10 / count,
        mrr10: sum.mrr10 / count,
        hit10: sum.hit10 / count,
    }
}

/// Discounted cumulative gain of grades in rank order.
fn gain(grades: &[u32]) -> f64 {
    let ranked = grades.iter().enumerate();
    ranked
        .map(|(rank, grade)| (f64::from(*grade).exp2() - 1.0) / (rank as f64 + 2.0).log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_the_definition() {
        let rel = HashMap::from([("a".to_owned(), 2), ("b".to_owned(), 1)]);
        let query = Query {
            id: "q".to_owned(),
            query: String::new(),
            rel,
        };
        let answer = ["x", "a", "b"].map(str::to_owned).to_vec();
        let scores = score(&[query], &BTreeMap::from([("q".to_owned(), answer)]));
        let ideal = 3.0 + 1.0 / 3_f64.log2();
        let got = 3.0 / 3_f64.log2() + 1.0 / 2.0;
        assert!((scores.ndcg10 - got / ideal).abs() < 1e-12);
        assert!((scores.mrr10 - 0.5).abs() < 1e-12);
        assert!((scores.hit10 - 1.0).abs() < 1e-12);
    }
}
